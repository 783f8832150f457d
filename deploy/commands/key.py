"""`machi key …`: keys of the HTTP API."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.keys import ApiKey
    from deploy.access_desk import Opened

keys = typer.Typer(help="Keys of the HTTP API: create, list, rotate, revoke.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON as the API has it, for programs.")]
Key = Annotated[
    str, typer.Argument(help="The part of the key that `machi key list` shows; never the key itself.")
]
Expires = Annotated[
    str | None,
    typer.Option(
        help="When it ends: 90d, 12h, a day (2027-03-31) or never. Not given: after MACHI_KEY_DAYS days."
    ),
]
NEVER = "never"
_MARK = "machi_"
_PREFIX_LENGTH = 8


def register(app: typer.Typer) -> None:
    app.add_typer(keys, name="key")


@keys.command()
def create(  # noqa: PLR0917 - options
    label: Annotated[str, typer.Option(help="Whose key it is, or what for; shown in lists.")] = "",
    organisation: Annotated[str, typer.Option(help="Whom it belongs to.")] = "town",
    role: Annotated[
        str, typer.Option(help="administrator, staff, operator, partner or service.")
    ] = "administrator",
    tenant: Annotated[
        list[str] | None,
        typer.Option(help="A tenant that it opens; may be repeated. Not given: all of its organisation's."),
    ] = None,
    expires: Expires = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this once: only its hash is kept."""
    from context_api.http.access.drafts import KeyOrder, read_body
    from context_api.http.access.rules import plan_key
    from context_api.store.keys import TooManyKeys, create_key
    from deploy.access_desk import open_access

    with open_access() as opened:
        opened.check_tenants(tenant)
        order = read_body({"role": role, "tenants": tenant or None, "label": label}, KeyOrder)
        draft = plan_key(opened.caller, opened.organisation(organisation), order, _end(opened, expires))
        try:
            made = create_key(opened.database, opened.secret, draft=draft)
        except TooManyKeys as error:
            raise CommandError(f"{organisation}: {error}.") from error
        _show_made(made.text, made.key, as_json=as_json)


@keys.command(name="list")
def list_(
    organisation: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    as_json: Json = False,
) -> None:
    """List keys: the part that is no secret, organisation, role, tenants, state, last use, label."""
    from context_api.http.access.views import show_key
    from context_api.store.keys import list_keys
    from deploy.access_desk import open_access, say_json

    with open_access() as opened:
        chosen = None if organisation is None else [opened.organisation(organisation).id]
        shown = [show_key(key) for key in list_keys(opened.database, chosen)]
        if as_json:
            say_json({"keys": shown})
            return
        for one in shown:
            typer.echo(_line(one))
        if not shown:
            typer.echo("There are no keys: `machi key create` makes one.")


@keys.command()
def rotate(
    key: Key,
    overlap: Annotated[
        str, typer.Option(help="How long the old key stays valid beside the new one: 0s, 24h, 7d.")
    ] = "24h",
    expires: Expires = None,
    as_json: Json = False,
) -> None:
    """Make a key in the place of another: same organisation, role, tenants and grants. Shown this once."""
    from context_api.store.keys import KeyDraft, get_key, rotate_key
    from deploy.access_desk import open_access

    prefix = _prefix(key)
    with open_access() as opened:
        old = get_key(opened.database, prefix)
        if old is None:
            raise _no_key(prefix)
        draft = KeyDraft(
            organisation_id=old.organisation_id,
            role=old.role,
            tenants=old.own_tenants,
            label=old.label,
            expires_at=_end(opened, expires),
            created_by=opened.caller.name,
        )
        span = timedelta(seconds=_seconds(overlap, "--overlap"))
        made = rotate_key(opened.database, opened.secret, prefix, overlap=span, draft=draft)
        if made is None:
            raise CommandError(
                f"The key {prefix} is void, or has been rotated already: see `machi key list`."
            )
        _show_made(made.text, made.key, as_json=as_json)


@keys.command()
def revoke(key: Key) -> None:
    """Make a key void; every process knows within two seconds, and open streams end."""
    from context_api.store.keys import revoke_key
    from deploy.access_desk import open_access

    prefix = _prefix(key)
    with open_access() as opened:
        if not revoke_key(opened.database, prefix, by=opened.caller.name):
            raise _no_key(prefix)
        typer.echo(f"{_MARK}{prefix}_… is void.")


def _prefix(text: str) -> str:
    """Take the prefix out of what was given; a key itself does not belong on a command line, but is taken."""
    parts = text.strip().rstrip("…").split("_")
    prefix = parts[1] if len(parts) > 1 and text.startswith(_MARK) else parts[0]
    if len(prefix) != _PREFIX_LENGTH:
        raise UsageError(f"{text[:20]!r} is no key: write its {_PREFIX_LENGTH} letters, or machi_…_")
    return prefix


def _no_key(prefix: str) -> CommandError:
    return CommandError(f"There is no valid key {prefix}: see `machi key list`.")


def _end(opened: "Opened", text: str | None) -> datetime | None:
    """Say when a key ends. Only here it may be never: whoever has the database could write so anyway."""
    if text == NEVER:
        return None
    now = datetime.now(UTC)
    if text is None:
        return now + timedelta(days=opened.settings.key_days)
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        return now + timedelta(seconds=_seconds(text, "--expires"))
    ends_at = day.astimezone(UTC)
    if ends_at <= now:
        raise UsageError(f"--expires: {text} is past")
    return ends_at


def _seconds(text: str, option: str) -> float:
    from deploy.durations import parse_duration

    if text in ("0", "0s"):
        return 0.0
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _show_made(text: str, key: "ApiKey", *, as_json: bool) -> None:
    from context_api.http.access.views import show_key
    from deploy.access_desk import say_json

    if as_json:
        say_json({**show_key(key), "key": text})
    else:
        typer.echo(text)


def _line(shown: dict[str, Any]) -> str:
    from deploy.access_desk import tenants_of

    state = shown["state"]
    if state in ("valid", "rotated"):
        state += f" until {shown['expiresAt'][:10]}" if shown["expiresAt"] else ", no end"
    used = f"used {shown['lastUsedAt'][:16]}Z" if shown["lastUsedAt"] else "never used"
    parts = [shown["shown"], shown["organisation"], shown["role"], tenants_of(shown), state, used]
    return "  ".join([*parts, shown["label"]]).rstrip()
