"""Proxied registrations at hand: each write is held against them, and hardly any tenant has one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from urllib.parse import parse_qsl

from starlette.requests import Request

from context_api.ngsild.changes import Change, CreateEntity, ReplaceEntity, UpsertEntity
from context_api.ngsild.model import Entity, Iri
from context_api.ngsild.proxied import Split, find_holdings, split_change
from context_api.ngsild.registration_model import Registration
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.registrations import list_proxied

_TENANTS_MAX = 1_000

ReadEntity = Callable[[Access, str], Awaitable[Entity | None]]


class ProxiedRegistrations:
    """The exclusive and redirecting registrations of each tenant, forgotten when one changes."""

    def __init__(self, database: Database, executor: Executor, read_entity: ReadEntity) -> None:
        self._database = database
        self._executor = executor
        self._read_entity = read_entity
        self._known: dict[str, tuple[Registration, ...]] = {}

    def forget(self, tenant: str) -> None:
        """Drop what is known of a tenant; without a name, of all."""
        if tenant:
            self._known.pop(tenant, None)
        else:
            self._known.clear()

    async def find(self, request: Request, access: Access) -> tuple[Registration, ...]:
        """Give those that a request is subject to: with local=true, none (clause 5.5.13)."""
        registrations = self._known.get(access.tenant)
        if registrations is None:
            registrations = await self._load(access)
        return () if not registrations or _is_local(request) else registrations

    async def split(self, request: Request, access: Access, change: Change) -> Split:
        """Take out of a change what is held elsewhere."""
        registrations = await self.find(request, access)
        if not registrations:
            return Split(change)
        types = await self._types(access, change)
        holdings = find_holdings(registrations, change.entity_id, types, time.time_ns() // 1000)
        return split_change(change, holdings)

    async def _load(self, access: Access) -> tuple[Registration, ...]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, list_proxied, self._database, access)
        if len(self._known) >= _TENANTS_MAX:
            self._known.clear()
        self._known[access.tenant] = found
        return found

    async def _types(self, access: Access, change: Change) -> tuple[Iri, ...]:
        """Give the types that the change is about: its own, else those of its target."""
        if isinstance(change, CreateEntity | ReplaceEntity | UpsertEntity):
            return change.entity.types
        target = await self._read_entity(access, change.entity_id)
        return () if target is None else target.types


def _is_local(request: Request) -> bool:
    return ("local", "true") in parse_qsl(request.scope["query_string"].decode("latin-1"))
