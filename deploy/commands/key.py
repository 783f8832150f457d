"""`machi key …`: keys of the HTTP API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.database import Database

keys = typer.Typer(help="Keys of the HTTP API: create, list, revoke.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(keys, name="key")


@keys.command()
def create(
    label: Annotated[str, typer.Option(help="Whose key it is, or what for; shown in lists.")] = "",
) -> None:
    """Make an administrator's key. It is shown this once: only its hash is kept."""
    from context_api.store.keys import create_key

    with _database() as (database, secret):
        typer.echo(create_key(database, secret, label=label).text)


@keys.command(name="list")
def list_() -> None:
    """List all keys: the part that is no secret, role, state, label."""
    from context_api.store.keys import list_keys

    with _database() as (database, _):
        for key in list_keys(database):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "valid"
            created = f"{key.created_at:%Y-%m-%d}"
            typer.echo(f"machi_{key.prefix}_…  {key.role}  {created}  {state}  {key.label}".rstrip())


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The key, or its part as `machi key list` shows it.")],
) -> None:
    """Make a key void; processes notice within two seconds."""
    from context_api.store.keys import revoke_key

    prefix = key.split("_")[1] if key.startswith("machi_") else key
    with _database() as (database, _):
        if not revoke_key(database, prefix):
            raise CommandError(f"There is no valid key {prefix}: see `machi key list`.")
        typer.echo(f"machi_{prefix}_… is void.")


@contextmanager
def _database() -> "Iterator[tuple[Database, bytes]]":
    """The database, and the secret that keys the hashes."""
    from context_api.store.database import open_database
    from deploy import wiring
    from deploy.settings import read_settings

    found = wiring.connect(read_settings())
    database = open_database(found.database_url)
    try:
        yield database, found.secret
    finally:
        database.close()
