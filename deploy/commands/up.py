"""`machi up`."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    bridges: Annotated[
        int | None,
        typer.Option(min=1, max=32, help="How many bridges share the messages; else MACHI_BRIDGES, or 1."),
    ] = None,
) -> None:
    """Start everything on this machine, with embedded servers where no others are named; Ctrl-C stops it."""
    from deploy.launcher.screen import Screen
    from deploy.launcher.up import up as run
    from deploy.settings import read_settings

    run(read_settings() if bridges is None else read_settings(bridges=bridges), Screen())
