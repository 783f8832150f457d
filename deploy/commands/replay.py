"""`machi replay`."""

from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import CommandError, UsageError

if TYPE_CHECKING:
    from context_api.ngsild.model import Micros
    from deploy.progress import Progress
    from devices.replay import ReplayMap, ReplayStatus
    from devices.replay.recording import Selection


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(  # noqa: PLR0917 - typer calls it by names
    file: Annotated[Path, typer.Argument(help="The recording: CSV, or CSV compressed with gzip.")],
    map_: Annotated[
        str, typer.Option("--map", help="How to read it: a TOML file, or a built-in map's name.")
    ],
    speed: Annotated[str, typer.Option(help="60: an hour takes a minute. max: without pauses.")] = "60",
    backfill: Annotated[
        bool,
        typer.Option(
            help="Load it into history, past the broker: no notification, no current value changes."
        ),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only rows with these values; may be given again.", metavar="COLUMN=VALUE[,VALUE]"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From this time on, as 2023-08-10T00:00:00+09:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    tenant: Annotated[str, typer.Option(help="The tenant its devices belong to.")] = "default",
) -> None:
    """Play recorded data over MQTT as if its devices were live; each value keeps its time.

    Devices are registered by HTTP with the key in MACHI_API_KEY; on the machine of `machi up` none is needed.
    A backfill may be interrupted and begun again: it ends with the same history.
    """
    from context_api.store.database import open_database
    from deploy import wiring
    from deploy.process import run_until_stopped, start_process
    from deploy.progress import Progress
    from deploy.settings import read_settings
    from devices.registration_client import RegistrationError
    from devices.replay import ReplaySettings, run, run_backfill

    settings = read_settings()
    start_process("replay", settings)
    found = wiring.connect(settings)
    try:
        own = ReplaySettings(
            file=file,
            map=_read_map(map_),
            api_url=found.http_url,
            mqtt_url=found.mqtt_url,
            data_dir=settings.data_dir,
            api_key=wiring.api_key(settings),
            tenant=tenant,
            speed=_factor(speed),
            selection=_selection(only or [], since, until),
        )

        def perform(stop: Event) -> None:
            with Progress() as show:
                play = partial(run_backfill, database=database) if backfill else run
                status = play(own, stop=stop, on_status=lambda status: _show(show, status))
            _report(status)

        database = open_database(found.database_url)
        try:
            run_until_stopped(perform)
        finally:
            database.close()
    except (RegistrationError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error


def _read_map(name: str) -> "ReplayMap":
    from devices.replay import built_in_map, parse_map

    path = Path(name)
    return parse_map(path.read_text(encoding="utf-8")) if path.suffix == ".toml" else built_in_map(name)


def _factor(speed: str) -> float | None:
    """None for `max`. UsageError for what is no positive number."""
    if speed == "max":
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if factor <= 0:
        raise UsageError(f"--speed must be a number above 0, or max, not {speed!r}")
    return factor


def _selection(only: list[str], since: str | None, until: str | None) -> "Selection":
    from devices.replay.recording import Selection

    chosen: dict[str, tuple[str, ...]] = {}
    for text in only:
        column, sign, values = text.partition("=")
        if not sign:
            raise UsageError(f"--only must be COLUMN=VALUE, not {text!r}")
        chosen[column] = (*chosen.get(column, ()), *values.split(","))
    return Selection(chosen, _moment("--since", since), _moment("--until", until))


def _moment(option: str, text: str | None) -> "Micros | None":
    from datetime import datetime

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"{option} must be a time with its offset, 2023-08-10T00:00:00+09:00, not {text!r}")
    return round(moment.timestamp() * 1_000_000)


def _show(show: "Progress", status: "ReplayStatus") -> None:
    """Say how far it is."""
    text = {
        "reading": "Reading the recording …",
        "registering": f"Registering devices: {status.registered} of {status.devices}",
    }.get(
        status.phase,
        f"{status.published} rows {'published' if status.outcome is None else 'read'}, "
        f"{status.acknowledged} {'acknowledged' if status.outcome is None else 'loaded'}, "
        f"up to {status.recorded_until or 'the beginning'}",
    )
    show(status.phase, text)


def _report(status: "ReplayStatus") -> None:
    rows = f"{status.devices} devices, {status.rows} rows, {status.left_out} left out, {status.values} values"
    if status.outcome is None:
        typer.echo(f"{rows}, {status.published} messages published, {status.acknowledged} acknowledged")
        return
    stored, duplicate, corrected = status.outcome
    outcome = f"{stored} stored, {duplicate} there already, {corrected} corrected"
    typer.echo(f"{rows}: {outcome}, {status.refused} rows refused")
