"""What administrators do about accounts, each in one transaction with its line in the audit trail."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from psycopg import Connection

from context_api.policy.roles import Role
from context_api.store import accounts
from context_api.store.accounts import Account, NewAccount
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.memberships import Membership, find_membership, find_tenants

ACCOUNT = "account"


class AccountFault(Exception):
    """The account cannot be as it is asked to be; the message says why, `field` what."""

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class AccountExists(AccountFault):
    """The name is taken."""


class AccountUnknown(AccountFault):
    """There is no such account, or none that the caller looks after."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is to be."""

    shown: str
    organisation: str
    role: Role
    tenants: Sequence[str] | None
    """Fewer than the organisation's; None: all of them."""
    is_disabled: bool = False


Judge = Callable[[Membership, frozenset[str] | None], None]
"""Raises AccountFault where the caller may not look after people of an organisation, with these tenants."""


def create_account(
    database: Database,
    wanted: Wanted,
    name: str,
    judge: Judge,
    *,
    by: str,
    password_hash: str | None = None,
    must_change: bool = True,
    reset_hash: bytes | None = None,
    reset_s: float | None = None,
) -> Account:
    """Make an account with a password (which may have to be changed), or a code that sets the first.

    Raises AccountFault, AccountExists.
    """
    with database.transaction() as connection:
        membership, tenant_ids = _check(connection, wanted, judge)
        new = NewAccount(
            name=name,
            shown=wanted.shown,
            organisation_id=membership.id,
            role=wanted.role.value,
            tenants=tenant_ids,
            password_hash=password_hash,
            must_change=must_change and password_hash is not None,
            reset_hash=reset_hash,
            reset_s=reset_s,
            by=by,
        )
        account_id = accounts.insert_account(connection, new)
        if account_id is None:
            raise AccountExists(f"There is an account {name} already", "name")
        made = _get(connection, account_id)
        _record(connection, "create", made, after=_recorded(made))
    return made


def change_account(
    database: Database,
    account_id: int,
    change: Callable[[Account], Wanted],
    judge: Judge,
    *,
    by: str,
) -> Account:
    """Change an account; `change` makes what it is to be from what it is. Raises AccountFault."""
    with database.transaction() as connection:
        former = _lock(connection, account_id, judge)
        wanted = change(former)
        membership, tenant_ids = _check(connection, wanted, judge)
        values = {
            "shown": wanted.shown,
            "organisation_id": membership.id,
            "role": wanted.role.value,
            "tenants": tenant_ids,
            "disabled": wanted.is_disabled,
        }
        accounts.change_account(connection, account_id, values, by)
        changed = _get(connection, account_id)
        _record(connection, "change", changed, before=_recorded(former), after=_recorded(changed))
    return changed


def reset_account(
    database: Database, account_id: int, judge: Judge, reset_hash: bytes, reset_s: float, *, totp: bool
) -> Account:
    """Take an account's password (and its app) away in exchange for a code. Raises AccountUnknown."""
    with database.transaction() as connection:
        _lock(connection, account_id, judge)
        accounts.begin_reset(connection, account_id, reset_hash, reset_s, totp=totp)
        changed = _get(connection, account_id)
        what = "sign-in with an app" if totp else "sign-in"
        _record(connection, "reset", changed, after={"what": what})
    return changed


def get_account(database: Database, account_id: int, judge: Judge) -> Account:
    """Give an account that the caller looks after. Raises AccountUnknown."""
    with database.connection() as connection:
        found = accounts.get_account(connection, account_id)
        if found is None or not _may(connection, found, judge):
            raise AccountUnknown(f"There is no account {account_id}")
    return found


def list_accounts(
    database: Database, judge: Judge, *, organisation_id: int | None, after: int, limit: int
) -> list[Account]:
    """List accounts by id; those that the caller does not look after are left out."""
    with database.connection() as connection:
        found = accounts.list_accounts(connection, organisation_id=organisation_id, after=after, limit=limit)
        return [one for one in found if _may(connection, one, judge)]


def find_by_name(database: Database, name: str) -> Account | None:
    """Give an account by its name."""
    with database.connection() as connection:
        return accounts.get_account_by_name(connection, name)


def _lock(connection: Connection[Any], account_id: int, judge: Judge) -> Account:
    is_there = accounts.lock_account(connection, account_id)
    found = accounts.get_account(connection, account_id) if is_there else None
    if found is None or not _may(connection, found, judge):
        raise AccountUnknown(f"There is no account {account_id}")
    return found


def _may(connection: Connection[Any], account: Account, judge: Judge) -> bool:
    membership = find_membership(connection, name=account.organisation, is_any=True)
    if membership is None:
        return False
    own = None if account.tenant_ids is None else account.tenants
    try:
        judge(membership, membership.bound(Role(account.role), own))
    except AccountFault:
        return False
    return True


def _check(connection: Connection[Any], wanted: Wanted, judge: Judge) -> tuple[Membership, list[int] | None]:
    """Find what an account points to. Raises AccountFault."""
    membership = find_membership(connection, name=wanted.organisation)
    if membership is None:
        raise AccountFault(f"There is no organisation {wanted.organisation[:80]}", "organisation")
    if not membership.takes(wanted.role):
        kind = membership.kind.value
        raise AccountFault(f"People of an organisation of the kind {kind} are not {wanted.role}", "role")
    judge(membership, membership.bound(wanted.role, wanted.tenants))
    if wanted.tenants is None:
        return membership, None
    found = find_tenants(connection, wanted.tenants)
    missing = sorted(set(wanted.tenants) - set(found))
    outside = sorted(set(found) - set(membership.tenants)) if not membership.is_of_every_tenant else []
    for name in (*missing, *outside):
        raise AccountFault(f"The organisation {membership.name} has no tenant {name[:80]}", "tenants")
    return membership, sorted(found.values())


def _get(connection: Connection[Any], account_id: int) -> Account:
    found = accounts.get_account(connection, account_id)
    if found is None:
        raise AccountUnknown(f"There is no account {account_id}")
    return found


def _recorded(account: Account) -> dict[str, Any]:
    return {
        "shown": account.shown,
        "role": account.role,
        "organisation": account.organisation,
        "tenants": None if account.tenant_ids is None else account.tenants,
        "disabled": account.disabled_at is not None,
    }


def _record(connection: Connection[Any], verb: str, account: Account, **said: Any) -> None:
    record(connection, Entry(verb=verb, kind=ACCOUNT, id=account.name, **said))
