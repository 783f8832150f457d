"""The steps of a login, each in one transaction with its line in the audit trail."""

from typing import Any

import msgspec
from psycopg import Connection

from context_api.store import accounts, sessions
from context_api.store.accounts import Login
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.sessions import Ended, NewSession, Stage

ACCOUNT = "account"
SESSION = "session"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A session moves on: under a new cookie, to another stage."""

    hash: bytes
    new_hash: bytes
    stage: Stage
    age_s: float | None = None
    """Its end is set anew."""


def begin_session(database: Database, new: NewSession) -> int:
    """Open a session after a right password, or a provider's word. Gives its id."""
    with database.transaction() as connection:
        session_id = sessions.open_session(connection, new)
        if new.account_id is not None:
            accounts.note_login(connection, new.account_id)
        after = {"stage": new.stage.value, "provider": new.provider}
        _record(connection, "sign-in", SESSION, str(session_id), new.principal, after, new.organisation_id)
    return session_id


def pass_code(database: Database, login: Login, step: Step, *, totp_step: int) -> bool:
    """Use up a one-time code and move the session on; False where the code was used before."""
    with database.transaction() as connection:
        if not accounts.take_step(connection, login.id, totp_step):
            return False
        return _advance(connection, login, step, "totp")


def pass_recovery_code(database: Database, login: Login, step: Step, *, code_hash: bytes) -> bool:
    """Use up a recovery code and move the session on; False where it is none that is left."""
    with database.transaction() as connection:
        if not accounts.take_recovery_code(connection, login.id, code_hash):
            return False
        return _advance(connection, login, step, "recovery code")


def change_password(
    database: Database, login: Login, password_hash: str, step: Step, *, session_id: int
) -> bool:
    """Set somebody's own password; the session goes on under a new cookie, the others end."""
    with database.transaction() as connection:
        accounts.set_password(connection, login.id, password_hash, but=session_id)
        _record(connection, "change", ACCOUNT, login.name, login.principal, {"changed": "password"})
        return sessions.advance_session(connection, step.hash, step.new_hash, step.stage, step.age_s)


def redeem_reset(database: Database, account_id: int, name: str, password_hash: str) -> None:
    """Set a password by the code of an administrator; the account's sessions end."""
    with database.transaction() as connection:
        accounts.set_password(connection, account_id, password_hash)
        after = {"changed": "password", "by": "reset code"}
        _record(connection, "change", ACCOUNT, name, f"user:{account_id}", after)


def begin_totp(database: Database, login: Login, sealed: bytes) -> bool:
    """Keep a secret until a first code of it is shown; False where one counts already."""
    with database.transaction() as connection:
        return accounts.begin_totp(connection, login.id, sealed)


def confirm_totp(database: Database, login: Login, step: Step, *, totp_step: int, codes: list[bytes]) -> bool:
    """Let an authenticator app count; False where none is waiting to be confirmed."""
    with database.transaction() as connection:
        if not accounts.confirm_totp(connection, login.id, totp_step, codes):
            return False
        _record(connection, "change", ACCOUNT, login.name, login.principal, {"changed": "app added"})
        return sessions.advance_session(connection, step.hash, step.new_hash, step.stage, step.age_s)


def remove_totp(database: Database, login: Login) -> None:
    """Ask somebody for no codes any more."""
    with database.transaction() as connection:
        accounts.remove_totp(connection, login.id)
        _record(connection, "change", ACCOUNT, login.name, login.principal, {"changed": "app removed"})


def replace_recovery_codes(database: Database, login: Login, codes: list[bytes]) -> None:
    """Let these recovery codes count and no others."""
    with database.transaction() as connection:
        accounts.replace_recovery_codes(connection, login.id, codes)
        after = {"changed": "codes for a lost app"}
        _record(connection, "change", ACCOUNT, login.name, login.principal, after)


def count_recovery_codes(database: Database, account_id: int) -> int:
    """Give how many recovery codes of an account are left."""
    with database.connection() as connection:
        found = accounts.get_account(connection, account_id)
    return 0 if found is None else found.recovery_codes


def log_out(database: Database, hash_: bytes) -> Ended | None:
    """End the session of a cookie."""
    with database.transaction() as connection:
        ended = sessions.end_session(connection, hash_)
        if ended is not None:
            _record(connection, "sign-out", SESSION, str(ended.id), ended.principal)
    return ended


def end_other_session(database: Database, principal: str, session_id: int) -> bool:
    """End one of somebody's own sessions; False where it is none of theirs."""
    with database.transaction() as connection:
        is_ended = sessions.end_session_of(connection, principal, session_id)
        if is_ended:
            _record(connection, "end", SESSION, str(session_id), principal)
    return is_ended


def record_failure(database: Database, name: str, reason: str, left_out: int = 0) -> None:
    """Keep that a login failed, and how many before it were not kept, so that nobody fills the trail."""
    with database.transaction() as connection:
        entry = Entry(
            verb="sign-in",
            kind=ACCOUNT,
            id=name,
            outcome="refused",
            reason=reason,
            after={"leftOut": left_out} if left_out else None,
            principal="anyone",
        )
        record(connection, entry)


def _advance(connection: Connection[Any], login: Login, step: Step, by: str) -> bool:
    is_advanced = sessions.advance_session(connection, step.hash, step.new_hash, step.stage, step.age_s)
    if is_advanced:
        after = {"stage": step.stage.value, "by": by}
        _record(connection, "sign-in", ACCOUNT, login.name, login.principal, after)
    return is_advanced


def _record(  # noqa: PLR0917 - verb, kind and target, as they are read
    connection: Connection[Any],
    verb: str,
    kind: str,
    target: str,
    principal: str,
    after: dict[str, Any] | None = None,
    organisation: int | None = None,
) -> None:
    entry = Entry(
        verb=verb, kind=kind, id=target, after=after, principal=principal, organisation=organisation
    )
    record(connection, entry)
