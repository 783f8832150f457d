"""Periods of time and the buckets they cut a window into (clause 4.5.19), in the calendar of a time zone.

Without a zone, buckets begin at the start of the window, as NGSI-LD has it. In a zone they are those of its
calendar: days from midnight, weeks from Monday, months from the 1st, years from January (April: 年度), hours
and minutes by its clocks. A day on which the clocks change is 23 or 25 hours long.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros

MAX_BUCKETS = 100_000
"""So many at most does one request get; a year has 8,760 hours, ten years 3,652 days."""

FISCAL_MONTH = 4
"""The Japanese fiscal year (年度) begins on 1 April."""

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONDAY = date(2000, 1, 3)
"""Periods of several days or weeks are counted from here, those of several months from the year 2000."""

_WEEKS = re.compile(r"P(\d{1,9})W", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,18}))?S)?)?",
    re.ASCII,
)


class Period(NamedTuple):
    """A length of time in the calendar's terms; nothing at all stands for the whole window."""

    months: int = 0
    days: int = 0
    micros: int = 0
    first_month: int = 1
    """Where periods of months are counted from: 1 or, for fiscal years, 4."""

    @property
    def is_whole(self) -> bool:
        """Whether the whole window is one bucket."""
        return not (self.months or self.days or self.micros)


_NAMED = {
    "minute": Period(micros=_MINUTE),
    "hour": Period(micros=_HOUR),
    "day": Period(days=1),
    "week": Period(days=7),
    "month": Period(months=1),
    "quarter": Period(months=3),
    "year": Period(months=12),
    "fiscalYear": Period(months=12, first_month=FISCAL_MONTH),
}


def parse_period(text: str) -> Period:
    """Read an ISO 8601 duration (`P1M`, `P2W`, `PT15M`, `P1Y2M3DT4H5M6.5S`); zero is the whole window.

    Raises BadRequestData.
    """
    weeks = _WEEKS.fullmatch(text)
    if weeks is not None:
        return _bounded(Period(days=7 * int(weeks[1])), text)
    found = _DURATION.fullmatch(text)
    if found is None:
        raise BadRequestData(
            f"{_shown(text)} is not a duration; write P[n]Y[n]M[n]DT[n]H[n]M[n]S or P[n]W,"
            " such as PT1H, P1D or P1M"
        )
    years, months, days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[:6])
    fraction = int((found[7] or "")[:6].ljust(6, "0"))
    micros = ((hours * 60 + minutes) * 60 + seconds) * _SECOND + fraction
    if not micros and (found[7] or "").strip("0"):
        raise BadRequestData(f"{_shown(text)} is shorter than a microsecond")
    return _bounded(Period(12 * years + months, days, micros), text)


def parse_bucket(text: str) -> Period:
    """Read a duration or a name: minute, hour, day, week, month, quarter, year, fiscalYear.

    Raises BadRequestData.
    """
    named = _NAMED.get(text)
    if named is not None:
        return named
    if not text.startswith("P"):
        raise BadRequestData(
            f"{_shown(text)} is not a bucket; give {', '.join(_NAMED)} or an ISO 8601 duration such as PT15M"
        )
    return parse_period(text)


def parse_zone(text: str) -> ZoneInfo:
    """Find a time zone by its name in the IANA database. Raises BadRequestData."""
    if text not in _zone_names():
        raise BadRequestData(
            f"{_shown(text)} is not a time zone; write a name of the IANA database, such as Asia/Tokyo or UTC"
        )
    return ZoneInfo(text)


def bucket_edges(
    period: Period, start: Micros, end: Micros, zone: ZoneInfo | None = None, limit: int = MAX_BUCKETS
) -> list[Micros]:
    """Cut [start, end) into buckets: bucket i is [edges[i], edges[i + 1]).

    The first edge is at or before `start`, the last at or after `end`; without a zone the first is `start`
    and the calendar is that of UTC. Raises BadRequestData where there are more than `limit` of them.
    """
    if end <= start:
        raise BadRequestData("the end of a window must be later than its start")
    if period.is_whole:
        return [start, end]
    try:
        if zone is None and not (period.months or period.days):
            return _even_edges(period.micros, start, end, limit)
        return _collect(_edges(period, start, zone), start, end, limit)
    except (OverflowError, ValueError) as error:
        raise BadRequestData("the buckets reach beyond the years 1 to 9999") from error


