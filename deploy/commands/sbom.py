"""`machi sbom`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from deploy.errors import CommandError


def register(app: typer.Typer) -> None:
    app.command()(sbom)


def sbom(
    file: Annotated[Path | None, typer.Option(help="The file to write. Unset: standard output.")] = None,
) -> None:
    """List what this installation is made of: packages, versions, licences (CycloneDX 1.6, JSON)."""
    from deploy.sbom import make_sbom

    text = json.dumps(make_sbom(), indent=2, ensure_ascii=False) + "\n"
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"Wrote {file}.")
