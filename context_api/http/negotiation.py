"""Media types: what a request may send and what it accepts (clauses 6.3.4, 6.3.5; RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from functools import lru_cache

from starlette.requests import Request

from context_api.http.errors import NotAcceptable, UnsupportedMediaType

JSON = "application/json"
LD_JSON = "application/ld+json"
MERGE_PATCH = "application/merge-patch+json"
GEO_JSON = "application/geo+json"
ENTITY_TYPES = (JSON, LD_JSON)
"""Candidates for a response, the preferred one first."""
WITH_GEO_JSON = (JSON, LD_JSON, GEO_JSON)
"""The same where entities can be served as features."""


def negotiate(request: Request, available: Sequence[str] = ENTITY_TYPES) -> str:
    """Choose the media type of the response. Raises NotAcceptable."""
    headers = request.headers.getlist("accept")
    if not headers:
        return available[0]
    chosen = _choose(", ".join(headers)[:4096], tuple(available))
    if chosen is None:
        raise NotAcceptable(f"Acceptable would be one of: {', '.join(available)}")
    return chosen


def content_type(request: Request, accepted: Sequence[str]) -> str:
    """Give the media type of the body, which is UTF-8 (clause 4.6.1). Raises UnsupportedMediaType."""
    text = request.headers.get("content-type", "")
    media_type, charset = _read_content_type(text[:_CONTENT_TYPE_MAX])
    if media_type not in accepted:
        shown = text[:80] if text else "missing"
        raise UnsupportedMediaType(f"Content-Type is {shown}; accepted: {', '.join(accepted)}")
    if charset not in _CHARSETS:
        raise UnsupportedMediaType(f"The body's charset is {charset[:40]}; JSON is sent as UTF-8")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding is {coding[:40]}; send the body as it is, without one")
    return media_type


_CONTENT_TYPE_MAX = 256
_CHARSETS = frozenset(("", "utf-8", "utf8", "us-ascii", "ascii"))
"""ASCII is a part of UTF-8."""


@lru_cache(maxsize=256)
def _read_content_type(text: str) -> tuple[str, str]:
    """Give the media type and the charset, which is empty where none is named."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return media_type, value.strip().strip('"')
    return media_type, ""


@lru_cache(maxsize=512)
def _choose(accept: str, available: tuple[str, ...]) -> str | None:
    ranges = [_parse_range(part) for part in accept.split(",") if part.strip()]
    if not ranges:
        return available[0]
    best: str | None = None
    best_quality = 0.0
    for candidate in available:
        quality = _quality(candidate, ranges)
        if quality > best_quality:
            best, best_quality = candidate, quality
    return best


def _parse_range(text: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media_range, _parse_quality(value)
    return media_range, 1.0


def _parse_quality(text: str) -> float:
    """A malformed weight counts as 1, as if it were absent."""
    try:
        quality = float(text)
    except ValueError:
        return 1.0
    return quality if 0.0 <= quality <= 1.0 else 1.0


def _quality(candidate: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Give the weight of the most specific range that covers the candidate."""
    main = candidate.partition("/")[0]
    for specific in (candidate, f"{main}/*", "*/*"):
        weights = [quality for media_range, quality in ranges if media_range == specific]
        if weights:
            return max(weights)
    return 0.0
