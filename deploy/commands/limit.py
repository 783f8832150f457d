"""`machi limit …`: what callers may ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.store.database import Database

limits = typer.Typer(
    help="How much single callers and organisations may ask for; else the settings count.",
    no_args_is_help=True,
)
_Subject = Annotated[
    str,
    typer.Argument(help="organisation:<id>, key:<prefix>, user:<id> or role:<role>.", metavar="SUBJECT"),
]
_Name = Annotated[
    str,
    typer.Argument(
        help="requests (per second), streams, subscriptions or entities-per-day.", metavar="LIMIT"
    ),
]
_AS = "command line"


def register(app: typer.Typer) -> None:
    app.add_typer(limits, name="limit")


@limits.command(name="list")
def list_() -> None:
    """List the limits that were set; for all others the settings count."""
    from context_api.store.limits import list_overrides

    with _database() as database:
        found = list_overrides(database)
    for one in found:
        burst = "" if one.burst is None else f" (burst {one.burst:g})"
        typer.echo(f"{one.subject}  {one.name}  {one.value:g}{burst}  by {one.modified_by}")
    if not found:
        typer.echo("No limit was set: the settings count.", err=True)


@limits.command(name="set")
def set_(
    subject: _Subject,
    name: _Name,
    value: Annotated[float, typer.Argument(min=0, help="So many; 0: none at all.")],
    burst: Annotated[
        float | None, typer.Option(min=1, help="Requests that may come at once. Not given: of two seconds.")
    ] = None,
) -> None:
    """Set a limit; it counts in every process within seconds."""
    from context_api.http.routes.limits import check_target, read_draft
    from context_api.ngsild.errors import BadRequestData
    from context_api.store.limits import put_override

    try:
        check_target(subject, name)
        read_draft({"value": value, "burst": burst}, name)
    except BadRequestData as error:
        raise UsageError(error.detail) from error
    with _database() as database:
        put_override(database, _AS, subject, name, value, burst)
    typer.echo(f"{subject}: {name} {value:g}.")


@limits.command()
def remove(subject: _Subject, name: _Name) -> None:
    """Let the settings count again."""
    from context_api.store.limits import delete_override

    with _database() as database:
        if not delete_override(database, _AS, subject, name):
            raise CommandError(f"{subject} has no limit {name}: see `machi limit list`.")
    typer.echo(f"{subject}: {name} as in the settings.")


@contextmanager
def _database() -> "Iterator[Database]":
    from context_api.store.database import open_database
    from deploy import wiring
    from deploy.settings import read_settings

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        yield database
    finally:
        database.close()
