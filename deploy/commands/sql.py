"""`machi sql …`: access to a tenant's history by SQL, for Grafana and spreadsheets that speak it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.database import Database

access = typer.Typer(help="Reading a tenant's views by SQL: password, revoke, show.", no_args_is_help=True)
Tenant = Annotated[str, typer.Argument(help="Whose views they are.")]
_PASSWORD_BYTES = 24


def register(app: typer.Typer) -> None:
    app.add_typer(access, name="sql")


@access.command()
def password(tenant: Tenant = "default") -> None:
    """Let a tenant's reader log in, and print its new password this once; a former one is void."""
    from context_api.store.views import set_password

    new = secrets.token_urlsafe(_PASSWORD_BYTES)
    with _database() as database:
        reader = set_password(database, tenant, new)
    typer.echo(f"user      {reader.role}")
    typer.echo(f"password  {new}")
    typer.echo(f"database  {reader.database}")
    typer.echo(f"schema    {reader.schema}: history, current_value, entity, device, series, arrival_day")


@access.command()
def revoke(tenant: Tenant = "default") -> None:
    """Let a tenant's reader in no more, and end its sessions."""
    from context_api.store.views import revoke_password

    with _database() as database:
        reader = revoke_password(database, tenant)
    typer.echo(f"{reader.role} cannot log in any more.")


@access.command()
def show(tenant: Tenant = "default") -> None:
    """Print the names of a tenant's role and schema, and whether it may log in."""
    from context_api.store.views import get_reader

    with _database() as database:
        reader = get_reader(database, tenant)
    state = "has a password" if reader.may_log_in else "cannot log in: `machi sql password` lets it"
    typer.echo(f"{reader.role}  {state}  database {reader.database}  schema {reader.schema}")


@contextmanager
def _database() -> "Iterator[Database]":
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.views import RoleRefused
    from deploy import wiring
    from deploy.settings import read_settings

    database = open_database(wiring.connect(read_settings()).database_url)
    try:
        yield database
    except NgsiLdError as error:
        raise CommandError(str(error)) from error
    except RoleRefused as error:
        raise CommandError(
            "Machi's database user may not do that. Let an administrator of the server run in this database"
            f" (once; leave out what is there already):\n{error}"
        ) from error
    finally:
        database.close()
