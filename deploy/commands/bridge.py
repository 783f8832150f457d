"""`machi bridge`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(bridge)


def bridge() -> None:
    """Carry messages from the broker to the store until SIGTERM; acknowledged is what is stored."""
    from broker_bridge import run
    from deploy import wiring
    from deploy.process import run_until_stopped, start_process
    from deploy.settings import read_settings

    settings = read_settings()
    start_process("bridge", settings)
    own = wiring.bridge_settings(settings, wiring.connect(settings))
    run_until_stopped(lambda stop: run(own, stop))
