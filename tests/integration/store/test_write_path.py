"""How a new entity is written: numbers drawn ahead, rows inserted without looking twice."""

from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.changes import DeleteAttribute, ValueOutcome
from context_api.store import history as history_module
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.history import Observations
from context_api.store.series import MAX_DRAWN, SeriesIds
from context_api.store.store import Store
from tests.integration.store.town import (
    NAME,
    PM25,
    SECOND,
    T0,
    TEMPERATURE,
    TickingClock,
    ask,
    create,
    history,
    reading,
    room,
    update,
    value,
)

STORED, DUPLICATE, CORRECTED = ValueOutcome.STORED, ValueOutcome.DUPLICATE, ValueOutcome.CORRECTED


def test_numbers_of_series_are_drawn_ahead_and_used_once(database: Database) -> None:
    ids = SeriesIds()
    with database.connection() as connection:
        first = ids.draw(connection, 3)
        ids.take(ids.ask(connection, 5))
        assert ids.ask(connection, 5) is None
        second = ids.draw(connection, 7)
        ids.clear()
        third = ids.draw(connection, MAX_DRAWN + 2)
    assert (len(first), len(second), len(third)) == (3, 7, MAX_DRAWN + 2)
    assert len({*first, *second, *third}) == MAX_DRAWN + 12


def test_a_number_that_somebody_else_used_is_drawn_anew(
    store: Store, access: Access, database: Database, database_url: str, clock: TickingClock
) -> None:
    """As after a restore, or a crash that forgot how far the sequence had come."""
    store.apply(access, [create(1, {PM25: value(1.0, T0)})])
    other_database = open_database(database_url)
    try:
        other = Store(other_database, clock=clock)
        other.apply(access, [create(2, {PM25: value(2.0, T0)})])
        with database.connection() as connection:
            connection.execute("select setval(pg_get_serial_sequence('series', 'id'), 1, false)")
        for number in range(3, 9):
            for each in (store, other):
                each.apply(access, [create(number + 100 * (each is other), {PM25: value(float(number), T0)})])
    finally:
        other_database.close()
    assert ask(database, "select count(*) from series") == [(14,)]
    for number in range(3, 9):
        assert history(database, number, PM25) == history(database, number + 100, PM25) == [(T0, number)]


def test_a_series_made_by_a_change_is_met_by_a_later_one_of_the_same_batch(
    store: Store, access: Access, database: Database
) -> None:
    """Changes and readings are written to history in turns: only the first turn may not look."""
    again = T0 + SECOND
    outcomes = store.apply(
        access,
        [
            create(1, {PM25: value(1.0, T0)}),
            reading(1, {PM25: value(1.0, T0), TEMPERATURE: value(5.0, again)}),
            update(1, {TEMPERATURE: value(6.0, again), NAME: value("x", again)}),
            reading(1, {NAME: value("x", again)}),
        ],
    )
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert history(database, 1, PM25) == [(T0, 1.0)]
    assert history(database, 1, TEMPERATURE) == [(again, 6.0)]
    assert ask(database, "select count(*) from observation_superseded") == [(1,)]


def test_what_is_newer_than_the_present_is_not_looked_for(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[int] = []

    def insert(connection: Connection[TupleRow], rows: Observations) -> dict[Any, Any]:
        looked_for.append(len(rows))
        return insert_unsure(connection, rows)

    insert_unsure = history_module._insert
    monkeypatch.setattr(history_module, "_insert", insert)
    store.apply(access, [reading(1, {PM25: value(1.0, T0)})])
    times = [T0 + SECOND, T0 + 3 * SECOND, T0 + 3 * SECOND, T0 + 2 * SECOND, T0 + 4 * SECOND]
    outcomes = store.apply(
        access, [reading(1, {PM25: value(float(number), at)}) for number, at in enumerate(times)]
    )
    assert looked_for == [2]
    assert [each.values for each in outcomes] == [[STORED], [STORED], [CORRECTED], [STORED], [STORED]]


@pytest.mark.parametrize("again", [7.0, 8.0])
def test_history_beyond_the_present_is_met_all_the_same(
    store: Store, access: Access, database: Database, again: float
) -> None:
    """As where a client has set an attribute back, and the broker delivers a reading once more."""
    later = T0 + SECOND
    store.apply(access, [reading(1, {PM25: value(7.0, later)})])
    store.apply(access, [update(1, {PM25: value(1.0, T0)})])
    outcomes = store.apply(
        access,
        [
            reading(2, {PM25: value(2.0, later)}),
            reading(1, {PM25: value(again, later), TEMPERATURE: value(3.0, later)}),
        ],
    )
    assert [each.values for each in outcomes] == [
        [STORED],
        [DUPLICATE if again == 7.0 else CORRECTED, STORED],
    ]
    assert history(database, 1, PM25) == [(T0, 1.0), (later, again)]
    assert history(database, 1, TEMPERATURE) == [(later, 3.0)]
    assert history(database, 2, PM25) == [(later, 2.0)]
    assert ask(database, "select count(*) from observation_superseded") == [(again != 7.0,)]


def test_attributes_stand_in_the_row_and_are_found_by_them(
    store: Store, access: Access, database: Database
) -> None:
    store.apply(access, [create(1, {PM25: value(1)}), create(2, {NAME: value("x")})])
    assert store.get_attributes(access) == sorted([PM25, NAME])
    store.apply(access, [update(1, {TEMPERATURE: value(2)})])
    store.apply(access, [DeleteAttribute(entity_id=room(1), attribute=PM25)])
    assert store.get_attributes(access) == sorted([TEMPERATURE, NAME])
    assert ask(
        database,
        "select e.id, array(select iri from unnest(e.attributes) n join term t on t.id = n)"
        " from entity e order by 1",
    ) == [(room(1), [TEMPERATURE]), (room(2), [NAME])]
    found = store.describe_attribute(access, TEMPERATURE)
    assert found is not None
    assert found.instance_count == 1
    assert store.describe_attribute(access, PM25) is None
