"""Aggregation of history (clause 4.5.19): by which methods, over which periods, in whose calendar."""

from collections.abc import Mapping
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.query.periods import Period, parse_bucket, parse_zone


class AggrMethod(StrEnum):
    """The methods of clause 4.5.19.1."""

    TOTAL_COUNT = "totalCount"
    DISTINCT_COUNT = "distinctCount"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    STDDEV = "stddev"
    SUMSQ = "sumsq"


class Aggregation(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be calculated of each attribute."""

    methods: tuple[AggrMethod, ...]
    period: Period = Period()
    """Absent, it is the whole window."""
    zone: ZoneInfo | None = None
    """None: periods begin where the window does."""


def parse_aggregation(parameters: Mapping[str, object]) -> Aggregation:
    """Read aggrMethods (a list, or text with commas), aggrPeriodDuration and our own timezone.

    Raises BadRequestData where one is missing or wrong.
    """
    zone = _text(parameters, "timezone")
    duration = _text(parameters, "aggrPeriodDuration")
    return Aggregation(
        methods=_read_methods(parameters.get("aggrMethods")),
        period=Period() if duration is None else _read_period(duration),
        zone=None if zone is None else parse_zone(zone),
    )


def _read_methods(given: object) -> tuple[AggrMethod, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list) or not names:
        raise BadRequestData(f"aggregatedValues needs aggrMethods: one or more of {', '.join(AggrMethod)}")
    try:
        return tuple(dict.fromkeys(AggrMethod(name.strip()) for name in names))
    except (ValueError, AttributeError) as error:
        raise BadRequestData(
            f"aggrMethods is one or more of {', '.join(AggrMethod)}, not {str(given)[:80]!r}"
        ) from error


def _read_period(text: str) -> Period:
    try:
        return parse_bucket(text)
    except BadRequestData as error:
        raise BadRequestData(f"aggrPeriodDuration: {error.detail}") from error


def _text(parameters: Mapping[str, object], name: str) -> str | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequestData(f"{name} is text, not {str(value)[:80]!r}")
    return value
