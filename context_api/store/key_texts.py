"""What keys look like: made by chance, recognised by their beginning, checked by their end.

`machi_<prefix>_<secret><check>`: the word by which secret scanners find keys, eight letters that are no
secret and name the key, 160 bits by chance, and seven letters of a check sum (CRC-32 of all that stands
before), by which a mistyped key is told apart without a look-up. Keys made before there was a check sum lack
it. The code of an invitation is made alike and begins with `machi_invite_`.
"""

import hashlib
import re
import secrets
import zlib
from typing import NamedTuple

MIN_SECRET_BYTES = 16
KEY_MARK = "machi_"
INVITATION_MARK = "machi_invite_"
SHAPE = "machi_, 8 letters, _ and 39 letters"
"""For messages."""
_PREFIX_LENGTH = 8
_SECRET_LENGTH = 32  # base32 letters, 5 bits each
_CHECK_LENGTH = 7
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_KEY = re.compile(r"(machi_([a-z2-7]{8})_[a-z2-7]{32})([a-z2-7]{7})?")
_INVITATION = re.compile(r"(machi_invite_([a-z2-7]{8})_[a-z2-7]{32})([a-z2-7]{7})")


class Secret(NamedTuple):
    """A text that opens something, and the part of it that may be shown."""

    prefix: str
    text: str

    def __repr__(self) -> str:
        return f"Secret(prefix={self.prefix!r})"


class ReadSecret(NamedTuple):
    """A text of the right shape."""

    prefix: str
    is_whole: bool
    """False where a letter is wrong: no look-up is needed to know that it opens nothing."""


def make_secret(mark: str = KEY_MARK) -> Secret:
    """Make a key, or the code of an invitation."""
    prefix = _random(_PREFIX_LENGTH)
    body = f"{mark}{prefix}_{_random(_SECRET_LENGTH)}"
    return Secret(prefix, body + _check(body))


def read_key(text: str) -> ReadSecret | None:
    """Take a key apart; None where it has another shape."""
    return _read(_KEY, text)


def read_invitation(text: str) -> ReadSecret | None:
    """Take the code of an invitation apart; None where it has another shape."""
    return _read(_INVITATION, text)


def hash_key(secret: bytes, text: str) -> bytes:
    """Hash a key's text. Raises ValueError where the installation's secret is too short to protect it."""
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the installation's secret must have at least {MIN_SECRET_BYTES} bytes")
    # blake2b takes at most 64 bytes of key; longer secrets count in full
    key = secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()
    return hashlib.blake2b(text.encode(), key=key, digest_size=32, person=b"machi-api-key").digest()


def _read(shape: re.Pattern[str], text: str) -> ReadSecret | None:
    match = shape.fullmatch(text)
    if match is None:
        return None
    return ReadSecret(match[2], match[3] is None or match[3] == _check(match[1]))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _check(body: str) -> str:
    number = zlib.crc32(body.encode())
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHECK_LENGTH)))
