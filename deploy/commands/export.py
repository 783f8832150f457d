"""`machi export`: history into a file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from deploy.exporting import Exported

FORMATS = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".geojson": "geojson", ".json": "json"}


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(  # noqa: PLR0917 - typer calls it by names
    file: Annotated[
        Path,
        typer.Argument(help="What to write; its ending is the format: .csv .xlsx .parquet .geojson .json"),
    ],
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Entities of this type; may be given again.")
    ] = None,
    id_: Annotated[list[str] | None, typer.Option("--id", help="This entity; may be given again.")] = None,
    ids_file: Annotated[Path | None, typer.Option(help="A file with an entity's id per line.")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="Such as pm25; may be given again. Absent: all that are measured."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day (2026-04-01), month, year, or a time.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="The last day, month or year, all of it; or a time (exclusive).")
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(help="hour, day, week, month, year, fiscal-year or PT15M. Absent: every value."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="avg, min, max, sum, count, first, last, stddev; may be given again. Absent: avg."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="Whose days they are, and the times in the file.")
    ] = "Asia/Tokyo",
    wide: Annotated[bool, typer.Option(help="A line per time and entity, a column per attribute.")] = False,
    lang: Annotated[str, typer.Option(help="The language of the headers: ja or en.")] = "ja",
    excel: Annotated[
        bool,
        typer.Option(help="CSV as Excel in Japan opens it: with a byte order mark, times without offset."),
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="As recorded until then: the data version of an earlier export.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="The tenant whose history it is.")] = "default",
    url: Annotated[
        str | None, typer.Option(help="The address of the API. Absent: that of this machine's Machi.")
    ] = None,
    direct: Annotated[
        bool, typer.Option(help="Read the database itself, without the API and a key.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Write history to a file: CSV, Excel, Parquet, GeoJSON or JSON, of any size.

    Over HTTP with the key in MACHI_API_KEY; on the machine of `machi up` none is needed. The file appears
    under its name when it is complete. Beside a CSV file, NAME.csv-metadata.json tells query, data version
    and licence.

    machi export pm25.xlsx --type AirQualityObserved --attribute pm25 --from 2026-04 --to 2027-03 --bucket day
    """
    form = _format(file, force=force, excel=excel)
    given = _request(
        {
            "type": type_,
            "id": [*(id_ or []), *_ids(ids_file)],
            "attributes": attribute,
            "from": from_,
            "to": to,
            "bucket": bucket,
            "method": method,
            "timezone": timezone,
            "format": form,
            "layout": "wide" if wide else None,
            "lang": lang,
            "bom": True if excel else None,
            "times": "local" if excel else None,
            "asOf": as_of,
        }
    )
    done = _run(file, given, tenant, url, is_direct=direct)
    rows = "" if done.rows is None else f"{done.rows:,} lines, "
    typer.echo(f"{file}: {rows}{done.bytes:,} bytes, as recorded until {done.about['dataVersion']}")


def _format(file: Path, *, force: bool, excel: bool) -> str:
    """The format that a file's ending names. UsageError where the file cannot be written as asked."""
    form = FORMATS.get(file.suffix.lower())
    if form is None:
        raise UsageError(f"{file.name}: the ending must be one of {' '.join(FORMATS)}")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already: choose another name, or give --force to replace it")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}")
    if excel and form != "csv":
        raise UsageError("--excel is for CSV; an .xlsx file is Excel's own")
    return form


def _request(members: dict[str, Any]) -> dict[str, Any]:
    if not members["type"] and not members["id"]:
        raise UsageError("Say whose history: --type AirQualityObserved, or --id urn:ngsi-ld:…")
    return {name: value for name, value in members.items() if value}


def _ids(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _run(file: Path, given: dict[str, Any], tenant: str, url: str | None, *, is_direct: bool) -> "Exported":
    from deploy import wiring
    from deploy.exporting import write_file
    from deploy.exporting_sources import from_api, from_database
    from deploy.progress import Progress
    from deploy.settings import read_settings

    settings = read_settings()
    if is_direct:
        source = from_database(settings, wiring.connect(settings).database_url, tenant, given)
    else:
        address = url or wiring.connect(settings).http_url
        source = from_api(address.rstrip("/"), wiring.api_key(settings), tenant, given)
    with Progress() as show:
        try:
            return write_file(source, file, lambda text: show("export", text))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CommandError(f"{file} cannot be written: {reason}") from error
