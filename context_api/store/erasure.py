"""Deleting all that is kept of an entity or a device, and the proof of it.

What stays: the ids in names of series and in tombstones (so that a late reading does not bring an entity
back), counters, the entry in the audit trail, and whatever is in backups. A proof holds keyed hashes of ids,
so that it can be shown to be about somebody without naming them.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from context_api.ngsild.changes import DeleteEntity
from context_api.ngsild.errors import ResourceNotFound
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.deliveries_counts import Counts, State
from context_api.store.queries import load_queries
from context_api.store.store import Store

MAX_SUBJECTS = 100
"""Entities and devices of one erasure."""
_TIMEOUT = "600s"
_SQL = load_queries("erasure")
_HASH_BYTES = 32
_TRACES = ("empty_notifications", "delete_changes", "delete_superseded", "delete_arrivals", "delete_alarms")

Found = Mapping[str, int]
"""Kind -> how many."""


class Proof(NamedTuple):
    """That something was erased. `erased` and `remaining` are counted by kind, before and afterwards."""

    id: int
    principal: str
    reason: str
    subjects: Sequence[bytes]
    erased: Found
    remaining: Found
    at: datetime
    seal: bytes

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left."""
        return not any(self.remaining.values())


class Subjects(NamedTuple):
    """What an erasure is about: ids of entities, and of devices that are retired."""

    entities: Sequence[str]
    devices: Sequence[str] = ()


class Erasures:
    """Erases, and keeps the proofs. `secret` keys the hashes: without it nobody can make or check a proof."""

    def __init__(self, database: Database, store: Store, secret: bytes) -> None:
        self._database = database
        self._store = store
        self._key = hashlib.blake2b(secret, person=b"machi-erasure", digest_size=32).digest()

    def count(self, access: Access, subjects: Subjects) -> Found:
        """Count what is kept of the subjects, by kind; changes nothing."""
        with self._database.transaction() as connection:
            return _count(connection, access, subjects)

    def erase(self, access: Access, subjects: Subjects, reason: str) -> Proof:
        """Delete everything of the subjects, count again, and keep the proof.

        Nobody is notified: what waits is cancelled, as it holds what is to go. Where partners should hear of
        a deletion, delete the entity in the usual way first. History goes in slices: whoever is interrupted
        begins again and finishes. Raises StoreUnavailable.
        """
        erased = self.count(access, subjects)
        for entity_id in subjects.entities:
            self._erase_entity(access, entity_id)
        with self._database.transaction() as connection:
            _allow_time(connection)
            _erase_traces(connection, access, subjects.entities)
            for device_id in subjects.devices:
                _erase_device(connection, access, device_id)
        with self._database.transaction() as connection:
            proof = Proof(
                id=0,
                principal=access.principal,
                reason=reason,
                subjects=self._hash(access, subjects),
                erased=erased,
                remaining=_count(connection, access, subjects),
                at=datetime.now(UTC).replace(microsecond=0),
                seal=b"",
            )
            return _keep(connection, access, proof._replace(seal=self._seal(access, proof)))

    def get(self, access: Access, number: int) -> Proof:
        """Give a proof. Raises ResourceNotFound."""
        with self._database.connection() as connection:
            row = connection.execute(_SQL["get_erasure"], [access.tenant_id, number]).fetchone()
        if row is None:
            raise ResourceNotFound(f"There is no erasure {number}")
        return Proof(*row)

    def list_proofs(self, access: Access, *, limit: int, before: int | None = None) -> Sequence[Proof]:
        """Give the proofs of a tenant, the newest first."""
        asked = {"tenant": access.tenant_id, "limit": limit, "before": before}
        with self._database.connection() as connection:
            return [Proof(*row) for row in connection.execute(_SQL["list_erasures"], asked)]

    def is_sealed(self, access: Access, proof: Proof) -> bool:
        """Whether a proof is as it was written."""
        return hmac.compare_digest(self._seal(access, proof), proof.seal)

    def is_about(self, access: Access, proof: Proof, subjects: Subjects) -> bool:
        """Whether a proof is about all of these."""
        return set(self._hash(access, subjects)) <= set(proof.subjects)

    def _erase_entity(self, access: Access, entity_id: str) -> None:
        outcome = self._store.apply(access, [DeleteEntity(entity_id=entity_id)])[0]
        if outcome.error is not None and not isinstance(outcome.error, ResourceNotFound):
            raise outcome.error
        try:
            self._store.delete_history(access, entity_id)
        except ResourceNotFound:
            return

    def _hash(self, access: Access, subjects: Subjects) -> list[bytes]:
        named = [("entity", one) for one in subjects.entities] + [("device", one) for one in subjects.devices]
        return sorted(
            hashlib.blake2b(
                msgspec.json.encode([access.tenant_id, kind, one]), key=self._key, digest_size=_HASH_BYTES
            ).digest()
            for kind, one in named
        )

    def _seal(self, access: Access, proof: Proof) -> bytes:
        content: list[Any] = [
            access.tenant_id,
            proof.principal,
            proof.reason,
            [one.hex() for one in proof.subjects],
            sorted(proof.erased.items()),
            sorted(proof.remaining.items()),
            proof.at.astimezone(UTC).isoformat(),
        ]
        return hashlib.blake2b(msgspec.json.encode(content), key=self._key, digest_size=_HASH_BYTES).digest()


