"""`machi access …`: why somebody may do something, or not."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands.grant import City, Tenant, opened
from deploy.commands.index import names_of
from deploy.errors import CommandError

access = typer.Typer(help="Why somebody may do something, or not.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(access, name="access")


@access.command()
def explain(  # noqa: PLR0917 - typer calls it by names
    request: Annotated[str, typer.Option(help='Method and path: "GET /ngsi-ld/v1/entities?type=…".')],
    key: Annotated[
        str | None, typer.Option(help="The prefix of a key; not given: nobody in particular.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="Instead of a key: somebody of this organisation.")
    ] = None,
    body: Annotated[
        Path | None, typer.Option(help="A file with the body: what is written decides as well.", exists=True)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    city: City = False,
    tenant: Tenant = "default",
) -> None:
    """Say whether a request would be allowed, by which grants, what is hidden and why. It is not executed.

    Exit code 1 where it would be refused.
    """
    import msgspec

    from context_api.http.app import create_app
    from context_api.http.auth import ANYONE
    from context_api.http.direct import RouteTable
    from context_api.http.explaining import Explainer, Holder, Question
    from context_api.http.settings import ApiSettings
    from context_api.store.store import Store

    method, _, path = request.strip().partition(" ")
    if not path.strip().startswith("/"):
        raise CommandError('A request is a method and a path, such as "GET /ngsi-ld/v1/entities?type=Room".')
    if key is not None and organisation is not None:
        raise CommandError("Ask about a key or about an organisation, not both.")
    question = Question(method, path.strip(), {}, None if body is None else _read(body))
    with opened(tenant) as (database, its):
        routes = RouteTable(create_app(ApiSettings(database_url=database.url, auth=False)).router.routes)
        explainer = Explainer(routes, database, Store(database))
        told = explainer.explain(its, Holder(key, organisation), question, names_of(core=not city), ANYONE)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(told), ensure_ascii=False, indent=2))
    else:
        verdict = "allowed" if told.allowed else f"refused with {told.status}"
        who = f"{told.principal.get('name', key or organisation)}, {told.principal.get('role', '')}".rstrip(
            ", "
        )
        typer.echo(f"{verdict}: {told.operation or path} for {who} in the tenant {told.tenant or tenant}")
        for reason in told.reasons:
            typer.echo(f"  - {reason}")
    if not told.allowed:
        raise typer.Exit(1)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is no JSON: {error}") from error
