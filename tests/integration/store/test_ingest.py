"""`Store.ingest`: messages, counted to the value; duplicates, corrections, repeats and what is put aside."""

import gc
import weakref
from collections.abc import Iterable

import pytest

from context_api.ngsild.model import Instance, Micros
from context_api.store.access import Access
from context_api.store.batch import Batch
from context_api.store.counters import DeviceCounters
from context_api.store.database import Database
from context_api.store.deliveries_in import (
    Delivery,
    DeliveryKind,
    DeliveryOutcome,
    QuarantineReason,
    Receipt,
)
from context_api.store.ingesting import MAX_PAYLOAD_KEPT
from context_api.store.store import Store
from tests.integration.store.town import (
    NAME,
    PM25,
    SECOND,
    T0,
    TEMPERATURE,
    TickingClock,
    ask,
    attribute_values,
    delivery,
    history,
    reading,
    room,
    subscription,
    value,
)


def message(
    device: str, at: Micros | None, pm25: object, temperature: object = 20.0, **members: object
) -> Delivery:
    number = int(device[1:])
    attributes = {PM25: value(pm25, at), TEMPERATURE: value(temperature, at)}
    return delivery(device, reading(number, attributes, arrived_at=T0 + 7), **members)


def counters_of(store: Store, access: Access, device: str) -> DeviceCounters:
    (found,) = store.get_device_counters(access, device)
    assert found.messages_received == (
        found.messages_stored
        + found.messages_duplicate
        + found.messages_corrected
        + found.messages_ignored
        + found.messages_quarantined
    )
    assert found.values_received == (
        found.values_stored
        + found.values_duplicate
        + found.values_corrected
        + found.values_ignored
        + found.values_quarantined
    )
    return found


def kinds(outcomes: list[DeliveryOutcome]) -> list[DeliveryKind]:
    return [outcome.kind for outcome in outcomes]


def test_a_message_creates_what_is_missing_and_is_counted(
    store: Store, access: Access, database: Database
) -> None:
    (outcome,) = store.ingest(access, [message("d1", T0, 12.5)])
    assert outcome == DeliveryOutcome(DeliveryKind.STORED, stored=2)
    stored = store.get_entities(access, [room(1)])[room(1)]
    assert attribute_values(stored) == {"pm25": 12.5, "temperature": 20.0}
    assert history(database, 1, PM25) == [(T0, 12.5)]
    found = counters_of(store, access, "d1")
    assert (found.messages_received, found.values_received, found.last_seen) == (1, 2, T0)


@pytest.mark.parametrize("together", [True, False])
def test_a_redelivery_is_a_duplicate_whether_in_the_same_batch_or_later(
    store: Store, access: Access, database: Database, together: bool
) -> None:
    store.create_subscription(access, subscription("rooms"), None)
    messages = [message("d1", T0, 1.0), message("d1", T0, 1.0)]
    batches = [messages] if together else [[each] for each in messages]
    outcomes = [outcome for batch in batches for outcome in store.ingest(access, batch)]
    assert kinds(outcomes) == [DeliveryKind.STORED, DeliveryKind.DUPLICATE]
    assert outcomes[1].duplicate == 2
    assert history(database, 1, PM25) == [(T0, 1.0)]
    assert ask(database, "select count(*) from change") == [(1,)]
    assert ask(database, "select count(*) from outbox") == [(1,)]
    found = counters_of(store, access, "d1")
    assert (found.messages_duplicate, found.values_duplicate, found.values_stored) == (1, 2, 2)


@pytest.mark.parametrize("together", [True, False])
def test_the_same_time_with_another_value_corrects_in_the_open(
    store: Store, access: Access, database: Database, together: bool
) -> None:
    messages = [message("d1", T0, 1.0), message("d1", T0, 2.0), message("d1", T0, 3)]
    batches = [messages] if together else [[each] for each in messages]
    outcomes = [outcome for batch in batches for outcome in store.ingest(access, batch)]
    assert kinds(outcomes) == [DeliveryKind.STORED, DeliveryKind.CORRECTED, DeliveryKind.CORRECTED]
    assert (outcomes[2].corrected, outcomes[2].duplicate) == (1, 1)
    assert history(database, 1, PM25) == [(T0, 3.0)]
    superseded = ask(
        database,
        "select value, superseded_by, reason, superseded_at > recorded_at from observation_superseded"
        " order by value",
    )
    assert superseded == [(1.0, "d1", "corrected", True), (2.0, "d1", "corrected", True)]
    stored = store.get_entities(access, [room(1)])[room(1)]
    assert repr(stored.attributes[PM25][0].value) == "3"


