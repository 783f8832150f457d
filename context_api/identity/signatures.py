"""Keys of providers and signatures made with them; the work is PyJWT's and cryptography's.

A key counts for the algorithms of its own type only, so that none can be mistaken for another's (the public
key of RS256 taken as the secret of HS256). Secrets that two share (HS*), and `none`, are unknown here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from context_api.identity.tokens import Header, TokenRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
KEYS_MAX = 100
_RSA_BITS = (2_048, 8_192)
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_JWS = jwt.PyJWS(algorithms=list(ALGORITHMS))


class Key(NamedTuple):
    """A public key of a provider."""

    key_id: str | None
    algorithms: frozenset[str]
    key: Any


def read_keys(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """Read a JWK set (RFC 7517); what cannot sign tokens, or is weak, is left out. Raises ValueError."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise ValueError(f"`keys` is not a list of at most {KEYS_MAX}")
    return tuple(key for one in listed if isinstance(one, dict) and (key := _read_key(one)) is not None)


def find_keys(keys: Iterable[Key], header: Header) -> Sequence[Key]:
    """Give the keys that a token may be signed with; without a `kid` the only one that fits."""
    fitting = [key for key in keys if header.algorithm in key.algorithms]
    if header.key_id is not None:
        return [key for key in fitting if key.key_id == header.key_id]
    return fitting if len(fitting) == 1 else []


def verify(token: str, header: Header, keys: Iterable[Key], allowed: Iterable[str]) -> bytes:
    """Check a token's signature; gives its claims as they were signed. Raises TokenRefused."""
    if header.algorithm not in allowed or header.algorithm not in ALGORITHMS:
        raise TokenRefused(f"alg {header.algorithm[:20]!r} is not allowed here")
    for key in keys:
        try:
            payload: bytes = _JWS.decode_complete(token, key.key, algorithms=[header.algorithm])["payload"]
        except jwt.PyJWTError:
            continue
        return payload
    raise TokenRefused("its signature is wrong")


def _read_key(document: Mapping[str, Any]) -> Key | None:
    if document.get("use", "sig") != "sig" or _PRIVATE_MEMBERS & set(document):
        return None
    uses = document.get("key_ops", ["verify"])
    if not isinstance(uses, list) or not ("verify" in uses or "sign" in uses):
        return None  # "sign" is what careless providers copy from the private half
    try:
        key = jwt.PyJWK(dict(document), _library_name(document)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    algorithms = _algorithms_of(key)
    named = document.get("alg")
    if named is not None:
        algorithms &= {named} if isinstance(named, str) else set()
    key_id = document.get("kid")
    if not algorithms or not isinstance(key_id, str | None):
        return None
    return Key(key_id, frozenset(algorithms), key)


def _library_name(document: Mapping[str, Any]) -> str:
    """Give an algorithm by which the library reads keys of a type."""
    return {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}.get(str(document.get("kty")), "none")


def _algorithms_of(key: Any) -> set[str]:
    if isinstance(key, RSAPublicKey) and _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        return {"RS256", "PS256"}
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return {"ES256"}
    return {"EdDSA"} if isinstance(key, Ed25519PublicKey) else set()
