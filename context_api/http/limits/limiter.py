"""Judges each request by the limits of whoever makes it, and says in the answer what is left.

The way of a request costs no round trip: a process holds some tokens of each caller, leased from the bucket
that all processes share, and fetches the next ones while it still has some. Without Redis, or while it is
away, each process has a bucket of its own: the limit divided by the number of processes that were last known.
"""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address

import structlog
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import Counter as PrometheusCounter
from starlette.types import Scope

from context_api.http.acting import client_address
from context_api.http.errors import TooManyRequests
from context_api.http.gate import add_header, release_at_end
from context_api.http.limits.bucket import Bucket, Taken, next_slice
from context_api.http.limits.rules import Allowance, Allowed, LimitName, Rules
from context_api.http.limits.shared import SharedAway, SharedBuckets, Wanted
from context_api.policy.principal import Principal
from context_api.policy.roles import Role

HELD_S = 1.0
"""Tokens that were leased and not used for so long are no longer counted on."""
RETRY_S = 2.0
"""How long Redis is left alone after it failed."""
ADDRESSES_MAX = 20_000
PRINCIPALS_MAX = 10_000
_STREAM_PATH = "/api/v1/stream"
_ATTEMPTS = 10
_V6_GROUPS = 4
log = structlog.get_logger("limits")


class Share:
    """What this process holds of a caller's tokens."""

    __slots__ = (
        "allowance",
        "bucket",
        "form",
        "header",
        "held",
        "leased_at",
        "left",
        "pending",
        "policy",
        "retry_s",
        "slice",
        "waiting",
    )

    def __init__(self, allowance: Allowance, workers: int) -> None:
        rate = allowance.rate
        self.allowance = allowance
        self.held = 0
        self.leased_at = -math.inf
        self.left = rate.burst
        self.retry_s = 0.0
        self.slice = 1
        self.waiting = 0
        """Requests that cannot go on before the next tokens come."""
        self.pending: asyncio.Future[None] | None = None
        self.bucket = Bucket(rate.share(workers), time.monotonic())
        window_s = max(1, math.ceil(rate.burst / rate.per_second)) if rate.is_open else 1
        name = f'"{_kind(allowance.subject)}"'
        self.policy = (b"ratelimit-policy", f"{name};q={rate.burst:g};w={window_s}".encode())
        self.form = name.encode() + b";r=%d;t=%d"

    def take(self, now: float) -> bool:
        """Take a token of those that are held here."""
        if self.held > 0 and now - self.leased_at < HELD_S:
            self.held -= 1
            return True
        return False

    @property
    def is_low(self) -> bool:
        """Whether it is time to fetch the next ones."""
        return self.held * 2 < self.slice and self.slice > 1


