"""Date, Time and DateTime in queries and in the values they are compared with (clause 4.6.3)."""

import re
from datetime import date

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros
from context_api.ngsild.time import parse_datetime

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,18}))?Z", re.ASCII)


def read_date(text: str) -> str:
    """Give a Date as text, whose order is that of dates. Raises BadRequestData."""
    found = find_date(text)
    if found is None:
        raise BadRequestData(f"{text[:80]!r} is no Date; write YYYY-MM-DD")
    return found


def read_time(text: str) -> Micros:
    """Give a Time as microseconds of the day. Raises BadRequestData."""
    found = find_time(text)
    if found is None:
        raise BadRequestData(f"{text[:80]!r} is no Time; write hh:mm:ss[.ffffff]Z, in UTC")
    return found


def find_date(text: str) -> str | None:
    """Give the Date that a text is; None where it is none."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def find_time(text: str) -> Micros | None:
    """Give the Time that a text is; None where it is none."""
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3]) > 60:
        return None
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])
    return seconds * 1_000_000 + int((found[4] or "")[:6].ljust(6, "0"))


def find_datetime(text: str) -> Micros | None:
    """Give the DateTime that a text is; None where it is none."""
    if len(text) < 20 or text[10] != "T" or text[-1] != "Z":
        return None
    try:
        return parse_datetime(text)
    except BadRequestData:
        return None
