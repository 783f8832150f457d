"""The Prefer header (RFC 7240): `body=json`, `ngsi-ld=1.5` (clauses 6.3.6 and 6.3.18)."""

import re
from collections.abc import Mapping
from functools import lru_cache

from starlette.requests import Request

MAX_LENGTH = 4_096
_PREFERENCE = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]*)))?\s*(?:;[^,]*)?(?:,|$)"
)
_NONE: Mapping[str, str] = {}


def read_preferences(request: Request) -> Mapping[str, str]:
    """Give the preferences of a request, names in lower case; the first of a name counts."""
    values = request.headers.getlist("prefer")
    return _parse(", ".join(values)[:MAX_LENGTH]) if values else _NONE


@lru_cache(maxsize=256)
def _parse(header: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, quoted, token in _PREFERENCE.findall(header):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else token)
    return found