class Limiter:
    """Used in the event loop; Redis is asked in a thread."""

    def __init__(self, rules: Rules, registry: CollectorRegistry) -> None:
        self._rules = rules
        self._shared: SharedBuckets | None = None
        self._redis = ThreadPoolExecutor(1, thread_name_prefix="limits")
        self._known: OrderedDict[str, tuple[Principal, Allowed, tuple[Share, ...]]] = OrderedDict()
        self._shares: OrderedDict[str, Share] = OrderedDict()
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()
        self._streams: Counter[str] = Counter()
        self._asking: list[Share] = []
        self._task: asyncio.Task[None] | None = None
        self._away_until = -math.inf
        self.workers = 1
        self.written: Callable[[str], int] = _none_written
        """Gives how many entities a subject wrote today."""
        self.count_subscriptions: Callable[[int], asyncio.Future[int]] | None = None
        self._refused = PrometheusCounter(
            "machi_limit_refusals", "Requests refused with 429, by limit", ("limit",), registry=registry
        )
        self._leases = PrometheusCounter(
            "machi_limit_leases", "Tokens fetched, by where: redis or here", ("source",), registry=registry
        )
        up = Gauge("machi_limit_redis_up", "1 = the limits are shared by Redis", registry=registry)
        up.set_function(lambda: float(self.is_shared))
        workers = Gauge("machi_limit_workers", "Processes that share the limits", registry=registry)
        workers.set_function(lambda: float(self.workers))

    def share_by(self, shared: SharedBuckets) -> None:
        """Share the buckets with other processes from now on."""
        self._shared = shared

    @property
    def is_shared(self) -> bool:
        """Whether the buckets are those of all processes."""
        return self._shared is not None and time.monotonic() >= self._away_until

    def use(self, rules: Rules) -> None:
        """Judge by other rules from now on."""
        self._rules = rules
        self._known.clear()
        self._shares.clear()

    async def keep_count(self) -> None:
        """Find out how many processes share the limits."""
        if self._shared is None or not self.is_shared:
            return
        loop = asyncio.get_running_loop()
        try:
            workers = await loop.run_in_executor(self._redis, self._shared.count_workers)
        except SharedAway as error:
            self._give_up(error)
            return
        if workers != self.workers:
            self.workers = workers
            self._known.clear()
            self._shares.clear()

    def close(self) -> None:
        """Ask Redis no more."""
        if self._task is not None:
            self._task.cancel()
        if self._shared is not None:
            self._redis.submit(self._shared.close)
        self._redis.shutdown(wait=False)

    async def judge(self, principal: Principal, scope: Scope) -> None:
        """Let a request pass, or raise TooManyRequests."""
        known = self._known.get(principal.name)
        if known is None or known[0] != principal:
            known = self._learn(principal)
        _, allowed, shares = known
        if not shares and not allowed.counts:
            if principal.role is Role.ANONYMOUS:
                self._judge_address(scope)
            return
        now = time.monotonic()
        for index, share in enumerate(shares):
            if not share.take(now) and not await self._wait(share):
                for earlier in shares[:index]:
                    earlier.held += 1
                raise self._refuse_rate(share, scope)
            if share.is_low:
                self._ask(share)
        if shares:
            _tell(scope, shares[0])
        if allowed.counts and (scope["method"] != "GET" or scope["path"] == _STREAM_PATH):
            await self._judge_counts(allowed, principal, scope)

    def _learn(self, principal: Principal) -> tuple[Principal, Allowed, tuple[Share, ...]]:
        allowed = self._rules.of(principal)
        known = (principal, allowed, tuple(self._share(one) for one in allowed.rates))
        self._known[principal.name] = known
        while len(self._known) > PRINCIPALS_MAX:
            self._known.popitem(last=False)
        return known

    def _share(self, allowance: Allowance) -> Share:
        share = self._shares.get(allowance.subject)
        if share is None or share.allowance != allowance:
            share = self._shares[allowance.subject] = Share(allowance, self.workers)
            while len(self._shares) > PRINCIPALS_MAX:
                self._shares.popitem(last=False)
        return share

    async def _wait(self, share: Share) -> bool:
        """Take a token that has to be fetched first; False where there is none."""
        share.waiting += 1
        try:
            for _ in range(_ATTEMPTS):
                if not self.is_shared:
                    break
                await asyncio.shield(self._ask(share))
                if share.take(time.monotonic()):
                    return True
                if share.retry_s > 0:
                    return False
        finally:
            share.waiting -= 1
        return self._take_here(share)  # Redis is away, or others were quicker each time

    def _take_here(self, share: Share) -> bool:
        taken = share.bucket.take(share.allowance.rate.share(self.workers), 1, time.monotonic())
        share.left, share.retry_s = taken.left, taken.retry_s
        self._leases.labels("here").inc(taken.granted)
        return taken.granted == 1

    def _ask(self, share: Share) -> "asyncio.Future[None]":
        """Have tokens fetched, together with those of others that ask at the same time."""
        if share.pending is None:
            share.pending = asyncio.get_running_loop().create_future()
            self._asking.append(share)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._fetch(), name="limits")
        return share.pending

    async def _fetch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asking:
            asking, self._asking = self._asking, []
            now = time.monotonic()
            for share in asking:
                share.slice = next_slice(share.slice, share.allowance.rate, now - share.leased_at)
            wanted = [
                Wanted(share.allowance.subject, share.allowance.rate, max(share.slice, share.waiting))
                for share in asking
            ]
            taken: list[Taken] = []
            try:
                if self._shared is not None and self.is_shared:
                    taken = await loop.run_in_executor(self._redis, self._shared.lease, wanted)
            except SharedAway as error:
                self._give_up(error)
            finally:
                for index, share in enumerate(asking):
                    self._settle(share, taken[index] if taken else None)

    def _settle(self, share: Share, taken: Taken | None) -> None:
        """Hand out what was fetched; None: Redis is away, and whoever waits looks here."""
        pending, share.pending = share.pending, None
        if taken is not None:
            now = time.monotonic()
            share.held = taken.granted + (share.held if now - share.leased_at < HELD_S else 0)
            share.leased_at, share.left, share.retry_s = (
                now,
                taken.left,
                0.0 if taken.granted else taken.retry_s,
            )
            self._leases.labels("redis").inc(taken.granted)
        if pending is not None and not pending.done():
            pending.set_result(None)

    def _give_up(self, error: SharedAway) -> None:
        if self.is_shared:
            log.warning("limits_not_shared", error=str(error), workers=self.workers)
        self._away_until = time.monotonic() + RETRY_S

    def _judge_address(self, scope: Scope) -> None:
        rate = self._rules.anonymous
        if rate is None:
            return
        now, own = time.monotonic(), rate.share(self.workers)
        name = _network(client_address(scope))
        bucket = self._addresses.get(name)
        if bucket is None:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.popitem(last=False)
            bucket = self._addresses[name] = Bucket(own, now)
        else:
            self._addresses.move_to_end(name)
        taken = bucket.take(own, 1, now)
        if not taken.granted:
            raise self._refuse(
                "address", f"{rate.per_second:g} per second (burst {rate.burst:g})", taken.retry_s
            )

    async def _judge_counts(self, allowed: Allowed, principal: Principal, scope: Scope) -> None:
        path, method = scope["path"], scope["method"]
        if path == _STREAM_PATH:
            self._judge_streams(allowed, scope)
        elif method in ("POST", "PUT", "PATCH") and path.startswith(_WRITES):
            self._judge_written(allowed)
        elif method == "POST" and path == "/ngsi-ld/v1/subscriptions":
            await self._judge_subscriptions(allowed, principal)

    def _judge_streams(self, allowed: Allowed, scope: Scope) -> None:
        limits = allowed.counts.get(LimitName.STREAMS, ())
        for subject, most in limits:
            if self._streams[subject] >= math.ceil(most / self.workers):
                raise self._refuse(LimitName.STREAMS, f"{most} open at the same time for {subject}", 10.0)
        for subject, _ in limits:
            self._streams[subject] += 1

        def release() -> None:
            for subject, _ in limits:
                self._streams[subject] -= 1
                if not self._streams[subject]:
                    del self._streams[subject]

        release_at_end(scope, release)

    def _judge_written(self, allowed: Allowed) -> None:
        for subject, most in allowed.counts.get(LimitName.ENTITIES, ()):
            if self.written(subject) >= most:
                raise self._refuse(LimitName.ENTITIES, f"{most} a day for {subject}", _until_midnight_s())

    async def _judge_subscriptions(self, allowed: Allowed, principal: Principal) -> None:
        limits = allowed.counts.get(LimitName.SUBSCRIPTIONS, ())
        if not limits or self.count_subscriptions is None or principal.organisation is None:
            return
        count = await self.count_subscriptions(principal.organisation)
        for subject, most in limits:
            if count >= most:
                said = f"{most} for {subject}, and there are {count}: delete one first"
                raise self._refuse(LimitName.SUBSCRIPTIONS, said, 60.0)

    def _refuse_rate(self, share: Share, scope: Scope) -> TooManyRequests:
        rate = share.allowance.rate
        share.left = 0
        _tell(scope, share)
        said = f"{rate.per_second:g} per second (burst {rate.burst:g}) for {share.allowance.subject}"
        return self._refuse(_kind(share.allowance.subject), said, share.retry_s)

    def _refuse(self, limit: str, said: str, retry_s: float) -> TooManyRequests:
        self._refused.labels(limit).inc()
        after = 86_400 if math.isinf(retry_s) else max(1, math.ceil(retry_s))
        return TooManyRequests(f"The limit '{limit}' is {said}; try again in {after} s", retry_after_s=after)


