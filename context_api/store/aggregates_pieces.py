"""Which pieces of a window ready aggregates can answer exactly, and which need the values. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from context_api.ngsild.model import Micros

HOUR: Micros = 3_600_000_000
DAY: Micros = 24 * HOUR
DAY_ORIGIN: Micros = 15 * HOUR
"""Days begin at 15:00 UTC, midnight in Japan: as `history_day` has it."""

Range = tuple[Micros, Micros]


class Pieces(NamedTuple):
    """Ranges that do not overlap and together are the window."""

    daily: list[Range]
    hourly: list[Range]
    raw: list[Range]


def cut_window(
    start: Micros, end: Micros, edges: Sequence[Micros], done_until: Micros, step: int | None = None
) -> Pieces:
    """Take as much of [start, end) as possible from whole days, then from whole hours, before `done_until`.

    No day and no hour that is taken has an edge inside; what remains is to be taken from the values. `step`
    is the distance of the edges, where it is the same for all.
    """
    shortest = step or min((after - before for before, after in pairwise(edges)), default=0)
    rest: list[Range] = [(start, end)]
    daily: list[Range] = []
    hourly: list[Range] = []
    if shortest >= 23 * HOUR:
        daily, rest = _take(rest, _cuts(edges, DAY, DAY_ORIGIN, step), DAY, DAY_ORIGIN, done_until)
    if shortest >= HOUR:
        hourly, rest = _take(rest, _cuts(edges, HOUR, 0, step), HOUR, 0, done_until)
    return Pieces(daily, hourly, rest)


def exclude(pieces: Pieces, dirty: Iterable[Range]) -> Pieces:
    """Take what overlaps dirty ranges (of whole days) from the values instead."""
    daily, hourly, raw = pieces
    for each in dirty:
        daily, cut_days = _subtract(daily, each)
        hourly, cut_hours = _subtract(hourly, each)
        raw = [*raw, *cut_days, *cut_hours]
    return Pieces(daily, hourly, _merge(raw))


def _cuts(edges: Sequence[Micros], grain: Micros, origin: Micros, step: int | None) -> Sequence[Micros]:
    """Give the edges that lie inside a grain."""
    if step is not None and step % grain == 0:
        return edges if (edges[0] - origin) % grain else ()
    return [edge for edge in edges if (edge - origin) % grain]


def _take(
    ranges: list[Range], cuts: Sequence[Micros], grain: Micros, origin: Micros, until: Micros
) -> tuple[list[Range], list[Range]]:
    """Split ranges into what is made of whole grains before `until`, and the rest."""
    taken: list[Range] = []
    rest: list[Range] = []
    for first, last in _split(ranges, cuts):
        inner_first = first + (origin - first) % grain
        inner_last = min(last, until)
        inner_last -= (inner_last - origin) % grain
        if inner_first < inner_last:
            taken.append((inner_first, inner_last))
            rest += [(first, inner_first), (inner_last, last)]
        else:
            rest.append((first, last))
    return _merge(taken), _merge(rest)


def _split(ranges: list[Range], cuts: Sequence[Micros]) -> list[Range]:
    """Split ranges at times; both are in order."""
    pieces: list[Range] = []
    position = 0
    for first, last in ranges:
        begin = first
        while position < len(cuts) and cuts[position] < last:
            if cuts[position] > begin:
                pieces.append((begin, cuts[position]))
                begin = cuts[position]
            position += 1
        pieces.append((begin, last))
    return pieces


def _subtract(ranges: list[Range], dirty: Range) -> tuple[list[Range], list[Range]]:
    """Take a range out of others; gives what remains of them, and what was taken out."""
    kept: list[Range] = []
    cut: list[Range] = []
    for first, last in ranges:
        low, high = max(first, dirty[0]), min(last, dirty[1])
        if low >= high:
            kept.append((first, last))
            continue
        cut.append((low, high))
        kept += [each for each in ((first, low), (high, last)) if each[0] < each[1]]
    return kept, cut


def _merge(ranges: list[Range]) -> list[Range]:
    """Join what touches; leave out what is empty."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if first >= last:
            continue
        if merged and merged[-1][1] >= first:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
