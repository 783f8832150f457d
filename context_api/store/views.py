"""Reading by SQL: each tenant has a schema of views and a role that may read them, and nothing else."""

from typing import NamedTuple

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from context_api.ngsild.errors import NonexistentTenant
from context_api.store.database import Database
from context_api.store.errors import StoreError
from context_api.store.queries import load_queries

_SQL = load_queries("views")


class Reader(NamedTuple):
    """Who reads a tenant's views, and where they are."""

    schema: str
    role: str
    database: str
    may_log_in: bool
    """Whether a password was issued and not revoked."""


class RoleRefused(StoreError):
    """Machi's database user may not make or change roles.

    The message is the SQL that an administrator runs.
    """


def get_reader(database: Database, tenant: str) -> Reader:
    """Raises NonexistentTenant."""
    with database.connection() as connection:
        return _get(connection, tenant)


def set_password(database: Database, tenant: str, password: str) -> Reader:
    """Let the tenant's role log in with this password; a former one is void. The server gets its hash only.

    Raises NonexistentTenant, RoleRefused.
    """
    with database.transaction() as connection:
        reader = _get(connection, tenant)
        row = connection.execute(_SQL["make_role"], [tenant]).fetchone()
        hashed = connection.pgconn.encrypt_password(
            password.encode(), reader.role.encode(), b"scram-sha-256"
        ).decode()
        commands = [
            sql.SQL("alter role {} login password {}").format(sql.Identifier(reader.role), hashed),
            sql.SQL("grant connect on database {} to {}").format(
                sql.Identifier(reader.database), sql.Identifier(reader.role)
            ),
        ]
        if row is None or not row[0]:
            raise RoleRefused(_for_administrator(connection, reader, commands))
        _perform(connection, reader, commands)
    return reader._replace(may_log_in=True)


def revoke_password(database: Database, tenant: str) -> Reader:
    """Let the tenant's role log in no more, and end its sessions. Raises NonexistentTenant, RoleRefused."""
    with database.transaction() as connection:
        reader = _get(connection, tenant)
        if reader.may_log_in:
            command = sql.SQL("alter role {} nologin password null").format(sql.Identifier(reader.role))
            _perform(connection, reader, [command])
    with database.connection() as connection:
        try:
            connection.execute(_SQL["end_sessions"], [reader.role])
        except psycopg.errors.InsufficientPrivilege as error:
            raise RoleRefused("its open sessions may not be ended by Machi's database user") from error
    return reader._replace(may_log_in=False)


def _get(connection: Connection[TupleRow], tenant: str) -> Reader:
    row = connection.execute(_SQL["get_reader"], [tenant]).fetchone()
    if row is None:
        raise NonexistentTenant(f"the tenant {tenant} does not exist")
    return Reader(*row)


def _perform(connection: Connection[TupleRow], reader: Reader, commands: list[sql.Composed]) -> None:
    try:
        with connection.transaction():
            for command in commands:
                connection.execute(command)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RoleRefused(_for_administrator(connection, reader, commands)) from error


def _for_administrator(connection: Connection[TupleRow], reader: Reader, commands: list[sql.Composed]) -> str:
    """Write what an administrator of the server has to run instead of us."""
    names = {"role": sql.Identifier(reader.role), "schema": sql.Identifier(reader.schema)}
    whole = [
        sql.SQL("create role {role} nologin").format(**names),
        sql.SQL("alter role {role} set default_transaction_read_only = on").format(**names),
        sql.SQL("alter role {role} set search_path = {schema}").format(**names),
        sql.SQL("grant usage on schema {schema} to {role}").format(**names),
        sql.SQL("grant select on all tables in schema {schema} to {role}").format(**names),
        *commands,
    ]
    return "".join(f"{command.as_string(connection)};\n" for command in whole)
