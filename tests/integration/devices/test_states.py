"""States of devices on a real database."""

from typing import Any

from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_changes import CHANGES_KEPT
from context_api.store.device_states import SettableState, set_states
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry


def _rows(database: Database, sql: bytes) -> list[tuple[Any, ...]]:
    with database.connection() as connection:
        return connection.execute(sql).fetchall()


def test_states_change_and_are_noted(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register_many(access, [DeviceDraft(id=each, profile="noise") for each in ("a", "b", "gone")])
    registry.retire(access, "gone")
    wanted: dict[str, SettableState] = {"b": "active", "a": "silent", "gone": "active", "none": "active"}
    changed = set_states(database, access.tenant_id, wanted, "heard")
    assert changed == {"a": "provisioned", "b": "provisioned"}
    assert set_states(database, access.tenant_id, {"a": "silent"}, "again") == {}
    assert set_states(database, access.tenant_id, {}, "nothing") == {}
    assert _rows(database, b"select id, state, state_reason from device where id <> 'gone' order by id") == [
        ("a", "silent", "heard"),
        ("b", "active", "heard"),
    ]
    noted = _rows(
        database,
        b"""select device_id, principal, before, after, reason from device_change where action = 'state'
        order by device_id""",
    )
    assert noted == [
        ("a", "liveness", {"state": "provisioned"}, {"state": "silent"}, "heard"),
        ("b", "liveness", {"state": "provisioned"}, {"state": "active"}, "heard"),
    ]


def test_states_of_another_tenant_stay(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    assert set_states(database, access.tenant_id + 1, {"a": "active"}, "not mine") == {}
    assert _rows(database, b"select state from device") == [("provisioned",)]


def test_the_oldest_changes_make_way(registry: DeviceRegistry, access: Access, database: Database) -> None:
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    _rows(database, b"update device set changes = 2000 returning id")
    _rows(
        database,
        b"""insert into device_change (tenant_id, device_id, number, principal, action)
        select tenant_id, id, generate_series(900, 2000), 'x', 'edited' from device on conflict do nothing
        returning number""",
    )
    set_states(database, access.tenant_id, {"a": "active"}, "heard")
    numbers = [row[0] for row in _rows(database, b"select number from device_change order by number")]
    assert numbers == list(range(2001 - CHANGES_KEPT + 1, 2002))
