"""Loop guard: what this broker sent comes back to it as a write (design, promise 4; RFC 9110, 7.6.3)."""

from typing import ClassVar

from starlette.requests import Request

from context_api.http.errors import HttpError
from context_api.notifications.via import MAX_HOPS, Aliases, parse_via

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class LoopDetected(HttpError):
    """The request goes in a circle between brokers."""

    status: ClassVar[int] = 508


async def refuse_loop(request: Request, aliases: Aliases, tenant: str) -> str:
    """Give the brokers that passed a write on, as the header Via names them.

    Raises LoopDetected where this very tenant, or too many, are among them.
    """
    header = request.headers.get("via")
    if header is None or request.method in _READS:
        return ""
    hops = parse_via(header)
    if len(hops) > MAX_HOPS:
        raise LoopDetected(f"The request came through {len(hops)} brokers; at most {MAX_HOPS} are accepted")
    if hops and await aliases.of(tenant) in hops:
        raise LoopDetected(
            "The request was caused by a notification of this very tenant (header Via): a subscription leads "
            "back to the broker it is at"
        )
    return ", ".join(f"1.1 {hop}" for hop in hops)
