"""What a transaction leaves behind besides history: entity rows, change rows, outbox, queues and counters."""

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.matching import Match
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.transition import Touched, Transition
from context_api.store import codec
from context_api.store.access import Access
from context_api.store.bounds import bounds_of
from context_api.store.packing import (
    DAY_MICROS,
    EPOCH_MICROS,
    pack_bigints,
    pack_byteas,
    pack_days,
    pack_ints,
    pack_jsonbs,
    pack_texts,
    pack_times,
)
from context_api.store.queries import load_queries
from context_api.store.states import EntityState
from context_api.store.terms import Terms

_SQL = load_queries("effects")
COPIED_FROM = 64
"""So many change rows are copied in, in a third of the time; for fewer the two further round trips would be
worse, since COPY goes into no pipeline."""
_ROWS_AT_A_TIME = 256
"""PostgreSQL takes these while we put the next ones together."""
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_NUMBERS = struct.Struct("!hiqiiiiiqih")
"""How many fields, and those that are numbers, each after its length: seq, day, tenant, at, trigger."""
_LENGTH = struct.Struct("!i").pack
_NULL = _LENGTH(-1)


class _ChangeRow(NamedTuple):
    seq: int
    at: Micros
    entity_id: str
    trigger: int
    attributes: str
    document: bytes


class _OutboxRow(NamedTuple):
    subscription_key: int
    entity_id: str
    change_seq: int
    changed_at: Micros
    trigger: int


