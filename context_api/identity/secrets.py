"""What is kept of secrets that we make ourselves: keyed hashes of cookies and codes, sealed TOTP secrets.

Everything hangs on the installation's secret, so a copy of the database alone opens nothing. Each purpose
has a key of its own: what is made for one never passes for another.
"""

import base64
import hashlib
import secrets as random

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

TOKEN_BYTES = 32
_NONCE_BYTES = 12


def new_token() -> str:
    """Make 256 random bits, as text that fits a cookie."""
    return random.token_urlsafe(TOKEN_BYTES)


def keyed_hash(secret: bytes, purpose: str, text: str) -> bytes:
    """Hash a secret of ours for the database; 32 bytes."""
    return hashlib.blake2b(text.encode(), key=_key(secret, purpose), digest_size=32).digest()


def keyed_text(secret: bytes, purpose: str, text: str) -> str:
    """Derive a token from another one, such as a session's CSRF token from its cookie."""
    return base64.urlsafe_b64encode(keyed_hash(secret, purpose, text)).decode().rstrip("=")


def seal(secret: bytes, purpose: str, plain: bytes, bound_to: str = "") -> bytes:
    """Encrypt for the database or a cookie (ChaCha20-Poly1305), bound to what it belongs to."""
    nonce = random.token_bytes(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(_key(secret, purpose)).encrypt(nonce, plain, bound_to.encode())


def unseal(secret: bytes, purpose: str, sealed: bytes, bound_to: str = "") -> bytes | None:
    """Decrypt what `seal` gave; None where it was made otherwise, or with another secret."""
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return ChaCha20Poly1305(_key(secret, purpose)).decrypt(nonce, text, bound_to.encode())
    except (InvalidTag, ValueError):
        return None


def _key(secret: bytes, purpose: str) -> bytes:
    # blake2b takes at most 64 bytes of key; longer secrets count in full
    key = secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()
    return hashlib.blake2b(b"machi login " + purpose.encode(), key=key, digest_size=32).digest()
