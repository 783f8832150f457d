"""The schema and the role of each tenant, tried with real logins."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from context_api.store.database import Database, open_database
from context_api.store.migrate import migrate
from context_api.store.store import Store
from context_api.store.views import Reader, RoleRefused, get_reader, revoke_password, set_password
from tests.integration.http.history_town import NORTH, SOUTH, fill
from tests.support import databases

Connection = psycopg.Connection[tuple[Any, ...]]
PASSWORD = "only of this test 1"
SECRET = "the other town's secret"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def readers(database: Database, database_url: str) -> Iterator[dict[str, Reader]]:
    """Two tenants with histories; the roles of the new ones are dropped with them."""
    fill(database_url)
    fill(database_url, tenant="Other-Town")
    store = Store(database)
    store.tenant("Other-Town")
    with database.connection() as connection:
        connection.execute(
            "update observation set body = jsonb_build_object('v', %s::text) where series_id in"
            " (select id from series where tenant_id <> 1)",
            [SECRET],
        )
    found = {name: set_password(database, name, PASSWORD) for name in ("default", "Other-Town")}
    yield found
    with database.connection() as connection:
        for reader in found.values():
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [reader.role]
            )
            connection.execute(f'alter role "{reader.role}" nologin')
        connection.execute(f'drop owned by "{found["Other-Town"].role}"')
        connection.execute(f'drop role "{found["Other-Town"].role}"')


def log_in(database_url: str, reader: Reader, password: str = PASSWORD) -> Connection:
    parts = urlsplit(database_url)
    address = f"{reader.role}:{password}@{parts.hostname}:{parts.port}".replace(" ", "%20")
    return psycopg.connect(urlunsplit(parts._replace(netloc=address)), autocommit=True)


def test_a_reader_sees_its_own_history_with_readable_names_in_japanese_time(
    readers: dict[str, Reader], database_url: str
) -> None:
    with log_in(database_url, readers["default"]) as connection:
        rows = connection.execute(
            "select at::text, type, attribute, value, unit from history"
            " where entity_id = %s and attribute = 'pm25' and at < '2026-04-02' order by at",
            [NORTH],
        ).fetchall()
        assert rows == [
            ("2026-03-31 23:59:59.5+09", "AirQualityObserved", "pm25", 10.5, "GQ"),
            ("2026-04-01 00:00:00+09", "AirQualityObserved", "pm25", 20.0, "GQ"),
            ("2026-04-01 12:00:00+09", "AirQualityObserved", "pm25", 30.0, "GQ"),
        ]
        other_unit = connection.execute(
            "select value, unit from history where entity_id = %s and at = '2026-04-01 23:59:59'", [SOUTH]
        ).fetchall()
        assert other_unit == [(1.5, "GP")]
        names = connection.execute(
            "select text_value from current_value where attribute = 'name' order by entity_id"
        ).fetchall()
        assert names == [("北口",), ("=1+1",)]
        for view in ("series", "entity", "device", "arrival_day"):
            connection.execute(f"select * from {view} limit 1")


def test_a_reader_reads_nothing_but_its_own_views(readers: dict[str, Reader], database_url: str) -> None:
    other = readers["Other-Town"].schema
    forbidden = [
        f'select * from "{other}".history',
        "select * from machi.observation",
        "select * from machi.tenant",
        "select hash from machi.api_key",
        "select * from machi_views.history",
        "create table mine (x integer)",
        f'create view "{readers["default"].schema}".mine as select 1',
        f'set role "{readers["Other-Town"].role}"',
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to program 'id'",
        "select machi.make_tenant_views(2)",
        f'alter role "{readers["default"].role}" createrole',
    ]
    with log_in(database_url, readers["default"]) as connection:
        connection.execute(
            "set default_transaction_read_only = off"
        )  # it may; rights keep it out all the same
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with log_in(database_url, readers["Other-Town"]) as connection:
        values = connection.execute("select distinct text_value from history").fetchall()
        assert values == [(SECRET,)]


def test_a_reader_s_own_functions_and_casts_never_see_foreign_rows(
    readers: dict[str, Reader], database_url: str
) -> None:
    """What the planner could run before the view's condition would tell by its errors or notices."""
    with log_in(database_url, readers["default"]) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute("set default_transaction_read_only = off")
        connection.execute(
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as"
            " $$begin raise notice '%', $1; return true; end$$"
        )
        connection.execute("select count(*) from history where pg_temp.tell(text_value)")
        assert len(notices) == 13
        assert SECRET not in "".join(notices)
        with pytest.raises(psycopg.DataError) as cast:
            connection.execute("select * from history where text_value::integer = 1")
        assert SECRET not in str(cast.value)


