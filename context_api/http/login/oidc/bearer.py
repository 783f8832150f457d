"""Tokens at the gate: `Authorization: Bearer <JWT>` -> principal."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.errors import Unauthorized
from context_api.http.login.oidc.trust import Trust
from context_api.identity.tokens import (
    TOKEN_MAX,
    Expected,
    TokenRefused,
    looks_like_token,
    read_unverified,
)
from context_api.policy.principal import Principal

CACHE_ENTRIES = 2_000
CACHE_S = 30.0
"""A token that was checked is not checked again for so long; what it maps to is looked up every 2 s."""


class _Checked(NamedTuple):
    until: float
    trust: Trust
    subject: str
    claims: dict[str, Any]


class Bearers:
    """Judges tokens of the providers; an `Authenticator` of the gate."""

    def __init__(self, trusts: Sequence[Trust]) -> None:
        self._by_issuer = {one.provider.issuer: one for one in trusts if one.provider.audiences}
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

    async def __call__(self, headers: Headers, _: Scope) -> Principal | None:
        """Give whom a token stands for; None without one. Raises Unauthorized, Forbidden, Unavailable."""
        shown = headers.get("authorization")
        if shown is None or not self._by_issuer:
            return None
        scheme, _space, token = shown.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not looks_like_token(token):
            return None
        checked = await self._check(token)
        vouched = await checked.trust.vouch(checked.subject, checked.claims)
        return checked.trust.principal(vouched)

    async def _check(self, token: str) -> _Checked:
        if len(token) > TOKEN_MAX:
            raise Unauthorized(f"The token is refused: it has more than {TOKEN_MAX} characters")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._checked.get(digest)
        if known is not None and known.until > time.time():
            return known
        checked = await self._verify(token)
        self._checked[digest] = checked
        self._checked.move_to_end(digest)
        while len(self._checked) > CACHE_ENTRIES:
            self._checked.popitem(last=False)
        return checked

    async def _verify(self, token: str) -> _Checked:
        try:
            trust = self._by_issuer.get(read_unverified(token).issuer)
        except TokenRefused as error:
            raise Unauthorized(f"The token is refused: {error}") from error
        if trust is None:
            raise Unauthorized("The token is refused: iss is no provider that is known here")
        provider = trust.provider
        expected = Expected(
            issuer=provider.issuer,
            audiences=provider.audiences,
            parties=provider.parties,
            skew_s=provider.skew_s,
        )
        subject, claims = await trust.verify(token, expected)
        # Never beyond its own end, which the skew of clocks puts off as it does for a new one
        until = min(time.time() + CACHE_S, float(claims["exp"]) + provider.skew_s)
        return _Checked(until, trust, subject, claims)
