"""Databases for tests: a template migrated once per session, cloned per test."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

_MIGRATIONS = Path(__file__).parents[2] / "context_api" / "store" / "migrations"


def url_of(server_url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{database}"))


def execute(server_url: str, statement: str, *names: str) -> None:
    """Run one statement outside a transaction; `{}` are identifiers."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def has_timescaledb(server_url: str) -> bool:
    """Whether the server offers the extension."""
    with psycopg.connect(server_url) as connection:
        found = connection.execute(
            "select 1 from pg_available_extensions where name = 'timescaledb'"
        ).fetchone()
    return found is not None


def migrate(url: str) -> None:
    """Bring a database to the newest schema, by the program's own command where it exists."""
    if find_spec("context_api.store.migrate") is not None:
        from context_api.store.migrate import migrate as apply_migrations

        apply_migrations(url)
        return
    with psycopg.connect(url) as connection:
        connection.execute("create schema if not exists machi; set search_path to machi, public")
        for path in sorted(_MIGRATIONS.glob("*.sql")):
            connection.execute(path.read_text())


@contextmanager
def temporary_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """A database of its own, dropped with its connections at the end."""
    name = f"machi_test_{secrets.token_hex(6)}"
    # Copying files takes a third of the time of the default strategy on a template this small.
    execute(server_url, "create database {} template {} strategy file_copy", name, template)
    try:
        yield url_of(server_url, name)
    finally:
        execute(server_url, "drop database if exists {} with (force)", name)


@contextmanager
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody can connect to: only such ones can be copied at once."""
    with temporary_database(server_url) as url:
        migrate(url)
        name = urlsplit(url).path.lstrip("/")
        # A template that refuses connections is left alone by TimescaleDB's background workers too.
        execute(server_url, "alter database {} is_template true allow_connections false", name)
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
            )
        try:
            yield name
        finally:
            execute(server_url, "alter database {} is_template false", name)
