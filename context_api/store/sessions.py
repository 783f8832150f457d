"""Console sessions: opened by a login, moved on by its steps, ended by people or by the clock (see 0015)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from context_api.policy.credentials import bound_tenants
from context_api.policy.roles import Role
from context_api.store.database import Database
from context_api.store.queries import load_queries

SESSIONS_MAX = 20
"""Of one person at the same time; the oldest end."""
ADDRESS_MAX = 64
AGENT_MAX = 200
_SQL = load_queries("sessions")


class Stage(StrEnum):
    """What a session still waits for; only an open one opens anything."""

    TOTP = "totp"
    """The code of the authenticator app."""
    PASSWORD = "password"  # noqa: S105
    """A password of one's own, in place of the one that somebody else chose."""
    ENROL = "enrol"
    """An authenticator app, which this installation demands."""
    OPEN = "open"


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it begins; either an account's, or with what a provider vouched for."""

    hash: bytes
    stage: Stage
    principal: str
    age_s: float
    """Until its end, however much it is used."""
    shown: str = ""
    account_id: int | None = None
    organisation_id: int | None = None
    role: str | None = None
    tenants: list[int] | None = None
    provider: str | None = None
    id_token: bytes | None = None
    address: str = ""
    agent: str = ""


class Session(NamedTuple):
    """A session that counts, and for whom."""

    id: int
    stage: Stage
    account_id: int | None
    principal: str
    shown: str
    role: str
    organisation_id: int
    organisation: str
    tenants: frozenset[str] | None
    """None: every one."""
    provider: str | None
    id_token: bytes | None
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class ListedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it."""

    id: int
    stage: Stage
    provider: str | None
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class Ended(NamedTuple):
    """What was known of a session that is over."""

    id: int
    principal: str
    provider: str | None
    id_token: bytes | None


def open_session(connection: Connection[Any], new: NewSession) -> int:
    """Begin a session; ends the person's oldest where there are too many. Gives its id."""
    values = msgspec.structs.asdict(new)
    values["stage"] = new.stage.value
    values["address"], values["agent"] = new.address[:ADDRESS_MAX], new.agent[:AGENT_MAX]
    row = connection.execute(_SQL["insert_session"], values).fetchone()
    connection.execute(_SQL["trim_sessions"], {"principal": new.principal, "most": SESSIONS_MAX})
    assert row is not None  # noqa: S101  # an insert returns its row
    session_id: int = row[0]
    return session_id


def find_session(database: Database, hash_: bytes, idle_s: float) -> Session | None:
    """Give the session of a cookie; None where it ended, or its account or organisation is disabled."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_session"], {"hash": hash_, "idle_s": idle_s}).fetchone()
    return None if row is None else _from_row(row)


def touch_session(database: Database, session_id: int) -> None:
    """Note that a session is used, once a minute."""
    with database.connection() as connection:
        connection.execute(_SQL["touch_session"], {"id": session_id})


def advance_session(
    connection: Connection[Any], hash_: bytes, new_hash: bytes, stage: Stage, age_s: float | None = None
) -> bool:
    """Move a session on under a new cookie; the former opens nothing from here on (no fixation).

    `age_s` sets its end anew. False where the session is over.
    """
    values = {"hash": hash_, "new_hash": new_hash, "stage": stage.value, "age_s": age_s}
    return connection.execute(_SQL["advance_session"], values).fetchone() is not None


def end_session(connection: Connection[Any], hash_: bytes) -> Ended | None:
    """End the session of a cookie; None where there is none."""
    row = connection.execute(_SQL["delete_session"], {"hash": hash_}).fetchone()
    return None if row is None else Ended(*row)


def end_session_of(connection: Connection[Any], principal: str, session_id: int) -> bool:
    """End one of somebody's sessions; False where it is none of theirs."""
    values = {"principal": principal, "id": session_id}
    return connection.execute(_SQL["delete_session_of"], values).fetchone() is not None


def end_sessions(connection: Connection[Any], account_id: int, *, but: int | None = None) -> int:
    """End all sessions of an account, but one. Gives how many."""
    return connection.execute(_SQL["delete_sessions"], {"account_id": account_id, "but": but}).rowcount


def list_sessions(database: Database, principal: str, idle_s: float) -> list[ListedSession]:
    """List somebody's sessions, the newest first."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_sessions"], {"principal": principal, "idle_s": idle_s}
        ).fetchall()
    names = ListedSession.__struct_fields__
    return [ListedSession(**{**dict(zip(names, row, strict=True)), "stage": Stage(row[1])}) for row in rows]


def _from_row(row: tuple[Any, ...]) -> Session:
    session_id, stage, account_id, principal, shown, role, organisation_id, organisation = row[:8]
    reaches_all, named, own = row[8:11]
    tenants = bound_tenants(Role(role), every_tenant=reaches_all, organisation=named, own=own)
    who = (principal, shown, role, organisation_id, organisation, tenants)
    return Session(session_id, Stage(stage), account_id, *who, *row[11:])
