"""`machi quarantine …`: what was put aside, why, and a second chance for it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database
    from context_api.store.quarantine import Kept, QuarantineFilter
    from devices.quarantine import QuarantineDesk

quarantine = typer.Typer(
    help="Messages that could not be understood: list, count, show, replay, discard.", no_args_is_help=True
)
Tenant = Annotated[str, typer.Option(help="The tenant whose messages they are.")]
Device = Annotated[str | None, typer.Option(help="Messages of this device.")]
Reason = Annotated[str | None, typer.Option(help="Messages put aside for this reason, such as bad-json.")]
Since = Annotated[str | None, typer.Option(help="That arrived at this time or later: 2026-11-23T00:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="That arrived before this time.")]
Ids = Annotated[list[int] | None, typer.Argument(help="Ids of messages; or say which by the options.")]


def register(app: typer.Typer) -> None:
    app.add_typer(quarantine, name="quarantine")


class _Opened(NamedTuple):
    database: "Database"
    access: "Access"
    desk: "QuarantineDesk"


@quarantine.command(name="list")
def list_(  # noqa: PLR0917 - typer calls it by names
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 50,
    tenant: Tenant = "default",
) -> None:
    """List messages, the newest first: id, time, device, reason, detail; then how many wait, by reason."""
    from context_api.store import quarantine as store

    filters = _filters(device, reason, since, until)
    with _open(tenant) as opened:
        for one in store.list_messages(opened.database, opened.access, filters, limit=limit):
            typer.echo(_line(one))
        counted = store.count_reasons(opened.database, opened.access, filters)
        dropped = store.list_dropped(opened.database, opened.access)
    if not counted:
        typer.echo("Nothing is in quarantine.", err=True)
    for each in counted:
        typer.echo(f"{each.messages} {each.reason}, of {each.devices} devices", err=True)
    for gone in dropped:
        typer.echo(f"{gone.messages} {gone.reason} gone ({gone.cause})", err=True)


@quarantine.command()
def show(message_id: Annotated[int, typer.Argument(help="Its id.")], tenant: Tenant = "default") -> None:
    """Print one message as JSON, with what it would become now."""
    import orjson

    from context_api.http.routes.quarantine import inspected

    with _open(tenant) as opened:
        found = opened.desk.inspect(opened.access, message_id)
    if found is None:
        raise CommandError(f"There is no quarantined message {message_id}")
    typer.echo(orjson.dumps(inspected(*found), option=orjson.OPT_INDENT_2).decode())


@quarantine.command()
def replay(  # noqa: PLR0917 - typer calls it by names
    ids: Ids = None,
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages.")] = False,
    tenant: Tenant = "default",
) -> None:
    """Replay messages, the oldest first: what is good now is stored; the rest stays, with its reason.

    Fix the profile or register the device first. Replaying twice changes nothing.
    """
    filters = _filters(device, reason, since, until)
    _check_choice(ids, filters, everything=everything)
    counts: Counter[str] = Counter()
    with _open(tenant) as opened:
        if ids:
            report = opened.desk.replay(opened.access, ids)
            counts.update(_say(one.id, one.result, one.detail) for one in report.messages)
        after, has_more = 0, not ids
        while has_more:
            report = opened.desk.replay_matching(opened.access, filters, after=after)
            counts.update(_say(one.id, one.result, one.detail) for one in report.messages)
            after, has_more = report.last_id, report.has_more
    typer.echo(", ".join(f"{count} {result}" for result, count in sorted(counts.items())) or "nothing to do")


@quarantine.command()
def discard(  # noqa: PLR0917 - typer calls it by names
    ids: Ids = None,
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages.")] = False,
    tenant: Tenant = "default",
) -> None:
    """Throw messages away for good; the counters of their devices stay."""
    from context_api.store import quarantine as store

    filters = _filters(device, reason, since, until)
    _check_choice(ids, filters, everything=everything)
    with _open(tenant) as opened:
        if ids:
            gone = store.discard(opened.database, opened.access, ids)
        else:
            gone = 0
            while found := store.list_oldest(opened.database, opened.access, filters, limit=1_000):
                gone += store.discard(opened.database, opened.access, [one.id for one in found])
    typer.echo(f"{gone} discarded")


def _say(message_id: int, result: str, detail: str | None) -> str:
    if detail is not None:
        typer.echo(f"{message_id}  {result}  {detail}", err=True)
    return result


def _line(one: "Kept") -> str:
    from context_api.ngsild.time import format_datetime

    who = one.device_id or one.topic
    return f"{one.id}  {format_datetime(one.arrived_at)}  {who}  {one.reason}  {one.detail}"


def _filters(
    device: str | None, reason: str | None, since: str | None, until: str | None
) -> "QuarantineFilter":
    from context_api.ngsild.errors import BadRequestData
    from context_api.ngsild.time import parse_datetime
    from context_api.store.quarantine import QuarantineFilter

    try:
        return QuarantineFilter(
            device_id=device,
            reason=reason,
            since=None if since is None else parse_datetime(since),
            until=None if until is None else parse_datetime(until),
        )
    except BadRequestData as error:
        raise UsageError(error.detail) from error


def _check_choice(ids: list[int] | None, filters: "QuarantineFilter", *, everything: bool) -> None:
    named = (filters.device_id, filters.reason, filters.since, filters.until)
    is_filtered = any(one is not None for one in named)
    if bool(ids) + is_filtered + everything != 1:
        raise UsageError("Say which: ids, or --device, --reason, --since, --until, or --all")


@contextmanager
def _open(tenant: str) -> "Iterator[_Opened]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings
    from devices.quarantine import QuarantineDesk
    from devices.sources import Sources

    settings = read_settings()
    database = open_database(wiring.connect(settings).database_url)
    try:
        store = Store(database)
        desk = QuarantineDesk(
            database, store, Sources(database), clock_ahead_us=int(settings.clock_ahead * 1_000_000)
        )
        yield _Opened(database, store.tenant(tenant), desk)
    except NgsiLdError as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()
