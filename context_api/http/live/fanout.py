"""Changes that one process reads, for all others: a bounded Redis stream per tenant.

An entry says: these are all changes of the tenant after a number and up to another. That is true whoever
wrote it and however often it is read; so what Redis forgets or doubles shows in the numbers, and who lacks an
entry reads the database. No fact lives here alone (design, promise 7).
"""

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from context_api.ngsild.model import Micros

STREAM_ENTRIES = 256
ENTRY_BYTES = 64 * 1024
"""An entry is cut there; a change larger than that is left out, and read from the database."""
LEASE_MS = 2_000
KEEP_S = 0.5
"""How often a process says what it wants, and that it still publishes."""
SILENCE_S = 2.0
"""After so long without an entry nobody is taken to publish."""
READ_MS = 100
_TIMEOUT_S = 1.0
_WANTED_MS = 3_000
_KEPT_MS = 60_000
"""Streams of tenants that nobody listens to any more go by themselves."""
_READ_ENTRIES = 64


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A change, as its row in the database tells it."""

    seq: int
    trigger: int
    at: Micros
    document: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """All changes of a tenant with after < seq <= until."""

    after: int
    until: int
    rows: Sequence[Row]


class FanoutAway(Exception):
    """Redis cannot be used at the moment."""


class Fanout:
    """One process' part in it. `keep` is called by one thread, all else by another."""

    def __init__(self, url: str, identity: str) -> None:
        digest = hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()
        self._prefix = f"machi:changes:{digest}"
        self._me = os.urandom(8).hex()
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Entry)
        self._last: dict[int, bytes] = {}
        """Tenant -> id of the last entry that was read."""
        self._published: dict[int, int] = {}
        """Tenant -> up to which number its stream tells all, from where it begins."""
        self._covered = -1
        self._beat_at = 0.0
        self.is_up = False
        self.is_publisher = False
        self.wanted: frozenset[int] = frozenset()
        """Tenants that other processes listen to."""

    def keep(self, tenants: Iterable[int]) -> None:
        """Say what this process listens to, and who publishes; a failure shows in `is_up`."""
        try:
            self._keep(tenants)
            self.is_up = True
        except (redis.RedisError, OSError):
            self.is_up = self.is_publisher = False

    def leave(self) -> None:
        """Listen and publish no more."""
        try:
            if self.is_publisher and self._redis.get(self._key("publisher")) == self._me.encode():
                self._redis.delete(self._key("publisher"))
        except (redis.RedisError, OSError):
            pass  # the lease ends by itself
        self.is_up = self.is_publisher = False

    def close(self) -> None:
        """Leave, and close the connections."""
        self.leave()
        self._redis.close()

    def publish(self, after: int, until: int, rows: dict[int, list[Row]]) -> None:
        """Tell the others all changes after a number and up to another, of the tenants in `rows`.

        What Redis does not take is read from the database by whoever lacks it.
        """
        is_beat = time.monotonic() - self._beat_at >= KEEP_S
        known = rows.keys() if after <= self._covered else ()
        self._published = {one: number for one, number in self._published.items() if one in known}
        self._covered = until
        told: list[tuple[int, Entry]] = []
        for tenant_id, own in rows.items():
            if own or is_beat or tenant_id not in self._published:
                told += [
                    (tenant_id, each) for each in _cut(self._published.get(tenant_id, after), until, own)
                ]
                self._published[tenant_id] = until
        if is_beat:
            self._beat_at = time.monotonic()
        try:
            self._append(told)
        except (redis.RedisError, OSError):
            self.is_up = False
            self._published.clear()

    def anchor(self, tenants: Iterable[int]) -> None:
        """Begin behind what is in the streams now: what was written before may be of another time.

        Raises FanoutAway.
        """
        try:
            for tenant_id in tenants:
                newest: Any = self._redis.xrevrange(self._stream(tenant_id), count=1)
                self._last[tenant_id] = newest[0][0] if newest else b"0-0"
        except (redis.RedisError, OSError) as error:
            self.is_up = False
            raise FanoutAway from error

    def read(self, tenants: Iterable[int], wait_ms: int) -> list[tuple[int, Entry]]:
        """Give the entries that came since; waits for the first. Raises FanoutAway."""
        asked: dict[Any, Any] = {self._stream(one): self._last.get(one, b"$") for one in tenants}
        names = {self._stream(tenant_id).encode(): tenant_id for tenant_id in tenants}
        try:
            found: Any = self._redis.xread(asked, count=_READ_ENTRIES, block=wait_ms or None)
            entries: list[tuple[int, Entry]] = []
            for name, items in found:
                tenant_id = names[name]
                entries += [(tenant_id, self._decoder.decode(fields[b"e"])) for _, fields in items]
                self._last[tenant_id] = items[-1][0]
        except (redis.RedisError, OSError, msgspec.MsgspecError, KeyError) as error:
            self.is_up = False
            raise FanoutAway from error
        return entries

    def _keep(self, tenants: Iterable[int]) -> None:
        seconds, micros = self._redis.time()
        now_ms = seconds * 1_000 + micros // 1_000
        wanted, lease = self._key("wanted"), self._key("publisher")
        mine = {f"{tenant_id}:{self._me}": now_ms + _WANTED_MS for tenant_id in tenants}
        with self._redis.pipeline(transaction=False) as pipeline:
            if mine:
                pipeline.zadd(wanted, mine)
            pipeline.zremrangebyscore(wanted, "-inf", now_ms)
            pipeline.zrange(wanted, 0, -1)
            pipeline.pexpire(wanted, _WANTED_MS)
            pipeline.set(lease, self._me, px=LEASE_MS, nx=True)
            pipeline.get(lease)
            answers = pipeline.execute()
        holder = answers[-1]
        found = [one.decode().partition(":") for one in answers[-4]]
        self.wanted = frozenset(int(tenant) for tenant, _, process in found if process != self._me)
        self.is_publisher = holder == self._me.encode()
        if self.is_publisher:
            self._redis.pexpire(lease, LEASE_MS)

    def _append(self, told: Sequence[tuple[int, Entry]]) -> None:
        if not told:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for tenant_id, entry in told:
                name = self._stream(tenant_id)
                fields = {"e": self._encoder.encode(entry)}
                pipeline.xadd(name, fields, maxlen=STREAM_ENTRIES, approximate=True)  # type: ignore[arg-type]
                pipeline.pexpire(name, _KEPT_MS)
            pipeline.execute()

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _stream(self, tenant_id: int) -> str:
        return self._key(f"tenant:{tenant_id}")


def _cut(after: int, until: int, rows: Sequence[Row]) -> list[Entry]:
    """Make entries of at most ENTRY_BYTES; a change that is larger becomes a hole between two of them."""
    entries: list[Entry] = []
    part: list[Row] = []
    size = 0
    for row in rows:
        length = len(row.document)
        if part and size + length > ENTRY_BYTES:
            entries.append(Entry(after, part[-1].seq, part))
            after, part, size = part[-1].seq, [], 0
        if length > ENTRY_BYTES:
            if row.seq - 1 > after:
                entries.append(Entry(after, row.seq - 1, []))
            after = row.seq
        else:
            part.append(row)
            size += length
    return [*entries, Entry(after, until, part)]
