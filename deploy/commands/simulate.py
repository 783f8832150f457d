"""`machi simulate`."""

from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from deploy.progress import Progress
    from devices.simulate import SimulateStatus


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    devices: Annotated[int, typer.Option(min=1, help="How many devices.")] = 200,
    interval: Annotated[str, typer.Option(help="Time between two messages of a device.")] = "10s",
    duration: Annotated[str | None, typer.Option(help="When to end, such as 10m. Not given: never.")] = None,
    tenant: Annotated[str, typer.Option(help="The tenant they belong to.")] = "default",
    seed: Annotated[int, typer.Option(help="Another number, another town.")] = 1,
) -> None:
    """Simulate a town: stations, traffic counters, parking lots, river levels, over MQTT like strangers.

    They are registered by HTTP with the key in MACHI_API_KEY; on the machine of `machi up` none is needed.
    Their credentials are kept in the data folder.
    """
    from deploy import wiring
    from deploy.process import run_until_stopped, start_process
    from deploy.progress import Progress
    from deploy.settings import read_settings
    from devices.registration_client import RegistrationError
    from devices.simulate import SimulateSettings, run

    settings = read_settings()
    start_process("simulate", settings)
    found = wiring.connect(settings)
    own = SimulateSettings(
        api_url=found.http_url,
        mqtt_url=found.mqtt_url,
        data_dir=settings.data_dir,
        api_key=wiring.api_key(settings),
        tenant=tenant,
        devices=devices,
        interval_s=seconds(interval, "--interval"),
        duration_s=None if duration is None else seconds(duration, "--duration"),
        seed=seed,
    )

    def perform(stop: Event) -> None:
        with Progress() as show:
            status = run(own, stop, lambda status: _show(show, status))
        _report(status)

    try:
        run_until_stopped(perform)
    except (RegistrationError, ValueError) as error:
        raise CommandError(str(error)) from error


def seconds(text: str, option: str) -> float:
    """The seconds of an option. UsageError names it."""
    from deploy.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _show(show: "Progress", status: "SimulateStatus") -> None:
    """Say how far it is."""
    if status.registered < status.devices:
        show("registering", f"Registering devices: {status.registered} of {status.devices}")
    else:
        connected = f"{status.connected} of {status.devices} devices connected"
        show("publishing", f"{connected}, {status.published} messages published")


def _report(status: "SimulateStatus") -> None:
    published = f"{status.published} messages published, {status.acknowledged} acknowledged"
    typer.echo(
        f"{status.devices} devices, {published}, {status.dropped} dropped, {status.refused} logins refused"
    )