def test_late_data_is_history_not_news(store: Store, access: Access, database: Database) -> None:
    store.create_subscription(access, subscription("rooms"), None)
    store.ingest(access, [message("d1", T0, 1.0)])
    (outcome,) = store.ingest(access, [message("d1", T0 - SECOND, 9.0)])
    assert outcome == DeliveryOutcome(DeliveryKind.STORED, stored=2, late=2)
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)])["pm25"] == 1.0
    assert history(database, 1, PM25) == [(T0 - SECOND, 9.0), (T0, 1.0)]
    assert ask(database, "select count(*) from outbox") == [(1,)]
    assert counters_of(store, access, "d1").values_late == 2


def test_a_message_without_a_time_counts_from_its_arrival(
    store: Store, access: Access, database: Database
) -> None:
    store.ingest(access, [message("d1", None, 1.0)])
    assert history(database, 1, PM25) == [(T0 + 7, 1.0)]
    assert ask(database, "select distinct has_observed_at from observation") == [(False,)]
    stored = store.get_entities(access, [room(1)])[room(1)]
    assert stored.attributes[PM25][0].observed_at is None


def test_static_attributes_are_written_once_and_have_a_history(
    store: Store, access: Access, database: Database
) -> None:
    def registered(at: Micros, name: str) -> Delivery:
        return delivery("d1", reading(1, {PM25: value(1.0, at)}, static={NAME: value(name)}))

    outcomes = store.ingest(access, [registered(T0, "first"), registered(T0 + 1, "second")])
    assert [outcome.stored for outcome in outcomes] == [1, 1]
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)])["name"] == "first"
    assert ask(database, "select body from observation o join series s on s.id = o.series_id join term t"
        " on t.id = s.attribute_id where t.iri = %s", NAME) == [({"v": "first"},)]  # fmt: skip


def test_what_is_put_aside_is_kept_counted_and_listed(store: Store, access: Access) -> None:
    bad = delivery(
        "d2",
        payload=b"\x00\xff" * MAX_PAYLOAD_KEPT,
        topic="machi/v1/de\0fault/d2/up",
        values=3,
        quarantine=QuarantineReason("bad-json", "at byte 0: \0 \ud800"),
    )
    stranger = delivery("", quarantine=QuarantineReason("unknown-device", "nobody"), values=1)
    outcomes = store.ingest(access, [message("d1", T0, 1.0), bad, stranger])
    assert kinds(outcomes) == [DeliveryKind.STORED, DeliveryKind.QUARANTINED, DeliveryKind.QUARANTINED]
    assert outcomes[1].reason == "bad-json"
    newest, older = store.list_quarantine(access)
    assert (newest.device_id, newest.reason, newest.detail) == ("", "unknown-device", "nobody")
    assert older.topic == "machi/v1/de␀fault/d2/up"
    assert (len(older.payload), older.payload_size) == (MAX_PAYLOAD_KEPT, 2 * MAX_PAYLOAD_KEPT)
    assert store.list_quarantine(access, before=newest.id) == [older]
    assert store.list_quarantine(access, device_id="d2") == [older]
    found = counters_of(store, access, "d2")
    assert (found.messages_quarantined, found.values_quarantined) == (1, 3)


def test_a_message_that_is_partly_stored_counts_as_stored(store: Store, access: Access) -> None:
    partly = message("d1", T0, 1.0, values=5)
    aside = message("d2", T0, 1.0, values=5, quarantine=QuarantineReason("unknown-unit", "x"))
    nothing = delivery("d3", ignored="retained", values=4)
    outcomes = store.ingest(access, [partly, aside, nothing])
    assert outcomes == [
        DeliveryOutcome(DeliveryKind.STORED, stored=2, ignored=3),
        DeliveryOutcome(DeliveryKind.STORED, stored=2, quarantined=3, reason="unknown-unit"),
        DeliveryOutcome(DeliveryKind.IGNORED, ignored=4),
    ]
    assert counters_of(store, access, "d1").values_ignored == 3
    assert counters_of(store, access, "d2").values_quarantined == 3
    assert counters_of(store, access, "d3").messages_ignored == 1


def test_a_value_that_breaks_the_batch_is_isolated(store: Store, access: Access, clock: TickingClock) -> None:
    messages = [message(f"d{number}", T0, 1.0) for number in range(9)]
    messages[3] = message("d3", T0, "a\0b")
    messages[7] = message("d7", 2**64, 1.0)
    outcomes = store.ingest(access, messages)
    assert [outcome.kind for outcome in outcomes].count(DeliveryKind.STORED) == 7
    assert [position for position, outcome in enumerate(outcomes) if outcome.reason == "refused"] == [3, 7]
    assert sorted(store.get_entities(access, [room(number) for number in range(9)])) == [
        room(number) for number in (0, 1, 2, 4, 5, 6, 8)
    ]
    details = {one.device_id: one.detail for one in store.list_quarantine(access)}
    assert "U+0000" in details["d3"]
    for number in range(9):
        assert counters_of(store, access, f"d{number}").messages_received == 1


