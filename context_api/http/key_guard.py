"""Keys of the API at the gate: `Authorization: Bearer machi_…` -> principal."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.auth import CACHE_SECONDS
from context_api.http.errors import Unauthorized
from context_api.policy.principal import Principal
from context_api.store.database import Database
from context_api.store.errors import StoreError
from context_api.store.key_texts import KEY_MARK, SHAPE, read_key
from context_api.store.keys import ApiKey, get_key, note_use, read_secret

CACHE_ENTRIES = 5_000
USE_EVERY = timedelta(minutes=1)
"""A key's last use is kept so exactly."""
_MAX_HEADER = 300
_Asked = tuple[str, bool]
"""An Authorization header; or (True) the prefix of a key, which nobody who sends a header may pass for."""
log = structlog.get_logger("http")


class _Known(NamedTuple):
    until: float
    prefix: str
    principal: Principal


class KeyGuard:
    """Checks keys against the database. What is found counts two seconds, or until the key changes."""

    def __init__(self, database: Database, secret: bytes, executor: Executor) -> None:
        self._database = database
        self._secret = secret
        self._executor = executor
        self._known: OrderedDict[_Asked, _Known] = OrderedDict()
        self._void: OrderedDict[_Asked, tuple[float, str]] = OrderedDict()
        self._asked: dict[_Asked, asyncio.Future[ApiKey | None]] = {}
        self._generation = 0
        self.lookups = 0
        """How often the database was asked."""

    async def authenticate(self, headers: Headers, _: Scope) -> Principal | None:
        """Give the principal of a key; None where none is shown. Raises Unauthorized."""
        shown = headers.get("authorization")
        if shown is None:
            return None
        known = self._known.get((shown, False))
        if known is not None and known.until > time.monotonic():
            return known.principal
        text = _own_key(shown)
        if text is None:
            return None
        return await self._check((shown, False), lambda: read_secret(self._database, self._secret, text))

    async def check_prefix(self, prefix: str) -> Principal:
        """Give the principal of a key that was checked before, by its name. Raises Unauthorized."""
        return await self._check((prefix, True), lambda: get_key(self._database, prefix))

    def forget(self, prefix: str = "") -> None:
        """Ask anew for a key, or (empty) for all: somebody has changed something."""
        self._generation += 1
        self._asked.clear()
        self._void.clear()
        if not prefix:
            self._known.clear()
            return
        for asked in [asked for asked, known in self._known.items() if known.prefix == prefix]:
            del self._known[asked]

    async def _check(self, asked: _Asked, find: Callable[[], ApiKey | None]) -> Principal:
        now = time.monotonic()
        known = self._known.get(asked)
        if known is not None and known.until > now:
            return known.principal
        void = self._void.get(asked)
        if void is not None and void[0] > now:
            raise Unauthorized(void[1])
        generation = self._generation
        key = await self._find(asked, find)
        today = datetime.now(UTC)
        fault = "The key is unknown" if key is None else _fault(key, today)
        if key is None or fault is not None:
            self._keep_void(asked, now + CACHE_SECONDS, fault or "")
            raise Unauthorized(fault or "")
        principal = key.principal
        if generation == self._generation:  # else what was read may be older than what changed
            self._keep(asked, _Known(now + _lasting(key, today), key.prefix, principal))
        self._note_use(key, today)
        return principal

    async def _find(self, asked: _Asked, find: Callable[[], ApiKey | None]) -> ApiKey | None:
        """Look a key up once, however many requests ask for it at the same time."""
        found = self._asked.get(asked)
        if found is None:
            self.lookups += 1
            found = asyncio.get_running_loop().run_in_executor(self._executor, find)
            self._asked[asked] = found
            found.add_done_callback(lambda done: self._end(asked, done))
        return await asyncio.shield(found)

    def _end(self, asked: _Asked, done: "asyncio.Future[ApiKey | None]") -> None:
        if self._asked.get(asked) is done:
            del self._asked[asked]

    def _keep(self, asked: _Asked, known: _Known) -> None:
        self._known[asked] = known
        self._known.move_to_end(asked)
        while len(self._known) > CACHE_ENTRIES:
            self._known.popitem(last=False)

    def _keep_void(self, asked: _Asked, until: float, fault: str) -> None:
        self._void[asked] = (until, fault)
        self._void.move_to_end(asked)
        while len(self._void) > CACHE_ENTRIES:
            self._void.popitem(last=False)

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        """Write, beside the request, that a key is used, where that is not known to the minute."""
        if key.last_used_at is None or now - key.last_used_at >= USE_EVERY:
            self._executor.submit(self._write_use, key.prefix)

    def _write_use(self, prefix: str) -> None:
        try:
            note_use(self._database, prefix)
        except StoreError as error:  # the outward API may not write, and a key opens all the same
            log.debug("key_use_not_noted", prefix=prefix, error=str(error))


def _own_key(shown: str) -> str | None:
    """Take a key of ours out of a header, None where it is another. Raises Unauthorized if mistyped."""
    scheme, _, text = shown.partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text.startswith(KEY_MARK):
        return None
    parts = read_key(text) if len(shown) <= _MAX_HEADER else None
    if parts is None:
        raise Unauthorized(f"This is not a whole key: one is {SHAPE}")
    if not parts.is_whole:
        raise Unauthorized(f"The key {KEY_MARK}{parts.prefix}_… is mistyped: its end does not fit the rest")
    return text


def _fault(key: ApiKey, now: datetime) -> str | None:
    fault = key.fault(now)
    return None if fault is None else f"The key {KEY_MARK}{key.prefix}_… {fault}"


def _lasting(key: ApiKey, now: datetime) -> float:
    """For how many seconds what was found may be kept."""
    if key.expires_at is None:
        return CACHE_SECONDS
    return min(CACHE_SECONDS, (key.expires_at - now).total_seconds())
