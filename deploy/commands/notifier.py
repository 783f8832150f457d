"""`machi notifier`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(notifier)


def notifier() -> None:
    """Deliver notifications to subscribers until SIGTERM. Several may run."""
    from context_api.notifications.process import run
    from deploy import wiring
    from deploy.process import run_until_stopped, start_process
    from deploy.settings import read_settings

    settings = read_settings()
    start_process("notifier", settings)
    own = wiring.notifier_settings(settings, wiring.connect(settings))
    run_until_stopped(lambda stop: run(own, stop))
