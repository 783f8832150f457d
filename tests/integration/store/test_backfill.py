"""Years of history at once: the same rows however often it is begun, no notification, no current value."""

from collections.abc import Iterator

import pytest

from context_api.ngsild.model import Instance, Kind
from context_api.ngsild.query import TemporalQuery
from context_api.store import backfill as backfilling
from context_api.store.access import Access
from context_api.store.backfill import BackfillOutcome, HistorySeries, HistoryValue
from context_api.store.database import Database
from context_api.store.errors import StoreRefused
from context_api.store.store import Store
from tests.integration.store.town import (
    DAY,
    NAME,
    PM25,
    ROOM,
    SECOND,
    T0,
    TEMPERATURE,
    ask,
    create,
    delivery,
    history,
    reading,
    room,
    subscription,
    value,
)

SERIES = [
    HistorySeries(room(1), (ROOM,), PM25, Instance(unit_code="GQ")),
    HistorySeries(room(1), (ROOM,), TEMPERATURE, Instance()),
    HistorySeries(room(2), (ROOM,), PM25, Instance()),
]
HOURLY = 3600 * SECOND


def values(count: int) -> list[HistoryValue]:
    return [HistoryValue(i % 3, T0 - (i // 3 + 1) * HOURLY, float(i)) for i in range(count)]


def rows(database: Database) -> list[tuple[object, ...]]:
    return ask(
        database,
        "select s.entity_id, t.iri, o.at, o.value, o.body, o.has_observed_at, o.deleted_at from observation o"
        " join series s on s.id = o.series_id join term t on t.id = s.attribute_id order by 1, 2, 3",
    )


def test_values_are_loaded_once_however_often(store: Store, access: Access, database: Database) -> None:
    assert store.backfill(access, SERIES, values(3000)) == BackfillOutcome(3000, 0, 0)
    loaded = rows(database)
    assert len(loaded) == 3000
    assert store.backfill(access, SERIES, values(3000)) == BackfillOutcome(0, 3000, 0)
    assert rows(database) == loaded
    assert [number for _, number in history(database, 2, PM25)][-1] == 2.0


def test_a_load_that_was_interrupted_ends_with_the_same_rows(
    store: Store, access: Access, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "ROWS_PER_TRANSACTION", 100)

    def interrupted() -> Iterator[HistoryValue]:
        yield from values(3000)[:1234]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.backfill(access, SERIES, interrupted())
    assert len(rows(database)) == 1200
    assert store.backfill(access, SERIES, values(3000)) == BackfillOutcome(1800, 1200, 0)
    assert len(rows(database)) == 3000


def test_another_value_at_the_same_time_is_a_correction(
    store: Store, access: Access, database: Database
) -> None:
    store.ingest(access, [delivery("d1", reading(1, {PM25: value(1.0, T0 - HOURLY, unit_code="GQ")}))])
    given = [
        HistoryValue(0, T0 - HOURLY, 5.0),
        HistoryValue(0, T0 - 2 * HOURLY, 6.0),
        HistoryValue(0, T0 - 2 * HOURLY, 6.0),
        HistoryValue(0, T0 - 2 * HOURLY, 7.0),
    ]
    assert store.backfill(access, SERIES, given) == BackfillOutcome(1, 1, 2)
    assert history(database, 1, PM25) == [(T0 - 2 * HOURLY, 7.0), (T0 - HOURLY, 5.0)]
    former = ask(database, "select value, reason, superseded_by from observation_superseded order by value")
    assert former == [(1.0, "corrected", "system"), (6.0, "corrected", "system")]


def test_kinds_of_values_come_back_as_they_were(store: Store, access: Access) -> None:
    pattern = Instance(kind=Kind.PROPERTY, unit_code="GQ", dataset_id="urn:d")
    series = [
        HistorySeries(room(1), (ROOM,), NAME, Instance()),
        HistorySeries(room(1), (ROOM,), PM25, pattern),
    ]
    text = Instance(value="Ω", observed_at=T0, unit_code=None)
    other_unit = Instance(value=7.5, observed_at=T0 + 1, unit_code="GP", dataset_id="urn:d")
    given = [
        HistoryValue(0, T0, text),
        HistoryValue(0, T0 + 1, 2**60),
        HistoryValue(1, T0, 3),
        HistoryValue(1, T0 + 1, other_unit),
        HistoryValue(1, T0 + 2, 0.1),
    ]
    big = Instance(value=2**60, observed_at=T0 + 1)
    assert store.backfill(access, series, [given[0], HistoryValue(0, T0 + 1, big), *given[2:]]).stored == 5
    found = store.get_temporal(access, room(1), TemporalQuery())
    assert found is not None
    assert [one.instance.value for one in found.series[NAME]] == ["Ω", 2**60]
    instances = [one.instance for one in found.series[PM25]]
    assert [(one.value, one.unit_code) for one in instances] == [(3, "GQ"), (7.5, "GP"), (0.1, "GQ")]
    assert {one.dataset_id for one in instances} == {"urn:d"}
    assert isinstance(found.series[PM25][0].instance.value, int)


def test_nobody_is_told_and_nothing_current_changes(store: Store, access: Access, database: Database) -> None:
    store.apply(access, [create(1, {PM25: value(99.0, T0, unit_code="GQ")})])
    store.create_subscription(access, subscription("all"), b"{}")
    changes = ask(database, "select count(*) from change")
    newer = [HistoryValue(0, T0 + DAY, 1.0), *values(30)]
    assert store.backfill(access, SERIES, newer).stored == 31
    assert ask(database, "select count(*) from change") == changes
    assert ask(database, "select count(*) from outbox") == [(0,)]
    [current] = store.get_entities(access, [room(1)]).values()
    assert current.attributes[PM25][0].value == 99.0
    assert list(current.attributes) == [PM25]
    assert store.get_entities(access, [room(2)]) == {}
    assert store.get_temporal(access, room(2), TemporalQuery()) is not None


def test_a_value_that_cannot_be_stored_is_refused(store: Store, access: Access, database: Database) -> None:
    given = [HistoryValue(0, T0, Instance(value="a\0b", observed_at=T0))]
    with pytest.raises(StoreRefused):
        store.backfill(access, SERIES, given)
    assert rows(database) == []
