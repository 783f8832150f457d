"""`machi grant …`: what organisations, keys and the public may see and do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.index import names_of
from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.access import Access
    from context_api.store.database import Database
    from context_api.store.grants import StoredGrant

grants = typer.Typer(
    help="What organisations, keys and the public may see and do; what nobody granted is denied.",
    no_args_is_help=True,
)
Tenant = Annotated[str, typer.Option(help="The tenant it is for.")]
City = Annotated[
    bool, typer.Option("--city", help="Short names are the city's @context's, not the core's, as over HTTP.")
]


def register(app: typer.Typer) -> None:
    app.add_typer(grants, name="grant")


@grants.command()
def add(  # noqa: PLR0917 - typer calls it by names
    operation: Annotated[
        list[str], typer.Argument(help="read, history, subscribe, write, delete: one or more.")
    ],
    organisation: Annotated[
        str | None, typer.Option("--to", help="An organisation, by its name; `public` is everybody.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Or one key, by its prefix.")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only entities of this type.")] = None,
    attribute: Annotated[list[str] | None, typer.Option(help="Of them only this attribute.")] = None,
    scope: Annotated[str | None, typer.Option(help="Only entities in these scopes (scopeQ).")] = None,
    area: Annotated[
        Path | None, typer.Option(help="A file with a Polygon or MultiPolygon of GeoJSON.", exists=True)
    ] = None,
    valid_from: Annotated[str | None, typer.Option(help="From when it counts: 2026-11-23T00:00:00Z.")] = None,
    valid_until: Annotated[str | None, typer.Option(help="Until when it counts.")] = None,
    history_from: Annotated[
        str | None, typer.Option(help="The earliest time of which history is shown.")
    ] = None,
    personal: Annotated[bool, typer.Option("--personal", help="Personal attributes too.")] = False,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    city: City = False,
    tenant: Tenant = "default",
) -> None:
    """Grant something. It counts within two seconds; grants add up."""
    from context_api.http.granting import read_order, unknown_types
    from context_api.store.grants import create_grant
    from context_api.store.store import Store

    given: dict[str, Any] = {
        "organisation": organisation,
        "key": key,
        "operations": operation,
        "types": type_,
        "attributes": attribute,
        "scopes": scope,
        "area": None if area is None else _read_area(area),
        "validFrom": valid_from,
        "validUntil": valid_until,
        "historyFrom": history_from,
    }
    document = {name: value for name, value in given.items() if value is not None}
    context = names_of(core=not city)
    with opened(tenant) as (database, access):
        order, terms = read_order(document | {"personal": personal, "label": label}, context)
        made = create_grant(database, access, terms, organisation=order.organisation, key=order.key)
        typer.echo(_line(made, context.compact))
        for warning in unknown_types(terms, Store(database).get_types(access)):
            typer.echo(f"machi: {warning}", err=True)


@grants.command(name="list")
def list_(
    organisation: Annotated[str | None, typer.Option("--to", help="Of this organisation only.")] = None,
    key: Annotated[str | None, typer.Option(help="Of this key only, by its prefix.")] = None,
    city: City = False,
    tenant: Tenant = "default",
) -> None:
    """List grants: number, to whom, for what, of what, until when."""
    from context_api.store.grants import MAX_GRANTS, list_grants

    context = names_of(core=not city)
    with opened(tenant) as (database, access):
        found = list_grants(database, access, organisation=organisation, key=key, limit=MAX_GRANTS)
    if not found:
        typer.echo("Nothing is granted: only administrators and staff see anything. See `machi grant add`.")
    for one in found:
        typer.echo(_line(one, context.compact))


@grants.command()
def remove(
    number: Annotated[int, typer.Argument(help="Its number, as `machi grant list` shows it.")],
    tenant: Tenant = "default",
) -> None:
    """Take a grant back; processes notice within two seconds."""
    from context_api.store.grants import delete_grant

    with opened(tenant) as (database, access):
        delete_grant(database, access, number)
    typer.echo(f"Grant {number} is taken back.")


@grants.command()
def personal(
    type_: Annotated[str, typer.Argument(help="Entity type.", metavar="TYPE")],
    attribute: Annotated[list[str] | None, typer.Argument(help="These and no others; none: none.")] = None,
    city: City = False,
    tenant: Tenant = "default",
) -> None:
    """Mark attributes of a type as personal: hidden, but from who was granted them with --personal."""
    from context_api.http.granting import read_personal
    from context_api.ngsild.names import expand_name
    from context_api.store.grants import put_personal

    context = names_of(core=not city)
    with opened(tenant) as (database, access):
        names = read_personal({"personal": attribute or []}, context)
        put_personal(database, access, expand_name(type_, context, "an entity type"), names)
    marked = ", ".join(map(context.compact, names)) or "nothing"
    typer.echo(f"Personal in {type_}: {marked}.")


def _line(grant: "StoredGrant", compact: Any) -> str:
    from context_api.ngsild.time import format_datetime

    terms = grant.terms
    holder = grant.organisation if grant.key is None else f"key {grant.key}"
    types = ", ".join(map(compact, terms.types)) or "any type"
    attributes = f" ({', '.join(map(compact, terms.attributes))})" if terms.attributes else ""
    limits = [
        *([f"scopes {terms.scopes}"] if terms.scopes is not None else []),
        *(["in an area"] if terms.area is not None else []),
        *([f"from {format_datetime(terms.valid_from)}"] if terms.valid_from is not None else []),
        *([f"until {format_datetime(terms.valid_until)}"] if terms.valid_until is not None else []),
        *([f"history from {format_datetime(terms.history_from)}"] if terms.history_from is not None else []),
        *(["personal too"] if terms.personal else []),
        *([terms.label] if terms.label else []),
    ]
    return "  ".join([str(grant.id), str(holder), ",".join(terms.operations), types + attributes, *limits])


def _read_area(path: Path) -> Any:
    try:
        area = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is no GeoJSON: {error}") from error
    return area.get("geometry", area) if isinstance(area, dict) else area


@contextmanager
def opened(tenant: str) -> "Iterator[tuple[Database, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        yield database, Store(database).tenant(tenant)
    except NgsiLdError as error:
        raise CommandError(str(error)) from error
    finally:
        database.close()
