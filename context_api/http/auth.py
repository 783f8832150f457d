"""Who is calling: `Authorization: Bearer <key>` -> principal (design, section 6 and promise 6)."""

import asyncio
import time
from collections import OrderedDict
from concurrent.futures import Executor
from dataclasses import dataclass

from context_api.http.errors import Unauthorized
from context_api.store.database import Database
from context_api.store.keys import ApiKey, find_key

CACHE_SECONDS = 2.0
"""A revoked key opens nothing after this time at the latest."""
CACHE_ENTRIES = 1_000
_MAX_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request; `name` goes into Access and the audit trail."""

    name: str
    role: str


ANYONE = Principal("anyone", "administrator")
"""Everyone, where access control is off."""


class KeyGuard:
    """Checks keys against the database, with a cache that is short and bounded."""

    def __init__(self, database: Database, secret: bytes, executor: Executor) -> None:
        self._database = database
        self._secret = secret
        self._executor = executor
        self._known: OrderedDict[str, tuple[float, Principal | None]] = OrderedDict()
        self._asked: dict[str, asyncio.Future[ApiKey | None]] = {}

    async def check(self, authorization: str | None) -> Principal:
        """Give the principal of an Authorization header. Raises Unauthorized."""
        key = _bearer(authorization)
        now = time.monotonic()
        remembered = self._known.get(key)
        if remembered is not None and remembered[0] > now:
            principal = remembered[1]
        else:
            principal = _principal(await self._find(key))
            self._remember(key, principal, now + CACHE_SECONDS)
        if principal is None:
            raise Unauthorized("The key is unknown or revoked")
        return principal

    async def _find(self, key: str) -> ApiKey | None:
        """Look a key up once, however many requests ask for it at the same time."""
        asked = self._asked.get(key)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._executor, find_key, self._database, self._secret, key)
            self._asked[key] = asked
            asked.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(asked)

    def _remember(self, key: str, principal: Principal | None, until: float) -> None:
        self._known[key] = (until, principal)
        self._known.move_to_end(key)
        while len(self._known) > CACHE_ENTRIES:
            self._known.popitem(last=False)


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Unauthorized("A key is needed: send the header Authorization: Bearer <key>")
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > _MAX_KEY_LENGTH or not key.isascii():
        raise Unauthorized("The Authorization header must be: Bearer <key>")
    return key


def _principal(key: ApiKey | None) -> Principal | None:
    return None if key is None else Principal(f"key:{key.prefix}", key.role)
