"""Tokens that a provider signed (RFC 7515, 7519, 8725): all checks but that of the signature.

Only `alg` and `kid` are taken from the header, and `alg` only to choose among what is allowed. Keys that a
token brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

TOKEN_MAX = 8_192
"""Characters."""
SUBJECT_MAX = 255
_PART = re.compile(r"[A-Za-z0-9_-]+")
_KID_MAX = 256
_LIST_MAX = 100
_TYPES = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})


class TokenRefused(Exception):
    """The token opens nothing; the message says why and holds nothing of it but names."""


class Header(NamedTuple):
    """What of a token's header is looked at."""

    algorithm: str
    key_id: str | None


class Unverified(NamedTuple):
    """A token before its signature was checked: nothing of it counts yet."""

    header: Header
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to say."""

    issuer: str
    audiences: Collection[str]
    """One of these is among its `aud`."""
    parties: Collection[str] = ()
    """`azp` (or `client_id`) is one of these; none: it is not looked at."""
    nonce: str | None = None
    """Of the login that it answers."""
    skew_s: float = 60.0
    """How far the provider's clock may be from ours."""


def looks_like_token(text: str) -> bool:
    """Whether a bearer credential has the form of a signed token; our keys never have."""
    return text.count(".") == 2


def read_unverified(token: str) -> Unverified:
    """Read what says whose token it is and with which key it was signed. Raises TokenRefused."""
    if len(token) > TOKEN_MAX:
        raise TokenRefused(f"a token has at most {TOKEN_MAX} characters")
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise TokenRefused("it has not three parts of base64url, or is not signed")
    header, claims = _decode(parts[0], "header"), _decode(parts[1], "claims")
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise TokenRefused("iss is missing")
    return Unverified(_read_header(header), issuer)


def read_claims(payload: bytes) -> dict[str, Any]:
    """Decode the claims of a token whose signature is right. Raises TokenRefused."""
    return _parse(payload, "claims")


def check_claims(claims: Mapping[str, Any], expected: Expected, now_s: float) -> str:
    """Check issuer, audience, party, times and nonce; gives the subject. Raises TokenRefused."""
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("iss is another provider's")
    if not _texts(claims.get("aud")) & set(expected.audiences):
        raise TokenRefused("aud does not name this installation")
    if expected.parties and claims.get("azp", claims.get("client_id")) not in expected.parties:
        raise TokenRefused("azp is none of the clients that may come here")
    _check_times(claims, expected.skew_s, now_s)
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        raise TokenRefused("nonce is not that of this login")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_MAX or not subject.isprintable():
        raise TokenRefused(f"sub is not a text of 1 to {SUBJECT_MAX} characters")
    return subject


def _check_times(claims: Mapping[str, Any], skew_s: float, now_s: float) -> None:
    expires = _time(claims, "exp")
    if expires is None:
        raise TokenRefused("exp is missing")
    if expires + skew_s <= now_s:
        raise TokenRefused("it has expired")
    for name in ("nbf", "iat"):
        moment = _time(claims, name)
        if moment is not None and moment - skew_s > now_s:
            raise TokenRefused(f"{name} lies in the future")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefused(f"{name} is not a number of seconds")
    return float(value)


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, list) and len(value) <= _LIST_MAX:
        return {one for one in value if isinstance(one, str)}
    return set()


def _read_header(header: Mapping[str, Any]) -> Header:
    if "crit" in header or "b64" in header:
        raise TokenRefused("crit names extensions, and none is known here")
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
        raise TokenRefused("typ is that of another kind of token")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str):
        raise TokenRefused("alg is missing")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > _KID_MAX):
        raise TokenRefused(f"kid is not a text of at most {_KID_MAX} characters")
    return Header(algorithm, key_id)


def _decode(part: str, what: str) -> dict[str, Any]:
    try:
        plain = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenRefused(f"its {what} are not base64url") from None
    return _parse(plain, what)


def _parse(plain: bytes, what: str) -> dict[str, Any]:
    """Decode an object whose names are unique: two readers must not take it differently (RFC 7519, 4)."""
    try:
        document = json.loads(plain.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise TokenRefused(f"its {what} are not JSON, or a name stands there twice") from None
    if not isinstance(document, dict):
        raise TokenRefused(f"its {what} are not an object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(name: str) -> float:
    raise ValueError(name)
