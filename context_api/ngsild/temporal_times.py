"""Many times at once as DateTime text (clause 4.6.3)."""

from collections.abc import Iterable
from datetime import date, timedelta

from context_api.ngsild.model import Micros

_EPOCH = date(1970, 1, 1)
_LAST_DAY = (date.max - _EPOCH).days
_MINUTES = [f"{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}Z" for second in range(60)]


def format_times(times: Iterable[Micros]) -> list[str]:
    """Write times as `format_datetime` does, faster; what is past the year 9999 becomes its last day."""
    days: dict[int, str] = {}
    written: list[str] = []
    for micros in times:
        second, fraction = divmod(micros, 1_000_000)
        day, second = divmod(second, 86_400)
        text = days.get(day)
        if text is None:
            text = days[day] = (_EPOCH + timedelta(days=min(day, _LAST_DAY))).isoformat() + "T"
        minute, second = divmod(second, 60)
        if fraction:
            digits = f"{second:02}.{fraction:06}".rstrip("0")
            written.append(f"{text}{_MINUTES[minute]}{digits}Z")
        else:
            written.append(text + _MINUTES[minute] + _SECONDS[second])
    return written
