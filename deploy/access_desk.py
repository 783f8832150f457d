"""Organisations and keys from the command line: as an administrator of the whole installation."""

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from deploy.errors import CommandError

if TYPE_CHECKING:
    from context_api.store.database import Database
    from context_api.store.organisations import Organisation
    from deploy.settings import Settings


class Opened:
    """What a command works with."""

    def __init__(self, database: "Database", secret: bytes, settings: "Settings") -> None:
        from context_api.policy.principal import Principal
        from context_api.policy.roles import Role

        self.database = database
        self.secret = secret
        self.settings = settings
        self.caller: Principal = Principal(_who(), Role.ADMINISTRATOR)

    def organisation(self, name: str) -> "Organisation":
        """Give an organisation. Raises CommandError."""
        from context_api.store.organisations import get_organisation

        found = get_organisation(self.database, name)
        if found is None:
            raise CommandError(f"There is no organisation {name!r:.80}: see `machi organisation list`.")
        return found

    def check_tenants(self, tenants: Sequence[str] | None) -> None:
        """Raise CommandError where one of these does not exist."""
        from context_api.store.organisations import TenantsUnknown, check_tenants

        try:
            check_tenants(self.database, tenants or ())
        except TenantsUnknown as error:
            raise CommandError(f"Here {error}: make it with `machi tenant create`.") from error


@contextmanager
def open_access() -> Iterator[Opened]:
    """Open the database; what the API would refuse comes out as CommandError."""
    from context_api.http.errors import HttpError
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.organisations import OrganisationError
    from deploy import wiring
    from deploy.settings import read_settings

    settings = read_settings()
    found = wiring.connect(settings)
    database = open_database(found.database_url)
    try:
        yield Opened(database, found.secret, settings)
    except (HttpError, NgsiLdError) as error:
        raise CommandError(error.detail) from error
    except OrganisationError as error:
        text = str(error)
        raise CommandError(f"{text[:1].upper()}{text[1:]}.") from error
    finally:
        database.close()


def say_json(document: Any) -> None:
    """Print a document as the API has it."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def tenants_of(shown: dict[str, Any]) -> str:
    """Write the tenants of what the API shows, for people."""
    tenants = shown["tenants"]
    return "every tenant" if tenants is None else ", ".join(tenants) or "no tenant"


def _who() -> str:
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"