_WRITES = ("/ngsi-ld/v1/entities", "/ngsi-ld/v1/entityOperations/", "/ngsi-ld/v1/temporal/entities")
_DAY_S = 86_400
_JAPAN_S = 9 * 3_600


def _tell(scope: Scope, share: Share) -> None:
    """Say in the answer what is left (draft-ietf-httpapi-ratelimit-headers)."""
    rate = share.allowance.rate
    left = int(share.held + share.left)
    reset_s = -int((left - rate.burst) // rate.per_second) if rate.per_second and left < rate.burst else 0
    add_header(scope, *share.policy)
    add_header(scope, b"ratelimit", share.form % (left, reset_s))


def _kind(subject: str) -> str:
    """Name the limit for callers; `key` or `organisation`, not whose it is."""
    return subject.partition(":")[0]


def _network(address: str | None) -> str:
    """Give what stands for a caller: its address, of IPv6 the first 64 bits, which one subscriber has."""
    if address is None or ":" not in address:
        return address or ""
    return ":".join(_expand(address)[:_V6_GROUPS])


def _expand(address: str) -> list[str]:
    return IPv6Address(address.partition("%")[0]).exploded.split(":")


def _until_midnight_s() -> float:
    """Seconds until the next day of Japan."""
    return _DAY_S - (time.time() + _JAPAN_S) % _DAY_S


def _none_written(_: str) -> int:
    return 0
