"""When a device is faulty: what its values and its messages say. Pure."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from devices.errors import InvalidDevice

SILENT_FACTOR = 3.0
"""So many expected intervals without a message are silence."""
SHORTEST_SILENCE_S = 30.0
FEWEST_MESSAGES = 5
"""Fewer say nothing about the share of bad ones."""
BAD_SHARE = 0.5
MAX_WINDOW = 1_000
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ATTRIBUTE = re.compile(r"[^\s\0]{1,512}")
_MAX_STUCK_S = 30 * 86_400.0

Values = Sequence[tuple[float, float]]
"""(seconds, value), the newest first."""


class HealthRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What cannot be true of an attribute: for a profile, for some devices, or for all that have it."""

    id: str
    attribute: str
    """A short name, or an IRI."""
    profile: str | None = None
    devices: tuple[str, ...] = ()
    stuck_values: int | None = None
    """So many equal values after each other are a stuck sensor …"""
    stuck_seconds: float | None = None
    """… and so is one value for so long."""
    max_step: float | None = None
    """From one value to the next."""
    minimum: float | None = None
    maximum: float | None = None
    share: float = 0.5
    """Of the newest `window` values, more than this beyond minimum and maximum."""
    window: int = 20
    is_active: bool = True

    @property
    def limit(self) -> int:
        """How many values it looks at."""
        return MAX_WINDOW if self.stuck_seconds is not None else max(self.window, self.stuck_values or 0)


def parse_rule(document: Any) -> HealthRule:
    """Read a rule. Raises InvalidDevice with the member that is wrong."""
    try:
        rule = msgspec.convert(document, HealthRule)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise InvalidDevice(path.strip("`.").partition("[")[0], text) from error
    _check(bool(_ID.fullmatch(rule.id)), "id", "an id has 1 to 64 of the characters A-Z a-z 0-9 _ . -")
    _check(bool(_ATTRIBUTE.fullmatch(rule.attribute)), "attribute", "a short name or an IRI")
    names = [one for one in (rule.profile, *rule.devices) if one is not None]
    _check(
        all(_ID.fullmatch(one) for one in names), "devices", "a profile and devices are named by their ids"
    )
    _check(len(rule.devices) <= MAX_WINDOW, "devices", f"at most {MAX_WINDOW} devices are named")
    for member in ("maxStep", "minimum", "maximum", "stuckSeconds"):
        value = getattr(rule, {"maxStep": "max_step", "stuckSeconds": "stuck_seconds"}.get(member, member))
        _check(value is None or math.isfinite(value), member, "a number")
    _check(rule.max_step is None or rule.max_step > 0, "maxStep", "a step is above 0")
    stuck_s = rule.stuck_seconds
    _check(stuck_s is None or 0 < stuck_s <= _MAX_STUCK_S, "stuckSeconds", "above 0, at most 30 days")
    _check(2 <= (rule.stuck_values or 2) <= MAX_WINDOW, "stuckValues", f"2 to {MAX_WINDOW}")
    _check(2 <= rule.window <= MAX_WINDOW, "window", f"2 to {MAX_WINDOW}")
    _check(0 <= rule.share < 1, "share", "at least 0, below 1")
    conditions = (rule.stuck_values, stuck_s, rule.max_step, rule.minimum, rule.maximum)
    _check(
        any(one is not None for one in conditions),
        "attribute",
        "say what cannot be: stuckValues, stuckSeconds, maxStep, minimum or maximum",
    )
    return rule


def find_fault(rule: HealthRule, values: Values) -> str | None:
    """Say what is wrong with the newest values of an attribute; None where nothing is."""
    return _stuck(rule, values) or _jump(rule, values) or _out_of_range(rule, values)


def silence_limit_s(expected_interval_s: float | None, factor: float = SILENT_FACTOR) -> float:
    """Give how long a device may say nothing; infinite where nothing is expected of it."""
    if expected_interval_s is None:
        return math.inf
    return max(SHORTEST_SILENCE_S, factor * expected_interval_s)


def bad_share(messages: int, quarantined: int, values: int, values_quarantined: int) -> float | None:
    """Give the share of what could not be taken; None where too few messages came to tell."""
    if messages < FEWEST_MESSAGES:
        return None
    of_values = values_quarantined / values if values > 0 else 0.0
    return max(quarantined / messages, of_values)


def _stuck(rule: HealthRule, values: Values) -> str | None:
    if not values:
        return None
    newest_at, newest = values[0]
    same = next((place for place, one in enumerate(values) if one[1] != newest), len(values))
    if rule.stuck_values is not None and same >= rule.stuck_values:
        return f"{rule.attribute} is {newest:g} for {same} values"
    since_s = newest_at - values[same - 1][0]
    if rule.stuck_seconds is not None and same > 1 and since_s >= rule.stuck_seconds:
        return f"{rule.attribute} is {newest:g} for {since_s:.0f} s"
    return None


def _jump(rule: HealthRule, values: Values) -> str | None:
    if rule.max_step is None:
        return None
    recent = values[: rule.window]
    for (_, later), (_, earlier) in pairwise(recent):
        if abs(later - earlier) > rule.max_step:
            return f"{rule.attribute} jumped from {earlier:g} to {later:g}"
    return None


def _out_of_range(rule: HealthRule, values: Values) -> str | None:
    recent = values[: rule.window]
    low = -math.inf if rule.minimum is None else rule.minimum
    high = math.inf if rule.maximum is None else rule.maximum
    beyond = sum(not low <= value <= high for _, value in recent)
    if len(recent) >= min(rule.window, FEWEST_MESSAGES) and beyond > rule.share * len(recent):
        return f"{beyond} of {len(recent)} values of {rule.attribute} are out of range"
    return None


def _check(holds: bool, member: str, detail: str) -> None:
    if not holds:
        raise InvalidDevice(member, detail)
