"""Whom a provider's word makes somebody: a verified token -> claims -> principal."""

import time
from collections import OrderedDict
from typing import Any, NamedTuple

from context_api.http.errors import Forbidden, Unauthorized, Unavailable
from context_api.http.login.attempts import Run
from context_api.http.login.oidc.documents import Documents, ProviderUnreachable
from context_api.http.login.oidc.keys import RETRY_S, ProviderKeys
from context_api.identity.claims import map_claims
from context_api.identity.providers import Provider
from context_api.identity.signatures import verify
from context_api.identity.tokens import Expected, TokenRefused, check_claims, read_claims, read_unverified
from context_api.notifications.outbound import OutboundPolicy
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.database import Database
from context_api.store.memberships import Membership, find_membership

_MEMBERSHIP_S = 1.5
_MEMBERSHIPS = 1_000


class Vouched(NamedTuple):
    """Somebody whom a provider vouches for."""

    subject: str
    role: Role
    membership: Membership
    own_tenants: frozenset[str] | None
    """What of the organisation's tenants; None: all."""
    claims: dict[str, Any]


class Trust:
    """One provider, and what its words count for."""

    def __init__(self, provider: Provider, outbound: OutboundPolicy, database: Database, run: Run) -> None:
        self.provider = provider
        self.documents = Documents(provider, outbound)
        self.keys = ProviderKeys(provider, self.documents)
        self._database = database
        self._run = run
        self._memberships: OrderedDict[str, tuple[float, Membership | None]] = OrderedDict()

    async def verify(self, token: str, expected: Expected) -> tuple[str, dict[str, Any]]:
        """Check a token; gives its subject and claims. Raises Unauthorized, Unavailable."""
        try:
            header = read_unverified(token).header
            if header.algorithm not in self.provider.algorithms:
                raise TokenRefused(f"alg {header.algorithm[:20]!r} is not allowed here")
            keys = await self.keys.find(header)
            claims = read_claims(verify(token, header, keys, self.provider.algorithms))
            return check_claims(claims, expected, time.time()), claims
        except TokenRefused as error:
            raise Unauthorized(f"The token is refused: {error}") from error
        except ProviderUnreachable as error:
            detail = f"The token cannot be checked at the moment: {error}"
            raise Unavailable(detail, retry_after_s=int(RETRY_S)) from error

    async def vouch(self, subject: str, claims: dict[str, Any]) -> Vouched:
        """Say who somebody is by the rules. Raises Forbidden where they make them nobody."""
        mapped = map_claims(self.provider.rules, claims)
        membership = None if mapped is None else await self._membership(mapped.organisation)
        if mapped is None or membership is None or not membership.takes(mapped.role):
            raise Forbidden(
                f"{self.provider.name} vouches for you, but none of its rules here gives you a role; an "
                "operator of this installation can write one"
            )
        return Vouched(subject, mapped.role, membership, mapped.tenants, claims)

    def principal(self, vouched: Vouched) -> Principal:
        """Give the principal of somebody."""
        tenants = vouched.membership.bound(vouched.role, vouched.own_tenants)
        return Principal(self.name_of(vouched.subject), vouched.role, vouched.membership.id, tenants)

    def name_of(self, subject: str) -> str:
        """Give what history calls somebody."""
        return f"user:{self.provider.id}:{subject}"

    async def close(self) -> None:
        """Close the connections."""
        await self.keys.close()
        await self.documents.aclose()

    async def _membership(self, name: str) -> Membership | None:
        now = time.monotonic()
        known = self._memberships.get(name)
        if known is not None and known[0] > now:
            return known[1]
        found: Membership | None = await self._run(self._read_membership, name)
        self._memberships[name] = (now + _MEMBERSHIP_S, found)
        self._memberships.move_to_end(name)
        while len(self._memberships) > _MEMBERSHIPS:
            self._memberships.popitem(last=False)
        return found

    def _read_membership(self, name: str) -> Membership | None:
        with self._database.connection() as connection:
            return find_membership(connection, name=name)
