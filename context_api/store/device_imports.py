"""Imports of devices: jobs that outlive the process, their rows, and what they ask of the registry."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("device_imports")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_ID = 2**63 - 1

IMPORTS_KEPT = 200
"""Of a tenant; the oldest make way."""

ImportState = Literal["checked", "refused", "waiting", "registering", "provisioning", "done"]
Outcome = Literal["created", "updated", "unchanged", "failed"]


class DeviceImport(msgspec.Struct, frozen=True, kw_only=True):
    """One import: what was sent, and how far its rows are."""

    id: int
    tenant: str
    tenant_id: int
    state: ImportState
    file_name: str | None
    principal: str
    is_partial: bool
    report: dict[str, Any]
    created_at: Micros
    started_at: Micros | None
    registered_at: Micros | None
    finished_at: Micros | None
    has_secrets: bool
    """The passwords can be fetched: they were not yet, and are not too old."""
    secrets_until: Micros | None
    secrets_fetched_at: Micros | None
    secrets_fetched_by: str | None
    rows: int
    """Rows that are carried out, now or later; wrong ones are not among them."""
    created: int
    updated: int
    unchanged: int
    failed: int
    provisioned: int
    """Of the created ones with credentials: those that the broker knows."""
    with_credentials: int


class NewImport(NamedTuple):
    """What is kept of a file that was judged."""

    state: ImportState
    file_name: str | None
    is_partial: bool
    report: Mapping[str, Any]
    salt: bytes | None
    secret_s: float
    """How long the passwords can be fetched."""
    rows: Sequence["NewRow"]


class NewRow(NamedTuple):
    """A row to carry out, or one that there is nothing to do for."""

    number: int
    device_id: str
    given: Mapping[str, Any] | None
    outcome: Outcome | None = None


class PendingRow(NamedTuple):
    """A row that is not done. `plan` is set where a process began with it."""

    number: int
    device_id: str
    given: dict[str, Any]
    plan: Literal["create", "update"] | None


class ValidSecret(NamedTuple):
    """The hash of a secret that is valid now."""

    device_id: str
    username: str
    verifier: bytes


class DoneRow(NamedTuple):
    """What became of a row."""

    number: int
    outcome: Outcome
    fault: Mapping[str, Any] | None = None
    generation: int | None = None


def insert_import(database: Database, access: Access, new: NewImport, *, open_most: int) -> int | None:
    """Keep an import; None where `open_most` of the tenant are under way and this is to be another."""
    named = {"tenant_id": access.tenant_id, "principal": access.principal, **new._asdict()}
    named["report"] = Jsonb(new.report)
    with database.transaction() as connection:
        connection.execute(_SQL["lock_imports"], named)
        if new.state == "waiting":
            counted = connection.execute(_SQL["count_open"], named).fetchone()
            if counted is not None and counted[0] >= open_most:
                return None
        row = connection.execute(_SQL["insert_import"], named).fetchone()
        if row is None:
            raise RuntimeError("BUG: an insert returned no row")
        ordered = sorted(new.rows, key=_gateways_first)
        rows = Jsonb([{**one._asdict(), "position": position} for position, one in enumerate(ordered)])
        connection.execute(_SQL["insert_rows"], {"id": row[0], "rows": rows})
        connection.execute(_SQL["drop_surplus"], {**named, "kept": IMPORTS_KEPT})
        after = {"rows": len(new.rows), "state": new.state}
        record_act(connection, access, "create", "device-import", str(row[0]), after=after)
        return int(row[0])


def get_import(database: Database, access: Access, import_id: int) -> DeviceImport | None:
    """Return one import of the tenant."""
    with database.connection() as connection:
        named = {"tenant_id": access.tenant_id, "id": import_id}
        row = connection.execute(_SQL["imports"] + b"\n" + _SQL["of_one"], named).fetchone()
    return None if row is None else _from_row(row)


def list_imports(
    database: Database, access: Access, *, limit: int, before: int | None = None
) -> list[DeviceImport]:
    """Return the imports of a tenant, the newest first."""
    with database.connection() as connection:
        named = {"tenant_id": access.tenant_id, "limit": limit, "before": before or _MAX_ID}
        rows = connection.execute(_SQL["imports"] + b"\n" + _SQL["of_many"], named).fetchall()
    return [_from_row(row) for row in rows]


def begin_next(database: Database) -> DeviceImport | None:
    """Return the import whose turn it is, marked as begun; None where nothing waits."""
    with database.transaction() as connection:
        row = connection.execute(_SQL["imports"] + b"\n" + _SQL["of_next"]).fetchone()
        if row is None:
            return None
        connection.execute(_SQL["begin_import"], {"id": row[0]})
        return _from_row(row)


def get_salt(database: Database, import_id: int) -> bytes | None:
    """Return what the passwords of an import are made from."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_salt"], {"id": import_id}).fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


