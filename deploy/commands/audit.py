"""`machi audit …`: who did what; whether the trail is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.audit_reading import AuditFilter, Verdict
    from context_api.store.database import Database
    from deploy.settings import Settings

audit = typer.Typer(help="Who did what, when and from where; kept apart from logs.", no_args_is_help=True)
_Tenant = Annotated[
    str | None, typer.Option(help="Only of this tenant. Not given: all, and the installation's.")
]
_Principal = Annotated[str | None, typer.Option(help="Only of this caller: key:…, user:…, command line.")]
_Verb = Annotated[str | None, typer.Option(help="Only this act: create, change, delete, revoke, refused, …")]
_Kind = Annotated[str | None, typer.Option(help="Only on this kind of thing: device, api-key, entity, …")]
_Id = Annotated[str | None, typer.Option("--id", help="Only on the thing of this id.")]
_Outcome = Annotated[str | None, typer.Option(help="done, refused or failed.")]
_Since = Annotated[str | None, typer.Option(help="From this time on (2026-11-23 or with a time; JST).")]
_Until = Annotated[str | None, typer.Option(help="Before this time.")]


def register(app: typer.Typer) -> None:
    app.add_typer(audit, name="audit")


@audit.command(name="list")
def list_(  # noqa: PLR0917 - options
    tenant: _Tenant = None,
    principal: _Principal = None,
    verb: _Verb = None,
    kind: _Kind = None,
    id_: _Id = None,
    outcome: _Outcome = None,
    since: _Since = None,
    until: _Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 50,
) -> None:
    """List entries, the newest first: time, tenant, number, who, from where, what, outcome."""
    from context_api.store.audit_reading import list_entries
    from context_api.store.audit_tables import describe_line
    from context_api.tabular.safety import harmless

    with _open() as (database, _):
        wanted = _filter(database, tenant, principal, verb, kind, id_, outcome, since, until)
        entries = list_entries(database, wanted, limit=limit)
    for entry in entries:
        typer.echo(harmless(describe_line(entry)))
    if not entries:
        typer.echo("No entry is like that.", err=True)


@audit.command()
def export(  # noqa: PLR0917 - options
    file: Annotated[Path, typer.Argument(help="Where to; `-` is standard output. An existing file is kept.")],
    format_: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    tenant: _Tenant = None,
    principal: _Principal = None,
    verb: _Verb = None,
    kind: _Kind = None,
    id_: _Id = None,
    outcome: _Outcome = None,
    since: _Since = None,
    until: _Until = None,
) -> None:
    """Write entries, the newest first, as JSON Lines or CSV (for a spreadsheet: no cell is a formula)."""
    from context_api.store.audit_reading import iterate_entries
    from context_api.store.audit_tables import WRITERS

    if format_ not in WRITERS:
        raise UsageError(f"--format is jsonl or csv, not {format_}.")
    with _open() as (database, _):
        wanted = _filter(database, tenant, principal, verb, kind, id_, outcome, since, until)
        lines = WRITERS[format_](iterate_entries(database, wanted))
        if str(file) == "-":
            for line in lines:
                typer.echo(line, nl=False)
            return
        try:
            with file.open("x", encoding="utf-8", newline="") as out:
                count = sum(1 for line in lines if out.write(line))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
    typer.echo(f"{count} lines in {file}.")


@audit.command()
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(help="File of anchors. Not given: the one that the worker writes, where there is one."),
    ] = None,
) -> None:
    """Verify every chain: its hashes, its end, and the anchors. Exit code 1 where one does not hold.

    It finds entries that were changed, removed, inserted or moved, and names the first. That the newest ones
    were cut off, or a whole chain rewritten by the database's owner, only anchors tell.
    """
    from context_api.store.audit_reading import verify as verify_chains
    from context_api.store.database import connect
    from deploy import wiring
    from deploy.audit_anchors import Anchors, read_anchors

    with _open() as (_, settings):
        found = wiring.connect(settings)
        path = anchor or wiring.audit_anchor_file(settings)
        anchors = Anchors([], [])
        if anchor is not None or path.exists():
            anchors = read_anchors(path, found.secret)
        typer.echo(
            f"{len(anchors.good)} anchors in {path}."
            if anchors.good
            else "No anchors: ends are not verified."
        )
        for number in anchors.unsigned[:10]:
            typer.echo(f"Line {number} of the anchors was not written by this installation.", err=True)
        with connect(found.database_url) as connection:
            bad = [one for one in map(_show, verify_chains(connection, anchors.good)) if one]
    if bad or anchors.unsigned:
        raise CommandError("The audit trail is not whole: keep the database as it is, and compare a backup.")
    typer.echo("The audit trail is whole.")


def _show(verdict: "Verdict") -> bool:
    """Say what a verification found; gives whether something is wrong."""
    name = f"tenant {verdict.chain}" if verdict.chain else "installation"
    finding = verdict.finding
    if finding is not None:
        typer.echo(f"{name}: entry {finding.number} {finding.fault}: {finding.detail}", err=True)
        return True
    expired = f", {verdict.first - 1} older ones expired" if verdict.first > 1 else ""
    typer.echo(f"{name}: {verdict.entries} entries hold{expired}")
    return False


def _filter(  # noqa: PLR0917 - as the options stand
    database: "Database",
    tenant: str | None,
    principal: str | None,
    verb: str | None,
    kind: str | None,
    id_: str | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
) -> "AuditFilter":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.audit_reading import AuditFilter
    from context_api.store.store import Store

    try:
        chains = None if tenant is None else [Store(database).tenant(tenant).tenant_id]
    except NgsiLdError as error:
        raise CommandError(error.detail) from error
    return AuditFilter(
        chains=chains,
        principal=principal,
        verb=verb,
        kind=kind,
        target=id_,
        outcome=outcome,
        since=_time(since, "--since"),
        until=_time(until, "--until"),
    )


def _time(text: str | None, option: str) -> datetime | None:
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is a time such as 2026-11-23 or 2026-11-23T09:00, not {text}.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo("Asia/Tokyo"))


@contextmanager
def _open() -> "Iterator[tuple[Database, Settings]]":
    from context_api.store.database import open_database
    from deploy import wiring
    from deploy.settings import read_settings

    settings = read_settings()
    database = open_database(wiring.connect(settings).database_url)
    try:
        yield database, settings
    finally:
        database.close()
