"""How devices are: provisioned, active, silent, faulty or retired. Whoever finds out says so here."""

from collections.abc import Mapping
from typing import Literal

from context_api.store.database import Database
from context_api.store.device_changes import CHANGES_KEPT
from context_api.store.devices import DeviceState
from context_api.store.queries import load_queries

_SQL = load_queries("device_states")

SettableState = Literal["active", "silent", "faulty"]
"""Registering makes a device provisioned and retiring makes it retired; the rest is observed."""

_REASON_MAX = 500


def set_states(
    database: Database,
    tenant_id: int,
    states: Mapping[str, SettableState],
    reason: str,
    *,
    principal: str = "liveness",
) -> dict[str, DeviceState]:
    """Put devices of a tenant into states, with a line each in their history of changes.

    Returns the former state of those that changed, by id: unknown and retired devices stay out, and so do
    those that are in the state already. Raises StoreUnavailable.
    """
    if not states:
        return {}
    named = {
        "tenant_id": tenant_id,
        "ids": list(states),
        "states": list(states.values()),
        "reason": reason[:_REASON_MAX],
        "principal": principal,
        "kept": CHANGES_KEPT,
    }
    with database.transaction() as connection:
        return dict(connection.execute(_SQL["set_states"], named).fetchall())