def test_conditions_go_down_to_the_indexes(readers: dict[str, Reader], database: Database) -> None:
    with database.connection() as connection:
        connection.execute("set enable_seqscan = off")
        plan = "\n".join(
            row[0]
            for row in connection.execute(
                f"explain select at, value from {readers['default'].schema}.history"
                " where entity_id = 'urn:x' and attribute = 'pm25' and at > now() - interval '1 day'"
            )
        )
    assert "entity_id = 'urn:x'" in plan
    assert "(at >" in plan
    assert "Index Cond: ((series_id = s.id) AND (at >" in plan or "observation_series_id_at_key" in plan


def test_nobody_comes_in_without_a_password_and_a_revoked_one_is_void(
    database: Database, readers: dict[str, Reader], database_url: str
) -> None:
    Store(database).tenant("third", create=True)
    third = get_reader(database, "third")
    assert not third.may_log_in
    with pytest.raises(psycopg.OperationalError):
        log_in(database_url, third)
    with pytest.raises(psycopg.OperationalError):
        log_in(database_url, readers["default"], "wrong")

    revoke_password(database, "Other-Town")
    with pytest.raises(psycopg.OperationalError):
        log_in(database_url, readers["Other-Town"])
    assert not get_reader(database, "Other-Town").may_log_in
    with database.connection() as connection:
        connection.execute(f'drop owned by "{third.role}"')
        connection.execute(f'drop role "{third.role}"')


def test_an_owner_who_may_not_make_roles_is_told_what_the_administrator_runs(postgres_url: str) -> None:
    databases.execute(postgres_url, "create role {} login password 'machi-test'", "machi_test_sql_owner")
    try:
        with databases.temporary_database(postgres_url) as url:
            databases.execute(url, "alter database {} owner to machi_test_sql_owner", url.rsplit("/", 1)[1])
            if databases.has_timescaledb(url):
                databases.execute(url, "create extension timescaledb")
            owned = f"postgresql://machi_test_sql_owner:machi-test@{url.split('@', 1)[1]}"
            migrate(owned)
            database = open_database(owned)
            try:
                with pytest.raises(RoleRefused) as refused:
                    set_password(database, "default", PASSWORD)
            finally:
                database.close()
            statements = str(refused.value)
            assert PASSWORD not in statements
            role = statements.split('"')[1]
            with psycopg.connect(url, autocommit=True) as administrator:
                administrator.execute(statements)
            with log_in(url, Reader("tenant_default", role, "", may_log_in=True)) as connection:
                assert connection.execute("select count(*) from history").fetchone() == (0,)
            with psycopg.connect(url, autocommit=True) as administrator:
                administrator.execute(f'drop owned by "{role}"')
                administrator.execute(f'drop role "{role}"')
    finally:
        databases.execute(postgres_url, "drop role {}", "machi_test_sql_owner")


def test_long_and_odd_names_of_tenants_keep_apart(database: Database) -> None:
    store = Store(database)
    names = ["x" * 63, "x" * 62 + "y", "A.b-C", "a.b-c"]
    try:
        for name in names:
            store.tenant(name, create=True)
        found = [get_reader(database, name) for name in names]
        assert len({reader.schema for reader in found}) == len({reader.role for reader in found}) == 4
        assert all(len(reader.role.encode()) <= 63 for reader in found)
    finally:
        with database.connection() as connection:
            for (role,) in connection.execute("select sql_role from tenant where id > 1").fetchall():
                connection.execute(f'drop owned by "{role}"')
                connection.execute(f'drop role "{role}"')
