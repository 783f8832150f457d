"""Spans of time as people write them."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|)")


def parse_duration(text: str) -> float:
    """Seconds of `10s`, `500ms`, `5m`, `1h`, `2d` or plain seconds. ValueError says the forms."""
    match = _FORM.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{text!r} is no span of time: write 10s, 500ms, 5m, 1h or 2d")
    return float(match[1]) * _UNITS[match[2]]
