"""Alarm rules: a threshold on an attribute, for how long, and when it is over. Pure.

`{"type": "AirQualityObserved", "attribute": "pm25", "above": 35, "hysteresis": 5, "forSeconds": 600}`: raised
when pm25 has been above 35 for ten minutes, over when it falls to 30. Between the two nothing flutters.
"""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros
from context_api.ngsild.template import parse_template

ALERT_PREFIX = "urn:ngsi-ld:Alert:"
"""Of the ids of what is raised: no rule watches those, or each Alert would raise another, without end."""
MAX_NAME_CHARS = 200
MAX_FOR_S = 30 * 86_400
DEFAULT_MESSAGE = "{{ name }}: {{ attribute }} {{ value }} ({{ alertSource }})"
DEFAULT_RECOVERY = "{{ name }}: {{ attribute }} {{ value }}, 復旧 / recovered ({{ alertSource }})"
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Severity(StrEnum):
    """As the Smart Data Model Alert has it."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Category(StrEnum):
    """As the Smart Data Model Alert has it."""

    TRAFFIC = "traffic"
    NATURAL_DISASTER = "naturalDisaster"
    WEATHER = "weather"
    ENVIRONMENT = "environment"
    HEALTH = "health"
    SECURITY = "security"
    AGRICULTURE = "agriculture"


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A rule as it is given and served; names are short names, `context` expands them."""

    id: str
    name: str
    type: str
    attribute: str
    above: float | None = None
    """Raised by values above this …"""
    below: float | None = None
    """… or below this; both: outside of the range."""
    hysteresis: float = 0.0
    """Over only when the value is so far back inside."""
    for_seconds: float = 0.0
    """So long it has to hold before the alarm is raised."""
    id_pattern: str | None = None
    ids: tuple[str, ...] = ()
    """Which entities of the type; none of both: all."""
    severity: Severity = Severity.MEDIUM
    category: Category = Category.ENVIRONMENT
    message: str = DEFAULT_MESSAGE
    recovery_message: str = DEFAULT_RECOVERY
    is_active: bool = True


class Phase(StrEnum):
    """Where an entity stands with a rule."""

    NORMAL = "normal"
    PENDING = "pending"
    RAISED = "raised"


class AlarmState(msgspec.Struct, frozen=True):
    """Where an entity stands with a rule, and since when (the time of the value that brought it there)."""

    phase: Phase = Phase.NORMAL
    since: Micros = 0
    value: float | None = None
    """The latest value."""
    at: Micros = 0
    """Its time: an older value changes nothing."""

    def due_at(self, rule: AlarmRule) -> Micros | None:
        """When a pending alarm is to be raised, if nothing changes before."""
        return self.since + round(rule.for_seconds * 1e6) if self.phase is Phase.PENDING else None


class Step(StrEnum):
    """What a value or the clock brought about."""

    NONE = "none"
    RAISE = "raise"
    RECOVER = "recover"


def parse_rule(document: Any) -> AlarmRule:
    """Read a rule. Raises BadRequestData with the member that is wrong."""
    try:
        rule = msgspec.convert(document, AlarmRule)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise BadRequestData(text, pointer="/" + path.strip("`.").replace(".", "/")) from error
    _check(bool(_ID.fullmatch(rule.id)), "id", "an id has 1 to 64 of the characters A-Z a-z 0-9 _ . -")
    _check(
        0 < len(rule.name) <= MAX_NAME_CHARS and rule.name.isprintable(),
        "name",
        f"a name has 1 to {MAX_NAME_CHARS} printable characters",
    )
    _check(bool(rule.type), "type", "a rule names the type of its entities")
    _check(rule.type.rpartition("/")[2] != "Alert", "type", "a rule cannot watch the Alerts that rules raise")
    _check(bool(rule.attribute), "attribute", "a rule names the attribute that it watches")
    _check_limits(rule)
    parse_template(rule.message, "/message")
    parse_template(rule.recovery_message, "/recoveryMessage")
    return rule


def _check_limits(rule: AlarmRule) -> None:
    given = [one for one in (rule.above, rule.below) if one is not None]
    _check(bool(given), "above", "a rule has a threshold: above, below or both")
    _check(all(map(math.isfinite, given)), "above", "a threshold is a finite number")
    _check(
        math.isfinite(rule.hysteresis) and rule.hysteresis >= 0,
        "hysteresis",
        "hysteresis is a number from 0 up, in the attribute's unit",
    )
    if rule.above is not None and rule.below is not None:
        _check(
            rule.below + rule.hysteresis < rule.above - rule.hysteresis,
            "below",
            "no value would be inside: below + hysteresis has to be less than above - hysteresis",
        )
    _check(
        math.isfinite(rule.for_seconds) and 0 <= rule.for_seconds <= MAX_FOR_S,
        "forSeconds",
        f"forSeconds is a number of seconds from 0 to {MAX_FOR_S}",
    )


def observe(rule: AlarmRule, state: AlarmState, value: float, at: Micros) -> tuple[AlarmState, Step]:
    """Give the state after a value, and what it brought about. A value that is late changes nothing."""
    if at < state.at:
        return state, Step.NONE
    if state.phase is Phase.RAISED:
        if _is_over(rule, value):
            return AlarmState(Phase.NORMAL, at, value, at), Step.RECOVER
        return AlarmState(Phase.RAISED, state.since, value, at), Step.NONE
    if not _is_breached(rule, value):
        return AlarmState(Phase.NORMAL, at, value, at), Step.NONE
    since = state.since if state.phase is Phase.PENDING else at
    if at - since >= rule.for_seconds * 1e6:
        return AlarmState(Phase.RAISED, at, value, at), Step.RAISE
    return AlarmState(Phase.PENDING, since, value, at), Step.NONE


def tick(rule: AlarmRule, state: AlarmState, now: Micros) -> tuple[AlarmState, Step]:
    """Give the state at a moment: what has held long enough is raised though no new value came."""
    due = state.due_at(rule)
    if due is None or now < due:
        return state, Step.NONE
    return AlarmState(Phase.RAISED, due, state.value, state.at), Step.RAISE


def alert_id(rule: AlarmRule, entity_id: str) -> str:
    """The Alert of a rule and an entity: one, raised and over again and again."""
    return f"{ALERT_PREFIX}{rule.id}:{entity_id}"


def message_of(rule: AlarmRule, entity_id: str, state: AlarmState, step: Step) -> str:
    """The text for people."""
    template = rule.recovery_message if step is Step.RECOVER else rule.message
    known: Mapping[str, Any] = {
        "name": rule.name,
        "attribute": rule.attribute,
        "value": state.value,
        "alertSource": entity_id,
        "above": rule.above,
        "below": rule.below,
        "severity": str(rule.severity),
    }
    return parse_template(template, "").render(known)


def _is_breached(rule: AlarmRule, value: float) -> bool:
    return (rule.above is not None and value > rule.above) or (rule.below is not None and value < rule.below)


def _is_over(rule: AlarmRule, value: float) -> bool:
    below_top = rule.above is None or value <= rule.above - rule.hysteresis
    above_bottom = rule.below is None or value >= rule.below + rule.hysteresis
    return below_top and above_bottom


def _check(holds: bool, member: str, rule: str) -> None:
    if not holds:
        raise BadRequestData(rule, pointer=f"/{member}")
