"""The header Via (RFC 9110, 7.6.3): a notification that comes back to its broker is recognised by it."""

import asyncio
import hashlib
import re

from context_api.store.database import Database
from context_api.store.registrations import get_installation_id

MAX_HOPS = 8
"""A request that has come through more brokers is taken for one that goes in a circle."""

_HOP = re.compile(r"(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+/)?[A-Za-z0-9!#$%&'*+.^_`|~-]+[ \t]+([^\s,]+)")


def make_alias(installation: str, tenant: str) -> str:
    """Give the pseudonym of a tenant of an installation; the tenant's name cannot be read from it."""
    digest = hashlib.blake2b(f"{installation}/{tenant}".encode(), digest_size=8).hexdigest()
    return f"machi-{digest}"


def parse_via(header: str | None) -> tuple[str, ...]:
    """Give who passed a request on, the first one first; what is no hop is left out."""
    if not header:
        return ()
    found = (_HOP.match(part.strip()) for part in header[:4_096].split(","))
    return tuple(one[1] for one in found if one is not None)


class Aliases:
    """The pseudonyms of the tenants, made from what the database says of the installation once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._installation: str | None = None

    async def of(self, tenant: str) -> str:
        """Give a tenant's. Raises StoreError."""
        if self._installation is None:
            self._installation = await asyncio.to_thread(get_installation_id, self._database)
        return make_alias(self._installation, tenant)
