"""`machi completeness`: what was expected, and what came."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import UsageError

if TYPE_CHECKING:
    from context_api.http.routes.completeness import Report


def register(app: typer.Typer) -> None:
    app.command()(completeness)


def completeness(  # noqa: PLR0917 - typer calls it by names
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Entities of this type; may be given again.")
    ] = None,
    id_: Annotated[list[str] | None, typer.Option("--id", help="This entity; may be given again.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Such as pm25; may be given again. Absent: all measured ones.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day, 2026-04-01. Absent: a week ago.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="The last day. Absent: today.")] = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print every day as CSV instead of sums by series.")
    ] = False,
    lang: Annotated[str, typer.Option(help="The language of the headers of the CSV: ja or en.")] = "ja",
    tenant: Annotated[str, typer.Option(help="The tenant whose history it is.")] = "default",
) -> None:
    """Tell how complete history is: values expected, received, late, duplicate, corrected; days are Japan's.

    machi completeness --type AirQualityObserved --from 2026-04-01 --to 2026-04-30
    """
    if not type_ and not id_:
        raise UsageError("Say whose history: --type AirQualityObserved, or --id urn:ngsi-ld:…")
    given: dict[str, Any] = {
        "type": type_,
        "id": id_,
        "attributes": attribute,
        "from": from_,
        "to": to,
        "lang": lang,
    }
    _print({name: value for name, value in given.items() if value}, tenant, is_csv=csv)


def _print(given: dict[str, Any], tenant: str, *, is_csv: bool) -> None:
    from context_api.http.history_request import parse_history_request
    from context_api.http.routes.completeness import report, to_document, write_csv
    from context_api.ngsild.errors import NgsiLdError
    from context_api.store.database import open_database
    from context_api.store.tenants import Tenants
    from deploy import wiring
    from deploy.settings import read_settings

    url = wiring.connect(read_settings()).database_url
    database = open_database(url, pool_max=1)
    try:
        wanted = parse_history_request(given, "csv" if is_csv else "json")
        found = report(url, Tenants(database).find(tenant, create=False), wanted)
    except NgsiLdError as error:
        raise UsageError(error.detail) from error
    finally:
        database.close()
    if is_csv:
        sys.stdout.buffer.write(write_csv(found, wanted))
    else:
        _print_sums(to_document(found), found)


def _print_sums(document: dict[str, Any], found: "Report") -> None:
    """Print a line per series, and what it leaves open."""
    typer.echo(f"{document['from']} to {document['to']} ({document['timezone']}), from {document['source']}")
    typer.echo(f"{'expected':>10} {'received':>10} {'':>5} {'late':>8} {'duplicate':>10} {'corrected':>10}")
    for one in document["series"]:
        expected = one["expected"]
        share = f"{one['received'] / expected:.0%}" if expected else ""
        every = (
            f"every {one['expectedIntervalS']:g} s ({one['interval']})"
            if expected is not None
            else "irregular"
        )
        typer.echo(
            f"{'-' if expected is None else expected:>10} {one['received']:>10} {share:>5} {one['late']:>8}"
            f" {one['duplicate']:>10} {one['corrected']:>10}  {one['entityId']} {one['attribute']}  {every}"
        )
    if not found.labels:
        typer.echo("Nothing is recorded of them yet.")
