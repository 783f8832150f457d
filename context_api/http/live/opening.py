"""Whether a WebSocket may be opened, and for whom: its page, and the ticket that stands for its headers."""

import time

from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.auth import ANYONE, Principal
from context_api.http.errors import Unauthorized
from context_api.http.live.origins import check_origin, origin_of
from context_api.http.live.tickets import LIFETIME_S, Ticket, find_ticket, read_ticket, write_ticket
from context_api.http.responses import LD_CONTEXT_REL
from context_api.http.services import Services

KEY_PREFIX = "machi.key_prefix"
"""The key behind a ticket, in the scope of its WebSocket."""


class SocketOpener:
    """Judges openings for the gate."""

    def __init__(self, services: Services) -> None:
        self._services = services
        settings = services.settings
        public = () if settings.public_url is None else (origin_of(settings.public_url),)
        self._allowed = frozenset((*settings.stream_origins, *public))

    async def admit(self, scope: Scope, headers: Headers) -> tuple[Principal, str] | None:
        """Give whom a ticket stands for and its tenant, None without one.

        Raises OriginRefused and Unauthorized.
        """
        settings = self._services.settings
        check_origin(headers, self._allowed, has_keys=settings.auth)
        text = find_ticket(scope["subprotocols"])
        if text is None or "authorization" in headers:
            return None
        ticket = read_ticket(settings.installation_secret, text, time.time())
        principal = ANYONE
        if settings.auth:
            principal = await self._services.guard.check_prefix(ticket.key_prefix)
        scope[KEY_PREFIX] = ticket.key_prefix
        if ticket.context_url:
            link = f'<{ticket.context_url}>; rel="{LD_CONTEXT_REL}"'
            scope["headers"] = [*scope["headers"], (b"link", link.encode("latin-1", "replace"))]
        return principal, ticket.tenant


def issue_ticket(secret: bytes, principal: Principal, tenant: str, context_url: str) -> tuple[str, int]:
    """Make a ticket; gives its text and until when it is good, in seconds since 1970."""
    name = principal.name.removeprefix("key:")
    prefix = "" if principal is ANYONE else name
    if principal is not ANYONE and name == principal.name:
        raise Unauthorized("Only a key gets a ticket")
    expires_at = int(time.time()) + LIFETIME_S
    return write_ticket(secret, Ticket(expires_at, prefix, tenant, context_url)), expires_at
