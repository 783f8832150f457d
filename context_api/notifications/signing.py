"""The signature of a notification: HMAC-SHA256 with the subscription's secrets. Pure.

`Machi-Signature: t=1795428000,v1=<hex>`: `t` is when the request was made (seconds since 1970), `v1` the HMAC
of `<t>.<body>`. While a secret is being replaced there are two, and a `v1` for each: a receiver takes
the notification when any of them fits, and refuses what is older than a few minutes.
"""

import hashlib
import hmac
from collections.abc import Sequence

HEADER = "Machi-Signature"
TOLERANCE_S = 300
"""How far the time of a signature may be from the receiver's own."""


def sign(secrets: Sequence[str], body: bytes, at: int) -> str:
    """Write the header's value; `at` in seconds since the epoch."""
    marks = [f"v1={_mark(secret, body, at)}" for secret in secrets]
    return ",".join([f"t={at}", *marks])


def is_signed(header: str, secret: str, body: bytes, now: float, tolerance_s: float = TOLERANCE_S) -> bool:
    """Whether a notification was signed with a secret not long ago: what a receiver does."""
    pairs = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()):
        return False
    at = int(times[0][:18])
    expected = _mark(secret, body, at).encode()
    fits = [hmac.compare_digest(expected, value.encode()) for name, _, value in pairs if name == "v1"]
    return any(fits) and abs(now - at) <= tolerance_s


def _mark(secret: str, body: bytes, at: int) -> str:
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
