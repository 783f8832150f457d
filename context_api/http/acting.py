"""Who acts, for the audit trail: noted before a request that changes something reaches its route."""

import ipaddress
import secrets

from starlette.types import Scope

from context_api.http.gate import add_header
from context_api.policy.principal import Principal
from context_api.store.audit import Origin, begin_acting

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ID_BYTES = 8


async def note_actor(principal: Principal, scope: Scope) -> None:
    """Let what this request does be recorded as the act of its principal; see `begin_acting_as`."""
    if scope["method"] not in _SAFE:
        begin_acting_as(scope, principal.name, principal.organisation)


def begin_acting_as(scope: Scope, principal: str, organisation: int | None = None) -> None:
    """Say who makes a request; its answer carries the id that the trail knows it by (X-Request-ID)."""
    request: str | None = scope.get("machi.request")
    if request is None:
        request = scope["machi.request"] = secrets.token_hex(_ID_BYTES)
        add_header(scope, b"x-request-id", request.encode())
    begin_acting(Origin(principal, organisation, client_address(scope), request))


def client_address(scope: Scope) -> str | None:
    """Give where a caller is: its own address, or what a trusted proxy says that it is."""
    client = scope.get("client")
    if client is None:
        return None
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
