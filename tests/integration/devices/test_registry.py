"""The registry on a real database."""

import threading
import time

import pytest

from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_credentials import list_broker_users
from context_api.store.devices import get_generation, mark_applied
from devices.broker_files import render_broker_files
from devices.credentials import BRIDGE_RULES, Service
from devices.errors import DeviceExists, DeviceUnknown, InvalidDevice
from devices.gateways import subscription_filters
from devices.model import DeviceDraft, DeviceFilter, DeviceKind, Registered
from devices.registry import DeviceRegistry

POINT = {"type": "Point", "coordinates": [139.468, 35.755]}


def _other_tenant(database: Database, name: str) -> Access:
    with database.connection() as connection:
        row = connection.execute("insert into tenant (name) values (%s) returning id", [name]).fetchone()
    assert row is not None
    return Access(name, row[0], "operator")


def test_register_and_get(registry: DeviceRegistry, access: Access) -> None:
    draft = DeviceDraft(
        id="aq-001", profile="air-quality", name="駅前", location=POINT, static={"areaServed": "本町"}
    )
    registered = registry.register(access, draft)
    assert registered.credentials is not None
    assert registered.credentials.username == "default/aq-001"
    assert registered.credentials.topic == "machi/v1/default/aq-001/up"
    assert len(registered.credentials.password) == 32
    assert registered.credentials.password not in repr(registered)
    assert registered.generation == 1
    device = registry.get(access, "aq-001")
    assert device == registered.device
    assert device.entity_id == "urn:ngsi-ld:AirQualityObserved:aq-001"
    assert (device.name, device.location, device.static) == ("駅前", POINT, {"areaServed": "本町"})
    assert (device.adapter, device.expected_interval_s) == ("native", 60.0)  # the profile's
    assert device.created_at > 1_700_000_000_000_000


def test_id_is_taken_until_retired(registry: DeviceRegistry, access: Access) -> None:
    first = registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    with pytest.raises(DeviceExists, match="Device n-1 exists already"):
        registry.register(access, DeviceDraft(id="n-1", profile="weather"))
    assert registry.get(access, "n-1").profile == "noise"
    assert registry.retire(access, "n-1") == 2
    with pytest.raises(DeviceUnknown):
        registry.get(access, "n-1")
    with pytest.raises(DeviceUnknown):
        registry.retire(access, "n-1")
    second = registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    assert first.credentials is not None
    assert second.credentials is not None
    assert second.device.created_at == first.device.created_at
    assert registry.verify("default/n-1", first.credentials.password) is None
    assert registry.verify("default/n-1", second.credentials.password) == ("default", "n-1")
    assert registry.verify("default/n-2", second.credentials.password) is None


def test_register_many_leaves_out_what_exists(registry: DeviceRegistry, access: Access) -> None:
    registry.register(access, DeviceDraft(id="w-1", profile="weather"))
    results = registry.register_many(
        access, [DeviceDraft(id=f"w-{number}", profile="weather") for number in range(3)]
    )
    assert [isinstance(result, Registered) for result in results] == [True, False, True]
    assert {result.generation for result in results if isinstance(result, Registered)} == {2}


def test_tenants_are_apart(registry: DeviceRegistry, access: Access, database: Database) -> None:
    other = _other_tenant(database, "other")
    registry.register(access, DeviceDraft(id="x", profile="noise"))
    with pytest.raises(DeviceUnknown):
        registry.get(other, "x")
    with pytest.raises(DeviceUnknown):
        registry.retire(other, "x")
    assert registry.list(other, DeviceFilter()).total == 0
    registered = registry.register(other, DeviceDraft(id="x", profile="noise"))
    assert registered.credentials is not None
    assert registered.credentials.username == "other/x"
    with pytest.raises(InvalidDevice) as caught:
        registry.register(_other_tenant(database, "a/b"), DeviceDraft(id="x", profile="noise"))
    assert caught.value.field == "tenant"


