"""Reads of history: windows of time, lastN, deletions, instance ids that stay."""

from typing import Any

import pytest

from context_api.ngsild.changes import DeleteAttribute, DeleteEntity
from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.model import Instance, Kind, Micros
from context_api.ngsild.query import EntityQuery, TemporalQuery, TimeProperty, TimeRelation, TypeIs
from context_api.store import temporal_rows
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.observations import parse_instance_id
from context_api.store.store import Store
from context_api.store.temporal import HistoryRequest
from context_api.store.temporal_writing import WriteHistory
from tests.integration.store.town import (
    NAME,
    PM25,
    ROOM,
    SECOND,
    T0,
    TEMPERATURE,
    VOCABULARY,
    TickingClock,
    create,
    delivery,
    reading,
    room,
    update,
    value,
)


@pytest.fixture
def filled(store: Store, access: Access, clock: TickingClock) -> Store:
    """Room 1 with ten values of pm25, one a second from T0; three of temperature; a name without time."""
    store.apply(access, [create(1, {NAME: value("x")})])
    for second in range(10):
        attributes = {PM25: value(float(second), T0 + second * SECOND, unit_code="GQ")}
        if second < 3:
            attributes[TEMPERATURE] = value(second, T0 + second * SECOND)
        store.ingest(access, [delivery("d1", reading(1, attributes))])
    return store


