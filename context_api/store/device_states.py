"""How devices are: provisioned, active, silent, faulty or retired. Whoever finds out says so here."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from context_api.ngsild.changes import Change, UpdateAttributes
from context_api.ngsild.device_names import STATE, device_entity_id, state_instance
from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.batch import Batch
from context_api.store.database import Database
from context_api.store.device_changes import CHANGES_KEPT
from context_api.store.devices import DeviceState
from context_api.store.queries import load_queries
from context_api.store.store import Store

_SQL = load_queries("device_states")

SettableState = Literal["active", "silent", "faulty"]
"""Registering makes a device provisioned and retiring makes it retired; the rest is observed."""

SLICE = 500
"""So many devices change in one transaction."""
_REASON_MAX = 500


def set_states(
    database: Database,
    tenant_id: int,
    states: Mapping[str, SettableState],
    reason: str,
    *,
    principal: str = "liveness",
    store: Store | None = None,
) -> dict[str, DeviceState]:
    """Put devices of a tenant into states: rows, histories of changes and Device entities in one transaction.

    More than SLICE of them are several. Returns the former state of those that changed, by id: unknown and
    retired devices stay out, and so do those that are in the state already. `store` is one that the caller
    keeps, for its caches. Raises StoreUnavailable.
    """
    named = {"tenant_id": tenant_id, "ids": list(states), "states": list(states.values())}
    with database.connection() as connection:
        tenant = connection.execute(_SQL["get_tenant"], named).fetchone()
        changing = [row[0] for row in connection.execute(_SQL["find_changing"], named)]
    if tenant is None or not changing:
        return {}
    access = Access(tenant[0], tenant_id, principal)
    writer = Store(database) if store is None else store
    former: dict[str, DeviceState] = {}
    for start in range(0, len(changing), SLICE):
        wanted = {device_id: states[device_id] for device_id in changing[start : start + SLICE]}
        former |= _set_slice(writer, access, wanted, reason[:_REASON_MAX])
    return former


def activate_first_heard(database: Database, store: Store, limit: int = SLICE) -> int:
    """Make those of the provisioned devices active that have spoken; returns how many did."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["find_first_heard"], {"limit": limit}).fetchall()
    count = 0
    for tenant_id, found in groupby(rows, key=lambda row: int(row[0])):
        states: dict[str, SettableState] = {row[1]: "active" for row in found}
        count += len(set_states(database, tenant_id, states, "first message", store=store))
    return count


def _set_slice(
    store: Store, access: Access, states: Mapping[str, SettableState], reason: str
) -> dict[str, DeviceState]:
    named = {
        "tenant_id": access.tenant_id,
        "ids": list(states),
        "states": list(states.values()),
        "reason": reason,
        "principal": access.principal,
        "kept": CHANGES_KEPT,
    }
    told: list[Change] = [_told(device_id, state, 0) for device_id, state in states.items()]

    def work(batch: Batch) -> dict[str, DeviceState]:
        batch.begin([change.entity_id for change in told], len(told))
        rows = batch.connection.execute(_SQL["set_states"], named, binary=True).fetchall()
        _tell(batch, rows)
        batch.commit()
        return {row[0]: row[1] for row in rows}

    return store.transact(access, told, work)


def _tell(batch: Batch, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write the states onto the Device entities; one that is not there gets it when it is reconciled."""
    changes = [
        change
        for device_id, _, state, since in rows
        if batch.current((change := _told(device_id, state, since)).entity_id) is not None
    ]
    batch.apply(changes, [batch.access.principal] * len(changes))


def _told(device_id: str, state: str, since: Micros) -> Change:
    return UpdateAttributes(
        entity_id=device_entity_id(device_id), attributes={STATE: [state_instance(state, since)]}
    )
