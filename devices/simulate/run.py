"""Runs a simulated town: registers its devices and publishes for them, like strangers."""

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from devices.broker_address import parse_broker_url
from devices.fleet import Fleet, Member, allow_files_for
from devices.registration_client import RegistrationClient, register_all
from devices.simulate.schedule import messages_at, tick_at, time_of
from devices.simulate.town import SimulatedDevice, plan_devices

CREDENTIALS_FILE = "simulated-devices.json"
_TURN_S = 0.25
_STATUS_S = 1.0
_DRAIN_S = 3.0


@dataclass(frozen=True, kw_only=True)
class SimulateSettings:
    """What `machi simulate` is asked for."""

    api_url: str
    mqtt_url: str
    data_dir: Path
    """Where the credentials of the simulated devices are kept between runs."""
    api_key: str | None = field(default=None, repr=False)
    tenant: str = "default"
    devices: int = 200
    interval_s: float = 10.0
    duration_s: float | None = None
    """None: until stopped."""
    seed: int = 1
    patience_s: float = 60.0
    """How long to wait for an API that is not up yet."""


@dataclass(frozen=True, kw_only=True)
class SimulateStatus:
    """How far it is; `registered` counts up first, then the messages do."""

    devices: int
    registered: int = 0
    connected: int = 0
    published: int = 0
    acknowledged: int = 0
    dropped: int = 0
    refused: int = 0


OnStatus = Callable[[SimulateStatus], None]


def run(settings: SimulateSettings, stop: Event, on_status: OnStatus = lambda _: None) -> SimulateStatus:
    """Register the town's devices and publish for them until `stop` or the duration is over.

    Raises RegistrationError, and ValueError for an address that is none.
    """
    broker = parse_broker_url(settings.mqtt_url)
    client = RegistrationClient(
        settings.api_url, settings.api_key, tenant=settings.tenant, patience_s=settings.patience_s
    )
    planned = plan_devices(settings.devices, settings.seed)
    logins = register_all(
        client,
        [device.registration(settings.interval_s) for device in planned],
        settings.data_dir / CREDENTIALS_FILE,
        lambda done, total: on_status(SimulateStatus(devices=total, registered=done)),
    )
    allow_files_for(len(planned))
    fleet = Fleet(broker)
    crew = [(device, fleet.add(logins[device.id])) for device in planned]
    try:
        _publish(settings, fleet, crew, stop, on_status)
        fleet.drain(_DRAIN_S)
        return _status(fleet)
    finally:
        fleet.close()


def _publish(
    settings: SimulateSettings,
    fleet: Fleet,
    crew: list[tuple[SimulatedDevice, Member]],
    stop: Event,
    on_status: OnStatus,
) -> None:
    interval_s, seed = settings.interval_s, settings.seed
    now = time.time()
    ends_at = None if settings.duration_s is None else now + settings.duration_s
    due = [
        (time_of(device, tick, interval_s, seed), number, tick)
        for number, (device, _) in enumerate(crew)
        for tick in [tick_at(device, now, interval_s, seed) + 1]
    ]
    heapq.heapify(due)
    status_at = now
    while not stop.is_set() and (ends_at is None or now < ends_at):
        while due and due[0][0] <= now:
            _, number, tick = heapq.heappop(due)
            device, member = crew[number]
            for payload in messages_at(device, tick, interval_s, seed):
                fleet.publish(member, payload)
            # after a pause (a suspended machine) the missed ticks are gone: nobody measured
            following = max(tick + 1, tick_at(device, now, interval_s, seed))
            heapq.heappush(due, (time_of(device, following, interval_s, seed), number, following))
        if now >= status_at:
            on_status(_status(fleet))
            status_at = now + _STATUS_S
        fleet.step(min(_TURN_S, due[0][0] - now) if due else _TURN_S)
        now = time.time()


def _status(fleet: Fleet) -> SimulateStatus:
    counts = fleet.counts
    return SimulateStatus(
        devices=len(fleet.members),
        registered=len(fleet.members),
        connected=counts.connected,
        published=counts.published,
        acknowledged=counts.acknowledged,
        dropped=counts.dropped,
        refused=counts.refused,
    )
