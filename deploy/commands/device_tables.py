"""Devices as tables for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = {"active": "green", "silent": "yellow", "faulty": "red", "provisioned": "cyan", "retired": "dim"}
_WIDE = 240
"""Columns where no terminal says how many there are: what is piped on is not to be cut."""
_COUNTED = ("received", "stored", "duplicate", "corrected", "ignored", "quarantined")


def print_devices(devices: Sequence[Mapping[str, Any]], total: int) -> None:
    """Print a line for each device."""
    if not devices:
        _console().print("No device is like that." if total == 0 else f"None of {total} devices.")
        return
    table = _table("id", "state", "last seen", "profile", "battery", "name", "owner", "entity")
    for device in devices:
        table.add_row(
            device["id"],
            _state(device["state"]),
            local_time(device["lastSeen"]),
            device["profile"] or f"gateway ({device['adapter']})",
            _share(device["battery"]),
            device["name"] or "",
            device["owner"] or "",
            device["entityId"] or device["application"] or "",
        )
    console = _console()
    console.print(table)
    console.print(f"{len(devices)} of {total}", style="dim")


def print_device(device: Mapping[str, Any]) -> None:
    """Print all of one device, a line for each member that it has."""
    console = _console()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in device.items():
        if name in ("messages", "values", "hardware") or value in (None, [], (), {}):
            continue
        table.add_row(Text(name, style="bold"), _state(value) if name == "state" else _written(name, value))
    console.print(table)
    counts = _table("", *_COUNTED)
    for name in ("messages", "values"):
        counts.add_row(name, *(str(device[name][one]) for one in _COUNTED))
    console.print(counts)
    if device["hardware"]:
        _print_hardware(console, device["hardware"])


def print_changes(changes: Sequence[Mapping[str, Any]], total: int) -> None:
    """Print a line for each change."""
    console = _console()
    table = _table("no.", "when", "who", "what", "before", "after", "why")
    for one in changes:
        table.add_row(
            str(one["number"]),
            local_time(one["at"]),
            one["by"],
            one["action"],
            _json(one["before"]),
            _json(one["after"]),
            one["reason"] or "",
        )
    console.print(table)
    console.print(f"{len(changes)} of {total}", style="dim")


def local_time(text: str | None) -> str:
    """Write a time of the API in the zone of the machine, to the second."""
    if text is None:
        return "never"
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _print_hardware(console: Console, hardware: Sequence[Mapping[str, Any]]) -> None:
    table = _table("former serial", "from", "until", "why", "who")
    for one in hardware:
        table.add_row(
            one["serial"] or "?",
            local_time(one["installedAt"]),
            local_time(one["removedAt"]),
            one["reason"] or "",
            one["by"],
        )
    console.print(table)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, markup=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _state(state: str) -> Text:
    return Text(state, style=_COLOURS.get(state, ""))


def _share(value: Any) -> str:
    if isinstance(value, int | float) and 0 <= value <= 1:
        return f"{value:.0%}"
    return "" if value is None else str(value)


def _written(name: str, value: Any) -> str:
    if name == "battery":
        return _share(value)
    if isinstance(value, str):
        return local_time(value) if name.endswith(("At", "Seen", "Since")) else value
    return _json(value) if isinstance(value, dict) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""
