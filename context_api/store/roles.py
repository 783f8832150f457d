"""Who may do what in the database: the owner changes the schema, writers change rows, outward readers read.

Each is a group; the logins of processes are members of one. The worker and `machi migrate` log in as the
owner, because partitions and indexes come and go by the clock; API, bridge and notifier need rows only.
"""

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from context_api.store.database import connect
from context_api.store.errors import wrapped_errors
from context_api.store.queries import load_queries

WRITER = "machi_writer"
"""Selects and changes rows; no table, no function, no other role can be made or changed by it."""
OUTWARD = "machi_outward"
"""Selects what the outward API shows, and nothing that is secret."""
SERVING = "machi_serving"
"""The login of API, bridge and notifier, a member of the writers."""
SHOWING = "machi_showing"
"""The login of the outward API, a member of the outward readers."""

_SQL = load_queries("roles")
_SCHEMA = "machi"

ONLY_ADDED = frozenset({"audit"})
"""Tables that writers add to, and never change."""

SHOWN_OUTWARD = frozenset(
    {
        "access_grant",
        "api_key",
        "arrival_day",
        "attribute_index",
        "aggregate_state",
        "change",
        "context_document",
        "context_use",
        "entity",
        "entity_type",
        "hosted_context",
        "installation",
        "live_attribute",
        "observation",
        "observation_daily",
        "observation_dirty",
        "observation_hourly",
        "observation_moved",
        "observation_superseded",
        "organisation",
        "organisation_tenant",
        "process_heartbeat",
        "registration",
        "request_limit",
        "retention",
        "series",
        "temporal_entity",
        "temporal_type",
        "tenant",
        "term",
        "tombstone",
        "type_attribute",
        "type_policy",
    }
)
"""What the outward API reads. A table that is not named here is not shown: credentials, accounts, sessions,
certificates' keys, quarantined payloads, the audit trail, notifications that wait."""


def grant_roles(connection: Connection[TupleRow]) -> bool:
    """Make the groups where they are missing and give them their rights, anew after each migration.

    False where this user may make no roles and they are not there: then every process is the owner, and
    `machi doctor` says so.
    """
    if not all(_make_role(connection, name) for name in (WRITER, OUTWARD)):
        return False
    there = {name for (name,) in connection.execute(_SQL["list_tables"])}
    names = {
        "database": sql.Identifier(connection.info.dbname),
        "schema": sql.Identifier(_SCHEMA),
        "writer": sql.Identifier(WRITER),
        "outward": sql.Identifier(OUTWARD),
        "tables": sql.SQL(", ").join(sql.Identifier(_SCHEMA, name) for name in sorted(there & SHOWN_OUTWARD)),
    }
    with connection.transaction():
        for block in ("grant_writer", "grant_outward"):
            connection.execute(sql.SQL(_text(block)).format(**names))
        connection.execute(_SQL["protect_audit"], [WRITER])
        for name in sorted(there & ONLY_ADDED):
            connection.execute(
                sql.SQL("revoke update, delete on {} from {}").format(
                    sql.Identifier(_SCHEMA, name), names["writer"]
                )
            )
    return True


def make_login(url: str, group: str, name: str, password: str) -> str | None:
    """Let `name` log in with this password as a member of a group. Gives its URL, None where that is refused.

    The server gets the hash of the password only.
    """
    with connect(url) as connection, wrapped_errors():
        if not _make_role(connection, name):
            return None
        hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        role = sql.Identifier(name)
        try:
            with connection.transaction():
                connection.execute(sql.SQL("alter role {} login password {}").format(role, hashed.decode()))
                connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), role))
        except psycopg.errors.InsufficientPrivilege:
            return None
    return make_conninfo("", **{**conninfo_to_dict(url), "user": name, "password": password})


def has_role(connection: Connection[TupleRow], name: str) -> bool:
    """Whether the server knows a role."""
    row = connection.execute(_SQL["has_role"], [name]).fetchone()
    return row is not None and bool(row[0])


def _make_role(connection: Connection[TupleRow], name: str) -> bool:
    """Make a role without a password; False where it is missing and may not be made."""
    if has_role(connection, name):
        return True
    try:
        with connection.transaction():
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return True  # by another database's migration, in this moment: roles are the server's
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _text(block: str) -> str:
    return _SQL[block].decode()
