"""Imports as they are served."""

import time
from collections.abc import Sequence
from typing import Any

from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime
from context_api.store.device_imports import DeviceImport
from context_api.tabular.csv import BOM
from context_api.tabular.labels import Language
from context_api.tabular.safety import csv_field
from devices.bulk.imports import Login, read_report
from devices.bulk.model import Fault
from devices.bulk.report import describe_fault, describe_report
from devices.bulk.texts import title

_LOGIN = ("id", "username", "password", "topic", "url")


def describe_import(
    found: DeviceImport, language: Language, faults: Sequence[Fault] | None = None, *, has_faults: bool = True
) -> dict[str, Any]:
    """Write an import with its counts; `faults` are those to show, absent: those of the report."""
    report = describe_report(read_report(found), language)
    if faults is not None:
        report["faults"] = [describe_fault(fault, language) for fault in faults]
    elif not has_faults:
        report["faults"] = []
        report["lines"] = []
    return {
        "id": found.id,
        "state": found.state,
        "fileName": found.file_name,
        "principal": found.principal,
        "partial": found.is_partial,
        "createdAt": _time(found.created_at),
        "startedAt": _time(found.started_at),
        "registeredAt": _time(found.registered_at),
        "finishedAt": _time(found.finished_at),
        "counts": {
            "rows": found.rows,
            "waiting": found.rows - done_rows(found),
            "created": found.created,
            "updated": found.updated,
            "unchanged": found.unchanged,
            "failed": found.failed,
            "provisioned": found.created if found.state == "done" else found.provisioned,
        },
        "etaSeconds": eta_s(found, time.time_ns() // 1000),
        "credentials": {
            "available": found.has_secrets and found.state in ("provisioning", "done"),
            "until": _time(found.secrets_until) if found.has_secrets else None,
            "fetchedAt": _time(found.secrets_fetched_at),
            "fetchedBy": found.secrets_fetched_by,
        },
        "report": report,
    }


def done_rows(found: DeviceImport) -> int:
    """Count the rows that are carried out."""
    return found.created + found.updated + found.unchanged + found.failed


def eta_s(found: DeviceImport, now: Micros) -> float | None:
    """Guess how long it takes until the broker knows all devices, from how fast it went so far."""
    if found.state in ("checked", "refused", "done"):
        return 0.0
    if found.state == "registering":
        done, left = done_rows(found) - found.unchanged, found.rows - done_rows(found)
    else:
        done, left = found.provisioned, found.with_credentials - found.provisioned
    if found.started_at is None or done == 0:
        return None
    return round(left * (now - found.started_at) / 1e6 / done, 1)


def credentials_csv(logins: Sequence[Login], url: str | None) -> bytes:
    """Write passwords for a spreadsheet, its header in English as tools want it."""
    lines = [",".join(title(name, Language.EN) for name in _LOGIN)]
    for device_id, login in logins:
        cells = (device_id, login.username, login.password, login.topic, url or "")
        lines.append(",".join(map(csv_field, cells)))
    return BOM + "".join(f"{line}\r\n" for line in lines).encode()


def _time(moment: Micros | None) -> str | None:
    return None if moment is None else format_datetime(moment)
