"""Devices and their entities: in one transaction, in step with edits, mended where they drifted."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from context_api.ngsild.changes import Change, DeleteEntity, Reading, UpdateAttributes
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Instance, Kind
from context_api.store.access import Access
from context_api.store.batch import Batch
from context_api.store.database import Database
from context_api.store.device_listing import list_tenants_with_devices
from context_api.store.device_states import activate_first_heard, set_states
from context_api.store.errors import StoreUnavailable
from context_api.store.store import Store
from devices import transactions
from devices.entity import static_of
from devices.errors import DeviceChanged, DeviceExists, InvalidDevice
from devices.model import DeviceDraft, DeviceFilter, HardwareDraft, Registered, Source
from devices.registry import SLICE, DeviceRegistry
from devices.sources import Sources

POINT = {"type": "Point", "coordinates": [139.468, 35.755]}
ELSEWHERE = {"type": "Point", "coordinates": [139.5, 35.8]}
MEASURED = "urn:ngsi-ld:NoiseLevelObserved:n-1"
TOPIC = "machi/v1/default/n-1/up"
expand = core_context().expand


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def _values(store: Store, access: Access, entity_id: str) -> dict[str, Any]:
    entity = store.get_entities(access, [entity_id]).get(entity_id)
    found = entity.attributes if entity is not None else {}
    return {core_context().compact(name): instances[0].value for name, instances in found.items()}


def _speak(registry: DeviceRegistry, access: Access, store: Store, **static: Any) -> None:
    """The first reading of the device n-1, as the bridge writes it."""
    device = registry.get(access, "n-1")
    profile = registry.profiles_of(access)["noise"]
    at = time.time_ns() // 1000
    reading = Reading(
        entity_id=MEASURED,
        types=profile.types,
        attributes={expand("LAeq"): [Instance(value=50.5, observed_at=at)], **static},
        static=static_of(device, profile),
        arrived_at=at,
    )
    [outcome] = store.apply(access, [reading])
    assert outcome.error is None


def _count(database: Database, table: str) -> int:
    with database.connection() as connection:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_database_that_goes_in_between_leaves_nothing(
    registry: DeviceRegistry,
    access: Access,
    database: Database,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the rows, before the entity: neither is there, and the next attempt makes both."""
    real = transactions._tell

    def die(batch: Batch, *_: Any) -> int:
        assert batch.connection.execute("select count(*) from device").fetchone() == (1,)
        batch.connection.execute("select pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("the connection lives on")

    monkeypatch.setattr(transactions, "_tell", die)
    with pytest.raises(StoreUnavailable):
        registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    for table in ("device", "device_credential", "device_change", "entity", "observation", "change"):
        assert _count(database, table) == 0, table
    monkeypatch.setattr(transactions, "_tell", real)
    registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    assert _values(store, access, "urn:ngsi-ld:Device:n-1")["deviceState"] == "provisioned"


def test_an_edit_reaches_what_the_device_measures(
    registry: DeviceRegistry, access: Access, store: Store
) -> None:
    draft = DeviceDraft(
        id="n-1", profile="noise", name="北", location=POINT, static={"areaServed": "本町", "floor": 2}
    )
    registry.register(access, draft)
    registry.edit(access, "n-1", {"name": "南"})  # nothing is measured yet: no entity comes of it
    assert _values(store, access, MEASURED) == {}
    _speak(registry, access, store)
    patch = {"name": None, "location": ELSEWHERE, "static": {"areaServed": "栄町", "floor": None}}
    registry.edit(access, "n-1", patch)
    values = _values(store, access, MEASURED)
    assert values == {
        "LAeq": 50.5,
        "location": ELSEWHERE,
        "areaServed": "栄町",
        "refDevice": "urn:ngsi-ld:Device:n-1",
        "sonometerClass": "1",  # the profile's own
    }


def test_what_the_device_itself_measured_stays(
    registry: DeviceRegistry, access: Access, store: Store
) -> None:
    registry.register(access, DeviceDraft(id="n-1", profile="noise", location=POINT))
    moving = Instance(kind=Kind.GEO_PROPERTY, value=ELSEWHERE, observed_at=time.time_ns() // 1000)
    _speak(registry, access, store, **{expand("location"): [moving]})
    third = {"type": "Point", "coordinates": [139.0, 35.0]}
    registry.edit(access, "n-1", {"location": third})
    assert _values(store, access, MEASURED)["location"] == ELSEWHERE
    assert _values(store, access, "urn:ngsi-ld:Device:n-1")["location"] == third


@pytest.fixture
def watched(database: Database) -> Iterator[Sources]:
    sources, stop = Sources(database), threading.Event()
    thread = threading.Thread(target=sources.watch, args=(stop,))
    thread.start()
    yield sources
    stop.set()
    thread.join()


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_edit_reaches_the_bridge(registry: DeviceRegistry, access: Access, watched: Sources) -> None:
    registry.register(access, DeviceDraft(id="n-1", profile="noise", location=POINT))

    def source() -> Source:
        found = watched.find(TOPIC)
        assert isinstance(found, Source)
        return found

    assert source().profile.name == "noise"
    registry.edit(access, "n-1", {"profile": "weather", "location": ELSEWHERE})
    _eventually(lambda: source().profile.name == "weather")
    assert source().entity_id == "urn:ngsi-ld:WeatherObserved:n-1"
    assert source().static[expand("location")][0].value == ELSEWHERE


def test_entities_that_drifted_are_mended(registry: DeviceRegistry, access: Access, store: Store) -> None:
    drafts = [DeviceDraft(id=f"n-{number}", profile="noise", owner="kankyo") for number in range(4)]
    registry.register_many(access, drafts)
    registry.retire(access, "n-3")
    first, second = "urn:ngsi-ld:Device:n-0", "urn:ngsi-ld:Device:n-1"
    changes: Sequence[Change] = [
        DeleteEntity(entity_id=first),
        UpdateAttributes(
            entity_id=second,
            attributes={
                expand("owner"): [Instance(value=["thief"])],
                expand("colour"): [Instance(value="red")],
            },
        ),
    ]
    assert [outcome.error for outcome in store.apply(access, changes)] == [None, None]
    assert [one.tenant for one in list_tenants_with_devices(registry._database)] == ["default"]
    assert registry.reconcile(access) == 2
    assert registry.reconcile(access) == 0
    assert _values(store, access, first)["owner"] == ["kankyo"]
    mended = _values(store, access, second)
    assert (mended["owner"], mended["colour"]) == (["kankyo"], "red")  # the rest belongs to others
    assert _values(store, access, "urn:ngsi-ld:Device:n-3")["deviceState"] == "retired"


def test_states_are_told_by_the_entity(
    registry: DeviceRegistry, access: Access, database: Database, store: Store
) -> None:
    registry.register_many(access, [DeviceDraft(id=each, profile="noise") for each in ("n-1", "n-2")])
    store.apply(access, [DeleteEntity(entity_id="urn:ngsi-ld:Device:n-2")])
    changed = set_states(database, access.tenant_id, {"n-1": "faulty", "n-2": "silent"}, "frozen value")
    assert changed == {"n-1": "provisioned", "n-2": "provisioned"}
    assert _values(store, access, "urn:ngsi-ld:Device:n-1")["deviceState"] == "faulty"
    assert _values(store, access, "urn:ngsi-ld:Device:n-2") == {}
    assert registry.reconcile(access) == 1
    assert _values(store, access, "urn:ngsi-ld:Device:n-2")["deviceState"] == "silent"


def test_the_first_message_makes_a_device_active(
    registry: DeviceRegistry, access: Access, database: Database, store: Store
) -> None:
    registry.register_many(access, [DeviceDraft(id=each, profile="noise") for each in ("n-1", "n-2")])
    with database.connection() as connection:
        connection.execute(
            "insert into device_counter (tenant_id, device_id, last_seen) values (%s, 'n-1', now())",
            [access.tenant_id],
        )
    assert activate_first_heard(database, store) == 1
    assert activate_first_heard(database, store) == 0
    states = {one.id: (one.state, one.state_reason) for one in registry.list(access, DeviceFilter()).devices}
    assert states == {"n-1": ("active", "first message"), "n-2": ("provisioned", None)}
    registry.retire(access, "n-1")
    registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    assert activate_first_heard(database, store) == 0  # it spoke before, not since


def test_hardware_behind_a_gateway(registry: DeviceRegistry, access: Access) -> None:
    gateway = DeviceDraft(id="gate", kind="gateway", adapter="tts_v3", application="app@town")
    behind = [
        DeviceDraft(id=each, profile="dragino-lht65", gateway="gate", gateway_device=f"eui-{each}")
        for each in ("l-1", "l-2")
    ]
    results = registry.register_many(access, [*behind, gateway])  # the gateway comes first all the same
    assert all(isinstance(one, Registered) for one in results)
    replaced = registry.replace_hardware(access, "l-1", HardwareDraft(gateway_device="eui-9"))
    assert replaced.credentials is None
    assert (replaced.device.gateway_device, replaced.device.adapter) == ("eui-9", "tts_v3")
    with pytest.raises(InvalidDevice, match="l-1: l-2 has this name at the gateway"):
        registry.replace_hardware(access, "l-1", HardwareDraft(gateway_device="eui-l-2"))
    with pytest.raises(InvalidDevice, match="l-1: l-2 has this name at the gateway"):
        registry.edit(access, "l-1", {"gatewayDevice": "eui-l-2"})


def test_replaced_credentials_are_void(registry: DeviceRegistry, access: Access, database: Database) -> None:
    first = registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    second = registry.replace_hardware(access, "n-1", HardwareDraft(serial="2"))
    assert first.credentials is not None
    assert second.credentials is not None
    assert second.generation > first.generation
    assert registry.verify("default/n-1", first.credentials.password) is None
    assert registry.verify("default/n-1", second.credentials.password) == ("default", "n-1")
    with database.connection() as connection:
        valid = connection.execute("select count(*) from device_credential where revoked_at is null")
        assert valid.fetchone() == (1,)


def test_edits_at_the_same_time_all_count(registry: DeviceRegistry, access: Access) -> None:
    registry.register(access, DeviceDraft(id="n-1", profile="noise"))
    members = ["name", "owner", "serial", "notes"]
    threads = [threading.Thread(target=registry.edit, args=(access, "n-1", {name: "x"})) for name in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    device = registry.get(access, "n-1")
    assert [getattr(device, name) for name in members] == ["x"] * 4
    assert device.revision == 5
    with pytest.raises(DeviceChanged):
        registry.edit(access, "n-1", {"name": "y"}, revision=4)


def test_many_devices_are_few_transactions(
    registry: DeviceRegistry, access: Access, database: Database, store: Store
) -> None:
    drafts = [DeviceDraft(id=f"n-{number:04}", profile="noise", tags=("a",)) for number in range(SLICE + 10)]
    results = registry.register_many(access, [*drafts, drafts[0]])
    assert sum(isinstance(one, Registered) for one in results) == SLICE + 10
    assert isinstance(results[-1], DeviceExists)
    assert registry.list(access, DeviceFilter(), limit=1).total == SLICE + 10
    with database.connection() as connection:
        transactions_used = connection.execute("select count(distinct xmin::text) from device").fetchone()
    assert transactions_used == (2,)
    entities = store.get_entities(access, [f"urn:ngsi-ld:Device:{draft.id}" for draft in drafts])
    assert len(entities) == SLICE + 10
    assert all(isinstance(entity, Entity) for entity in entities.values())
    assert registry.reconcile(access) == 0
