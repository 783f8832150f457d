"""Which limits a caller has: those that were set for it, else those of its role in the settings. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from context_api.http.limits.bucket import Rate
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.limits import Override


class LimitName(StrEnum):
    """What is limited."""

    REQUESTS = "requests"
    """Per second, with a burst."""
    STREAMS = "streams"
    """Open at the same time."""
    SUBSCRIPTIONS = "subscriptions"
    """Of an organisation, in all tenants."""
    ENTITIES = "entities-per-day"
    """Written by HTTP in a day of Japan."""


@dataclass(frozen=True, kw_only=True)
class LimitDefaults:
    """The installation's settings; None: no limit. Administrators and city staff have none but those set."""

    key: Rate | None = None
    """Requests of one key, or of one person."""
    organisation: Rate | None = None
    """Requests of all keys and persons of an organisation together."""
    anonymous: Rate | None = None
    """Requests from one address without a credential."""
    streams: int | None = None
    subscriptions: int | None = None
    entities_per_day: int | None = None


class Allowance(NamedTuple):
    """A subject, and what it may ask for."""

    subject: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one principal may; the limits of its organisation are shared by all of it."""

    rates: tuple[Allowance, ...] = ()
    counts: Mapping[LimitName, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """Subject and most, of the key and of the organisation."""


_EXEMPT = frozenset((Role.ADMINISTRATOR, Role.STAFF))
_COUNTED = (LimitName.STREAMS, LimitName.SUBSCRIPTIONS, LimitName.ENTITIES)
NOTHING = Allowed()


class Rules:
    """Defaults and what was set; made anew when something is set."""

    def __init__(self, defaults: LimitDefaults, overrides: Iterable[Override] = ()) -> None:
        self._defaults = defaults
        self._set: dict[tuple[str, str], Override] = {(one.subject, one.name): one for one in overrides}

    def of(self, principal: Principal) -> Allowed:
        """Give what a principal may ask for."""
        if principal.role is Role.ANONYMOUS:
            return NOTHING
        subjects = [principal.name]
        if principal.organisation is not None and principal.organisation:
            subjects.append(f"organisation:{principal.organisation}")
        rates = tuple(one for name in subjects if (one := self._rate(name, principal.role)) is not None)
        counts = {name: self._counts(name, subjects, principal.role) for name in _COUNTED}
        return Allowed(rates, {name: found for name, found in counts.items() if found})

    @property
    def anonymous(self) -> Rate | None:
        """What one address may ask for without a credential."""
        found = self._set.get((f"role:{Role.ANONYMOUS}", LimitName.REQUESTS))
        return self._defaults.anonymous if found is None else _rate_of(found)

    def _rate(self, subject: str, role: Role) -> Allowance | None:
        is_organisation = subject.startswith("organisation:")
        found = self._set.get((subject, LimitName.REQUESTS))
        if found is None and not is_organisation:
            found = self._set.get((f"role:{role}", LimitName.REQUESTS))
        if found is not None:
            return Allowance(subject, _rate_of(found))
        if role in _EXEMPT:
            return None
        default = self._defaults.organisation if is_organisation else self._defaults.key
        return None if default is None else Allowance(subject, default)

    def _counts(self, name: LimitName, subjects: Iterable[str], role: Role) -> tuple[tuple[str, int], ...]:
        counts: list[tuple[str, int]] = []
        for subject in subjects:
            found = self._set.get((subject, name))
            if found is not None:
                counts.append((subject, int(found.value)))
            elif subject.startswith("organisation:") and role not in _EXEMPT:
                default = self._default_count(name)
                if default is not None:
                    counts.append((subject, default))
        return tuple(counts)

    def _default_count(self, name: LimitName) -> int | None:
        if name is LimitName.STREAMS:
            return self._defaults.streams
        if name is LimitName.SUBSCRIPTIONS:
            return self._defaults.subscriptions
        return self._defaults.entities_per_day


def _rate_of(one: Override) -> Rate:
    return Rate(one.value, max(1.0, 2 * one.value if one.burst is None else one.burst))
