"""Recording on a real PostgreSQL: in the transaction of the act, linked at its commit, and never changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

import psycopg
import pytest

from context_api.store.audit import Entry, Origin, acting, record
from context_api.store.audit_chain import GENESIS, hash_of, repeated_of
from context_api.store.database import Database, connect, open_database

_ROWS = (
    "select chain, number, (extract(epoch from at) * 1000000)::bigint, body, previous, hash,"
    " principal, organisation, verb, kind, target, outcome, request from machi.audit order by chain, number"
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_max=4)
    yield database
    database.close()


def _record(database: Database, **given: object) -> None:
    with database.transaction() as connection:
        record(connection, Entry(**{"verb": "create", "kind": "thing", "id": "a", **given}))  # type: ignore[arg-type]


def test_an_act_is_a_link_of_its_chain_once_it_is_committed(database: Database, database_url: str) -> None:
    origin = Origin("key:abcdefgh", 7, "203.0.113.9", "r-1")
    with acting(origin):
        _record(database, after={"name": "東村山", "password": "hunter2"})
        _record(database, id="b", tenant_id=1)
        _record(database, id="c")
    with connect(database_url) as connection:
        rows = connection.execute(_ROWS).fetchall()
        (left,) = connection.execute("select count(*) from machi.audit_entry").fetchone() or ()
    assert left == 0
    assert [(row[0], row[1], row[10]) for row in rows] == [(0, 1, "a"), (0, 2, "c"), (1, 1, "b")]
    assert rows[0][4] == GENESIS
    assert rows[1][4] == rows[0][5]
    for chain, number, at, body, previous, hash_, *repeated in rows:
        assert hash_ == hash_of(previous, chain, number, at, body)
        assert tuple(repeated) == repeated_of(body)
    assert rows[0][6:8] == ("key:abcdefgh", 7)
    assert '"name":"東村山"' in rows[0][3]
    assert "hunter2" not in rows[0][3]


def test_what_is_rolled_back_leaves_nothing_and_no_gap(database: Database, database_url: str) -> None:
    with suppress(ZeroDivisionError), database.transaction() as connection:
        record(connection, Entry(verb="create", kind="thing", id="gone"))
        raise ZeroDivisionError
    _record(database, id="stays")
    with connect(database_url) as connection:
        assert [(row[1], row[10]) for row in connection.execute(_ROWS)] == [(1, "stays")]


def test_recording_outside_a_transaction_is_refused(database: Database) -> None:
    with database.connection() as connection, pytest.raises(RuntimeError, match="own transaction"):
        record(connection, Entry(verb="create", kind="thing", id="a"))


def test_many_at_once_make_one_chain_without_gaps(database: Database, database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: _record(database, id=str(number)), range(60)))
    with connect(database_url) as connection:
        rows = connection.execute(_ROWS).fetchall()
    assert [row[1] for row in rows] == list(range(1, 61))
    assert {row[10] for row in rows} == {str(number) for number in range(60)}
    assert all(later[4] == earlier[5] for earlier, later in pairwise(rows))


@pytest.mark.parametrize(
    "attempt",
    [
        "update machi.audit set principal = 'somebody'",
        "delete from machi.audit",
        "truncate machi.audit",
        "truncate machi.audit_default",
        "insert into machi.audit select * from machi.audit",
        "update machi.audit_head set number = 0",
        "delete from machi.audit_head",
        "truncate machi.audit_head",
    ],
)
def test_the_owner_neither_changes_nor_removes_an_entry(
    database: Database, database_url: str, attempt: str
) -> None:
    _record(database)
    with connect(database_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            connection.execute(attempt.encode())
        (month,) = connection.execute("select tableoid::regclass::text from machi.audit").fetchone() or ()
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            connection.execute(f"truncate {month}".encode())
        assert len(connection.execute(_ROWS).fetchall()) == 1