def next_rows(database: Database, import_id: int, limit: int) -> list[PendingRow]:
    """Return rows that are not done, gateways first."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["next_rows"], {"id": import_id, "limit": limit}).fetchall()
    return [PendingRow(*row) for row in rows]


def plan_rows(database: Database, import_id: int, plans: Mapping[int, Literal["create", "update"]]) -> None:
    """Write down what is about to be done."""
    rows = [{"number": number, "plan": plan} for number, plan in plans.items()]
    with database.connection() as connection:
        connection.execute(_SQL["plan_rows"], {"id": import_id, "rows": Jsonb(rows)})


def finish_rows(database: Database, import_id: int, done: Sequence[DoneRow]) -> None:
    """Write down what became of rows."""
    rows = [one._asdict() for one in done]
    with database.connection() as connection:
        connection.execute(_SQL["finish_rows"], {"id": import_id, "rows": Jsonb(rows)})


def finish_registering(database: Database, import_id: int) -> None:
    """Note that all rows are done; the broker may still have to learn of them."""
    with database.connection() as connection:
        connection.execute(_SQL["finish_registering"], {"id": import_id})


def finish_provisioned(database: Database, *, waits_for_broker: bool) -> int:
    """Close the imports whose credentials the broker knows; how many."""
    with database.connection() as connection:
        return connection.execute(_SQL["finish_provisioned"], {"waits_for_broker": waits_for_broker}).rowcount


def is_registering(database: Database) -> bool:
    """Whether the devices of some import are being registered now."""
    with database.connection() as connection:
        row = connection.execute(_SQL["is_registering"]).fetchone()
    return bool(row and row[0])


def list_faults(database: Database, import_id: int, limit: int) -> list[dict[str, Any]]:
    """Return what went wrong while rows were carried out."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_faults"], {"id": import_id, "limit": limit}).fetchall()
    return [row[0] for row in rows if row[0] is not None]


def list_import_devices(database: Database, import_id: int) -> list[str]:
    """Return the ids of the devices that an import registered, changed or found as they should be."""
    with database.connection() as connection:
        return [row[0] for row in connection.execute(_SQL["list_devices"], {"id": import_id})]


def take_salt(database: Database, access: Access, import_id: int) -> bytes | None:
    """Return what the passwords are made from, and forget it; None where it is forgotten already."""
    named = {"tenant_id": access.tenant_id, "id": import_id, "principal": access.principal}
    with database.transaction() as connection:
        row = connection.execute(_SQL["take_salt"], named).fetchone()
        if row is not None:
            record_act(connection, access, "take", "device-credential", f"import {import_id}")
    return None if row is None else bytes(row[0])


def list_valid_secrets(database: Database, access: Access, import_id: int) -> list[ValidSecret]:
    """Return the hashes of the valid secrets of the devices that an import made."""
    named = {"tenant_id": access.tenant_id, "id": import_id}
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_valid_secrets"], named).fetchall()
    return [ValidSecret(row[0], row[1], bytes(row[2])) for row in rows]


def drop_secrets(database: Database) -> int:
    """Forget passwords that nobody fetched in time; of how many imports."""
    with database.connection() as connection:
        return connection.execute(_SQL["drop_secrets"]).rowcount


def drop_old(database: Database, age_s: float) -> int:
    """Delete imports that ended so long ago; how many."""
    with database.connection() as connection:
        return connection.execute(_SQL["drop_old"], {"age_s": age_s}).rowcount


def delete_import(database: Database, access: Access, import_id: int) -> bool:
    """Delete an import: rows that are not done stay undone. False where there is none."""
    with database.transaction() as connection:
        named = {"tenant_id": access.tenant_id, "id": import_id}
        is_deleted = connection.execute(_SQL["delete_import"], named).fetchone() is not None
        if is_deleted:
            record_act(connection, access, "delete", "device-import", str(import_id))
    return is_deleted


def find_names(
    database: Database, access: Access, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Find the devices that have names at gateways: (gateway, name) -> device."""
    named = {
        "tenant_id": access.tenant_id,
        "gateways": [gateway for gateway, _ in names],
        "names": [name for _, name in names],
    }
    with database.connection() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(_SQL["find_names"], named)}


def find_middle(database: Database, access: Access, at_least: int) -> tuple[float, float] | None:
    """Return the latitude and longitude in the middle of the devices; None where fewer are located."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_middle"], {"tenant_id": access.tenant_id}).fetchone()
    return None if row is None or row[0] < at_least else (row[1], row[2])


def _gateways_first(row: NewRow) -> tuple[bool, int]:
    """The others may stand behind them."""
    return (row.given or {}).get("kind") != "gateway", row.number


_COLUMNS = DeviceImport.__struct_fields__
_TIMES = frozenset(
    ("created_at", "started_at", "registered_at", "finished_at", "secrets_until", "secrets_fetched_at")
)


def _from_row(row: Sequence[Any]) -> DeviceImport:
    members: dict[str, Any] = {
        name: _to_micros(value) if name in _TIMES and value is not None else value
        for name, value in zip(_COLUMNS, row, strict=True)
    }
    return DeviceImport(**members)


def _to_micros(moment: datetime) -> Micros:
    return (moment - _EPOCH) // timedelta(microseconds=1)
