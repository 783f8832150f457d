"""`machi init`: the secrets of an installation with docker-compose.yml."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from deploy.errors import CommandError

# What docker-compose.yml asks for; a test holds the two together.
SECRETS = (
    "MACHI_SECRET",
    "MACHI_POSTGRES_PASSWORD",
    "MACHI_DATABASE_PASSWORD",
    "MACHI_SERVING_PASSWORD",
    "MACHI_OUTWARD_PASSWORD",
    "MACHI_REDIS_PASSWORD",
    "MACHI_MQTT_PASSWORD",
    "MACHI_GRAFANA_DATABASE_PASSWORD",
    "MACHI_GRAFANA_ADMIN_PASSWORD",
)
_HEADER = "# Secrets of this installation, made by `machi init`. Keep this file, and back it up.\n"


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    file: Annotated[Path, typer.Option(help="The file to write.")] = Path(".env"),
) -> None:
    """Write .env for docker compose, with passwords of its own. What is there already is never changed."""
    try:
        text = file.read_text() if file.exists() else ""
        missing = [name for name in SECRETS if name not in named_in(text)]
        if missing:
            _replace(file, (text or _HEADER).rstrip("\n") + "\n" + "".join(map(_line, missing)))
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    if missing:
        typer.echo(f"Wrote {', '.join(missing)} to {file}. Next: docker compose up --detach --wait")
    else:
        typer.echo(f"{file} is complete; nothing was changed.")


def named_in(text: str) -> set[str]:
    """Variables that have a value in the text of an env file."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export ") for name, _, value in pairs if value.strip()}


def _line(name: str) -> str:
    # Letters and digits only: the value goes into URLs and shell scripts as it is.
    return f"{name}={secrets.token_hex(24)}\n"


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