def test_list_filters_and_pages(registry: DeviceRegistry, access: Access) -> None:
    registry.register_many(
        access,
        [
            *(DeviceDraft(id=f"aq-{number:03}", profile="air-quality") for number in range(5)),
            DeviceDraft(id="gate", kind="gateway", adapter="tts_v3", application="app@town"),
        ],
    )
    registry.register(
        access, DeviceDraft(id="lht", profile="dragino-lht65", gateway="gate", name="River 100%")
    )
    first = registry.list(access, DeviceFilter(), limit=3)
    assert [device.id for device in first.devices] == ["aq-000", "aq-001", "aq-002"]
    assert (first.total, first.next_after) == (7, "aq-002")
    rest = registry.list(access, DeviceFilter(), limit=10, after="aq-002")
    assert [device.id for device in rest.devices] == ["aq-003", "aq-004", "gate", "lht"]
    assert rest.next_after is None

    def ids(filters: DeviceFilter) -> list[str]:
        return [device.id for device in registry.list(access, filters).devices]

    assert ids(DeviceFilter(kind=DeviceKind.GATEWAY)) == ["gate"]
    assert ids(DeviceFilter(profile="air-quality", text="00")) == [f"aq-00{number}" for number in range(5)]
    assert ids(DeviceFilter(text="RIVER 100%")) == ["lht"]
    assert ids(DeviceFilter(gateway="gate")) == ["lht"]
    registry.retire(access, "aq-003")
    assert ids(DeviceFilter(text="aq-003")) == []
    assert ids(DeviceFilter(retired=True)) == ["aq-003"]


def test_gateway_and_its_devices(registry: DeviceRegistry, access: Access) -> None:
    gateway = DeviceDraft(id="gate", kind="gateway", adapter="tts_v3", application="app@town")
    registered = registry.register(access, gateway)
    assert registered.credentials is not None
    assert registered.credentials.topic == "v3/app@town/devices/+/up"
    behind = registry.register(
        access, DeviceDraft(id="l-1", profile="dragino-lht65", gateway="gate", gateway_device="eui-1")
    )
    assert behind.credentials is None
    assert (behind.device.adapter, behind.device.gateway_device) == ("tts_v3", "eui-1")
    for draft, field in [
        (
            DeviceDraft(id="l-2", profile="dragino-lht65", gateway="gate", gateway_device="eui-1"),
            "gatewayDevice",
        ),
        (DeviceDraft(id="l-3", profile="dragino-lht65", gateway="l-1"), "gateway"),
        (DeviceDraft(id="l-4", profile="dragino-lht65", gateway="none"), "gateway"),
        (DeviceDraft(id="g-2", kind="gateway", adapter="tts_v3", application="app@town"), "application"),
    ]:
        with pytest.raises(InvalidDevice) as caught:
            registry.register(access, draft)
        assert caught.value.field == field


def test_broker_files(registry: DeviceRegistry, access: Access, database: Database) -> None:
    service = Service("machi-bridge", "long-random-password", BRIDGE_RULES)
    registry.register(access, DeviceDraft(id="b", profile="noise"))
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    registry.register(access, DeviceDraft(id="g", kind="gateway", adapter="tts_v3", application="app@town"))
    registry.retire(access, "b")
    files = render_broker_files(list_broker_users(database), [service])
    assert files == render_broker_files(list_broker_users(database), [service])
    lines = files.passwords.splitlines()
    assert lines[0] == "# generation 4"
    assert [line.split(":")[0] for line in lines[1:]] == ["machi-bridge", "default/a", "default/g"]
    assert all(line.split(":")[1].startswith("$7$") for line in lines[1:])
    assert files.acl.splitlines() == [
        "pattern write machi/v1/%u/up",
        "pattern write machi/v1/%u/ack",
        "pattern write machi/v1/%u/state",
        "pattern read machi/v1/%u/down",
        "pattern write machi/%u/up",
        "pattern write machi/%u/ack",
        "pattern write machi/%u/state",
        "pattern read machi/%u/down",
        "",
        "user machi-bridge",
        "topic read machi/v1/+/+/state",
        "topic read machi/v1/+/+/up",
        *(f"topic read {one}" for one in subscription_filters()),
        "",
        "user default/g",
        "topic write v3/app@town/devices/+/up",
        "topic write v3/app@town/devices/+/up/normalized",
        "topic write v3/app@town/devices/+/join",
        "topic write v3/app@town/devices/+/location/solved",
    ]


def test_wait_applied(registry: DeviceRegistry, access: Access, database: Database) -> None:
    generation = registry.register(access, DeviceDraft(id="a", profile="noise")).generation
    started = time.monotonic()
    assert registry.wait_applied(generation, 0.1) is False
    assert time.monotonic() - started >= 0.1
    timer = threading.Timer(0.1, mark_applied, (database, generation))
    timer.start()
    assert registry.wait_applied(generation, 5.0) is True
    timer.join()
    assert get_generation(database) == (generation, generation)


def test_concurrent_registrations_of_one_id(registry: DeviceRegistry, access: Access) -> None:
    outcomes: list[str] = []

    def register() -> None:
        try:
            registry.register(access, DeviceDraft(id="same", profile="noise"))
            outcomes.append("registered")
        except DeviceExists:
            outcomes.append("exists")

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["exists", "exists", "exists", "registered"]
