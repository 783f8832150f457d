"""`machi index …`: what `/api/v1/indexes` does, by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.ngsild.contexts import Context
    from context_api.store.access import Access
    from context_api.store.attribute_indexes import IndexRegistry

indexes = typer.Typer(help="Attributes that are indexed: add, list, remove.", no_args_is_help=True)
Core = Annotated[bool, typer.Option("--core", help="Names stand in the core @context, not in the town's.")]
Tenant = Annotated[str, typer.Option(help="The tenant whose entities it is about.")]


def register(app: typer.Typer) -> None:
    app.add_typer(indexes, name="index")


@indexes.command()
def add(
    attribute: Annotated[str, typer.Argument(help="Its name in the town's @context, or its IRI.")],
    entity_type: Annotated[
        str | None, typer.Option("--type", help="Only of entities of this type; named likewise.")
    ] = None,
    core: Core = False,
    tenant: Tenant = "default",
) -> None:
    """Declare an attribute indexed; the worker builds it while everything goes on."""
    from context_api.ngsild.errors import BadRequestData
    from context_api.ngsild.names import expand_name
    from context_api.ngsild.parse import parse_attribute_name

    context = names_of(core)
    try:
        name = parse_attribute_name(attribute, context)
        type_ = None if entity_type is None else expand_name(entity_type, context, "a type's name")
    except BadRequestData as error:
        raise UsageError(error.detail) from error
    with _registry(tenant) as (registry, access):
        made = registry.declare(access, name, type_)
    typer.echo(f"Index {made.id} on {context.compact(made.attribute)} is declared: see `machi index list`.")


@indexes.command(name="list")
def list_(core: Core = False, tenant: Tenant = "default") -> None:
    """List the declared indexes: number, attribute, type, state, size, uses; why one failed or rests."""
    context = names_of(core)
    with _registry(tenant) as (registry, access):
        found = registry.list_all(access)
    if not found:
        typer.echo("No attribute is declared indexed: `machi index add ATTRIBUTE` does.", err=True)
    for one in found:
        about = "any type" if one.type is None else context.compact(one.type)
        state = one.state if one.progress is None else f"{one.state} {one.progress:.0%}"
        size = f"{one.size_bytes / 1e6:.1f} MB"
        line = f"{one.id}  {context.compact(one.attribute)}  {about}  {state}  {size}  {one.uses} uses"
        typer.echo(line if one.reason is None else f"{line}\n    {one.reason}")


@indexes.command()
def remove(
    number: Annotated[int, typer.Argument(help="Its number, as `machi index list` shows it.")],
    tenant: Tenant = "default",
) -> None:
    """Declare an attribute indexed no longer; the worker drops the index."""
    with _registry(tenant) as (registry, access):
        registry.delete(access, number)
    typer.echo(f"Index {number} is no longer declared.")


def names_of(core: bool) -> "Context":
    from context_api.ngsild.contexts import (
        CITY_CONTEXT_URL,
        build_context,
        city_context_document,
        core_context,
    )

    return core_context() if core else build_context([city_context_document()], CITY_CONTEXT_URL)


@contextmanager
def _registry(tenant: str) -> "Iterator[tuple[IndexRegistry, Access]]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.attribute_indexes import IndexRegistry
    from context_api.store.database import open_database
    from context_api.store.store import Store
    from deploy import wiring
    from deploy.settings import read_settings

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        yield IndexRegistry(database), Store(database).tenant(tenant)
    except NgsiLdError as error:
        raise CommandError(error.detail) from error
    finally:
        database.close()