def seconds(store: Store, access: Access, query: TemporalQuery, limit: int = 10_000) -> dict[str, list[int]]:
    found = store.get_temporal(access, room(1), query, limit=limit)
    assert found is not None
    return {
        name.rsplit("/", 1)[1]: [(one.at - T0) // SECOND for one in instances]
        for name, instances in found.series.items()
    }


def window(timerel: TimeRelation, start: int, end: int | None = None, **members: int) -> TemporalQuery:
    return TemporalQuery(
        timerel=timerel,
        time_at=T0 + start * SECOND,
        end_time_at=None if end is None else T0 + end * SECOND,
        last_n=members.get("last_n"),
    )


@pytest.mark.parametrize(
    ("query", "pm25", "temperature"),
    [
        (window(TimeRelation.BEFORE, 2), [0, 1], [0, 1]),
        (window(TimeRelation.AFTER, 7), [7, 8, 9], None),
        (window(TimeRelation.BETWEEN, 2, 5), [2, 3, 4], [2]),
        (window(TimeRelation.AFTER, 0, last_n=2), [8, 9], [1, 2]),
        (window(TimeRelation.BEFORE, 9, last_n=1), [8], [2]),
        (window(TimeRelation.AFTER, 60), None, None),
    ],
)
def test_windows_on_observed_at(
    filled: Store, access: Access, query: TemporalQuery, pm25: list[int] | None, temperature: list[int] | None
) -> None:
    expected = {"pm25": pm25, "temperature": temperature}
    assert seconds(filled, access, query) == {
        name: each for name, each in expected.items() if each is not None
    }


def test_without_a_window_everything_is_given(filled: Store, access: Access) -> None:
    found = filled.get_temporal(access, room(1), TemporalQuery())
    assert found is not None
    assert (found.types, found.scopes, found.is_complete) == ((ROOM,), (), True)
    assert {name: len(instances) for name, instances in found.series.items()} == {
        NAME: 1,
        PM25: 10,
        TEMPERATURE: 3,
    }
    first = found.series[PM25][0]
    assert first.instance == Instance(value=0.0, unit_code="GQ", observed_at=T0)
    assert (first.modified_at, first.deleted_at) == (None, None)
    assert first.recorded_at > T0
    assert found.series[NAME][0].instance.observed_at is None
    assert found.series[NAME][0].at == found.series[NAME][0].recorded_at == found.created_at


def test_attributes_can_be_chosen(filled: Store, access: Access) -> None:
    found = filled.get_temporal(access, room(1), TemporalQuery(last_n=1), (PM25, VOCABULARY + "unknown"))
    assert found is not None
    assert list(found.series) == [PM25]
    none = filled.get_temporal(access, room(1), TemporalQuery(), (VOCABULARY + "unknown",))
    assert none is not None
    assert none.series == {}


def test_who_has_no_history_is_not_there(filled: Store, access: Access) -> None:
    assert filled.get_temporal(access, room(2), TemporalQuery()) is None
    assert filled.get_temporal(access, "urn:\0", TemporalQuery()) is None
    other = filled.tenant("other", create=True)
    assert filled.get_temporal(other, room(1), TemporalQuery()) is None


def test_the_limit_keeps_a_whole_stretch_of_time_and_says_so(filled: Store, access: Access) -> None:
    query = window(TimeRelation.AFTER, 0)
    found = filled.get_temporal(access, room(1), query, limit=5)
    assert found is not None
    assert not found.is_complete
    # The third second has two instances and would not fit as a whole
    assert seconds(filled, access, query, limit=5) == {"pm25": [0, 1], "temperature": [0, 1]}
    assert found.end == T0 + SECOND
    latest = window(TimeRelation.AFTER, 0, last_n=9)
    assert seconds(filled, access, latest, limit=4) == {"pm25": [6, 7, 8, 9], "temperature": []}
    exactly = filled.get_temporal(access, room(1), query, limit=13)
    assert exactly is not None
    assert exactly.is_complete


def test_instance_ids_stay_through_corrections(filled: Store, access: Access) -> None:
    def ids() -> list[str]:
        found = filled.get_temporal(access, room(1), TemporalQuery(), (PM25,))
        assert found is not None
        return [one.instance_id for one in found.series[PM25]]

    before = ids()
    assert len(set(before)) == 10
    assert [parse_instance_id(each)[1] for each in before] == [T0 + second * SECOND for second in range(10)]
    filled.ingest(access, [delivery("d1", reading(1, {PM25: value(99.0, T0)}))])
    assert ids() == before
    found = filled.get_temporal(access, room(1), TemporalQuery(), (PM25,))
    assert found is not None
    corrected = found.series[PM25][0]
    assert (corrected.instance.value, corrected.instance.unit_code) == (99.0, None)
    assert corrected.modified_at is not None
    assert corrected.modified_at > corrected.recorded_at


def test_windows_on_system_times(filled: Store, access: Access, clock: TickingClock) -> None:
    mark: Micros = clock.now + 1
    filled.ingest(access, [delivery("d1", reading(1, {PM25: value(-1.0, T0 - 5 * SECOND)}))])
    filled.ingest(access, [delivery("d1", reading(1, {PM25: value(77.0, T0)}))])
    created = TemporalQuery(timerel=TimeRelation.AFTER, time_at=mark, timeproperty=TimeProperty.CREATED_AT)
    modified = TemporalQuery(timerel=TimeRelation.AFTER, time_at=mark, timeproperty=TimeProperty.MODIFIED_AT)
    assert seconds(filled, access, created) == {"pm25": [-5]}
    assert seconds(filled, access, modified) == {"pm25": [-5, 0]}


def test_deletions_have_their_place(filled: Store, access: Access, clock: TickingClock) -> None:
    filled.apply(access, [DeleteAttribute(entity_id=room(1), attribute=NAME)])
    deleted_at = clock.now
    query = TemporalQuery(timeproperty=TimeProperty.DELETED_AT)
    found = filled.get_temporal(access, room(1), query)
    assert found is not None
    assert {name: [one.deleted_at for one in each] for name, each in found.series.items()} == {
        NAME: [deleted_at]
    }
    filled.apply(access, [DeleteEntity(entity_id=room(1))])
    gone = filled.get_temporal(access, room(1), query)
    assert gone is not None
    assert gone.deleted_at is not None
    assert deleted_at < gone.deleted_at <= clock.now
    assert sorted(gone.series) == sorted([NAME, PM25, TEMPERATURE])


def test_an_http_correction_of_the_same_time_stands(filled: Store, access: Access) -> None:
    filled.apply(access, [update(1, {PM25: value("broken", T0)})])
    found = filled.get_temporal(access, room(1), TemporalQuery(), (PM25,))
    assert found is not None
    assert [one.instance.value for one in found.series[PM25]][:2] == ["broken", 1.0]


def test_a_deletion_is_of_the_kind_that_ended(filled: Store, access: Access) -> None:
    """The series began as a Property; what was deleted of it is a Relationship."""
    link = Instance(kind=Kind.RELATIONSHIP, value="urn:ngsi-ld:Room:2")
    filled.apply(access, [update(1, {NAME: [link]})])
    filled.apply(access, [DeleteAttribute(entity_id=room(1), attribute=NAME)])
    found = filled.get_temporal(access, room(1), TemporalQuery(), [NAME])
    assert found is not None
    assert [(one.instance.kind, one.deleted_at is not None) for one in found.series[NAME]] == [
        (Kind.PROPERTY, False),
        (Kind.RELATIONSHIP, False),
        (Kind.RELATIONSHIP, True),
    ]


def test_a_reading_and_the_temporal_api_tell_the_same(store: Store, access: Access) -> None:
    contents: list[Any] = [1.5, 2, 2**60, "hot", True, [1, 2.0], {"a": 1}]
    instances = [
        Instance(value=content, observed_at=T0 + number * SECOND, unit_code="CEL" if number % 2 else None)
        for number, content in enumerate(contents)
    ]
    for instance in instances:
        store.ingest(access, [delivery("d1", reading(1, {PM25: [instance]}))])
    store.write_history(
        access,
        WriteHistory(entity_id=room(2), types=(ROOM,), attributes={PM25: instances}, create=True),
    )
    told = []
    for number in (1, 2):
        found = store.get_temporal(access, room(number), TemporalQuery())
        assert found is not None
        told.append([repr((one.instance, one.at, one.modified_at)) for one in found.series[PM25]])
    assert told[0] == told[1]
    assert len(told[0]) == len(contents)


def test_pages_read_a_small_multiple_of_what_they_serve(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One series with much and many with little: the dense one is not read whole, nor each one too often."""
    for number in range(40):
        count = 3_000 if number == 0 else 2
        values = [Instance(value=float(n), observed_at=T0 + n * SECOND) for n in range(count)]
        change = WriteHistory(entity_id=room(number), types=(ROOM,), attributes={PM25: values}, create=True)
        store.write_history(access, change)
    rows: list[int] = []
    added = temporal_rows.RowReader._add

    def count_rows(reader: temporal_rows.RowReader, run: temporal_rows.Run, columns: Any, *rest: Any) -> None:
        rows.append(columns.rows)
        added(reader, run, columns, *rest)

    monkeypatch.setattr(temporal_rows.RowReader, "_add", count_rows)
    window = TemporalQuery(timerel=TimeRelation.AFTER, time_at=T0)
    request = HistoryRequest(window=window, limit=200)
    page = store.query_histories(access, EntityQuery(types=TypeIs(ROOM), limit=100), request)
    assert sum(len(track.times) for one in page.items for track in one.tracks) == 200
    assert page.end is not None
    assert sum(rows) <= 1_000
    assert len(rows) <= 60


def test_an_instant_that_no_page_can_hold_is_refused(
    store: Store, access: Access, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [Instance(value=float(n), observed_at=T0 + n * SECOND) for n in range(60)]
    change = WriteHistory(entity_id=room(1), types=(ROOM,), attributes={PM25: values}, create=True)
    store.write_history(access, change)
    with database.connection() as connection:
        connection.execute("update observation set recorded_at = '2026-01-01Z'")
    query = TemporalQuery(timeproperty=TimeProperty.CREATED_AT)
    request = HistoryRequest(window=query, limit=5)
    page = store.retrieve_history(access, room(1), request)
    assert page is not None
    assert page.end is None
    assert sum(len(track.times) for track in page.items[0].tracks) == 60
    monkeypatch.setattr(temporal_rows, "MAX_AT_ONCE", 20)
    with pytest.raises(TooManyResults, match="one moment"):
        store.retrieve_history(access, room(1), request)
