"""`machi up`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(up)


def up() -> None:
    """Start everything on this machine, with embedded servers where no others are named; Ctrl-C stops it."""
    from deploy.launcher.screen import Screen
    from deploy.launcher.up import up as run
    from deploy.settings import read_settings

    run(read_settings(), Screen())
