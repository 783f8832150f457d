"""`machi worker`."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(worker)


def worker() -> None:
    """Do what runs by the clock until SIGTERM: partitions, expiry, the broker's users. Several may run."""
    from deploy.process import run_until_stopped, start_process
    from deploy.settings import read_settings
    from deploy.worker import run

    settings = read_settings()
    start_process("worker", settings)
    run_until_stopped(lambda stop: run(settings, stop))
