"""Local accounts of people: what a login needs, and what administrators do (decision 0015)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from context_api.store.database import Database
from context_api.store.queries import load_queries
from context_api.store.sessions import end_sessions

PAGE_MAX = 200
_SQL = load_queries("accounts")


class Login(NamedTuple):
    """What a login is checked against."""

    id: int
    name: str
    shown: str
    role: str
    password_hash: str | None
    must_change: bool
    totp_secret: bytes | None
    """Sealed."""
    totp_confirmed: bool
    totp_step: int

    @property
    def principal(self) -> str:
        """What history names as the author."""
        return f"user:{self.id}"

    @property
    def asks_code(self) -> bool:
        """Whether a second factor belongs to the login."""
        return self.totp_confirmed and self.totp_secret is not None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as administrators see it."""

    id: int
    name: str
    shown: str
    role: str
    organisation_id: int
    organisation: str
    tenant_ids: list[int] | None
    tenants: list[str]
    """Names; meaningless where `tenant_ids` is None: then all of the organisation's."""
    has_password: bool
    must_change: bool
    has_totp: bool
    recovery_codes: int
    """Not used yet."""
    reset_until: datetime | None
    created_at: datetime
    created_by: str
    logged_in_at: datetime | None
    disabled_at: datetime | None


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be made: with a password, or with a code that sets the first."""

    name: str
    shown: str
    organisation_id: int
    role: str
    tenants: list[int] | None = None
    password_hash: str | None = None
    must_change: bool = True
    reset_hash: bytes | None = None
    reset_s: float | None = None
    by: str = "system"


def insert_account(connection: Connection[Any], new: NewAccount) -> int | None:
    """Make an account. Gives its id, None where the name is taken."""
    row = connection.execute(_SQL["insert_account"], msgspec.structs.asdict(new)).fetchone()
    return None if row is None else row[0]


def find_login(database: Database, name: str) -> Login | None:
    """Give what the account of this name logs in with; None where there is none that may."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_login"], {"name": name}).fetchone()
    return None if row is None else Login(*row)


def find_login_by_id(database: Database, account_id: int) -> Login | None:
    """The same, by the account's id."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_login_by_id"], {"id": account_id}).fetchone()
    return None if row is None else Login(*row)


def note_login(connection: Connection[Any], account_id: int) -> None:
    """Keep when an account was last logged in to."""
    connection.execute(_SQL["note_login"], {"id": account_id})


def set_password(
    connection: Connection[Any],
    account_id: int,
    password_hash: str,
    *,
    must_change: bool = False,
    but: int | None = None,
) -> None:
    """Set a password; the account's other sessions end (all but the session `but`)."""
    values = {"id": account_id, "password_hash": password_hash, "must_change": must_change}
    connection.execute(_SQL["set_password"], values)
    end_sessions(connection, account_id, but=but)


def upgrade_hash(database: Database, account_id: int, old: str, new: str) -> None:
    """Replace a hash that was made with weaker parameters, unless the password changed meanwhile."""
    with database.connection() as connection:
        connection.execute(_SQL["upgrade_hash"], {"id": account_id, "old": old, "new": new})


def take_step(connection: Connection[Any], account_id: int, step: int) -> bool:
    """Use up a one-time code; False where it, or a later one, was used before."""
    return connection.execute(_SQL["take_step"], {"id": account_id, "step": step}).fetchone() is not None


def begin_totp(connection: Connection[Any], account_id: int, sealed: bytes) -> bool:
    """Keep a secret that is not confirmed yet; False where one is confirmed already."""
    return connection.execute(_SQL["begin_totp"], {"id": account_id, "sealed": sealed}).fetchone() is not None


def confirm_totp(connection: Connection[Any], account_id: int, step: int, codes: Sequence[bytes]) -> bool:
    """Let the kept secret count, with these recovery codes; False where none is waiting."""
    if connection.execute(_SQL["confirm_totp"], {"id": account_id, "step": step}).fetchone() is None:
        return False
    replace_recovery_codes(connection, account_id, codes)
    return True


def replace_recovery_codes(connection: Connection[Any], account_id: int, codes: Sequence[bytes]) -> None:
    """Let these codes count and no others."""
    connection.execute(_SQL["delete_recovery_codes"], {"id": account_id})
    connection.execute(_SQL["insert_recovery_codes"], {"id": account_id, "hashes": list(codes)})


def remove_totp(connection: Connection[Any], account_id: int) -> None:
    """Ask for no codes any more."""
    connection.execute(_SQL["remove_totp"], {"id": account_id})
    connection.execute(_SQL["delete_recovery_codes"], {"id": account_id})


def take_recovery_code(connection: Connection[Any], account_id: int, hash_: bytes) -> bool:
    """Use up a recovery code; False where it is none, or was used before."""
    values = {"id": account_id, "hash": hash_}
    return connection.execute(_SQL["take_recovery_code"], values).fetchone() is not None


def find_reset(database: Database, name: str) -> tuple[int, str, bytes] | None:
    """Give id, name and the hash of the reset code of an account that has one which is still good."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_reset"], {"name": name}).fetchone()
    return None if row is None else (row[0], row[1], bytes(row[2]))


def begin_reset(
    connection: Connection[Any], account_id: int, reset_hash: bytes, reset_s: float, *, totp: bool
) -> bool:
    """Take the password away (and the second factor), in exchange for a code; all its sessions end."""
    values = {"id": account_id, "reset_hash": reset_hash, "reset_s": reset_s, "totp": totp}
    if connection.execute(_SQL["begin_reset"], values).fetchone() is None:
        return False
    if totp:
        connection.execute(_SQL["delete_recovery_codes"], {"id": account_id})
    end_sessions(connection, account_id)
    return True


def change_account(connection: Connection[Any], account_id: int, values: Mapping[str, Any], by: str) -> None:
    """Write shown, organisation_id, role, tenants and disabled; where it is disabled its sessions end."""
    connection.execute(_SQL["change_account"], {**values, "id": account_id, "by": by})
    if values["disabled"]:
        end_sessions(connection, account_id)


def lock_account(connection: Connection[Any], account_id: int) -> bool:
    """Let nobody else change an account in this transaction; False where there is none."""
    return connection.execute(_SQL["lock_account"], {"id": account_id}).fetchone() is not None


def list_accounts(
    connection: Connection[Any], *, organisation_id: int | None = None, after: int = 0, limit: int = PAGE_MAX
) -> list[Account]:
    """List accounts by id, disabled ones too."""
    return _select(connection, organisation_id=organisation_id, after=after, limit=limit)


def get_account(connection: Connection[Any], account_id: int) -> Account | None:
    """Give an account."""
    found = _select(connection, id=account_id)
    return found[0] if found else None


def get_account_by_name(connection: Connection[Any], name: str) -> Account | None:
    """Give an account by what is typed at its login."""
    found = _select(connection, name=name)
    return found[0] if found else None


def _select(connection: Connection[Any], **given: Any) -> list[Account]:
    values = {"id": None, "name": None, "organisation_id": None, "after": 0, "limit": PAGE_MAX, **given}
    rows = connection.execute(_SQL["list_accounts"], values)
    names = Account.__struct_fields__
    return [Account(**dict(zip(names, row, strict=True))) for row in rows]
