"""Who is calling: `Authorization: Bearer <key>` -> principal (design, section 6 and promise 6)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor

from context_api.http.errors import Unauthorized
from context_api.policy.principal import Principal as Principal  # noqa: PLC0414 - its old address
from context_api.policy.roles import Role
from context_api.store.database import Database
from context_api.store.keys import ApiKey, find_key, find_valid_key

CACHE_SECONDS = 2.0
"""A revoked key opens nothing after this time at the latest."""
CACHE_ENTRIES = 1_000
_MAX_KEY_LENGTH = 200
_Asked = tuple[str, bool]
"""The text of a key; or (True) the prefix of one, which nobody who sends a key may pass for."""


ANYONE = Principal("anyone", Role.ADMINISTRATOR)
"""Everyone, where access control is off."""


class KeyGuard:
    """Checks keys against the database, with a cache that is short and bounded."""

    def __init__(self, database: Database, secret: bytes, executor: Executor) -> None:
        self._database = database
        self._secret = secret
        self._executor = executor
        self._known: OrderedDict[_Asked, tuple[float, Principal | None]] = OrderedDict()
        self._asked: dict[_Asked, asyncio.Future[ApiKey | None]] = {}

    async def check(self, authorization: str | None) -> Principal:
        """Give the principal of an Authorization header. Raises Unauthorized."""
        key = _bearer(authorization)
        return await self._check((key, False), lambda: find_key(self._database, self._secret, key))

    async def check_prefix(self, prefix: str) -> Principal:
        """Give the principal of a key that was checked before, by its name. Raises Unauthorized."""
        return await self._check((prefix, True), lambda: find_valid_key(self._database, prefix))

    async def _check(self, asked: _Asked, find: Callable[[], ApiKey | None]) -> Principal:
        now = time.monotonic()
        remembered = self._known.get(asked)
        if remembered is not None and remembered[0] > now:
            principal = remembered[1]
        else:
            principal = _principal(await self._find(asked, find))
            self._remember(asked, principal, now + CACHE_SECONDS)
        if principal is None:
            raise Unauthorized("The key is unknown or revoked")
        return principal

    async def _find(self, key: _Asked, find: Callable[[], ApiKey | None]) -> ApiKey | None:
        """Look a key up once, however many requests ask for it at the same time."""
        asked = self._asked.get(key)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._executor, find)
            self._asked[key] = asked
            asked.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(asked)

    def _remember(self, key: _Asked, principal: Principal | None, until: float) -> None:
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
    return None if key is None else Principal(f"key:{key.prefix}", Role(key.role))