def _even_edges(step: Micros, start: Micros, end: Micros, limit: int) -> list[Micros]:
    """Give edges of one distance."""
    count = -(-(end - start) // step)
    if count > limit:
        raise _too_many(limit)
    edges = list(range(start, start + count * step + 1, step))
    _local(edges[-1], UTC), _local(start, UTC)  # can be written
    return edges


def _collect(edges: Iterator[Micros], start: Micros, end: Micros, limit: int) -> list[Micros]:
    """Take the edges from the last one at or before `start` to the first at or after `end`."""
    taken: list[Micros] = []
    for edge in edges:
        if edge <= start or not taken:
            taken = [edge]
            continue
        if edge == taken[-1]:
            continue  # where the clocks change, two edges may fall together
        taken.append(edge)
        if edge >= end:
            _local(edge, UTC), _local(taken[0], UTC)  # can be written
            return taken
        if len(taken) > limit:
            break
    raise _too_many(limit)


def _too_many(limit: int) -> BadRequestData:
    return BadRequestData(
        f"the window has more than {limit:,} buckets: choose a shorter window or a longer period"
    )


def _edges(period: Period, start: Micros, zone: ZoneInfo | None) -> Iterator[Micros]:
    """Give edges in order without end, the first at or before `start`."""
    months, days, micros, first_month = period
    if zone is None:
        return _edges_from(period, start)
    if months and not (days or micros):
        return _month_edges(months, first_month, start, zone)
    if days and not (months or micros):
        return _day_edges(days, start, zone)
    if months or days:
        return _edges_from(period, start, zone)
    if _DAY % micros == 0 and micros >= _MINUTE:
        return _clock_edges(micros, start, zone)
    day = _local(start, zone) if micros < _MINUTE else _MONDAY
    return _step_edges(micros, start, _midnight(day.toordinal(), zone))


def _edges_from(period: Period, start: Micros, zone: ZoneInfo | None = None) -> Iterator[Micros]:
    """Add the period to the start again and again: months and days by the calendar, the rest by the clock."""
    yield start
    first = _local(start, zone or UTC).replace(tzinfo=None)
    number = 0
    while True:
        number += 1
        moved = _add_months(first, number * period.months) + timedelta(days=number * period.days)
        yield _micros(moved, zone or UTC) + number * period.micros


def _month_edges(months: int, first_month: int, start: Micros, zone: ZoneInfo) -> Iterator[Micros]:
    local = _local(start, zone)
    origin = 2000 * 12 + first_month - 1
    index = (local.year * 12 + local.month - 1 - origin) // months
    while True:
        year, month = divmod(origin + index * months, 12)
        yield _micros(datetime(year, month + 1, 1), zone)  # noqa: DTZ001  # the zone is added there
        index += 1


def _day_edges(days: int, start: Micros, zone: ZoneInfo) -> Iterator[Micros]:
    origin = _MONDAY.toordinal()
    index = (_local(start, zone).toordinal() - origin) // days
    while True:
        yield _midnight(origin + index * days, zone)
        index += 1


def _clock_edges(micros: int, start: Micros, zone: ZoneInfo) -> Iterator[Micros]:
    """Steps that divide the day, at the same times by the clock on every day."""
    return chain.from_iterable(_clock_edges_of(day, micros, zone) for day in _days_from(start, zone))


def _days_from(start: Micros, zone: ZoneInfo) -> Iterator[int]:
    day = _local(start, zone).toordinal()
    while True:
        yield day
        day += 1


def _clock_edges_of(day: int, micros: int, zone: ZoneInfo) -> Iterator[Micros]:
    midnight, next_midnight = _midnight(day, zone), _midnight(day + 1, zone)
    if next_midnight - midnight == _DAY:
        return iter(range(midnight, next_midnight, micros))
    wall = datetime.fromordinal(day)
    times = [wall + timedelta(microseconds=part) for part in range(0, _DAY, micros)]
    edges = {edge for time in times for edge in _instants(time, zone)}
    return iter(sorted(edge for edge in edges if midnight <= edge < next_midnight))


def _instants(wall: datetime, zone: tzinfo) -> tuple[Micros, ...]:
    """Give when the clocks show a time: twice where they go back; where they leave it out, as they jump."""
    first, second = _micros(wall, zone), _micros(wall.replace(fold=1), zone)
    return (first, second) if second > first else (first,)


def _step_edges(micros: int, start: Micros, origin: Micros) -> Iterator[Micros]:
    """Steps that do not divide the day, or are shorter than a minute, run on through it."""
    edge = origin + (start - origin) // micros * micros
    while True:
        yield edge
        edge += micros


def _midnight(day: int, zone: ZoneInfo) -> Micros:
    return _micros(datetime.fromordinal(day), zone)


def _local(micros: Micros, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone)


def _micros(local: datetime, zone: tzinfo) -> Micros:
    return (local.replace(tzinfo=zone) - _EPOCH) // _MICROSECOND


def _add_months(local: datetime, months: int) -> datetime:
    """Move by months; a day that the month lacks becomes its last."""
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    for day in range(local.day, 27, -1):
        try:
            return local.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return local.replace(year=year, month=month + 1)


def _bounded(period: Period, text: str) -> Period:
    if period.months > 9999 * 12 or period.days > 9999 * 366 or period.micros > 9999 * 366 * _DAY:
        raise BadRequestData(f"{_shown(text)} is longer than 9999 years")
    return period


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