def _allow_time(connection: Connection[TupleRow]) -> None:
    connection.execute(_SQL["allow_time"], [_TIMEOUT])


def _keep(connection: Connection[TupleRow], access: Access, proof: Proof) -> Proof:
    row = connection.execute(
        _SQL["add_erasure"],
        {
            **proof._asdict(),
            "tenant": access.tenant_id,
            "subjects": list(proof.subjects),
            "erased": Jsonb(dict(proof.erased)),
            "remaining": Jsonb(dict(proof.remaining)),
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - it returns what it inserted
    number: int = row[0]
    after = {"erased": proof.erased, "remaining": proof.remaining, "subjects": len(proof.subjects)}
    record_act(connection, access, "erase", "data", str(number), after=after, reason=proof.reason)
    return proof._replace(id=number)


def _count(connection: Connection[TupleRow], access: Access, subjects: Subjects) -> Found:
    _allow_time(connection)
    found: dict[str, int] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        found |= (
            cursor.execute(_SQL["count_entities"], _named(connection, access, subjects.entities)).fetchone()
            or {}
        )
        for device_id in subjects.devices:
            asked = {"tenant": access.tenant_id, "device": device_id}
            for kind, number in (cursor.execute(_SQL["count_device"], asked).fetchone() or {}).items():
                found[kind] = found.get(kind, 0) + number
    return found


def _named(connection: Connection[TupleRow], access: Access, ids: Sequence[str]) -> dict[str, Any]:
    row = connection.execute(_SQL["get_series"], [access.tenant_id, list(ids)]).fetchone()
    return {"tenant": access.tenant_id, "ids": list(ids), "series": row[0] if row else []}


def _erase_traces(connection: Connection[TupleRow], access: Access, ids: Sequence[str]) -> None:
    """Delete what was said of entities beside their state and history."""
    named = _named(connection, access, ids)
    counts = Counts()
    cancelled = connection.execute(_SQL["cancel_waiting"], {**named, "state": int(State.CANCELLED)})
    counts.add_states(cancelled.fetchall())
    counts.write(connection)
    for block in (
        "empty_notifications",
        "delete_changes",
        "delete_superseded",
        "delete_arrivals",
        "delete_alarms",
    ):
        connection.execute(_SQL[block], named)


def _erase_device(connection: Connection[TupleRow], access: Access, device_id: str) -> None:
    asked = {"tenant": access.tenant_id, "device": device_id}
    for block in (
        "delete_messages",
        "delete_device_changes",
        "delete_hardware",
        "delete_findings",
        "delete_waiting",
        "empty_device",
    ):
        connection.execute(_SQL[block], asked)
