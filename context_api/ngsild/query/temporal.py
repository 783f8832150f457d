"""The temporal query (clauses 4.11 and 5.2.21): which instances of an attribute's history."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros
from context_api.ngsild.time import parse_datetime


class TimeRelation(StrEnum):
    """How an instance's time stands to timeAt (clause 4.11)."""

    BEFORE = "before"
    """Earlier than timeAt."""
    AFTER = "after"
    """At timeAt or later."""
    BETWEEN = "between"
    """At timeAt or later, and earlier than endTimeAt."""


class TimeProperty(StrEnum):
    """Which time of an instance is looked at."""

    OBSERVED_AT = "observedAt"
    CREATED_AT = "createdAt"
    MODIFIED_AT = "modifiedAt"
    DELETED_AT = "deletedAt"


class TemporalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A window on history; without `timerel` it is all of it."""

    timerel: TimeRelation | None = None
    time_at: Micros | None = None
    end_time_at: Micros | None = None
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT
    last_n: int | None = None
    """Only the newest N instances of each attribute."""
    deletions: bool = True
    """Without a window: whether the marks of deletions that have no observedAt are wanted too."""
    behind: Micros | None = None
    """Where an earlier page ended: only what is later or, with `last_n`, earlier."""

    @property
    def is_backward(self) -> bool:
        """Whether pages go from the newest instances to the oldest."""
        return self.last_n is not None


def parse_temporal_query(parameters: Mapping[str, object], *, required: bool = False) -> TemporalQuery:
    """Read timerel, timeAt, endTimeAt, timeproperty, lastN and our own timePage, and no other key.

    The values are text as in a URL or, for lastN, a number as in a JSON body. Raises BadRequestData where a
    part is missing or wrong, or where `required` and there is no timerel.
    """
    timerel = _read_choice(parameters, "timerel", TimeRelation)
    time_at = _read_time(parameters, "timeAt")
    end_time_at = _read_time(parameters, "endTimeAt")
    if timerel is None:
        _refuse_without_timerel(time_at, end_time_at, required)
    elif time_at is None:
        raise BadRequestData(f"timerel={timerel} needs timeAt")
    elif (timerel is TimeRelation.BETWEEN) != (end_time_at is not None):
        raise BadRequestData("endTimeAt is needed with timerel=between, and only there")
    elif end_time_at is not None and end_time_at <= time_at:
        raise BadRequestData("endTimeAt must be later than timeAt")
    timeproperty = _read_choice(parameters, "timeproperty", TimeProperty) or TimeProperty.OBSERVED_AT
    return TemporalQuery(
        timerel=timerel,
        time_at=time_at,
        end_time_at=end_time_at,
        timeproperty=timeproperty,
        last_n=_read_last_n(parameters.get("lastN")),
        deletions=timeproperty is not TimeProperty.OBSERVED_AT,
        behind=_read_time(parameters, "timePage"),
    )


def _refuse_without_timerel(time_at: Micros | None, end_time_at: Micros | None, required: bool) -> None:
    if time_at is not None or end_time_at is not None:
        raise BadRequestData("timeAt and endTimeAt need timerel (before, after or between)")
    if required:
        raise BadRequestData("a temporal query needs timerel (before, after or between) and timeAt")


_COUNT = re.compile(r"[0-9]{1,9}")
_Choice = TypeVar("_Choice", bound=StrEnum)


def _read_choice(parameters: Mapping[str, object], name: str, choices: type[_Choice]) -> _Choice | None:
    value = parameters.get(name)
    if value is None:
        return None
    try:
        return choices(value)  # type: ignore[arg-type]  # whatever is not one of them is a ValueError
    except ValueError as error:
        raise BadRequestData(f"{name} is one of {', '.join(choices)}, not {value!r}") from error


def _read_time(parameters: Mapping[str, object], name: str) -> Micros | None:
    value = parameters.get(name)
    if value is None:
        return None
    try:
        return parse_datetime(value)
    except BadRequestData as error:
        raise BadRequestData(f"{name}: {error.detail}") from error


def _read_last_n(value: object) -> int | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, int | str) else ""
    if not _COUNT.fullmatch(text) or int(text) < 1:
        raise BadRequestData(f"lastN is a whole number of 1 or more, not {value!r}")
    return int(text)
