"""The quarantine: filters, counts, a look inside, replay, discard, bounds; the counters balance all along."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from context_api.store import quarantine as aside
from context_api.store.access import Access
from context_api.store.counters import DeviceCounters
from context_api.store.database import Database, open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason
from context_api.store.store import Store
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.integration.http.conftest import SECRET, problem

QUARANTINE = "/api/v1/quarantine"
ARRIVED = 1_795_392_000_000_000
COUNTED = ("stored", "duplicate", "corrected", "ignored", "quarantined")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@pytest.fixture
def access(store: Store) -> Access:
    return store.tenant("default")


def put_aside(store: Store, access: Access, payloads: list[bytes], **members: Any) -> None:
    given: dict[str, Any] = {"device_id": "", "reason": "unknown-device", "device": "aq-001"} | members
    store.ingest(
        access,
        [
            Delivery(
                device_id=given["device_id"],
                topic=f"machi/v1/default/{given['device']}/up",
                payload=payload,
                arrived_at=ARRIVED + number * 60_000_000,
                quarantine=QuarantineReason(given["reason"], "because"),
                values=given.get("values", 0),
                retained=given.get("retained", False),
            )
            for number, payload in enumerate(payloads)
        ],
    )


def register(database: Database, access: Access, device: str = "aq-001") -> None:
    DeviceRegistry(database, hash_key=SECRET).register(access, DeviceDraft(id=device, profile="air-quality"))


def balanced(store: Store, access: Access) -> dict[str, DeviceCounters]:
    """All counters, each of which must balance."""
    found = {one.device_id: one for one in store.get_device_counters(access)}
    for one in found.values():
        for unit in ("messages", "values"):
            parts = [getattr(one, f"{unit}_{part}") for part in COUNTED]
            assert getattr(one, f"{unit}_received") == sum(parts), one
            assert min(parts) >= 0, one
    return found


def test_looking_for_messages(api: httpx.Client, store: Store, access: Access) -> None:
    put_aside(store, access, [b"{}", b"\xff\x00", b"3"])
    put_aside(store, access, [b"{oops"], device_id="aq-002", device="aq-002", reason="bad-json")
    listed = api.get(QUARANTINE, params={"reason": "unknown-device", "since": "2026-11-23T00:01:00Z"}).json()
    assert [one["payload"] for one in listed["messages"]] == ["3", "/wA="]
    listed = api.get(QUARANTINE, params={"device": "aq-002", "until": "2026-11-24T00:00:00Z"}).json()
    assert [one["reason"] for one in listed["messages"]] == ["bad-json"]
    counted = api.get(f"{QUARANTINE}/reasons").json()
    assert [(one["reason"], one["messages"], one["bytes"]) for one in counted["reasons"]] == [
        ("unknown-device", 3, 5),
        ("bad-json", 1, 5),
    ]
    assert counted["dropped"] == []
    for wrong in ("since=yesterday", "replayed=maybe", "limit=0", "colour=red"):
        assert api.get(f"{QUARANTINE}?{wrong}").status_code == 400, wrong
    problem(api.get(f"{QUARANTINE}/999999"), 404, "ResourceNotFound")
    problem(api.get(f"{QUARANTINE}/abc"), 404, "ResourceNotFound")


def test_a_look_inside_says_what_it_would_become(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    put_aside(store, access, [b'{"pm25": 12.5}'])
    (message,) = api.get(QUARANTINE).json()["messages"]
    path = f"{QUARANTINE}/{message['id']}"
    assert api.get(path).json()["now"]["reason"] == "unknown-device"
    register(database, access)
    shown = api.get(path).json()
    assert shown["payloadHex"] == b'{"pm25": 12.5}'.hex()
    assert shown["now"]["result"] == "stored"
    assert shown["now"]["readings"] == [
        {
            "entityId": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "attributes": {"pm25": {"value": 12.5, "unitCode": "GQ"}},
        }
    ]
    assert store.get_entities(access, ["urn:ngsi-ld:AirQualityObserved:aq-001"]) == {}


def test_a_replay_stores_what_is_good_now_and_moves_its_counts(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    good = [b'{"pm25": 1, "temperature": 20}', b'{"pm25": 2}']
    put_aside(store, access, [*good, b"{oops"])
    put_aside(
        store,
        access,
        [b'{"pm25": "much"}'],
        device="aq-002",
        device_id="aq-002",
        values=1,
        reason="bad-value",
    )
    before = balanced(store, access)
    assert (before[""].messages_quarantined, before["aq-002"].values_quarantined) == (3, 1)
    register(database, access)
    answer = api.post(f"{QUARANTINE}/replay", json={"reason": "unknown-device"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"] == {"quarantined": 1, "stored": 2}
    assert [one["result"] for one in answer.json()["messages"]] == ["stored", "stored", "quarantined"]
    assert answer.json()["messages"][2]["reason"] == "bad-json"
    after = balanced(store, access)
    assert after[""].messages_received == 0
    found = after["aq-001"]
    assert (found.messages_received, found.messages_stored, found.messages_quarantined) == (3, 2, 1)
    assert (found.values_received, found.values_stored) == (3, 3)
    assert found.last_seen == ARRIVED + 120_000_000
    entity = store.get_entities(access, ["urn:ngsi-ld:AirQualityObserved:aq-001"])
    values = {
        name.rpartition("/")[2]: instances[0].value
        for name, instances in next(iter(entity.values())).attributes.items()
    }
    assert (values["pm25"], values["temperature"]) == (2, 20)
    left = api.get(QUARANTINE).json()["messages"]
    assert sorted(one["reason"] for one in left) == ["bad-json", "bad-value"]
    again = api.post(f"{QUARANTINE}/replay", json={"ids": [one["id"] for one in answer.json()["messages"]]})
    assert again.json()["counts"] == {"gone": 2, "quarantined": 1}
    assert balanced(store, access) == after
    replayed = api.get(QUARANTINE, params={"replayed": "true"}).json()["messages"]
    assert [one["outcome"] for one in replayed] == ["stored", "stored"]


def test_a_part_that_was_kept_aside_is_stored_without_counting_the_rest_twice(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    register(database, access)
    path = "/api/v1/ingest/aq-001"
    at = "2026-11-20T09:00:00Z"
    stored = api.post(path, json={"observedAt": at, "pm25": 5.0}).json()
    assert stored["values"]["stored"] == 1
    # as if the temperature of that message had been put aside by a range check
    store.ingest(
        access,
        [
            Delivery(
                device_id="aq-001",
                topic="machi/v1/default/aq-001/up",
                payload=f'{{"observedAt": "{at}", "pm25": 5.0, "temperature": 20.5}}'.encode(),
                arrived_at=ARRIVED,
                quarantine=QuarantineReason("out-of-range", "because"),
                values=1,
            )
        ],
    )
    with database.connection() as connection:
        connection.execute(b"update quarantine set is_whole = false")
        connection.execute(
            b"update device_counter set messages_received = 1, messages_quarantined = 0, messages_stored = 1"
        )
    before = balanced(store, access)["aq-001"]
    assert (before.values_received, before.values_stored, before.values_quarantined) == (2, 1, 1)
    answer = api.post(f"{QUARANTINE}/replay", json={"device": "aq-001"}).json()
    assert answer["counts"] == {"stored": 1}
    after = balanced(store, access)["aq-001"]
    assert (after.messages_received, after.values_received, after.values_stored) == (1, 2, 2)
    assert after.values_quarantined == 0


def test_a_retained_message_without_a_time_is_no_reading_in_a_replay_either(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    put_aside(store, access, [b'{"pm25": 1}'], retained=True)
    register(database, access)
    answer = api.post(f"{QUARANTINE}/replay", json={"reason": "unknown-device"}).json()
    assert answer["counts"] == {"ignored": 1}
    assert balanced(store, access)["aq-001"].messages_ignored == 1


def test_what_was_cut_cannot_be_replayed(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    put_aside(store, access, [b'{"pm25": 1, "x": "' + b"x" * 70_000 + b'"}'])
    register(database, access)
    (message,) = api.get(QUARANTINE).json()["messages"]
    assert api.get(f"{QUARANTINE}/{message['id']}").json()["isComplete"] is False
    assert api.post(f"{QUARANTINE}/replay", json={"ids": [message["id"]]}).json()["counts"] == {"cut": 1}


def test_wrong_selections_are_refused(api: httpx.Client) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"ids": [1], "reason": "x"},
        {"ids": [0]},
        {"reason": "x", "limit": 0},
        {"reason": "x", "limit": 1001},
        {"since": "yesterday"},
        {"reason": 5},
        {"colour": "red"},
        {"device": "a\u0000"},
    ]
    for body in bodies:
        for act in ("replay", "discard"):
            problem(api.post(f"{QUARANTINE}/{act}", json=body), 400, "BadRequestData")


def test_discarding_frees_room_and_is_counted(api: httpx.Client, store: Store, access: Access) -> None:
    put_aside(store, access, [b"1", b"2", b"3"])
    before = balanced(store, access)
    first = api.post(f"{QUARANTINE}/discard", json={"reason": "unknown-device", "limit": 2}).json()
    assert first["discarded"] == 2
    assert first["next"] is not None
    last = api.post(f"{QUARANTINE}/discard", json={"reason": "unknown-device", "after": first["next"]}).json()
    assert last == {"discarded": 1, "next": None}
    counted = api.get(f"{QUARANTINE}/reasons").json()
    assert counted["reasons"] == []
    (dropped,) = counted["dropped"]
    assert (dropped["cause"], dropped["messages"], dropped["bytes"]) == ("discarded", 3, 3)
    assert balanced(store, access) == before


def test_the_oldest_make_way_and_are_counted(store: Store, access: Access, database: Database) -> None:
    put_aside(store, access, [b"%d" % number for number in range(10)])
    assert aside.keep_bounds(database) == 0
    assert aside.keep_bounds(database, max_messages=6, max_bytes=0) == 10
    put_aside(store, access, [b"%d" % number for number in range(10)])
    assert aside.keep_bounds(database, max_messages=6, max_bytes=1_000) == 4
    kept = aside.list_messages(database, access, aside.QuarantineFilter(), limit=20)
    assert [one.payload for one in kept] == [b"9", b"8", b"7", b"6", b"5", b"4"]
    with database.connection() as connection:
        aside.count_day(connection, date(2026, 11, 23), is_early=False)
    dropped = {one.cause: one.messages for one in aside.list_dropped(database, access)}
    assert dropped["age"] == 6
    assert sum(dropped.values()) == 20


def test_other_tenants_see_and_replay_nothing(
    api: httpx.Client, store: Store, access: Access, database: Database
) -> None:
    put_aside(store, access, [b'{"pm25": 1}'])
    register(database, access)
    (message,) = api.get(QUARANTINE).json()["messages"]
    store.tenant("other", create=True)
    other = {"NGSILD-Tenant": "other"}
    assert api.get(QUARANTINE, headers=other).json() == {"messages": []}
    assert api.get(f"{QUARANTINE}/{message['id']}", headers=other).status_code == 404
    replayed = api.post(f"{QUARANTINE}/replay", json={"ids": [message["id"]]}, headers=other)
    assert replayed.json()["counts"] == {"gone": 1}
    discarded = api.post(f"{QUARANTINE}/discard", json={"ids": [message["id"]]}, headers=other)
    assert discarded.json()["discarded"] == 0
    assert len(api.get(QUARANTINE).json()["messages"]) == 1
