"""What is known of devices that are watched over: when they last spoke, what is raised, what is muted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("liveness")
PAGE = 5_000
BRIDGE_FRESH_S = 15.0
"""A bridge whose sign of life is older does not take anything in."""


class Watched(NamedTuple):
    """One device and what happened since it was judged last."""

    tenant: str
    tenant_id: int
    device_id: str
    entity_id: str | None
    profile: str | None
    state: str
    expected_interval_s: float | None
    location: dict[str, Any] | None
    silent_s: float
    """Since its last message, or since something could come in again, whichever was later."""
    unheard_s: float
    """Since its last message."""
    is_muted: bool
    raised: list[str]
    messages: int
    quarantined: int
    values: int
    values_quarantined: int


class Maintenance(NamedTuple):
    """Until when a device raises nothing, and what it has raised."""

    until: datetime | None
    reason: str | None
    raised: list[str]


def take_sight(database: Database, longest_gap_s: float) -> str | None:
    """Note that somebody looks; gives why nothing could come in, None where it could.

    Blind is an installation whose bridges are not ready, and a watch that has not looked for longer than
    `longest_gap_s`: nobody knows what was running meanwhile.
    """
    with database.transaction() as connection:
        row = connection.execute(_SQL["lock_sight"], {"fresh": BRIDGE_FRESH_S}).fetchone()
        gap_s, is_ready = row if row is not None else (None, None)
        reason = None
        if not is_ready:
            reason = "no bridge is ready"
        elif gap_s is None or gap_s > longest_gap_s:
            reason = "nobody looked for a while"
        connection.execute(_SQL["save_sight"], {"blind": reason is not None, "reason": reason})
    return reason


def list_watched(database: Database, after: tuple[int, str] = (0, ""), limit: int = PAGE) -> list[Watched]:
    """Give devices that have spoken, by tenant and id, after one of them."""
    named = {"tenant_id": after[0], "device_id": after[1], "limit": limit}
    with database.connection() as connection:
        return [Watched(*row) for row in connection.execute(_SQL["list_watched"], named)]


def save_raised(database: Database, tenant_id: int, raised: dict[str, Collection[str]]) -> None:
    """Keep what is raised of devices."""
    rows = [
        {"tenant_id": tenant_id, "device_id": device, "raised": sorted(kinds)}
        for device, kinds in sorted(raised.items())
    ]
    if rows:
        with database.transaction() as connection:
            connection.cursor().executemany(_SQL["save_raised"], rows)


def save_baselines(database: Database, tenant_id: int, device_ids: Sequence[str]) -> None:
    """Begin counting anew for devices whose counters were judged."""
    if device_ids:
        with database.connection() as connection:
            named = {"tenant_id": tenant_id, "device_ids": sorted(device_ids)}
            connection.execute(_SQL["save_baselines"], named)


def list_rate_limited(database: Database, window_s: float) -> set[tuple[int, str]]:
    """Give the devices (tenant id, id) that sent more than their limit a moment ago."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_rate_limited"], {"window_s": window_s}).fetchall()
    return {(row[0], row[1]) for row in rows}


def latest_values(
    database: Database, tenant_id: int, entity_ids: Sequence[str], attribute: str, limit: int
) -> dict[str, list[tuple[float, float]]]:
    """Give the newest numbers of an attribute, (seconds, value), the newest first, by entity.

    `attribute` is an IRI or its last part.
    """
    escaped = attribute.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = {
        "tenant_id": tenant_id,
        "entity_ids": list(entity_ids),
        "attribute": attribute,
        "suffix": f"%/{escaped}",
        "limit": limit,
    }
    with database.connection() as connection:
        rows = connection.execute(_SQL["latest_values"], named).fetchall()
    return {entity_id: [(at, value) for at, value in pairs] for entity_id, pairs in rows}


def get_maintenance(database: Database, access: Access, device_id: str) -> Maintenance | None:
    """Give what is planned for a device; None where there is no such device."""
    named = {"tenant_id": access.tenant_id, "device_id": device_id}
    with database.connection() as connection:
        row = connection.execute(_SQL["get_maintenance"], named).fetchone()
    return None if row is None else Maintenance(*row)


def put_maintenance(
    database: Database, access: Access, device_id: str, until: Micros | None, reason: str | None
) -> bool:
    """Mute a device until a time, None: no longer; False where there is no such device."""
    named = {
        "tenant_id": access.tenant_id,
        "device_id": device_id,
        "until": None if until is None else pack_time(until),
        "reason": reason,
    }
    with database.transaction() as connection:
        is_found = connection.execute(_SQL["put_maintenance"], named).rowcount > 0
        if is_found:
            after = {"until": until, "reason": reason}
            record_act(connection, access, "change", "maintenance", device_id, after=after)
    return is_found


def put_rule(database: Database, access: Access, rule_id: str, document: dict[str, Any]) -> bool:
    """Keep a rule; tells whether it is new."""
    named = {"tenant_id": access.tenant_id, "id": rule_id, "document": Jsonb(document)}
    with database.transaction() as connection:
        row = connection.execute(_SQL["put_rule"], named).fetchone()
        record_act(connection, access, "put", "health-rule", rule_id, after=document)
    return row is not None and bool(row[0])


def list_rules(database: Database, access: Access) -> list[dict[str, Any]]:
    """Give the rules of a tenant, by id."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_rules"], {"tenant_id": access.tenant_id}).fetchall()
    return [row[0] for row in rows]


def list_all_rules(database: Database) -> list[tuple[int, dict[str, Any]]]:
    """Give the rules of all tenants."""
    with database.connection() as connection:
        return [(row[0], row[1]) for row in connection.execute(_SQL["list_all_rules"])]


def delete_rule(database: Database, access: Access, rule_id: str) -> bool:
    """Remove a rule; False where there is none."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "id": rule_id}
        is_deleted = connection.execute(_SQL["delete_rule"], named).rowcount > 0
        if is_deleted:
            record_act(connection, access, "delete", "health-rule", rule_id)
    return is_deleted
