"""Keeps limits, usage and refusals in step with the database: reads what was set, writes what was counted."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from starlette.types import Scope

from context_api.http.errors import Unavailable
from context_api.http.limits.limiter import Limiter
from context_api.http.limits.refusals import EVERY_S, Refusals
from context_api.http.limits.rules import LimitDefaults, Rules
from context_api.http.limits.shared import SharedBuckets
from context_api.http.limits.usage import FLUSH_S, UsageCounter
from context_api.policy.principal import Principal
from context_api.store.audit import Entry, Origin, acting, record
from context_api.store.changes import get_identity
from context_api.store.database import Database
from context_api.store.errors import StoreError
from context_api.store.limits import Override, count_subscriptions, list_overrides
from context_api.store.usage import add_usage

READ_S = 2.0
"""How soon a limit that was set counts in every process."""
log = structlog.get_logger("limits")
Run = Callable[..., Awaitable[Any]]


class Ledger:
    """What a process counts of its callers; `open` and `close` are called by the services."""

    def __init__(self, defaults: LimitDefaults, registry: CollectorRegistry, redis_url: str | None) -> None:
        self._defaults = defaults
        self._redis_url = redis_url
        self.limiter = Limiter(Rules(defaults), registry)
        self.usage = UsageCounter(registry)
        self.refusals = Refusals()
        self._overrides: Sequence[Override] | None = None
        self._task: asyncio.Task[None] | None = None
        self._refused_at = time.monotonic()

    def open(self, database: Database, run: Run, *, may_write: bool = True) -> None:
        """Begin to keep the books; `run` calls the store in a thread.

        A process that may not write (the outward one) keeps to the limits, and forgets what it counted.
        """
        self._database, self._run, self._may_write = database, run, may_write
        self.limiter.written = self.usage.written_today
        self.limiter.count_subscriptions = self._count_subscriptions
        self._task = asyncio.create_task(self._keep(), name="ledger")

    async def close(self) -> None:
        """Write what is still to be written."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            with contextlib.suppress(StoreError, Unavailable):
                await self._write(is_last=True)
        self.limiter.close()

    async def judge(self, principal: Principal, scope: Scope) -> None:
        """Let a request pass, or raise TooManyRequests."""
        scope["machi.counter"] = self.usage
        await self.limiter.judge(principal, scope)

    def count(self, scope: Scope, status: int, size: int) -> None:
        """Count a request that was answered."""
        if status in (401, 403):
            self.refusals.count(scope, status)
        self.usage.count(scope, status, size)

    async def flush(self) -> None:
        """Write what was counted so far, and read what was set."""
        await self._read()
        await self._write(is_last=True)

    async def _keep(self) -> None:
        written_at = time.monotonic()
        while True:
            try:
                await self._read()
                await self.limiter.keep_count()
                if time.monotonic() - written_at >= FLUSH_S:
                    written_at = time.monotonic()
                    await self._write()
            except (StoreError, Unavailable) as error:
                log.warning("ledger_waits", error=str(error))
            except Exception:
                log.exception("ledger_failed")
            await asyncio.sleep(READ_S)

    async def _read(self) -> None:
        if self._redis_url is not None:
            url, self._redis_url = self._redis_url, None
            try:
                identity = await self._run(get_identity, self._database)
            except BaseException:
                self._redis_url = url
                raise
            self.limiter.share_by(SharedBuckets(url, identity))
        overrides = await self._run(list_overrides, self._database)
        if overrides != self._overrides:
            self._overrides = overrides
            self.limiter.use(Rules(self._defaults, overrides))

    async def _write(self, *, is_last: bool = False) -> None:
        used, written, day = self.usage.take()
        if not self._may_write:
            self.refusals.take()
            return
        try:
            totals = await self._run(add_usage, self._database, used, written, day)
        except BaseException:
            self.usage.put_back(used, written, day)
            raise
        self.usage.learn_totals(totals, len(used))
        if is_last or time.monotonic() - self._refused_at >= EVERY_S:
            self._refused_at = time.monotonic()
            entries = self.refusals.take()
            if entries:
                await self._run(_record_all, self._database, entries)

    def _count_subscriptions(self, organisation: int) -> "asyncio.Future[int]":
        return asyncio.ensure_future(self._counted(organisation))

    async def _counted(self, organisation: int) -> int:
        counted: int = await self._run(count_subscriptions, self._database, organisation)
        return counted


def _record_all(database: Database, entries: Sequence[tuple[Origin, Entry]]) -> None:
    with database.transaction() as connection:
        for origin, entry in entries:
            with acting(origin):
                record(connection, entry)
