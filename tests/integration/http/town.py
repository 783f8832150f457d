"""A town with a past: simulated devices, mapped and stored the way the bridge does it."""

import time
from collections.abc import Iterator

import msgspec

from adapters.types import Message
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery
from context_api.store.store import Store
from devices.ingest import ingest
from devices.model import DeviceDraft, Source
from devices.registry import DeviceRegistry
from devices.simulate.schedule import messages_at, tick_at
from devices.simulate.town import SimulatedDevice, plan_devices
from devices.sources import Sources

SEED = 1
_BATCH = 2_000


def fill_town(database_url: str, *, devices: int, hours: float, interval_s: float) -> int:
    """Register simulated devices and store what they measured until now; returns how many messages."""
    database = open_database(database_url)
    try:
        store = Store(database)
        access = store.tenant("default")
        planned = plan_devices(devices, SEED)
        drafts = [msgspec.convert(each.registration(interval_s), DeviceDraft) for each in planned]
        DeviceRegistry(database).register_many(access, drafts)
        topics = {f"machi/v1/default/{each.id}/up": each for each in planned}
        found = Sources(database).find_many(list(topics))
        deliveries = [
            delivery
            for topic, source in found.items()
            if isinstance(source, Source)
            for delivery in _measure(topic, source, topics[topic], hours, interval_s)
        ]
        for start in range(0, len(deliveries), _BATCH):
            store.ingest(access, deliveries[start : start + _BATCH])
        return len(deliveries)
    finally:
        database.close()


def _measure(
    topic: str, source: Source, device: SimulatedDevice, hours: float, interval_s: float
) -> Iterator[Delivery]:
    now = time.time()
    first = tick_at(device, now - hours * 3600, interval_s, SEED)
    for tick in range(first, tick_at(device, now, interval_s, SEED) + 1):
        for payload in messages_at(device, tick, interval_s, SEED):
            arrived_at = time.time_ns() // 1000
            found = ingest(Message(topic, payload), source, arrived_at)
            yield Delivery(
                device_id=device.id,
                topic=topic,
                payload=payload,
                arrived_at=arrived_at,
                readings=found.readings,
                values=found.values,
            )
