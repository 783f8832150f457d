"""The history of an entity's scope: a Property of its own name, valid from time to time (clause 4.18)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from context_api.ngsild.model import DEFAULT_DATASET, Entity, Instance, Micros
from context_api.ngsild.query.scope import ScopeQuery
from context_api.ngsild.temporal import SCOPE
from context_api.ngsild.transition import Touched

BEGINNING: Micros = -(2**63) + 946_684_800_000_000
"""Before every time: PostgreSQL's -infinity."""
END: Micros = 2**63 - 1 + 946_684_800_000_000
"""After every time: PostgreSQL's infinity."""


class Interval(NamedTuple):
    """A stretch of time, without its end."""

    start: Micros
    end: Micros


ALWAYS = (Interval(BEGINNING, END),)


class ScopesSince(NamedTuple):
    """The scopes that are valid from a time on; none: they were removed then."""

    at: Micros
    scopes: tuple[str, ...]


def scope_instance(scopes: Sequence[str], observed_at: Micros | None) -> Instance:
    """Give the instance by which history holds scopes."""
    return Instance(value=list(scopes), observed_at=observed_at)


def scope_change(before: Entity | None, after: Entity | None, now: Micros) -> list[Touched]:
    """Tell history what a change did to the scopes; observedAt is a copy of modifiedAt (clause 4.5.6)."""
    former = before.scopes if before is not None else ()
    latter = after.scopes if after is not None else ()
    if former == latter:
        return []
    return [
        Touched(
            SCOPE,
            DEFAULT_DATASET,
            scope_instance(former, None) if former else None,
            scope_instance(latter, now) if latter else None,
        )
    ]


def valid_intervals(history: Iterable[ScopesSince], query: ScopeQuery) -> list[Interval]:
    """Give when scopes matched, in order; `history` is ordered by time."""
    found: list[Interval] = []
    since: Micros | None = None
    for change in history:
        if query.matches(change.scopes):
            since = change.at if since is None else since
        elif since is not None:
            if change.at > since:
                found.append(Interval(since, change.at))
            since = None
    if since is not None:
        found.append(Interval(since, END))
    return found
