"""`machi retention …`: how long history is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database

retention = typer.Typer(
    help="How long history is kept, by entity type; without a policy for ever.", no_args_is_help=True
)
_Type = Annotated[str, typer.Argument(help="Entity type: its short name, or its IRI.", metavar="TYPE")]
_Tenant = Annotated[str, typer.Option(help="The tenant it is for.")]


def register(app: typer.Typer) -> None:
    app.add_typer(retention, name="retention")


@retention.command(name="list")
def list_(tenant: _Tenant = "default") -> None:
    """List the policies, and what they dropped so far."""
    from context_api.store.retention import list_policies

    with _open(tenant) as (database, access):
        policies = list_policies(database, access)
    if not policies:
        typer.echo("There is no policy: nothing is ever dropped.")
    for policy in policies:
        raw_days, keep_aggregates, compress_days = policy.retention
        kept = "for ever" if raw_days is None else f"{raw_days} days"
        aggregates = "aggregates stay" if keep_aggregates else "with their aggregates"
        compressed = f"  compressed after {compress_days} days" if compress_days else ""
        typer.echo(f"{policy.type}  {kept}  {aggregates}{compressed}  dropped {policy.values_dropped} values")


@retention.command(name="set")
def set_(
    type_: _Type,
    raw_days: Annotated[
        int | None, typer.Option(help="Drop values older than so many days. Not given: keep them for ever.")
    ] = None,
    keep_aggregates: Annotated[
        bool, typer.Option(help="Keep the hourly and daily aggregates of what is dropped.")
    ] = True,
    compress_after_days: Annotated[
        int | None, typer.Option(help="Compress old history, where the database can. Not given: 30.")
    ] = None,
    tenant: _Tenant = "default",
) -> None:
    """Make or change the policy of a type. The worker drops what is older, for good, within the hour."""
    from context_api.store.retention import Retention, put_policy

    with _open(tenant) as (database, access), _refusals():
        put_policy(
            database, access, _expand(type_), Retention(raw_days, keep_aggregates, compress_after_days)
        )
    typer.echo(f"{type_}: {'kept for ever' if raw_days is None else f'kept for {raw_days} days'}.")


@retention.command()
def remove(type_: _Type, tenant: _Tenant = "default") -> None:
    """Keep the values of a type for ever from now on."""
    from context_api.store.retention import delete_policy

    with _open(tenant) as (database, access), _refusals():
        if not delete_policy(database, access, _expand(type_)):
            raise CommandError(f"{type_} has no policy: see `machi retention list`.")
    typer.echo(f"{type_}: kept for ever.")


def _expand(name: str) -> str:
    """Short names are those of the core @context."""
    from context_api.ngsild.contexts import core_context
    from context_api.ngsild.names import expand_name

    return expand_name(name, core_context(), "an entity type")


@contextmanager
def _refusals() -> Iterator[None]:
    from context_api.ngsild.errors import NgsiLdError

    try:
        yield
    except NgsiLdError as error:
        raise CommandError(error.detail) from error


@contextmanager
def _open(tenant: str) -> "Iterator[tuple[Database, Access]]":
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        with _refusals():
            access = Store(database).tenant(tenant, principal="command line")
        yield database, access
    finally:
        database.close()
