"""`machi device import`, `template`, `labels`: many devices at once."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from deploy.importing import ImportClient

_SHOWN = 50
Tenant = Annotated[str, typer.Option(help="The tenant they belong to.")]
Url = Annotated[
    str | None, typer.Option(help="The address of the API. Absent: that of this machine's Machi.")
]
_SEVERITIES = {"error": "誤り", "warning": "注意"}
Lang = Annotated[str | None, typer.Option(help="ja or en. Absent: the language of the terminal.")]
Force = Annotated[bool, typer.Option(help="Replace a file that is there.")]


def register(devices: typer.Typer) -> None:
    devices.command(name="import")(import_)
    devices.command()(template)
    devices.command()(labels)


def import_(  # noqa: PLR0917 - typer calls it by names
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8 or Shift_JIS) or Excel (.xlsx).")],
    dry_run: Annotated[bool, typer.Option(help="Only judge the file.")] = False,
    partial: Annotated[
        bool, typer.Option(help="Register the rows that are right, though others are wrong.")
    ] = False,
    credentials: Annotated[
        Path | None, typer.Option(help="Write the passwords to this new CSV file; they can be had once.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report to this CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the import as JSON.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the broker knows the devices.")] = True,
    lang: Lang = None,
    tenant: Tenant = "default",
    url: Url = None,
    force: Force = False,
) -> None:
    """Register many devices from a CSV or Excel file.

    The whole file is judged first, and every mistake told with its row. With a mistake nothing is registered,
    unless --partial is given. The same file again changes nothing. Exit code 1: there were mistakes.

    machi device import sensors.csv --dry-run
    machi device import sensors.csv --credentials passwords.csv
    """
    for out in (credentials, report):
        _check_new(out, force=force)
    if credentials is not None and (dry_run or not wait):
        raise UsageError(
            "--credentials goes with neither --dry-run nor --no-wait: there are no passwords yet"
        )
    with _client(tenant, url, _language(lang)) as client:
        found = client.send(file, is_dry_run=dry_run, is_partial=partial)
        if wait:
            found = _follow(client, found, ("waiting", "registering"))
        _write_outputs(client, found, credentials, report)
        if wait:
            found = _follow(client, found, ("provisioning",))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        tell(found, _language(lang))
    if found["report"]["errors"] or found["counts"]["failed"]:
        raise typer.Exit(1)


def template(
    file: Annotated[Path, typer.Argument(help="What to write; its ending is the format: .csv or .xlsx")],
    lang: Lang = None,
    force: Force = False,
) -> None:
    """Write a template to fill in, with the column names."""
    from devices.bulk.template import template_csv, template_xlsx
    from devices.bulk.texts import Language
    from devices.catalog import built_in_profiles

    ending, language = file.suffix.lower(), Language(_language(lang))
    if ending not in (".csv", ".xlsx"):
        raise UsageError(f"{file.name}: the ending must be .csv or .xlsx")
    _check_new(file, force=force)
    _write(file, template_csv(language) if ending == ".csv" else template_xlsx(language, built_in_profiles()))
    typer.echo(f"{file}")


def labels(  # noqa: PLR0917 - typer calls it by names
    file: Annotated[Path, typer.Argument(help="The PDF to write.")],
    import_id: Annotated[int | None, typer.Option("--import", help="The devices of this import.")] = None,
    id_: Annotated[list[str] | None, typer.Option("--id", help="This device; may be given again.")] = None,
    profile: Annotated[str | None, typer.Option(help="Devices of this profile.")] = None,
    text: Annotated[str | None, typer.Option(help="Devices with this in their id or name.")] = None,
    sheet: Annotated[str, typer.Option(help="Labels on a sheet: 10, 12, 24 or 44.")] = "24",
    skip: Annotated[int, typer.Option(min=0, help="Labels of the first sheet that are used up.")] = 0,
    town: Annotated[str | None, typer.Option(help="The town's name. Absent: MACHI_ATTRIBUTION.")] = None,
    link: Annotated[
        str | None, typer.Option(help="What codes hold before the id, an http(s) address.")
    ] = None,
    frames: Annotated[bool, typer.Option(help="Draw the edges, to cut plain paper.")] = False,
    tenant: Tenant = "default",
    url: Url = None,
    force: Force = False,
) -> None:
    """Write labels with QR codes for installers, as A4 sheets (PDF)."""
    from deploy.importing import PATH, write_new

    _check_new(file, force=force)
    chosen = {"ids": ",".join(id_ or []), "profile": profile, "text": text}
    if import_id is not None and any(chosen.values()):
        raise UsageError("--import goes with none of --id, --profile and --text")
    style = {
        "sheet": sheet,
        "skip": str(skip),
        "town": town,
        "link": link,
        "frames": "true" if frames else "",
    }
    path = "/api/v1/devices/labels.pdf" if import_id is None else f"{PATH}/{import_id}/labels.pdf"
    params = {name: value for name, value in {**chosen, **style}.items() if value}
    with _client(tenant, url, "en") as client, client.labels(path, params) as blocks:
        size = write_new(file, blocks)
    typer.echo(f"{file}: {size:,} bytes")


@contextmanager
def _client(tenant: str, url: str | None, language: str) -> "Iterator[ImportClient]":
    from deploy import wiring
    from deploy.importing import ImportClient
    from deploy.settings import read_settings

    settings = read_settings()
    address = (url or wiring.connect(settings).http_url).rstrip("/")
    client = ImportClient(address, wiring.api_key(settings), tenant, language)
    try:
        yield client
    finally:
        client.close()


def _follow(client: "ImportClient", found: dict[str, Any], states: Sequence[str]) -> dict[str, Any]:
    """Wait while an import is in one of these states, and show how far it is."""
    from deploy.progress import Progress

    if found["state"] not in states:
        return found
    with Progress() as show:
        return client.wait(found, states, lambda current: show(current["state"], progress_line(current)))


def progress_line(found: Mapping[str, Any]) -> str:
    """Say how far an import is."""
    counts, eta = found["counts"], found["etaSeconds"]
    if found["state"] == "provisioning":
        what, done, most = "known to the broker", counts["provisioned"], counts["created"]
    else:
        what, done, most = "registered", counts["rows"] - counts["waiting"], counts["rows"]
    bar = "#" * (20 * done // most if most else 20)
    left = "" if eta is None else f", {eta:.0f} s left"
    return f"[{bar:<20}] {done:,} of {most:,} {what}{left}"


def _write_outputs(
    client: "ImportClient", found: Mapping[str, Any], credentials: Path | None, report: Path | None
) -> None:
    if report is not None:
        _write(report, client.report(found["id"]))
    if credentials is not None and found["credentials"]["available"]:
        _write(credentials, client.take_credentials(found["id"]), mode=0o600)
        typer.echo(f"{credentials}: the passwords; nobody can get them a second time", err=True)


def tell(found: Mapping[str, Any], language: str) -> None:
    """Print an import's faults and outcome; `language` is ja or en."""
    report, counts = found["report"], found["counts"]
    faults = report["faults"]
    for fault in faults[:_SHOWN]:
        where = f"{fault['row']}" if fault["column"] is None else f"{fault['row']}, {fault['column']}"
        value = "" if not fault["value"] else f" ({fault['value']})"
        severity = (
            _SEVERITIES.get(fault["severity"], fault["severity"]) if language == "ja" else fault["severity"]
        )
        typer.echo(f"{severity}: {where}{value}: {fault['what']} {fault['mend']}")
    left = len(faults) - _SHOWN + report["faultsLeftOut"]
    if left > 0:
        typer.echo(f"… and {left:,} more; --report writes them to a file")
    if found["state"] in ("checked", "refused"):
        if language == "ja":
            typer.echo(
                f"{report['rows']:,} 行: 新規 {report['create']:,}、変更 {report['update']:,}、"
                f"変更なし {report['unchanged']:,}、誤り {report['faulty']:,}。まだ何も登録していません。"
            )
            return
        outlook = f"{report['create']:,} new, {report['update']:,} changed, {report['unchanged']:,} unchanged"
        typer.echo(f"{report['rows']:,} rows: {outlook}, {report['faulty']:,} wrong. Nothing is registered.")
        return
    done = ", ".join(f"{counts[name]:,} {name}" for name in ("created", "updated", "unchanged", "failed"))
    typer.echo(f"Import {found['id']}, {found['state']}: {done}, {report['faulty']:,} wrong.")


def _language(given: str | None) -> str:
    if given is None:
        return "ja" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("ja") else "en"
    if given not in ("ja", "en"):
        raise UsageError(f"--lang is ja or en, not {given}")
    return given


def _check_new(file: Path | None, *, force: bool) -> None:
    """Say so before anything is sent: passwords are given once."""
    if file is None:
        return
    if file.exists() and not force:
        raise UsageError(f"{file} is there already: choose another name, or give --force to replace it")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}")
    if not os.access(file.parent, os.W_OK):
        raise CommandError(f"{file.parent} cannot be written to")


def _write(file: Path, content: bytes, *, mode: int = 0o644) -> None:
    from deploy.importing import write_new

    write_new(file, iter((content,)), mode=mode)
