"""`machi account …`: accounts of people who log in to the console."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.http.login.settings import LoginSettings
    from context_api.store.accounts import Account
    from context_api.store.database import Database
    from context_api.store.memberships import Membership

accounts = typer.Typer(
    help="Accounts of people who log in: create, list, disable, reset.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="What the person types in to log in.")]


def register(app: typer.Typer) -> None:
    app.add_typer(accounts, name="account")


@accounts.command()
def create(  # noqa: PLR0917 - options of a command
    name: Name,
    role: Annotated[str, typer.Option(help="administrator, staff, operator or partner.")] = "administrator",
    organisation: Annotated[str, typer.Option(help="The name of the person's organisation.")] = "town",
    tenant: Annotated[
        list[str] | None, typer.Option(help="Of the organisation's tenants these only; may be repeated.")
    ] = None,
    shown: Annotated[str, typer.Option(help="How people call this person.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the first password; MACHI_ACCOUNT_PASSWORD may hold it.")
    ] = None,
    own: Annotated[
        bool, typer.Option("--own", help="The password is the person's own, and need not be changed.")
    ] = False,
    code: Annotated[
        bool, typer.Option("--code", help="Give a code instead, with which the person sets a password.")
    ] = False,
) -> None:
    """Make an account. The password is asked for at the terminal; without one, a code sets it."""
    from context_api.http.login.hashing import hash_password
    from context_api.policy.roles import Role
    from context_api.store.account_changes import Wanted, create_account

    if role not in ("administrator", "staff", "operator", "partner"):
        raise CommandError(f"There is no role {role}: administrator, staff, operator or partner.")
    _check_name(name)
    wanted = Wanted(shown=shown, organisation=organisation, role=Role(role), tenants=tenant or None)
    password = None if code else _read_password(name, password_file)
    with _opened() as found, _faults():
        reset = found.new_code()
        made = create_account(
            found.database,
            wanted,
            name,
            _anybody,
            by="system",
            password_hash=None if password is None else hash_password(password),
            must_change=not own,
            reset_hash=reset.hash if password is None else None,
            reset_s=found.login.reset_s if password is None else None,
        )
        typer.echo(f"Account {made.name} ({made.role} of {made.organisation}) is made.")
        if password is None:
            _print_code(reset.text, found.login)


@accounts.command(name="list")
def list_() -> None:
    """List all accounts: name, role, organisation, state."""
    from context_api.store.account_changes import list_accounts

    with _opened() as found:
        after = 0
        while page := list_accounts(found.database, _anybody, organisation_id=None, after=after, limit=200):
            for account in page:
                typer.echo(_line(account))
            after = page[-1].id
        if not after:
            typer.echo("No accounts yet: `machi account create NAME` makes one.")


@accounts.command()
def disable(name: Name) -> None:
    """Let nobody log in with an account any more, and end its sessions."""
    _switch(name, is_disabled=True)
    typer.echo(f"{name} is disabled; its sessions end within two seconds.")


@accounts.command()
def enable(name: Name) -> None:
    """Let a disabled account log in again."""
    _switch(name, is_disabled=False)
    typer.echo(f"{name} may log in again.")


@accounts.command()
def reset(
    name: Name,
    app: Annotated[
        bool, typer.Option("--app", help="Take the authenticator app away, too: the telephone is gone.")
    ] = False,
) -> None:
    """Take an account's password away; print a code with which its person sets a new one."""
    from context_api.store.account_changes import reset_account

    with _opened() as found, _faults():
        code = found.new_code()
        account = _find(found.database, name)
        reset_account(found.database, account.id, _anybody, code.hash, found.login.reset_s, totp=app)
        _print_code(code.text, found.login)


class _Code(NamedTuple):
    text: str
    hash: bytes


class _Opened(NamedTuple):
    database: "Database"
    secret: bytes
    login: "LoginSettings"

    def new_code(self) -> _Code:
        """Make a code that sets a password."""
        from context_api.identity.secrets import keyed_hash
        from context_api.identity.totp import new_code, plain_recovery_code

        text = new_code()
        return _Code(text, keyed_hash(self.secret, "reset", plain_recovery_code(text)))


@contextmanager
def _opened() -> Iterator[_Opened]:
    """The database, the secret that keys the hashes, and how people log in."""
    from context_api.store.database import open_database
    from deploy import wiring
    from deploy.settings import read_settings

    settings = read_settings()
    found = wiring.connect(settings)
    database = open_database(found.database_url)
    try:
        yield _Opened(database, found.secret, wiring.login_settings(settings))
    finally:
        database.close()


@contextmanager
def _faults() -> Iterator[None]:
    """Say what is wrong with an account in one line."""
    from context_api.store.account_changes import AccountFault

    try:
        yield
    except AccountFault as error:
        raise CommandError(f"{error.detail}.") from error


def _switch(name: str, *, is_disabled: bool) -> None:
    from context_api.policy.roles import Role
    from context_api.store.account_changes import Wanted, change_account

    with _opened() as found, _faults():
        account = _find(found.database, name)

        def change(former: "Account") -> Wanted:
            return Wanted(
                shown=former.shown,
                organisation=former.organisation,
                role=Role(former.role),
                tenants=None if former.tenant_ids is None else former.tenants,
                is_disabled=is_disabled,
            )

        change_account(found.database, account.id, change, _anybody, by="system")


def _find(database: "Database", name: str) -> "Account":
    from context_api.store.account_changes import find_by_name

    account = find_by_name(database, name)
    if account is None:
        raise CommandError(f"There is no account {name}: see `machi account list`.")
    return account


def _anybody(_: "Membership", __: "frozenset[str] | None") -> None:
    """Whoever may run commands here looks after everybody."""


def _check_name(name: str) -> None:
    import re

    from context_api.http.login.desk import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, name):
        raise CommandError(
            f"{name!r} cannot be a name: small letters, digits and . _ @ + -, at most 128, not a sign first."
        )


def _read_password(name: str, file: Path | None) -> str | None:
    """Read a password from its file, the environment or the terminal; None where there is none of these."""
    from context_api.identity.passwords import fault_of
    from deploy.settings import read_settings
    from deploy.wiring import reveal

    set_password = reveal(read_settings().account_password)
    if file is not None:
        try:
            password = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The password cannot be read: {error}") from error
    elif set_password is not None:
        password = set_password
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        return None
    fault = fault_of(password, name=name)
    if fault is not None:
        raise CommandError(f"{fault}.")
    return password


def _print_code(code: str, login: "LoginSettings") -> None:
    typer.echo(f"Code to set a password, once, within {login.reset_s / 3600:g} hours: {code}")


def _line(account: "Account") -> str:
    state = "disabled" if account.disabled_at else "valid"
    app = "app" if account.has_totp else "no app"
    seen = f"{account.logged_in_at:%Y-%m-%d}" if account.logged_in_at else "never"
    described = (
        account.name,
        account.role,
        account.organisation,
        state,
        app,
        f"last in: {seen}",
        account.shown,
    )
    return "  ".join(described).rstrip()
