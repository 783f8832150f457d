"""One-time codes of an authenticator app (RFC 6238), and recovery codes for when the telephone is gone."""

import base64
import hmac
import re
import secrets as random
import struct
from collections.abc import Sequence
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
"""As RFC 4226 (section 4, R6) recommends for SHA-1, which is what the apps know."""
DRIFT_STEPS = 1
"""A code counts one step before and after its own (RFC 6238, 5.2)."""
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 16  # of 31 letters: 79 bits
_GROUP = 4
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """Make a secret to be shared with an app."""
    return random.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """Give the code of one step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def find_step(secret: bytes, code: str, now_s: float, after: int) -> int | None:
    """Give the step whose code this is; None where it is wrong, or not later than the last that counted.

    All steps are compared, so that the time it takes tells nothing.
    """
    if not _CODE.fullmatch(code):
        return None
    current = int(now_s) // STEP_S
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step), code) and step > after:
            found = step
    return found


def secret_text(secret: bytes) -> str:
    """Write a secret as people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def app_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Write what the QR code holds (the apps' Key Uri Format)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = urlencode(
        {"secret": secret_text(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_S},
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{query}"


def new_recovery_codes() -> Sequence[str]:
    """Make the codes that each replace one code of the app."""
    return [new_code() for _ in range(RECOVERY_CODES)]


def new_code() -> str:
    """Make a code that is used once, in groups that people can copy."""
    return _group("".join(random.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH)))


def plain_recovery_code(text: str) -> str:
    """Take away what people add when they copy a code: blanks, hyphens, capitals."""
    return "".join(text[:100].split()).replace("-", "").lower()


def _group(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