class Effects:
    """Collects while changes are applied, writes at the end."""

    def __init__(self, access: Access, terms: Terms) -> None:
        self.version = b""
        """The xmin that the rows written will have."""
        self._access = access
        self._terms = terms
        self._sequence: list[int] = []
        self._draw: Callable[[], list[int]] = list
        self._changes: list[_ChangeRow] = []
        self._outbox: list[_OutboxRow] = []

    def begin(self, version: bytes, sequence: list[int], draw: Callable[[], list[int]]) -> None:
        """Take the transaction's id and a supply of sequence numbers; `draw` gives more."""
        self.version = version
        self._sequence = sequence[::-1]
        self._draw = draw

    def end(self) -> None:
        """No change comes any more."""
        self._draw = list

    def add_change(
        self,
        state: EntityState,
        before: Entity | None,
        transition: Transition,
        now: Micros,
        matches: Sequence[Match],
    ) -> None:
        """Note one change of an entity (whose state has advanced) and whom it has to be told to."""
        entity = transition.after or before
        if entity is None:
            return
        if not self._sequence:
            self._sequence = self._draw()[::-1]
        seq = self._sequence.pop()
        names = dict.fromkeys([one.attribute for one in transition.touched])
        self._changes.append(
            _ChangeRow(
                seq,
                now,
                state.id,
                int(transition.trigger),
                self._terms.array(tuple(names)),
                codec.encode_change(
                    self._terms,
                    entity,
                    state.fixed,
                    state.live,
                    now if transition.after is None else None,
                    transition.touched if matches else _told_always(transition),
                    written_otherwise(transition, now),
                ),
            )
        )
        for match in matches:
            self._outbox.append(_OutboxRow(match.subscription_key, state.id, seq, now, int(match.trigger)))

    def write_entities(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        """Bring the entity rows and their side tables up to date."""
        dirty = [state for state in states if state.is_dirty]
        light = [state for state in dirty if state.row_exists and not state.is_head_dirty]
        heavy = [
            state for state in dirty if state.current is not None and state.row_exists and state.is_head_dirty
        ]
        new = [state for state in dirty if state.current is not None and not state.row_exists]
        gone = [state for state in dirty if state.current is None]
        if light:
            self._update_live(connection, light)
        if heavy:
            self._update_entities(connection, heavy)
        if new:
            self._insert_entities(connection, new)
        if gone:
            self._delete_entities(connection, gone)
        if heavy or new or gone:
            self._write_types(connection, [*heavy, *new, *gone])

    def copy_changes(self, connection: Connection[TupleRow]) -> None:
        """Write change rows, where there are many. Not within a pipeline."""
        rows = self._changes
        if len(rows) < COPIED_FROM:
            return
        with connection.cursor() as cursor, cursor.copy(_SQL["copy_changes"]) as copy:
            copy.write(_COPY_HEADER)
            for start in range(0, len(rows), _ROWS_AT_A_TIME):
                copy.write(_pack_rows(self._access, rows[start : start + _ROWS_AT_A_TIME]))
            copy.write(_COPY_END)

    def write_changes(self, connection: Connection[TupleRow]) -> None:
        """Write what `copy_changes` left and, for what matched, outbox, queues, counters; wake notifiers."""
        rows = self._changes
        if not rows:
            return
        if len(rows) < COPIED_FROM:
            self._insert_changes(connection, rows)
        if self._outbox:
            self._write_outbox(connection)

    def _insert_changes(self, connection: Connection[TupleRow], rows: Sequence[_ChangeRow]) -> None:
        seqs, times, entity_ids, triggers, attributes, documents = zip(*rows, strict=True)
        connection.execute(
            _SQL["insert_changes"],
            [
                self._access.tenant_id,
                self._access.via,
                pack_bigints(seqs),
                pack_days(times),
                pack_texts(entity_ids),
                pack_times(times),
                pack_ints(triggers),
                pack_texts(attributes),
                pack_byteas(documents),
            ],
        )

    def _write_outbox(self, connection: Connection[TupleRow]) -> None:
        keys, entity_ids, seqs, times, triggers = zip(*self._outbox, strict=True)
        connection.execute(
            _SQL["insert_outbox"],
            [
                self._access.tenant_id,
                pack_bigints(keys),
                pack_texts(entity_ids),
                pack_days(times),
                pack_bigints(seqs),
                pack_ints(triggers),
            ],
        )
        queues = sorted(set(zip(keys, entity_ids, strict=True)))
        connection.execute(
            _SQL["queue_deliveries"],
            [pack_bigints([key for key, _ in queues]), pack_texts([entity_id for _, entity_id in queues])],
        )
        matched = sorted(Counter(keys).items())
        connection.execute(
            _SQL["count_matched"],
            [pack_bigints([key for key, _ in matched]), pack_bigints([count for _, count in matched])],
        )
        connection.execute("select pg_notify('machi_outbox', '')")

    def _update_live(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        connection.execute(
            _SQL["update_live"],
            [
                pack_texts([state.id for state in states]),
                pack_jsonbs([state.live for state in states]),
                pack_times([state.current.modified_at for state in states if state.current is not None]),
                self._access.tenant_id,
            ],
        )

    def _update_entities(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        columns = self._columns(states)
        connection.execute(_SQL["update_entities"], [*columns, self._access.tenant_id])

    def _insert_entities(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        columns = self._columns(states)
        connection.execute(_SQL["insert_entities"], [self._access.tenant_id, *columns])
        anew = [state.id for state in states if state.removed.entity is not None]
        if anew:
            connection.execute(_SQL["delete_tombstones"], [self._access.tenant_id, pack_texts(anew)])

    def _columns(self, states: Sequence[EntityState]) -> list[bytes]:
        """Pack the rows of entities that exist, column by column."""
        entities = [state.current for state in states if state.current is not None]
        terms = self._terms
        return [
            pack_texts([entity.id for entity in entities]),
            pack_texts([terms.array(entity.types) for entity in entities]),
            pack_jsonbs([codec.encode_json(list(entity.scopes)) for entity in entities]),
            pack_texts([terms.array(tuple(entity.attributes)) for entity in entities]),
            pack_jsonbs([state.fixed for state in states]),
            pack_jsonbs([state.live for state in states]),
            pack_jsonbs([codec.encode_removed(terms, state.removed) for state in states]),
            pack_texts([bounds_of(entity) for entity in entities]),
            pack_times([entity.created_at for entity in entities]),
            pack_times([entity.modified_at for entity in entities]),
            pack_times([entity.expires_at for entity in entities]),
            pack_times([state.next_expiry for state in states]),
        ]

    def _delete_entities(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        tenant_id = self._access.tenant_id
        connection.execute(_SQL["delete_entities"], [tenant_id, pack_texts([state.id for state in states])])
        connection.execute(
            _SQL["bury_entities"],
            [
                tenant_id,
                pack_texts([state.id for state in states]),
                pack_times([state.removed.entity for state in states]),
            ],
        )

    def _write_types(self, connection: Connection[TupleRow], states: Sequence[EntityState]) -> None:
        """Keep entity_type equal to what the entities have."""
        gone = [
            (state.id, name) for state in states for name in _types(state.initial) - _types(state.current)
        ]
        new = [(state.id, name) for state in states for name in _types(state.current) - _types(state.initial)]
        for verb, pairs in (("remove", gone), ("add", new)):
            if pairs:
                pairs.sort()
                connection.execute(
                    _SQL[f"{verb}_entity_types"],
                    [
                        self._access.tenant_id,
                        pack_texts([entity_id for entity_id, _ in pairs]),
                        pack_ints(self._terms.numbers(name for _, name in pairs)),
                    ],
                )


def _pack_rows(access: Access, rows: Sequence[_ChangeRow]) -> bytes:
    """Write rows as COPY reads them in binary."""
    tenant_id, via = access.tenant_id, _pack_text(access.via) if access.via else _NULL
    packed: list[bytes] = []
    for seq, at, entity_id, trigger, attributes, document in rows:
        micros = at - EPOCH_MICROS
        name = entity_id.encode()
        packed += (
            _NUMBERS.pack(9, 8, seq, 4, micros // DAY_MICROS, 4, tenant_id, 8, micros, 2, trigger),
            via,
            _pack_array(attributes),
            _LENGTH(len(name)),
            name,
            _LENGTH(len(document)),
            document,
        )
    return b"".join(packed)


def _pack_text(text: str) -> bytes:
    encoded = text.encode()
    return _LENGTH(len(encoded)) + encoded


@lru_cache(maxsize=1_000)
def _pack_array(written: str) -> bytes:
    """Pack the numbers of names, which are given as PostgreSQL writes an array."""
    packed = pack_ints([int(number) for number in written[1:-1].split(",") if number])
    return _LENGTH(len(packed)) + packed


def written_otherwise(transition: Transition, now: Micros) -> list[Touched]:
    """Give what a change wrote with another time than its own: values that count from their arrival."""
    return [one for one in transition.touched if one.after is not None and one.after.modified_at != now]


def _told_always(transition: Transition) -> list[Touched]:
    """Give what the resulting entity does not tell of a change: what it deleted, what it left as it was."""
    return [one for one in transition.touched if one.after is None or not one.is_change]


def _types(entity: Entity | None) -> set[Iri]:
    return set(entity.types) if entity is not None else set()
