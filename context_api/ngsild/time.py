"""Times: NGSI-LD DateTime text (clause 4.6.3) <-> microseconds since the epoch, UTC."""

import re
from datetime import UTC, datetime, timedelta

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros

_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}):(\d{2})(?:[.,](\d{1,6}))?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WHOLE = len("2026-11-23T09:00:00")


def parse_datetime(text: object, *, pointer: str | None = None) -> Micros:
    """Read `YYYY-MM-DDThh:mm:ss[.ffffff]Z`, with up to six digits after a point or a comma.

    A leap second, the sixtieth at the end of a month, is the second that follows. Raises BadRequestData for
    anything else: another time zone, a missing part, a day that does not exist, the end of the year 9999.
    """
    match = _DATETIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadRequestData(
            f"{_shown(text)} is not a DateTime; write YYYY-MM-DDThh:mm:ss[.ffffff]Z, in UTC", pointer=pointer
        )
    minute, second, fraction = match.groups()
    leap = second == "60" and minute.endswith("T23:59")
    try:
        whole = datetime.fromisoformat(f"{minute}:{'59' if leap else second}+00:00")
        if leap:
            whole += timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise BadRequestData(f"{_shown(text)} is not a DateTime: {error}", pointer=pointer) from error
    if leap and whole.day != 1:
        raise BadRequestData(
            f"{_shown(text)} is not a DateTime: a leap second stands at the end of a month", pointer=pointer
        )
    micros = (whole - _EPOCH) // _MICROSECOND
    return micros + int(fraction[:6].ljust(6, "0")) if fraction else micros


def format_datetime(micros: Micros) -> str:
    """Write a time as `2026-11-23T09:00:00Z`, with a fraction only where there is one."""
    text = (_EPOCH + timedelta(microseconds=micros)).isoformat()[:-6]  # without +00:00
    return f"{text.rstrip('0')}Z" if len(text) > _WHOLE else f"{text}Z"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
