"""Topics lead to sources; the cache follows the registry."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from context_api.ngsild.model import Kind
from context_api.store.access import Access
from context_api.store.database import Database
from devices.lookup import find_sources
from devices.model import DeviceDraft, SilentSource, Source, UnknownSource
from devices.registry import DeviceRegistry
from devices.sources import Sources

CORE = "https://uri.etsi.org/ngsi-ld/"
DEFAULT = f"{CORE}default-context/"
TOPIC = "machi/v1/default/aq-1/up"


def _register(registry: DeviceRegistry, access: Access) -> None:
    location = {"type": "Point", "coordinates": [139.468, 35.755]}
    registry.register(
        access,
        DeviceDraft(id="aq-1", profile="air-quality", location=location, static={"areaServed": "本町"}),
    )


@pytest.fixture
def watched(database: Database) -> Iterator[Sources]:
    sources, stop = Sources(database), threading.Event()
    thread = threading.Thread(target=sources.watch, args=(stop,))
    thread.start()
    yield sources
    stop.set()
    thread.join()


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_native_source(registry: DeviceRegistry, access: Access, database: Database) -> None:
    _register(registry, access)
    source = Sources(database).find(TOPIC)
    assert isinstance(source, Source)
    assert (source.tenant, source.tenant_id, source.device_id) == ("default", access.tenant_id, "aq-1")
    assert source.entity_id == "urn:ngsi-ld:AirQualityObserved:aq-1"
    assert source.profile.types == (f"{DEFAULT}AirQualityObserved",)
    assert set(source.static) == {f"{CORE}location", f"{DEFAULT}refDevice", f"{DEFAULT}areaServed"}
    [location], [device] = source.static[f"{CORE}location"], source.static[f"{DEFAULT}refDevice"]
    assert (location.kind, location.value["coordinates"]) == (Kind.GEO_PROPERTY, [139.468, 35.755])
    assert (device.kind, device.value) == (Kind.RELATIONSHIP, "urn:ngsi-ld:Device:aq-1")


def test_gateway_source(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register(
        access, DeviceDraft(id="gate", kind="gateway", adapter="tts_v3", application="app@town")
    )
    registry.register(
        access, DeviceDraft(id="l-1", profile="dragino-lht65", gateway="gate", gateway_device="eui-1")
    )
    sources = Sources(database)
    source = sources.find("v3/app@town/devices/eui-1/up")
    assert isinstance(source, Source)
    assert (source.device_id, source.device_name, source.adapter.name) == ("l-1", "eui-1", "tts_v3")
    for topic in (
        "v3/app@town/devices/l-1/up",
        "v3/app@other/devices/eui-1/up",
        "machi/v1/default/l-1/up",  # only its gateway speaks for it
        "machi/v1/default/gate/up",
    ):
        unknown = sources.find(topic)
        assert isinstance(unknown, UnknownSource)
        assert (unknown.tenant_id, unknown.reason) == (access.tenant_id, "unknown-device")
    registry.retire(access, "gate")
    assert isinstance(Sources(database).find("v3/app@town/devices/eui-1/up"), UnknownSource)


def test_gateways_of_other_makes(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register(
        access, DeviceDraft(id="hub", kind="gateway", adapter="zigbee2mqtt", application="hall")
    )
    registry.register(
        access, DeviceDraft(id="z-1", profile="air-quality", gateway="hub", gateway_device="公民館/1")
    )
    sources = Sources(database)
    source = sources.find("zigbee2mqtt/hall/公民館/1")
    assert isinstance(source, Source)
    assert (source.device_id, source.adapter.name) == ("z-1", "zigbee2mqtt")
    assert sources.find("zigbee2mqtt/hall/bridge/state") == SilentSource("default", access.tenant_id, "hub")
    # The application is another adapter's, or nobody's
    for topic in ("tele/hall/公民館/1", "ul/hall/z-1/attrs", "zigbee2mqtt/other/bridge/state"):
        assert isinstance(sources.find(topic), UnknownSource)


def test_unknown_goes_to_the_tenant_it_names(database: Database) -> None:
    with database.connection() as connection:
        row = connection.execute("insert into tenant (name) values ('other') returning id").fetchone()
    assert row is not None
    sources = Sources(database)
    found = sources.find_many(["machi/v1/other/x/up", "machi/v1/none/x/up", "spam", "machi/v1/a\0b/x/up"])
    described = [
        (source.tenant, source.reason) for source in found.values() if isinstance(source, UnknownSource)
    ]
    assert described == [
        ("other", "unknown-device"),
        ("default", "unknown-device"),
        ("default", "unknown-topic"),
        ("default", "unknown-topic"),
    ]
    assert isinstance(found["machi/v1/other/x/up"], UnknownSource)


def test_a_device_is_known_at_once(registry: DeviceRegistry, access: Access, database: Database) -> None:
    sources = Sources(database)  # nobody watches: even so an unknown answer is never remembered
    assert isinstance(sources.find(TOPIC), UnknownSource)
    _register(registry, access)
    assert isinstance(sources.find(TOPIC), Source)


def test_cache_follows_changes(registry: DeviceRegistry, access: Access, watched: Sources) -> None:
    _register(registry, access)
    _eventually(lambda: watched.find(TOPIC) is watched.find(TOPIC))
    registry.retire(access, "aq-1")
    _eventually(lambda: isinstance(watched.find(TOPIC), UnknownSource))


def test_cache_is_bounded(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register_many(access, [DeviceDraft(id=f"n-{number}", profile="noise") for number in range(6)])
    topics = [f"machi/v1/default/n-{number}/up" for number in range(6)]
    sources = Sources(database, size=3)
    first = sources.find_many(topics)
    assert all(isinstance(source, Source) for source in first.values())
    again = sources.find_many(topics)
    kept = [topic for topic in topics if again[topic] is first[topic]]
    assert kept == topics[3:]


def test_a_look_up_that_a_change_overtook_is_not_cached(
    registry: DeviceRegistry, access: Access, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _register(registry, access)
    sources = Sources(database)

    def overtaken(*arguments: Any) -> object:
        found = find_sources(*arguments)
        sources.forget("default/aq-1")
        return found

    monkeypatch.setattr("devices.sources.find_sources", overtaken)
    first = sources.find(TOPIC)
    assert sources.find(TOPIC) is not first
