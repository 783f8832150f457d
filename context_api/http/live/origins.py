"""Which pages may open a WebSocket: browsers let every page of the world try, and send no preflight first.

A client that names no origin is no browser and shows a key. (RFC 6455, 10.2)
"""

import ipaddress
from collections.abc import Collection
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from context_api.http.errors import HttpError


class OriginRefused(HttpError):
    """The page that opens the connection is none that may."""

    status: ClassVar[int] = 403


def origin_of(url: str) -> str:
    """Give the origin of a URL as browsers write it: without a path, and without the usual port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")


def check_origin(headers: Headers, allowed: Collection[str], *, has_keys: bool) -> None:
    """Raise OriginRefused for a page of elsewhere.

    Without access control a page's own address counts only where it is this machine: a stranger's name may be
    made to point here.
    """
    origins = headers.getlist("origin")
    if not origins:
        return
    origin = origins[0]
    if len(origins) == 1 and (origin in allowed or _is_own(origin, headers.get("host", ""), has_keys)):
        return
    raise OriginRefused(
        f"Pages of {origin[:200]} may not open streams here; MACHI_STREAM_ORIGINS names those that may"
    )


def _is_own(origin: str, host: str, has_keys: bool) -> bool:
    try:
        scheme = urlsplit(origin).scheme
        own = origin_of(f"{scheme}://{host}")
        is_same = scheme in ("http", "https") and origin.lower() == own.lower()
        return is_same and (has_keys or _is_loopback(urlsplit(own).hostname or ""))
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
