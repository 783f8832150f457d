"""Who may do what in the database: against a real server."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from context_api.store.database import connect
from context_api.store.migrate import migrate
from context_api.store.roles import OUTWARD, SHOWN_OUTWARD, WRITER, grant_roles, make_login

SECRET_TABLES = ("device_credential", "broker_authority", "quarantine", "outbox", "subscription")


@pytest.fixture
def login(database_url: str) -> Iterator[tuple[str, str]]:
    """A name for a login of this test, dropped after it; and the owner's URL."""
    name = f"machi_trial_{secrets.token_hex(4)}"
    yield name, database_url
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


def _log_in(login: tuple[str, str], group: str) -> str:
    name, owner = login
    url = make_login(owner, group, name, "a password of this test")
    assert url is not None
    return url


def _refused(url: str, statement: str) -> bool:
    with connect(url) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


def test_a_writer_changes_rows(login: tuple[str, str]) -> None:
    with connect(_log_in(login, WRITER)) as connection:
        connection.execute(
            "insert into context_document (url, document) values ('https://example.org/', '{}')"
        )
        changed = connection.execute("update context_document set document = '{\"@context\": {}}'")
        deleted = connection.execute("delete from context_document")
        assert (changed.rowcount, deleted.rowcount) == (1, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "create table machi.of_mine (id integer)",
        "create table public.of_mine (id integer)",
        "create schema of_mine",
        "drop table machi.entity",
        "alter table machi.entity add column of_mine integer",
        "truncate machi.entity",
        "create index on machi.entity (tenant_id)",
        "create or replace function machi.history_day(at timestamptz) returns timestamptz language sql"
        " as 'select now()'",
        "create role of_mine",
        "set role machi",
        "alter role current_user createdb",
        "update machi.migration set checksum = ''",
        "copy machi.entity to program 'cat'",
        "select pg_read_file('/etc/hostname')",
        "create extension dblink",
    ],
)
def test_a_writer_changes_nothing_else(login: tuple[str, str], statement: str) -> None:
    assert _refused(_log_in(login, WRITER), statement)


@pytest.mark.parametrize(
    "statement", ["insert into term (iri) values ('x')", "delete from entity", "update tenant set name = ''"]
)
def test_an_outward_reader_writes_nothing(login: tuple[str, str], statement: str) -> None:
    assert _refused(_log_in(login, OUTWARD), statement)


@pytest.mark.parametrize("table", SECRET_TABLES)
def test_an_outward_reader_sees_no_secrets(login: tuple[str, str], table: str) -> None:
    assert _refused(_log_in(login, OUTWARD), f"select * from machi.{table}")


def test_an_outward_reader_reads_what_is_shown(login: tuple[str, str]) -> None:
    with connect(_log_in(login, OUTWARD)) as connection:
        there = {
            name
            for (name,) in connection.execute(
                "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'machi' and c.relkind in ('r', 'p') and not c.relispartition"
                " and has_table_privilege(c.oid, 'select')"
            )
        }
        assert there <= SHOWN_OUTWARD
        assert {"entity", "observation", "tenant", "term", "change", "api_key"} <= there
        assert connection.execute("select count(*) from entity").fetchone() == (0,)


def test_rights_are_given_again_and_roles_made_once(database_url: str) -> None:
    with connect(database_url) as connection:
        assert grant_roles(connection)
        assert grant_roles(connection)


def test_a_user_that_may_make_no_roles_leaves_them_out(login: tuple[str, str]) -> None:
    url = _log_in(login, WRITER)
    assert make_login(url, WRITER, "machi_of_nobody", "secret") is None


def test_an_owner_that_is_no_superuser_makes_groups_and_logins(empty_database_url: str) -> None:
    """As with Docker Compose: it may make roles, and owns its database only."""
    suffix = secrets.token_hex(4)
    owner, serving = f"machi_owner_{suffix}", f"machi_serving_{suffix}"
    known = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(empty_database_url)["dbname"]))
    create = "do $$ begin create role {}; exception when duplicate_object then null; end $$"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        for name in (WRITER, OUTWARD):  # another test's migrations may have made them
            connection.execute(sql.SQL(create).format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("create role {} login createrole password 'of the owner'").format(sql.Identifier(owner))
        )
        connection.execute(
            sql.SQL("grant {}, {} to {} with admin option").format(
                sql.Identifier(WRITER), sql.Identifier(OUTWARD), sql.Identifier(owner)
            )
        )
        connection.execute(sql.SQL("alter database {} owner to {}").format(known, sql.Identifier(owner)))
    url = psycopg.conninfo.make_conninfo(empty_database_url, user=owner, password="of the owner")
    try:
        migrate(url)
        lesser = make_login(url, WRITER, serving, "of those who serve")
        assert lesser is not None
        with connect(lesser) as connection:
            assert connection.execute("delete from context_document").rowcount == 0
    finally:
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(owner)))
            connection.execute(sql.SQL("alter database {} owner to machi").format(known))
            for name in (serving, owner):
                connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
