"""Plays a recording: registers its devices, then publishes for them, at its own pace, faster, or at once."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from context_api.ngsild.time import format_datetime
from context_api.store.backfill import BackfillOutcome
from devices.broker_address import parse_broker_url
from devices.fleet import Fleet, Login, Member, allow_files_for
from devices.registration_client import RegistrationClient, register_all
from devices.replay.map import ReplayMap
from devices.replay.recording import EVERYTHING, Measurement, Recording, Selection

CREDENTIALS_FILE = "replayed-devices.json"
_TURN_S = 0.2
_STATUS_S = 0.5
_DRAIN_S = 30.0
_IN_FLIGHT = 100
"""Unacknowledged messages of one device; more wait."""
_STEP_EVERY = 50


@dataclass(frozen=True, kw_only=True)
class ReplaySettings:
    """What `machi replay` is asked for."""

    file: Path
    map: ReplayMap
    api_url: str
    mqtt_url: str
    data_dir: Path
    """Where the credentials of the replayed devices are kept between runs."""
    api_key: str | None = field(default=None, repr=False)
    tenant: str = "default"
    speed: float | None = None
    """60: a recorded hour takes a minute. None (`--speed max`): without pacing."""
    selection: Selection = EVERYTHING
    max_rate: float = 2000.0
    """Messages per second at most: the broker's queue must not fill faster than it empties."""
    patience_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class ReplayStatus:
    """How far it is. At the end: rows = left_out + rows played, as `RecordingCounts` tells apart."""

    phase: str
    """reading, registering, playing, done."""
    devices: int = 0
    registered: int = 0
    rows: int = 0
    left_out: int = 0
    empty: int = 0
    missing: int = 0
    unreadable: int = 0
    values: int = 0
    published: int = 0
    acknowledged: int = 0
    refused: int = 0
    recorded_until: str | None = None
    """The time of the newest measurement that was played."""
    outcome: BackfillOutcome | None = None
    """Of a backfill: what became of its values."""


OnStatus = Callable[[ReplayStatus], None]


def open_recording(settings: ReplaySettings, on_status: OnStatus) -> tuple[Recording, dict[str, Login]]:
    """Read what there is and register its devices; gives the logins by device.

    Raises MapError, OSError (the file), RegistrationError, ValueError (an address).
    """
    client = RegistrationClient(
        settings.api_url, settings.api_key, tenant=settings.tenant, patience_s=settings.patience_s
    )
    on_status(ReplayStatus(phase="reading"))
    recording = Recording(settings.file, settings.map, settings.selection)
    logins = register_all(
        client,
        list(recording.registrations().values()),
        settings.data_dir / CREDENTIALS_FILE,
        lambda done, total: on_status(ReplayStatus(phase="registering", devices=total, registered=done)),
    )
    return recording, logins


def run(settings: ReplaySettings, stop: Event, on_status: OnStatus = lambda _: None) -> ReplayStatus:
    """Play a recording to its end, or until `stop`; returns when everything is acknowledged.

    Raises MapError, OSError (the file), RegistrationError, ValueError (an address).
    """
    broker = parse_broker_url(settings.mqtt_url)
    recording, logins = open_recording(settings, on_status)
    allow_files_for(len(logins))
    fleet = Fleet(broker)
    player = _Player(settings, recording, fleet, stop, on_status)
    try:
        player.play({device: fleet.add(login) for device, login in logins.items()})
        return player.status("done")
    finally:
        fleet.close()


class _Player:
    """Keeps the pace of one run."""

    def __init__(
        self,
        settings: ReplaySettings,
        recording: Recording,
        fleet: Fleet,
        stop: Event,
        on_status: OnStatus,
    ) -> None:
        self._settings = settings
        self._recording = recording
        self._fleet = fleet
        self._stop = stop
        self._on_status = on_status
        self._status_at = 0.0
        self._newest: int | None = None

    def play(self, members: dict[str, Member]) -> None:
        """Publish every measurement, then wait for the acknowledgements."""
        started = time.monotonic()
        first: int | None = None
        for number, measurement in enumerate(self._recording.measurements()):
            first = measurement.at if first is None else first
            due = started + number / self._settings.max_rate
            if self._settings.speed is not None:
                due = max(due, started + (measurement.at - first) / 1e6 / self._settings.speed)
            member = members[measurement.device]
            if not self._wait(due, member, number):
                return
            self._fleet.publish(member, render(measurement))
            self._newest = max(measurement.at, self._newest or measurement.at)
        deadline = time.monotonic() + _DRAIN_S
        while self._fleet.waiting() and not self._stop.is_set() and time.monotonic() < deadline:
            self._turn(_TURN_S)

    def status(self, phase: str) -> ReplayStatus:
        """Put the counts together."""
        rows, sent = self._recording.counts, self._fleet.counts
        return ReplayStatus(
            phase=phase,
            devices=len(self._fleet.members),
            registered=len(self._fleet.members),
            rows=rows.rows,
            left_out=rows.left_out,
            empty=rows.empty,
            missing=rows.missing,
            unreadable=rows.unreadable,
            values=rows.values,
            published=sent.published,
            acknowledged=sent.acknowledged,
            refused=sent.refused,
            recorded_until=None if self._newest is None else format_datetime(self._newest),
        )

    def _wait(self, due: float, member: Member, number: int) -> bool:
        """Wait until the message is due and its device has room for it; False when stopped."""
        if number % _STEP_EVERY == 0:
            self._turn(0.0)
        while not self._stop.is_set():
            ahead = due - time.monotonic()
            if ahead <= 0 and member.waiting < _IN_FLIGHT:
                return True
            self._turn(min(_TURN_S, ahead) if ahead > 0 else _TURN_S)
        return False

    def _turn(self, timeout_s: float) -> None:
        self._fleet.step(timeout_s)
        now = time.monotonic()
        if now >= self._status_at:
            self._status_at = now + _STATUS_S
            self._on_status(self.status("playing"))


def render(measurement: Measurement) -> bytes:
    """Return the native payload of a measurement; its time is the recorded one."""
    document = {"observedAt": format_datetime(measurement.at), **measurement.values}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
