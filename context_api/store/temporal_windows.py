"""A temporal query as SQL over a row `o` of observation (clause 4.11)."""

from typing import NamedTuple

from context_api.ngsild.model import Micros
from context_api.ngsild.query import TemporalQuery, TimeProperty, TimeRelation
from context_api.ngsild.temporal_scopes import BEGINNING
from context_api.store.packing import pack_time

_TIME_OF = {
    TimeProperty.OBSERVED_AT: b"o.at",
    TimeProperty.CREATED_AT: b"o.recorded_at",
    TimeProperty.MODIFIED_AT: b"coalesce(o.modified_at, o.recorded_at)",
    TimeProperty.DELETED_AT: b"o.deleted_at",
}


class Window(NamedTuple):
    """Which observations, and by which time they are ordered."""

    key: bytes
    """The time that the query is about."""
    condition: bytes
    parameters: tuple[object, ...]
    timeproperty: TimeProperty

    @property
    def is_indexed(self) -> bool:
        """Whether the index of observations is in the order of this time."""
        return self.timeproperty is TimeProperty.OBSERVED_AT


def since_window(window: Window, since: Micros) -> Window:
    """Narrow a window to what is seen from a time on."""
    if since == BEGINNING:
        return window
    return window._replace(
        condition=window.condition + b" and o.at >= %s", parameters=(*window.parameters, pack_time(since))
    )


def build_window(query: TemporalQuery) -> Window:
    """Write timerel as a condition; a window on observedAt holds only what was observed (clause 4.11)."""
    key = _TIME_OF[query.timeproperty]
    conditions: list[bytes] = []
    parameters: list[object] = []
    if query.timerel is not None and query.time_at is not None:
        conditions.append(key + (b" < %s" if query.timerel is TimeRelation.BEFORE else b" >= %s"))
        parameters.append(pack_time(query.time_at))
        if query.timerel is TimeRelation.BETWEEN and query.end_time_at is not None:
            conditions.append(key + b" < %s")
            parameters.append(pack_time(query.end_time_at))
        if query.timeproperty is TimeProperty.OBSERVED_AT:
            conditions.append(b"o.has_observed_at")
    elif query.timeproperty is TimeProperty.DELETED_AT:
        conditions.append(b"o.deleted_at is not null")
    elif not query.deletions:
        conditions.append(b"(o.has_observed_at or o.deleted_at is null)")
    return Window(key, b" and ".join(conditions) or b"true", tuple(parameters), query.timeproperty)
