"""Day partitions: made ahead, dropped whole; rows of unexpected days are kept and found."""

from datetime import date, timedelta

from context_api.store import partitions
from context_api.store.database import Database
from tests.integration.store.town import ask

TODAY = date(2031, 5, 4)


def test_today_and_the_days_ahead_are_made_once(database: Database) -> None:
    with database.connection() as connection:
        made = partitions.create_partitions(connection, TODAY)
        again = partitions.create_partitions(connection, TODAY)
        names = partitions.list_partitions(connection, "change")
    assert len(made) == len(partitions.RETENTION_DAYS) * (partitions.DAYS_AHEAD + 1)
    assert again == []
    expected = [f"change_2031050{4 + ahead}" for ahead in range(partitions.DAYS_AHEAD + 1)]
    assert names[-len(expected) :] == expected


def test_a_row_of_a_day_without_a_partition_moves_into_it(database: Database) -> None:
    with database.connection() as connection:
        connection.execute(
            "insert into quarantine (day, tenant_id, device_id, topic, payload, payload_size, reason, detail,"
            " arrived_at) values ('2031-05-04', 1, 'd', 't', '', 0, 'r', 'x', now())"
        )
        assert ask(database, "select count(*) from quarantine_default") == [(1,)]
        partitions.create_partitions(connection, TODAY)
    assert ask(database, "select count(*) from quarantine_default") == [(0,)]
    assert ask(database, "select device_id from quarantine_20310504") == [("d",)]


def test_what_is_older_than_its_retention_is_dropped(database: Database) -> None:
    with database.connection() as connection:
        partitions.create_partitions(connection, TODAY)
        later = TODAY + timedelta(days=3)
        dropped = partitions.drop_partitions(connection, later, {"change": 1, "quarantine": 30})
        left = partitions.list_partitions(connection, "change")
    assert "change_20310504" in dropped
    assert "change_20310505" in dropped
    assert left == ["change_20310506", "change_20310507"]
    assert ask(database, "select to_regclass('machi.quarantine_20310504') is not null") == [(True,)]


def test_change_documents_stay_in_their_rows(database: Database) -> None:
    rows = ask(
        database,
        "select a.attstorage = 'e', c.reloptions from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " join pg_attribute a on a.attrelid = c.oid and a.attname = 'document'"
        " where i.inhparent = 'machi.change'::regclass",
    )
    assert len(rows) >= partitions.DAYS_AHEAD + 2
    assert {(external, tuple(options)) for external, options in rows} == {
        (True, ("toast_tuple_target=8160",))
    }


def test_what_is_too_big_loses_its_oldest_days_but_never_today(database: Database) -> None:
    with database.connection() as connection:
        partitions.create_partitions(connection, TODAY)
        later = TODAY + timedelta(days=2)
        dropped = partitions.drop_partitions(connection, later, {"quarantine": 3000}, {"quarantine": 0})
        left = partitions.list_partitions(connection, "quarantine")
    assert {"quarantine_20310504", "quarantine_20310505"} <= set(dropped)
    assert left == ["quarantine_20310506", "quarantine_20310507"]


def test_a_day_that_is_in_use_is_left_for_the_next_time(database: Database) -> None:
    later = TODAY + timedelta(days=100)
    with database.connection() as connection, database.connection() as reader:
        partitions.create_partitions(connection, TODAY)
        with reader.transaction():
            reader.execute("select count(*) from quarantine_20310505")
            dropped = partitions.drop_partitions(connection, later, {"quarantine": 1})
        assert "quarantine_20310504" in dropped
        assert "quarantine_20310505" not in dropped
        assert partitions.drop_partitions(connection, later, {"quarantine": 1}) == ["quarantine_20310505"]
