"""`machi init`: the secrets of an installation with Docker Compose."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from deploy.errors import CommandError

_SECRETS = {
    "MACHI_SECRET": "Keys the hashes of API keys and device passwords: without it they are all worthless.",
    "MACHI_POSTGRES_PASSWORD": "The database server's administrator.",
    "MACHI_DATABASE_PASSWORD": "The owner of Machi's database.",
    "MACHI_GRAFANA_DATABASE_PASSWORD": "Grafana's reader of the views.",
    "MACHI_GRAFANA_ADMIN_PASSWORD": "Grafana's user `admin`, for its first start.",
    "MACHI_REDIS_PASSWORD": "The cache.",
    "MACHI_MQTT_PASSWORD": "The bridge at the broker.",
}
"""Variable -> what it opens. Each has at least 128 bits and only characters that need no quoting in a URL."""

_OPTIONS = {
    "MACHI_PUBLISH_ADDRESS=0.0.0.0": "Lets the network in (default 127.0.0.1: this machine only).",
    "MACHI_PUBLIC_URL=https://machi.example.jp": "Where partners reach the API.",
    "MACHI_MQTT_PUBLIC_URL=mqtt://machi.example.jp:1883": "Where devices reach the broker.",
}


def register(app: typer.Typer) -> None:
    app.command("init")(init)


def init(
    directory: Annotated[Path, typer.Option(help="The folder of docker-compose.yml.")] = Path(),
) -> None:
    """Write .env with new secrets for docker-compose.yml; an existing .env is never changed."""
    path = directory / ".env"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(_describe_existing(path)) from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(render_environment())
    typer.echo(f"{path} holds the secrets of this installation. Keep a copy of it in a safe place.")
    typer.echo("Next: docker compose up --detach --wait")


def render_environment() -> str:
    """The text of a new .env; no two are alike."""
    lines = ["# The secrets of this installation of Machi. Keep this file private, and a copy of it safe."]
    for name, purpose in _SECRETS.items():
        lines += ["", f"# {purpose}", f"{name}={secrets.token_urlsafe(24)}"]
    for assignment, purpose in _OPTIONS.items():
        lines += ["", f"# {purpose}", f"#{assignment}"]
    return "\n".join(lines) + "\n"


def _describe_existing(path: Path) -> str:
    found = {line.split("=", 1)[0].strip() for line in path.read_text().splitlines() if "=" in line}
    missing = [name for name in _SECRETS if name not in found]
    if missing:
        return f"{path} exists and is left as it is, but it lacks {', '.join(missing)}: add them by hand."
    return f"{path} exists and is left as it is: its secrets are in use."
