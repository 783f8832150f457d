"""What the routes work with: opened when the application starts, closed when it stops."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from context_api.http.acting import note_actor
from context_api.http.auth import (
    ANONYMOUS,
    DEFAULT_TENANT,
    TENANT_HEADER,
    Admission,
    After,
    Authenticator,
    choose_tenant,
    unknown,
)
from context_api.http.bodies import BodyReader
from context_api.http.coalesce import Coalescer
from context_api.http.contexts import ContextRegistry
from context_api.http.errors import Unavailable
from context_api.http.ingestion import LANES as INGEST_LANES
from context_api.http.ingestion import Ingestion
from context_api.http.key_guard import KeyGuard
from context_api.http.limits.ledger import Ledger
from context_api.http.live.hub import Hub, StreamLimits
from context_api.http.login.logins import Logins
from context_api.http.loops import refuse_loop
from context_api.http.metrics import HttpMetrics
from context_api.http.permissions import no_grant, operation_of
from context_api.http.proxied import ProxiedRegistrations
from context_api.http.remote import ContextFetcher
from context_api.http.settings import ApiSettings
from context_api.http.watching import Watch
from context_api.ngsild.changes import Change, Outcome
from context_api.ngsild.errors import NonexistentTenant
from context_api.ngsild.model import Entity
from context_api.notifications.outbound import OutboundPolicy
from context_api.notifications.via import Aliases
from context_api.policy.grant import Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Rights
from context_api.policy.roles import Role
from context_api.store.access import Access, Owner
from context_api.store.contexts import CHANNEL as CONTEXTS
from context_api.store.database import Database, open_database, read_only
from context_api.store.organisations import get_organisation_by_id
from context_api.store.registrations import CHANNEL as REGISTRATIONS
from context_api.store.rights import CHANNEL as RIGHTS
from context_api.store.rights import RightsCache
from context_api.store.store import Store, system_clock
from devices.broker_door import BrokerDoor
from devices.device_credentials import DeviceCredentials
from devices.registry import DeviceRegistry

P = ParamSpec("P")
R = TypeVar("R")

_OTHER_THREADS = 6
_STREAM_THREADS = 2
_TENANTS_MAX = 10_000


class Services:
    """Everything with a life of its own; `open` and `close` are called by the lifespan."""

    database: Database
    store: Store
    rights: RightsCache
    devices: DeviceRegistry
    credentials: DeviceCredentials
    broker_door: BrokerDoor
    guard: KeyGuard
    logins: Logins
    admission: Admission
    contexts: ContextRegistry
    proxied: ProxiedRegistrations
    streams: Hub
    ingestion: Ingestion
    reads: Coalescer[str, Entity | None]
    writes: Coalescer[Change, Outcome]

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self.metrics = HttpMetrics()
        self.outbound = OutboundPolicy(tuple(settings.outbound_allow), is_closed=settings.outward)
        self.bodies = BodyReader(
            max_bytes=settings.body_max_bytes,
            total_bytes=settings.bodies_total_bytes,
            timeout_s=settings.body_timeout_s,
        )
        self.ledger = Ledger(settings.limits, self.metrics.registry, settings.redis_url)
        self.metrics.also = self.ledger.count
        self.after: list[After] = [note_actor, self.ledger.judge]
        """What may refuse a request once it is known who makes it; filled while the application opens."""
        self._waiting = 0
        self._tenants: dict[str, int] = {}
        self._looking: dict[tuple[int, Principal], asyncio.Future[Rights | None]] = {}
        self._organisations: dict[int, str] = {}

    async def open(self) -> None:
        """Open the database (without waiting for it), threads and clients."""
        settings = self.settings
        lanes = settings.read_lanes + settings.write_lanes
        self._lanes = ThreadPoolExecutor(lanes, thread_name_prefix="lane")
        self._others = ThreadPoolExecutor(_OTHER_THREADS, thread_name_prefix="store")
        connections = lanes + _OTHER_THREADS + _STREAM_THREADS + INGEST_LANES
        url = read_only(settings.database_url) if settings.outward else settings.database_url
        self.database = open_database(url, pool_min=1, pool_max=connections)
        self.store = Store(self.database)
        self.rights = RightsCache(self.database)
        self._aliases = Aliases(self.database)
        self.devices = DeviceRegistry(self.database, hash_key=settings.installation_secret, store=self.store)
        self.credentials = DeviceCredentials(
            self.database, hash_key=settings.installation_secret, read_authority=settings.read_authority
        )
        self.broker_door = BrokerDoor(self.database, settings.installation_secret, settings.broker_services)
        self.guard = KeyGuard(self.database, settings.installation_secret, self._others)
        self.logins = Logins(self.database, settings, self.outbound, self.run)
        self.admission = Admission(self._authenticators())
        self._fetcher = ContextFetcher(
            self.outbound,
            max_bytes=settings.context_max_bytes,
            timeout_s=settings.context_timeout_s,
        )
        self.contexts = ContextRegistry(
            self.database, self._others, self._fetcher, own_address=settings.public_url
        )
        self.reads = self._coalescer(self._read, settings.read_lanes)
        self.writes = self._coalescer(self._write, settings.write_lanes)
        limits = StreamLimits(
            settings.streams_max,
            settings.streams_per_key,
            settings.stream_queue_events,
            settings.stream_queue_bytes,
        )
        self.streams = Hub(
            self.database, limits, self.metrics.registry, settings.redis_url, rights=self.rights
        )
        self.proxied = ProxiedRegistrations(self.database, self._others, self.reads.submit)
        self._watch = Watch(
            self.database.url,
            {
                CONTEXTS: self.contexts.forget,
                REGISTRATIONS: self.proxied.forget,
                RIGHTS: self._forget_access,
            },
        )
        self._watch.start()
        self.metrics.watch("reads", self.reads)
        self.metrics.watch("writes", self.writes)
        self.ingestion = Ingestion(self.database, self.store, self.devices, settings)
        self.metrics.watch("pushes", self.ingestion.pushes)
        self.ledger.open(self.database, self.run, may_write=not settings.outward)

    async def close(self) -> None:
        """Close what `open` opened; requests have ended, and who still waits for the database is let go."""
        self._watch.stop()
        await self.ledger.close()
        self.streams.close()
        self.ingestion.close()
        await self._fetcher.aclose()
        await self.logins.close()
        for executor in (self._lanes, self._others):
            executor.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self.database.close)

    def _authenticators(self) -> tuple[Authenticator, ...]:
        """Those who know credentials, in the order in which they are asked; the public comes last."""
        if self.settings.outward:  # sessions are kept, and tokens judged, within
            return (self.guard.authenticate, self._admit_anonymous)
        return (self.guard.authenticate, self.logins.bearers, self.logins.sessions, self._admit_anonymous)

    async def _admit_anonymous(self, headers: Headers, _: Scope) -> Principal | None:
        """Let in, as nobody in particular, whoever shows no credential, where anything is open to the public.

        Raises Unauthorized.
        """
        if "authorization" in headers:
            return None
        name = headers.get(TENANT_HEADER) or DEFAULT_TENANT
        try:
            tenant_id = self._tenants.get(name) or await self._find_tenant(name, create=False)
        except NonexistentTenant:
            raise unknown(None) from None
        rights = await self._find_rights(tenant_id, ANONYMOUS)
        if rights is None or not rights.grants:
            raise unknown(None)
        return ANONYMOUS

    def authenticate(self, headers: Headers, scope: Scope) -> Awaitable[Principal]:
        """Give who makes a request. Raises Unauthorized."""
        return self.admission.authenticate(headers, scope)

    async def admit(self, request: Request) -> Principal:
        """Judge the credential of a request that came by an open door, as the gate would have.

        Raises Unauthorized, and Forbidden where it does not open the tenant of the request.
        """
        principal = await self.authenticate(request.headers, request.scope)
        request.scope["machi.tenant"] = choose_tenant(principal, request.headers.get(TENANT_HEADER))
        request.scope["machi.principal"] = principal
        return principal

    def _forget_access(self, payload: str) -> None:
        """Somebody changed a right: a key (its prefix is told), an organisation, or a grant."""
        self.guard.forget(payload)
        self.rights.forget(payload)
        self.streams.check_keys()

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the store in a thread. Raises Unavailable where too many calls wait already."""
        if self._waiting >= self.settings.waiting_max:
            raise Unavailable("Too many requests are waiting for the database")
        self._waiting += 1
        try:
            context = copy_context()  # who acts, for the audit trail
            return await asyncio.get_running_loop().run_in_executor(
                self._others, lambda: context.run(call, *args, **kwargs)
            )
        finally:
            self._waiting -= 1

    async def access(
        self, request: Request, *, create: bool = False, operation: Operation | None = None
    ) -> Access:
        """Give the Access of a request, with the rights of whoever makes it.

        `operation` is for what grants are looked at, where it is not what the route's permission says. Raises
        NonexistentTenant, unless the operation may create tenants; Forbidden, or Unauthorized for nobody in
        particular, where nothing at all is granted for the operation.
        """
        name: str = request.scope["machi.tenant"]
        via = await refuse_loop(request, self._aliases, name)
        principal: Principal = request.scope["machi.principal"]
        if principal.role != Role.ADMINISTRATOR:
            return await self._access_by_grants(request, principal, operation, via)
        tenant_id = self._tenants.get(name)
        if tenant_id is None:
            tenant_id = await self._find_tenant(name, create=create and principal.runs_installation)
        return Access(name, tenant_id, principal.name, via=via)

    async def _access_by_grants(
        self, request: Request, principal: Principal, operation: Operation | None, via: str
    ) -> Access:
        """Give the Access of somebody who is no administrator, and creates no tenant therefore."""
        name: str = request.scope["machi.tenant"]
        if operation is None:
            operation = operation_of(request.scope)
        try:
            tenant_id = self._tenants.get(name) or await self._find_tenant(name, create=False)
        except NonexistentTenant:
            if principal.role == Role.ANONYMOUS:
                raise no_grant(principal, operation or Operation.READ, name) from None
            raise
        rights = await self._find_rights(tenant_id, principal)
        if rights is not None and operation is not None and not rights.allows(operation, system_clock()):
            raise no_grant(principal, operation, name)
        owner = Owner(principal.organisation or 0, str(principal.role))
        return Access(name, tenant_id, principal.name, rights, via, operation or Operation.READ, owner)

    async def device_access(self, request: Request, *, create: bool = False) -> Access:
        """Give the Access of a request about devices: operators see and change those of their organisation.

        What they may read of entities is another matter (`access`); here their devices' are all there is.
        """
        access = await self.access(request, create=create)
        principal: Principal = request.scope["machi.principal"]
        if principal.role != Role.OPERATOR:
            return access
        return replace(access, filter=None, devices_of=await self._organisation_name(principal.organisation))

    async def _organisation_name(self, number: int | None) -> str:
        """Give the name of an organisation, which never changes; empty, which is no name, for none."""
        if number is None:
            return ""
        known = self._organisations.get(number)
        if known is None:
            found = await self.run(get_organisation_by_id, self.database, number)
            known = self._organisations[number] = "" if found is None else found.name
        return known

    async def _find_rights(self, tenant_id: int, principal: Principal) -> Rights | None:
        """Give what a principal may do, looked up once however many requests ask at the same time."""
        known = self.rights.recall(tenant_id, principal)
        if known is not None:
            return known[0]
        asked = (tenant_id, principal)
        looking = self._looking.get(asked)
        if looking is None:
            looking = asyncio.ensure_future(self.run(self.rights.get, tenant_id, principal))
            self._looking[asked] = looking
            looking.add_done_callback(lambda _: self._looking.pop(asked, None))
        return await asyncio.shield(looking)

    async def _find_tenant(self, name: str, *, create: bool) -> int:
        found = await self.run(self.store.tenant, name, create=create)
        if len(self._tenants) < _TENANTS_MAX:
            self._tenants[name] = found.tenant_id  # tenants are never deleted, so this stays true
        return found.tenant_id

    def _coalescer(self, perform: Callable[[Access, Sequence[Any]], Sequence[Any]], lanes: int) -> Any:
        return Coalescer(
            perform,
            self._lanes,
            lanes=lanes,
            batch_max=self.settings.batch_max,
            waiting_max=self.settings.waiting_max,
        )

    def _read(self, access: Access, ids: Sequence[str]) -> list[Entity | None]:
        found = self.store.get_entities(access, list(dict.fromkeys(ids)))
        return [found.get(entity_id) for entity_id in ids]

    def _write(self, access: Access, changes: Sequence[Change]) -> Sequence[Outcome]:
        return self.store.apply(access, changes)
