"""Invitations: a code, sent to somebody, that is exchanged once for the first key of an organisation.

So the key is seen by nobody but whom it is for. Codes are made and kept like keys.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.policy.roles import Role
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.key_texts import INVITATION_MARK, hash_key, make_secret, read_invitation
from context_api.store.keys import KeyDraft, NewKey, insert_key
from context_api.store.queries import load_queries

MAX_OPEN = 50
"""Invitations of one organisation that nobody has taken up yet."""
_SQL = load_queries("invitations")
_NOBODY = hash_key(bytes(16), "nobody")


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an invitation; not its code."""

    prefix: str
    organisation_id: int
    organisation: str
    role: Role
    tenants: Sequence[str] | None
    label: str
    key_days: int | None
    """How long the key will last; None: as long as the installation has it."""
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    accepted_at: datetime | None
    key_prefix: str | None
    """The key it was exchanged for."""
    disabled_at: datetime | None
    """When the organisation was disabled."""


class InvitationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that is to be made."""

    organisation_id: int
    role: Role
    tenants: Sequence[str] | None
    label: str
    key_days: int | None
    expires_at: datetime
    created_by: str


class NewInvitation(msgspec.Struct, frozen=True):
    """An invitation at the only moment when its code is known."""

    code: str
    invitation: Invitation

    def __repr__(self) -> str:
        return f"NewInvitation(prefix={self.invitation.prefix!r})"


class InvitationVoid(Exception):
    """The code opens nothing: unknown, taken up, revoked or too old."""


class TooManyInvitations(Exception):
    """The organisation has as many open invitations as it may have."""


def create_invitation(database: Database, secret: bytes, draft: InvitationDraft) -> NewInvitation:
    """Make an invitation. Raises TooManyInvitations."""
    made = make_secret(INVITATION_MARK)
    values = {
        **msgspec.structs.asdict(draft),
        "prefix": made.prefix,
        "hash": hash_key(secret, made.text),
        "tenants": None if draft.tenants is None else list(draft.tenants),
    }
    with database.transaction() as connection:
        counted = connection.execute(_SQL["count_open"], [draft.organisation_id]).fetchone()
        if counted is not None and counted[0] >= MAX_OPEN:
            raise TooManyInvitations(f"the organisation has {MAX_OPEN} open invitations; revoke some")
        connection.execute(_SQL["insert_invitation"], values)
        invitation = _read(connection, made.prefix)
        after = {
            "organisation": invitation.organisation,
            "role": invitation.role,
            "tenants": None if draft.tenants is None else list(draft.tenants),
            "label": draft.label,
            "expiresAt": draft.expires_at.isoformat(),
        }
        entry = Entry(
            verb="create", kind="invitation", id=made.prefix, after=after, principal=draft.created_by
        )
        record(connection, entry)
    return NewInvitation(made.text, invitation)


def list_invitations(database: Database, organisation_id: int) -> list[Invitation]:
    """List an organisation's invitations, the newest first, those taken up or void too."""
    query = _where("i.organisation_id = %s") + b" order by i.created_at desc, i.prefix limit 1000"
    with database.connection() as connection:
        return [_from_row(row) for row in connection.execute(query, [organisation_id])]


def revoke_invitation(database: Database, organisation_id: int, prefix: str, *, by: str) -> bool:
    """Make an invitation void; False where there is no open one."""
    values = {"prefix": prefix, "organisation_id": organisation_id}
    with database.transaction() as connection:
        row = connection.execute(_SQL["revoke_invitation"], values).fetchone()
        if row is not None:
            record(connection, Entry(verb="revoke", kind="invitation", id=prefix, principal=by))
    return row is not None


def accept_invitation(
    database: Database, secret: bytes, code: str, *, label: str | None, default_days: int
) -> NewKey:
    """Exchange a code for a key. Raises InvitationVoid and TooManyKeys; what it says of why is for nobody
    but whoever has the code.
    """
    parts = read_invitation(code)
    if parts is None or not parts.is_whole:
        raise InvitationVoid("This is not the whole code of an invitation: copy it again")
    with database.transaction() as connection:
        connection.execute(_SQL["lock_invitation"], [parts.prefix])
        row = connection.execute(_where("i.prefix = %s"), [parts.prefix]).fetchone()
        kept = _NOBODY if row is None else bytes(row[-1])
        if not hmac.compare_digest(kept, hash_key(secret, code)) or row is None:
            raise InvitationVoid("The invitation is unknown")
        invitation = _from_row(row)
        now = datetime.now(UTC)
        _check_open(invitation, now)
        author = f"invitation:{invitation.prefix}"
        draft = KeyDraft(
            organisation_id=invitation.organisation_id,
            role=invitation.role,
            tenants=invitation.tenants,
            label=invitation.label if label is None else label,
            expires_at=now + timedelta(days=invitation.key_days or default_days),
            created_by=author,
        )
        made = insert_key(connection, secret, draft)
        connection.execute(_SQL["accept_invitation"], {"prefix": invitation.prefix, "key": made.key.prefix})
        after = {"key": made.key.prefix}
        entry = Entry(
            verb="accept",
            kind="invitation",
            id=invitation.prefix,
            after=after,
            principal=author,
            organisation=invitation.organisation_id,
        )
        record(connection, entry)
    return made


def _check_open(invitation: Invitation, now: datetime) -> None:
    if invitation.accepted_at is not None:
        at = f"{invitation.accepted_at:%Y-%m-%dT%H:%M:%SZ}"
        raise InvitationVoid(f"The invitation was taken up at {at}; if not by you, tell the town at once")
    if invitation.revoked_at is not None:
        raise InvitationVoid("The invitation was revoked; ask the town for another")
    if invitation.expires_at <= now:
        at = f"{invitation.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        raise InvitationVoid(f"The invitation expired at {at}; ask the town for another")
    if invitation.disabled_at is not None:
        raise InvitationVoid("The organisation is disabled; ask the town")


def _read(connection: Connection[TupleRow], prefix: str) -> Invitation:
    row = connection.execute(_where("i.prefix = %s"), [prefix]).fetchone()
    if row is None:
        raise RuntimeError("BUG: an invitation that was inserted is not there")
    return _from_row(row)


def _where(condition: str) -> bytes:
    return _SQL["select_invitations"] + b" where " + condition.encode()


def _from_row(row: Sequence[Any]) -> Invitation:
    names = Invitation.__struct_fields__
    found = dict(zip(names, row[:-1], strict=True))
    return Invitation(**{**found, "role": Role(found["role"])})
