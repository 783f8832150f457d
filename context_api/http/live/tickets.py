"""Tickets: what a browser shows instead of headers, which it cannot send when it opens a WebSocket.

A ticket stands for a key, a tenant and an @context for half a minute. It travels as a subprotocol, so it is
in no URL; it names the key and does not hold it. Any process of the installation reads it: it is signed with
the installation's secret and kept nowhere.
"""

import base64
import binascii
import hmac
from hashlib import sha256

import msgspec

from context_api.http.errors import Unauthorized

LIFETIME_S = 30
SUBPROTOCOL = "machi.v1"
"""What the server speaks; a browser offers it beside its ticket."""
PREFIX = "machi.ticket."
CONTEXT_URL_MAX = 2_048
_TICKET_MAX = 4_096
_PURPOSE = b"machi stream ticket 1\0"


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What a ticket stands for."""

    expires_at: int
    """Seconds since 1970."""
    key_prefix: str
    """Empty where access control is off."""
    tenant: str
    context_url: str
    """Of the @context; empty where none was named."""


def write_ticket(secret: bytes, ticket: Ticket) -> str:
    """Sign a ticket."""
    payload = msgspec.json.encode(ticket)
    return f"{_encode(payload)}.{_encode(_sign(secret, payload))}"


def read_ticket(secret: bytes, text: str, now_s: float) -> Ticket:
    """Check a ticket. Raises Unauthorized."""
    payload_text, _, signature_text = text.partition(".")
    if len(text) <= _TICKET_MAX:
        try:
            payload, signature = _decode(payload_text), _decode(signature_text)
        except (binascii.Error, ValueError):
            payload = signature = b""
        if payload and hmac.compare_digest(signature, _sign(secret, payload)):
            ticket = msgspec.json.decode(payload, type=Ticket)
            if ticket.expires_at >= now_s:
                return ticket
    raise Unauthorized("The ticket is not one of ours, or older than it may be; ask for another")


def find_ticket(subprotocols: list[str]) -> str | None:
    """Give the ticket among what a client offers."""
    return next((one.removeprefix(PREFIX) for one in subprotocols if one.startswith(PREFIX)), None)


def _sign(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + payload, sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
