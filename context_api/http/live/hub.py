"""The reader of a process: follows the sequence of changes once for all its clients.

No client, no query: it reads while somebody listens, and looks for news every `POLL_S`. Where there is a
Redis, one of several processes reads the database for all (`fanout`).
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeVar
from weakref import WeakValueDictionary

import prometheus_client
import structlog

from context_api.http.auth import ANYONE
from context_api.http.errors import Unavailable
from context_api.http.live.client import Client, Reason, Waiting
from context_api.http.live.events import Event
from context_api.http.live.fanout import KEEP_S, Fanout
from context_api.http.live.matching import Feed, Matcher, Signature, describe_look
from context_api.http.live.reader import ChangeReader, Look
from context_api.matching import SubscriptionIndex
from context_api.matching.seen import View
from context_api.ngsild.contexts import Context
from context_api.ngsild.subscription import Subscription
from context_api.policy.grant import Operation
from context_api.policy.principal import Principal
from context_api.store.access import Access
from context_api.store.changes import get_changes, get_first_kept, get_identity, get_last_number
from context_api.store.database import Database
from context_api.store.errors import StoreError
from context_api.store.owners import Sight, sight_of
from context_api.store.rights import RightsCache
from context_api.store.terms import Terms

R = TypeVar("R")

POLL_S = 0.1
RETRY_S = 1.0
RIGHTS_S = 1.0
"""How often it is asked what is granted, besides whenever that was changed."""
WAITING_BYTES = 128 * 2**20
"""What may wait for all clients together; who is offered more then is let go."""
START_S = 10.0
"""How long a client waits for its place among the changes."""
_FULL_RETRY_S = 10

log = structlog.get_logger("stream")


class StreamLimits(NamedTuple):
    """What streams of one process may take."""

    clients: int
    clients_per_key: int
    queue_events: int
    queue_bytes: int


class Step(NamedTuple):
    """What a look at the past gave: events by feed, up to which number, and whether there is more."""

    until: int
    told: list[tuple[int, Event]]
    is_more: bool


class Told(NamedTuple):
    """What a look gave, and the events by feed that came of it."""

    told: list[tuple[int, Event]]
    look: Look


class Kept(NamedTuple):
    """What of the past can be had."""

    first: int | None
    last: int


_FeedKey = tuple[int, bytes, Signature | None]
"""Tenant, what was asked, what is seen."""


class Hub:
    """Used in the event loop; the database and the matching are in threads."""

    def __init__(
        self,
        database: Database,
        limits: StreamLimits,
        registry: prometheus_client.CollectorRegistry,
        redis_url: str | None = None,
        rights: RightsCache | None = None,
    ) -> None:
        self._database = database
        self._rights = RightsCache(database) if rights is None else rights
        self._sights: WeakValueDictionary[tuple[int, Signature], Sight] = WeakValueDictionary()
        self._moves: dict[Client, Sight | None] = {}
        """Clients that see something else from the next look on."""
        self._doubted = asyncio.Event()
        self._limits = limits
        self._waiting = Waiting(WAITING_BYTES)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="stream")
        self._past = ThreadPoolExecutor(1, thread_name_prefix="stream-past")
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="stream-redis")
        connect = None if redis_url is None else (lambda: Fanout(redis_url, get_identity(database)))
        self._changes = ChangeReader(database, connect)
        self._matcher = Matcher(Terms(database))
        self._past_matcher = Matcher(Terms(database))
        self._clients: dict[int, set[Client]] = {}
        self._feeds: dict[int, Feed] = {}
        self._keys: dict[_FeedKey, int] = {}
        self._indexes: dict[int, SubscriptionIndex] = {}
        self._principals: Counter[str] = Counter()
        self._pending: list[tuple[Client, asyncio.Future[None]]] = []
        self._left: set[int] = set()
        """Tenants that nobody listens to any more."""
        self._next_key = 1
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._wanted = asyncio.Event()
        self._count = _Counters(registry, lambda: float(self._principals.total()))

    def position(self, tenant_id: int) -> int:
        """All changes of a tenant up to this number have been offered to whom they touch."""
        return self._changes.position(tenant_id)

    async def join(
        self, access: Access, who: Principal, subscription: Subscription, context: Context, asked: bytes
    ) -> Client:
        """Add a client: every matching change that commits after this returns, and is seen, is offered to it.

        `asked` is the same for the same filter, so that its clients share the work. Raises Unavailable.
        """
        self._check_room(who.name)
        sight = self._share(access.tenant_id, sight_of(access.filter, Operation.READ))
        feed = self._feed(access, subscription, context, asked, sight)
        limits = self._limits
        client = Client(
            feed,
            who,
            self._waiting,
            max_events=limits.queue_events,
            max_bytes=limits.queue_bytes,
        )
        self._principals[who.name] += 1
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((client, admitted))
        self._wanted.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="stream reader")
        try:
            async with asyncio.timeout(START_S):
                await admitted
        except TimeoutError:
            self.leave(client)
            raise Unavailable("The changes cannot be read at the moment") from None
        except BaseException:
            self.leave(client)
            raise
        return client

    def leave(self, client: Client) -> None:
        """Take a client out; more than once does no harm."""
        if client.principal == "":
            return
        self._principals[client.principal] -= 1
        if self._principals[client.principal] <= 0:
            del self._principals[client.principal]
        client.principal = ""
        if client.ended is not None:
            self._count.ended.labels(client.ended).inc()
        self._pending = [one for one in self._pending if one[0] is not client]
        self._moves.pop(client, None)
        self._remove(client)

    def check_keys(self) -> None:
        """Let every stream ask whether its credential still opens it, and what is granted to it."""
        self._rights.forget()
        self._doubted.set()
        for clients in self._clients.values():
            for client in clients:
                client.doubt()

    def close(self) -> None:
        """End all streams and the reader."""
        self._is_closed = True
        for clients in list(self._clients.values()):
            for client in list(clients):
                client.end(Reason.SHUTDOWN)
        if self._task is not None:
            self._task.cancel()
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._past.shutdown(wait=False, cancel_futures=True)
        if self._changes.fanout is not None:
            self._keeper.submit(self._changes.fanout.close)
        self._keeper.shutdown(wait=False)

    async def look_back(self, feed: Feed, after: int, until: int) -> Step:
        """Match a page of what is past for one client."""
        index = SubscriptionIndex([(feed.key, feed.subscription)], _views(feed))
        indexes, feeds = {feed.tenant_id: index}, {feed.key: feed}

        def work() -> Step:
            with self._database.connection() as connection:
                page = get_changes(connection, [feed.tenant_id], after, until)
            told = self._past_matcher.match(page.rows, indexes, feeds)
            return Step(page.until, told, page.until < until)

        return await self._in_thread(self._past, work)

    async def kept(self) -> Kept:
        """Tell which changes can be had."""
        return await self._in_thread(
            self._past, lambda: Kept(get_first_kept(self._database), get_last_number(self._database))
        )

    def _check_room(self, principal: str) -> None:
        limits = self._limits
        if self._is_closed:
            raise Unavailable("The API is about to stop")
        if self._principals.total() >= limits.clients:
            raise Unavailable(
                f"{limits.clients} streams are open, which is the limit of this process; try again soon",
                retry_after_s=_FULL_RETRY_S,
            )
        if principal != ANYONE.name and self._principals[principal] >= limits.clients_per_key:
            raise Unavailable(
                f"{limits.clients_per_key} streams are open with this key, which is its limit; close one",
                retry_after_s=_FULL_RETRY_S,
            )

    def _feed(
        self,
        access: Access,
        subscription: Subscription,
        context: Context,
        asked: bytes,
        sight: Sight | None,
    ) -> Feed:
        signature = None if sight is None else sight.signature
        known = self._keys.get((access.tenant_id, asked, signature))
        if known in self._feeds:
            return self._feeds[known]
        self._next_key += 1
        look = describe_look(subscription, context)
        place = (self._next_key, access.tenant_id, access.tenant)
        return Feed(*place, subscription, context, look, asked, sight, signature)

    def _share(self, tenant_id: int, sight: Sight | None) -> Sight | None:
        """Give the one object of all who see the same: what they see of a change is worked out once."""
        if sight is None:
            return None
        return self._sights.setdefault((tenant_id, sight.signature), sight)

    def _admit(self) -> None:
        """Let those in who wait: between two steps, so that no change falls between them."""
        for client, admitted in self._pending:
            if admitted.done():
                continue
            self._enter(client)
            client.after = self._changes.follow(client.feed.tenant_id)
            admitted.set_result(None)
        self._pending = []

    def _enter(self, client: Client) -> None:
        """Let a client listen to its feed, or to one that is the same."""
        feed = client.feed
        known = self._keys.setdefault(_key(feed), feed.key)
        if known == feed.key and known not in self._feeds:
            self._feeds[known] = feed
            index = self._indexes.get(feed.tenant_id, SubscriptionIndex())
            one = (feed.key, feed.subscription)
            self._indexes[feed.tenant_id] = index.changed((), [one], _views(feed))
        client.feed = self._feeds[known]
        self._clients.setdefault(known, set()).add(client)

    def _move(self) -> None:
        """Let clients see what they may see now; between two steps, so that no change is passed over."""
        for client, sight in self._moves.items():
            if client.has_waiting:
                client.end(Reason.RIGHTS)  # what waits is written already
                continue
            feed = client.feed
            access = Access(feed.tenant, feed.tenant_id, client.who.name)
            self._remove(client)
            client.feed = self._feed(access, feed.subscription, feed.context, feed.asked, sight)
            self._enter(client)
        self._moves = {}

    def _remove(self, client: Client) -> None:
        feed = client.feed
        clients = self._clients.get(feed.key)
        if clients is None:
            return
        clients.discard(client)
        if clients:
            return
        del self._clients[feed.key], self._feeds[feed.key], self._keys[_key(feed)]
        index = self._indexes[feed.tenant_id].changed([feed.key], ())
        self._indexes[feed.tenant_id] = index
        if not any(one.tenant_id == feed.tenant_id for one in self._feeds.values()):
            del self._indexes[feed.tenant_id]
            self._left.add(feed.tenant_id)

    async def _run(self) -> None:
        """Read until nobody listens any more."""
        keeping = asyncio.create_task(self._keep(), name="stream redis")
        judging = asyncio.create_task(self._judge(), name="stream rights")
        try:
            while self._pending or self._clients:
                try:
                    is_more = await self._advance()
                except StoreError as error:
                    log.warning("stream_reader_waits", error=str(error))
                    await asyncio.sleep(RETRY_S)
                    continue
                except Exception:
                    log.exception("stream_reader_failed")
                    await asyncio.sleep(RETRY_S)
                    continue
                if not is_more:
                    await self._pause()
        finally:
            keeping.cancel()
            judging.cancel()
            # Who comes next begins with what is new then
            self._changes.begin()

    async def _keep(self) -> None:
        """Tell the other processes what is listened to here; leave when nobody does any more."""
        try:
            while True:
                fanout = self._changes.fanout
                if fanout is not None:
                    tenants = list(self._indexes)
                    await self._in_thread(self._keeper, partial(fanout.keep, tenants))
                await asyncio.sleep(KEEP_S)
        finally:
            if self._changes.fanout is not None and not self._is_closed:
                self._keeper.submit(self._changes.fanout.leave)

    async def _judge(self) -> None:
        """Find out what is granted to clients who do not see everything: told of a change, or in time."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RIGHTS_S):
                    await self._doubted.wait()
            self._doubted.clear()
            try:
                await self._judge_all()
            except StoreError as error:
                log.warning("stream_rights_unknown", error=str(error))
            except Exception:
                log.exception("stream_rights_failed")

    async def _judge_all(self) -> None:
        """Ask once for all clients of one principal."""
        narrowed: dict[tuple[int, Principal], list[Client]] = {}
        for clients in self._clients.values():
            for client in clients:
                if client.feed.sight is not None:
                    narrowed.setdefault((client.feed.tenant_id, client.who), []).append(client)
        for (tenant_id, who), judged in narrowed.items():
            rights = await self._in_thread(self._past, partial(self._rights.get, tenant_id, who))
            sight = self._share(tenant_id, sight_of(rights, Operation.READ))
            now = time.time_ns() // 1_000
            signature = None if sight is None else sight.signature
            for client in judged:
                if client.ended is not None:
                    continue
                if rights is not None and not rights.allows(Operation.READ, now):
                    client.end(Reason.UNAUTHORIZED)
                elif client.feed.signature != signature:
                    self._moves[client] = sight
                    self._wanted.set()

    async def _pause(self) -> None:
        """Wait for the next look, or for a client that wants to begin."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wanted.wait()

    async def _advance(self) -> bool:
        for tenant_id in self._left - self._indexes.keys():
            self._changes.forget(tenant_id)
        self._left.clear()
        is_first = not self._changes.is_ready
        if not is_first:
            self._wanted.clear()
            self._move()
            self._admit()
        indexes, feeds = dict(self._indexes), dict(self._feeds)
        step = await self._in_thread(self._reader, lambda: self._read(indexes, feeds))
        for key, event in step.told:
            for client in self._clients.get(key, ()):
                client.offer(event)
        self._count.add(step)
        return step.look.is_more or (is_first and self._changes.is_ready)

    def _read(self, indexes: Mapping[int, SubscriptionIndex], feeds: Mapping[int, Feed]) -> Told:
        look = self._changes.look()
        return Told(self._matcher.match(look.rows, indexes, feeds), look)

    @staticmethod
    async def _in_thread(executor: ThreadPoolExecutor, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(executor, call)


def _key(feed: Feed) -> _FeedKey:
    return feed.tenant_id, feed.asked, feed.signature


def _views(feed: Feed) -> dict[int, View]:
    return {} if feed.sight is None else {feed.key: feed.sight}


class _Counters:
    def __init__(self, registry: prometheus_client.CollectorRegistry, count: Callable[[], float]) -> None:
        gauge = prometheus_client.Gauge("machi_stream_clients", "Streams that are open", registry=registry)
        gauge.set_function(count)
        self._events = prometheus_client.Counter(
            "machi_stream_events", "Events made, one for all clients of a filter", registry=registry
        )
        self._looks = prometheus_client.Counter(
            "machi_stream_looks",
            "Looks for changes, by where: redis or database",
            ("source",),
            registry=registry,
        )
        self._changes = prometheus_client.Counter(
            "machi_stream_changes", "Changes that were read, by where", ("source",), registry=registry
        )
        self.ended = prometheus_client.Counter(
            "machi_stream_ended", "Streams that ended, by reason", ("reason",), registry=registry
        )

    def add(self, step: Told) -> None:
        """Count a look."""
        source = step.look.source
        self._looks.labels(source).inc()
        self._changes.labels(source).inc(len(step.look.rows))
        self._events.inc(len(step.told))