def receipt(
    packet_id: int, payload: bytes, *, redelivered: bool = False, session: str = "bridge/1"
) -> Receipt:
    return Receipt(session, packet_id, payload, redelivered)


def timeless(pm25: float, arrived_at: Micros, given: Receipt) -> Delivery:
    return delivery(
        "d1", reading(1, {PM25: value(pm25)}, arrived_at=arrived_at), arrived_at=arrived_at, receipt=given
    )


@pytest.mark.parametrize("together", [True, False])
def test_redeliveries_without_a_time_are_recognised_by_their_receipt(
    store: Store, access: Access, database: Database, together: bool
) -> None:
    messages = [
        timeless(1.0, T0, receipt(5, b"one")),
        timeless(1.0, T0 + 10, receipt(5, b"one", redelivered=True)),  # the same again
        timeless(2.0, T0 + 20, receipt(5, b"two", redelivered=True)),  # another payload under the same id
        timeless(1.0, T0 + 30, receipt(5, b"one", redelivered=True)),  # the id has passed to "two" meanwhile
        timeless(1.0, T0 + 40, receipt(5, b"one")),  # the same payload, but not redelivered
        timeless(1.0, T0 + 50, receipt(5, b"one", redelivered=True, session="bridge/2")),  # another session
        timeless(1.0, T0 + 60, receipt(6, b"one", redelivered=True)),  # another packet
    ]
    batches = [messages] if together else [[each] for each in messages]
    outcomes = [outcome for batch in batches for outcome in store.ingest(access, batch)]
    assert [outcome.is_possible_repeat for outcome in outcomes] == [False, True, *[False] * 5]
    assert kinds(outcomes)[1] is DeliveryKind.DUPLICATE
    assert [at - T0 for at, _ in history(database, 1, PM25)] == [0, 20, 30, 40, 50, 60]
    found = counters_of(store, access, "d1")
    assert (found.possible_repeats, found.messages_duplicate, found.values_duplicate) == (1, 1, 1)
    assert ask(database, "select session, packet_id, payload_hash from receipt order by 1, 2") == [
        ("bridge/1", 5, b"one"),
        ("bridge/1", 6, b"one"),
        ("bridge/2", 5, b"one"),
    ]


def test_values_of_several_readings_in_one_message(store: Store, access: Access) -> None:
    one = delivery(
        "d1",
        reading(
            1,
            {
                PM25: [
                    Instance(value=1.0, observed_at=T0),
                    Instance(value=2.0, observed_at=T0, dataset_id="urn:d"),
                ]
            },
        ),
        reading(2, {PM25: value(3.0, T0)}),
    )
    (outcome,) = store.ingest(access, [one])
    assert outcome.stored == 3
    (again,) = store.ingest(access, [one])
    assert (again.kind, again.duplicate) == (DeliveryKind.DUPLICATE, 3)
    assert sorted(store.get_entities(access, [room(1), room(2)])) == [room(1), room(2)]


def test_messages_without_a_time_advance_in_the_order_of_their_arrival(
    store: Store, access: Access, database: Database
) -> None:
    def arrived(after: Micros, pm25: object) -> Delivery:
        return delivery("d1", reading(1, {PM25: value(pm25, None)}, arrived_at=T0 + after))

    store.create_subscription(access, subscription("rooms"), None)
    first, second = store.ingest(access, [arrived(-300, 1), arrived(-200, 2)])
    (third,) = store.ingest(access, [arrived(-100, 3)])  # it waited while those were committed
    assert (first.late, second.late, third.late) == (0, 0, 0)
    assert attribute_values(store.get_entities(access, [room(1)])[room(1)]) == {"pm25": 3}
    assert history(database, 1, PM25) == [(T0 - 300, 1), (T0 - 200, 2), (T0 - 100, 3)]
    assert ask(database, "select matched from subscription_counter") == [(3,)]


def test_a_batch_leaves_nothing_to_the_garbage_collector(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Batch]] = []
    begin = Batch.begin

    def note(batch: Batch, entity_ids: Iterable[str], changes: int) -> None:
        made.append(weakref.ref(batch))
        begin(batch, entity_ids, changes)

    monkeypatch.setattr(Batch, "begin", note)
    gc.disable()
    try:
        for second in range(3):
            store.ingest(access, [message(f"d{number}", T0 + second * SECOND, 1.5) for number in range(5)])
    finally:
        gc.enable()
    assert len(made) >= 3
    assert [batch() for batch in made] == [None] * len(made)
