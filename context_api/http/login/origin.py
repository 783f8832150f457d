"""Whether a browser sends a request from a page of ours: what a cookie alone does not say (CSRF)."""

import hmac

from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.errors import Forbidden
from context_api.http.live.origins import origin_of

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_page(headers: Headers, scope: Scope, public_url: str | None) -> None:
    """Raise Forbidden where the page that sends this is of elsewhere (Fetch Metadata, Origin)."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise Forbidden("This is for the pages of this address only; another page sent it")
    origins = headers.getlist("origin")
    if not origins:
        return
    own = {_own_origin(headers, scope)} | ({origin_of(public_url)} if public_url else set())
    if len(origins) > 1 or origins[0].lower() not in own:
        raise Forbidden(
            f"A page of {origins[0][:200]} sent this, and it is for our own only; "
            "MACHI_PUBLIC_URL names the address that people use, where a proxy stands before us"
        )


def check_csrf(headers: Headers, expected: str) -> None:
    """Raise Forbidden without the session's token: a page of elsewhere cannot read it."""
    given = headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Forbidden(
            f"With a session, changes need the header {CSRF_HEADER}; GET /api/v1/session gives its value"
        )


def _own_origin(headers: Headers, scope: Scope) -> str:
    scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
    try:
        return origin_of(f"{scheme}://{headers.get('host', '')}").lower()
    except ValueError:
        return ""
