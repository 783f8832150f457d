"""The documents that @contexts are made of: our own, the tenant's hosted ones, cached ones, remote ones.

A cached document goes on serving when its time is over, while it is fetched anew behind the requests: nobody
waits for it, and a server that is away takes nothing from us.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import msgspec

from context_api.http.remote import ContextFetcher, Fetched
from context_api.ngsild.contexts import CITY_CONTEXT_URL, builtin_document, flatten_context
from context_api.ngsild.errors import LdContextNotAvailable, NgsiLdError
from context_api.store.context_cache import (
    DEFAULT_LIFETIME_S,
    find_document,
    find_expiry,
    postpone_expiry,
    save_document,
)
from context_api.store.contexts import find_hosted_document, find_local_id, note_uses
from context_api.store.database import Database
from context_api.store.errors import StoreError

MIN_LIFETIME_S = 60.0
MAX_LIFETIME_S = 30 * 86_400.0
RETRY_S = 600.0
"""For how long a document goes on that could not be fetched anew."""

Document = Mapping[str, Any]
_Result = TypeVar("_Result")


class Loaded(NamedTuple):
    """A document, and what has to be known of it to reuse what is made of it."""

    url: str
    document: Document
    fresh_until: float
    """Seconds since the epoch."""
    is_private: bool = False
    """Whether it is a tenant's own."""
    is_cached: bool = False


class ContextDocuments:
    """Finds documents: memory is the caller's business; here are database and network."""

    def __init__(self, database: Database, executor: Executor, fetcher: ContextFetcher) -> None:
        self._database = database
        self._executor = executor
        self._fetcher = fetcher
        self._loading: dict[tuple[str, str], asyncio.Task[Loaded]] = {}

    async def load(self, url: str, tenant: str, own_address: str) -> Loaded:
        """Load one document; requests that need it at the same time cause one load.

        Raises LdContextNotAvailable, BadRequestData where it holds no @context, StoreError.
        """
        key = (tenant if find_local_id(url) is not None else "", url)
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.create_task(self._load(url, tenant, own_address))
            self._loading[key] = loading
            loading.add_done_callback(lambda _: self._loading.pop(key, None))
        return await asyncio.shield(loading)

    async def note(self, tenant: str, urls: Sequence[str]) -> bool:
        """Note that a tenant uses cached documents; False where it cannot be noted (yet)."""
        try:
            return await self._run(lambda: note_uses(self._database, tenant, urls))
        except StoreError:
            return False

    async def reload(self, url: str) -> None:
        """Fetch a document anew and keep it. Raises LdContextNotAvailable: then the former one stays."""
        try:
            fetched = await self._fetcher.fetch(url)
            list(flatten_context(_decode(fetched)["@context"]))
        except NgsiLdError as error:
            raise LdContextNotAvailable(error.detail) from error
        await self._save(url, fetched)

    async def refresh(self, urls: Sequence[str]) -> None:
        """Fetch those anew whose time is over; what fails stays as it is for a while."""
        for url in urls:
            try:
                expires_at = await self._run(lambda url=url: find_expiry(self._database, url))  # type: ignore[misc]
                if expires_at is not None and expires_at > time.time() * 1e6:
                    continue
                try:
                    await self.reload(url)
                except LdContextNotAvailable:
                    await self._run(lambda url=url: postpone_expiry(self._database, url, RETRY_S))  # type: ignore[misc]
            except StoreError:
                return

    async def _load(self, url: str, tenant: str, own_address: str) -> Loaded:
        if url == f"{own_address}{CITY_CONTEXT_URL}":
            document = builtin_document(CITY_CONTEXT_URL) or {}
            # Notifications are rendered elsewhere, where our own address is not known
            with suppress(StoreError):  # who only reads has no notifier
                await self._run(lambda: save_document(self._database, url, msgspec.json.encode(document)))
            return Loaded(url, document, math.inf)
        local_id = find_local_id(url)
        if local_id is not None:
            hosted = await self._run(lambda: find_hosted_document(self._database, local_id, tenant))
            if hosted is not None:
                return Loaded(url, hosted, math.inf, is_private=True)
            if url.startswith(f"{own_address}/"):
                raise LdContextNotAvailable(f"There is no @context {url} here")
        found = await self._run(lambda: find_document(self._database, url))
        if found is not None:
            expires_at = await self._run(lambda: find_expiry(self._database, url))
            return Loaded(url, found, (expires_at or 0) / 1e6, is_cached=True)
        fetched = await self._fetcher.fetch(url)
        lifetime_s = await self._save(url, fetched)
        return Loaded(url, _decode(fetched), time.time() + lifetime_s, is_cached=True)

    async def _save(self, url: str, fetched: Fetched) -> float:
        wanted = DEFAULT_LIFETIME_S if fetched.lifetime_s is None else fetched.lifetime_s
        lifetime_s = min(max(wanted, MIN_LIFETIME_S), MAX_LIFETIME_S)
        await self._run(lambda: save_document(self._database, url, fetched.body, lifetime_s=lifetime_s))
        return lifetime_s

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _decode(fetched: Fetched) -> dict[str, Any]:
    return msgspec.json.decode(fetched.body, type=dict[str, Any])
