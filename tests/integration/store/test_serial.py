"""A batch equals its changes applied one by one in arrival order (design, section 4), on a real PostgreSQL.

What is numbered (changes, outbox) is compared entity by entity: readings of one entity are applied together.

Two tenants with the same subscriptions and the same clock get the same work: one in batches, one change by
change. Afterwards everything they hold must be the same: outcomes, entities, history, superseded values,
change rows, outbox, queues, counters, tombstones and side tables.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    Outcome,
    ReplaceEntity,
    Trigger,
    UpsertEntity,
)
from context_api.ngsild.model import Attributes, Entity, Instance, Kind
from context_api.store import effects
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason, Receipt
from context_api.store.observing import Caution
from context_api.store.store import Store
from tests.integration.store.town import (
    HALL,
    NAME,
    PM25,
    ROOM,
    T0,
    TEMPERATURE,
    TickingClock,
    ask,
    create,
    delivery,
    entity,
    reading,
    room,
    subscription,
    update,
)

_Work = TypeVar("_Work")
_Result = TypeVar("_Result")

NUMBERS = st.integers(1, 3)
TIMES = st.sampled_from([T0 - 10_000_000, T0 + 2000, T0 + 5000, T0 + 5000, T0 + 9000, T0 + 60_000_000])
VALUES = st.sampled_from([1.0, 1, 2.5, True, "text", {"a": [1]}, None])


def instances(*, timed: bool | None = None) -> st.SearchStrategy[Instance]:
    observed = {True: TIMES, False: st.none(), None: st.none() | TIMES}[timed]
    return st.builds(
        Instance,
        kind=st.sampled_from([Kind.PROPERTY, Kind.PROPERTY, Kind.JSON_PROPERTY]),
        value=VALUES,
        observed_at=observed,
        unit_code=st.sampled_from([None, None, "CEL"]),
        sub=st.sampled_from([None, None, {NAME: [Instance(value="sub")]}]),
    )


def attributes(*, timed: bool | None = None) -> st.SearchStrategy[Attributes]:
    def named(one: Instance, other: Instance | None) -> list[Instance]:
        if other is None:
            return [one]
        return [one, msgspec.structs.replace(other, dataset_id="urn:d:1")]

    lists = st.builds(named, instances(timed=timed), st.none() | instances(timed=timed))
    return st.dictionaries(st.sampled_from([PM25, TEMPERATURE]), lists, min_size=1, max_size=2)


def entities_of(number: int) -> st.SearchStrategy[Entity]:
    return st.builds(
        lambda given, types, expires_at: entity(number, given, types=types, expires_at=expires_at),
        attributes(),
        st.sampled_from([(ROOM,), (ROOM, HALL)]),
        st.sampled_from([None, None, None, T0 + 4500, T0 + 12_500]),
    )


def changes_of(number: int) -> st.SearchStrategy[Change]:
    id_ = room(number)
    names = st.sampled_from([PM25, TEMPERATURE])
    static = {NAME: [Instance(value="static")]}
    return st.one_of(
        entities_of(number).map(lambda one: CreateEntity(entity_id=id_, entity=one)),
        entities_of(number).map(lambda one: ReplaceEntity(entity_id=id_, entity=one)),
        entities_of(number).map(lambda one: UpsertEntity(entity_id=id_, entity=one)),
        entities_of(number).map(lambda one: UpsertEntity(entity_id=id_, entity=one, update=True)),
        attributes().map(lambda given: update(number, given)),
        attributes().map(lambda given: AppendAttributes(entity_id=id_, attributes=given, overwrite=False)),
        names.map(lambda name: DeleteAttribute(entity_id=id_, attribute=name, delete_all=True)),
        st.just(DeleteEntity(entity_id=id_)),
        attributes(timed=True).map(lambda given: reading(number, given, static=static)),
        attributes().map(lambda given: reading(number, given, arrived_at=T0 + 7777)),
    )


def deliveries_of(number: int) -> st.SearchStrategy[Delivery]:
    device = f"d{number}"
    receipts = st.builds(
        Receipt, st.just("bridge/1"), st.integers(1, 2), st.sampled_from([b"x", b"y"]), st.booleans()
    )
    return st.one_of(
        attributes(timed=True).map(lambda given: delivery(device, reading(number, given))),
        attributes(timed=True).map(lambda given: delivery(device, reading(number, given))),
        st.builds(
            lambda given, receipt, at: delivery(
                device, reading(number, given, arrived_at=at), receipt=receipt
            ),
            attributes(timed=False),
            receipts,
            TIMES,
        ),
        st.just(delivery(device, quarantine=QuarantineReason("bad", "x"), values=2)),
        st.just(delivery(device, ignored="retained", values=1)),
        st.builds(
            lambda one, other: delivery(device, reading(number, one), reading(3, other)),
            attributes(timed=True),
            attributes(timed=True),
        ),
    )


def batches(items: st.SearchStrategy[_Work]) -> st.SearchStrategy[list[list[_Work]]]:
    return st.lists(st.lists(items, min_size=1, max_size=8), min_size=1, max_size=4)


@dataclass
class Side:
    """One of the two tenants, with its own process (caches) and its own clock."""

    store: Store
    access: Access
    database: Database

    def holdings(self) -> dict[str, Any]:
        tenant = self.access.tenant_id
        found = self.store.get_entities(self.access, [room(number) for number in range(5)])
        rows = {name: ask(self.database, query, tenant) for name, query in QUESTIONS.items()}
        changes = ask(
            self.database,
            "select trigger, at, document from change where tenant_id = %s order by entity_id, seq",
            tenant,
        )
        return {
            "entities": {name: plain(one) for name, one in sorted(found.items())},
            "changes": [
                (trigger, at, plain(self.store.decode_change(document))) for trigger, at, document in changes
            ],
            "device counters": [plain(one) for one in self.store.get_device_counters(self.access)],
            **rows,
        }


QUESTIONS = {
    "history": "select s.entity_id, t.iri, s.dataset_id, s.kind, s.unit_code, o.at, o.has_observed_at,"
    " o.value, o.body::text, o.recorded_at, o.modified_at, o.deleted_at from observation o"
    " join series s on s.id = o.series_id join term t on t.id = s.attribute_id"
    " where s.tenant_id = %s order by 1, 2, 3, 6",
    "superseded": "select s.entity_id, t.iri, s.dataset_id, o.at, o.has_observed_at, o.value, o.body::text,"
    " o.recorded_at, o.superseded_at, o.superseded_by, o.reason from observation_superseded o"
    " join series s on s.id = o.series_id join term t on t.id = s.attribute_id"
    " where s.tenant_id = %s order by 1, 2, 3, 4, o.superseded_at",
    "rows of changes": "select day, entity_id, xid is null, attributes, via, replayed from change"
    " where tenant_id = %s order by entity_id, seq",
    "outbox": "select s.id, o.entity_id, o.trigger, c.at, c.trigger from outbox o"
    " join subscription s on s.key = o.subscription_key"
    " join change c on c.day = o.change_day and c.seq = o.change_seq where o.tenant_id = %s"
    " order by o.entity_id, o.id",
    "queues": "select s.id, q.entity_id from delivery_queue q"
    " join subscription s on s.key = q.subscription_key where s.tenant_id = %s order by 1, 2",
    "matched": "select s.id, c.matched from subscription_counter c"
    " join subscription s on s.key = c.subscription_key where s.tenant_id = %s order by 1",
    "tombstones": "select entity_id, deleted_at from tombstone where tenant_id = %s order by 1",
    "types": "select entity_id, type_id from entity_type where tenant_id = %s order by 1, 2",
    "attributes": "select id, unnest(attributes) from entity where tenant_id = %s order by 1, 2",
    "rows": "select id, types, removed::text, created_at, modified_at, expires_at from entity"
    " where tenant_id = %s order by 1",
    "quarantine": "select device_id, reason, detail from quarantine where tenant_id = %s order by id",
}


def plain(value: Any) -> str:
    """Exactly what a struct says: 1 is not 1.0; dictionaries in one order, since jsonb has its own."""
    return repr(_sorted(msgspec.to_builtins(value)))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value


# A thread of the connection pool draws random delays while hypothesis draws examples: no harm to these.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

_tenants = count(1)


@pytest.fixture
def database_of_all(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(effects, "COPIED_FROM", 3)  # so that batches copy what single changes insert
    opened = open_database(database_url)
    yield opened
    opened.close()


class _Rewinding(Caution):
    """Gives a transaction that is done again the times of its first attempt; only that one is wary."""

    def __init__(self, clock: TickingClock) -> None:
        super().__init__(transactions=1)
        self._clock = clock
        self._began = clock.now

    def begin(self) -> bool:
        self._began = self._clock.now
        return super().begin()

    def note_surprise(self) -> None:
        self._clock.now = self._began
        super().note_surprise()


def make_side(database: Database) -> Side:
    """A tenant with two subscriptions; all names are known, so that no attempt is made twice for them."""
    clock = TickingClock()
    store = Store(database, clock=clock)
    store._shared = dataclasses.replace(store._shared, caution=_Rewinding(clock))
    access = store.tenant(f"tenant-{next(_tenants)}", create=True)
    access = dataclasses.replace(access, via="1.1 somebody")
    store.create_subscription(access, subscription("all"), None)
    store.create_subscription(
        access, subscription("pm25", HALL, Trigger.ATTRIBUTE_UPDATED, watched_attributes=(PM25,)), None
    )
    known: Attributes = {name: [Instance(value=1)] for name in (NAME, PM25, TEMPERATURE)}
    store.apply(access, [create(4, known, types=(ROOM, HALL))])
    clock.now = T0
    return Side(store, access, database)


def compare(
    database: Database,
    work: list[list[_Work]],
    write: Callable[[Side, Sequence[_Work]], list[_Result]],
) -> None:
    together, alone = make_side(database), make_side(database)
    in_batches = [plain_outcome(outcome) for batch in work for outcome in write(together, batch)]
    one_by_one = [
        plain_outcome(outcome) for batch in work for one in batch for outcome in write(alone, [one])
    ]
    assert in_batches == one_by_one
    held, expected = together.holdings(), alone.holdings()
    for name, rows in expected.items():
        assert held[name] == rows, name


def plain_outcome(outcome: Any) -> tuple[str, str]:
    if not isinstance(outcome, Outcome):
        return plain(outcome), ""
    error = "" if outcome.error is None else repr(outcome.error)
    outcome.error = None
    return plain(outcome), error


SETTINGS = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(work=batches(NUMBERS.flatmap(changes_of)))
def test_changes_in_batches_equal_changes_alone(database_of_all: Database, work: list[list[Change]]) -> None:
    compare(database_of_all, work, lambda side, batch: side.store.apply(side.access, batch))


@SETTINGS
@given(work=batches(NUMBERS.flatmap(deliveries_of)))
def test_messages_in_batches_equal_messages_alone(
    database_of_all: Database, work: list[list[Delivery]]
) -> None:
    compare(
        database_of_all, work, lambda side, batch: side.store.ingest(side.access, in_session(side, batch))
    )


def in_session(side: Side, batch: Sequence[Delivery]) -> list[Delivery]:
    """Receipts know no tenant: each side is a session of its own."""
    return [
        one
        if one.receipt is None
        else msgspec.structs.replace(
            one, receipt=msgspec.structs.replace(one.receipt, session=side.access.tenant)
        )
        for one in batch
    ]
