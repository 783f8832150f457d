"""How entries of the audit trail are written for people and for other programs."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from context_api.store.audit_reading import Recorded
from context_api.tabular.safety import csv_field

_COLUMNS = (
    "at",
    "tenant",
    "number",
    "principal",
    "organisation",
    "address",
    "verb",
    "kind",
    "id",
    "outcome",
    "reason",
    "request",
    "before",
    "after",
    "hash",
)
_MARK = "\ufeff"
"""Tells spreadsheets that the text is UTF-8."""


def describe_line(entry: Recorded) -> str:
    """Write an entry as a line for people."""
    said = entry.said
    parts = (
        f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
        entry.tenant or "-",
        str(entry.number),
        said.get("principal", "?"),
        said.get("address", "-"),
        f"{said.get('verb')} {said.get('kind')} {said.get('id')}",
        said.get("outcome", ""),
        said.get("reason", ""),
    )
    return "  ".join(str(part).translate(_ONE_LINE) for part in parts).rstrip()


_ONE_LINE = {ord(sign): " " for sign in "\r\n\t\x1b\x85\u2028\u2029"}


def describe(entry: Recorded) -> dict[str, object]:
    """Write an entry as the API and the export show it."""
    return {
        "at": entry.at,
        "tenant": entry.tenant,
        "number": entry.number,
        **entry.said,
        "hash": entry.hash.hex(),
    }


def write_json_lines(entries: Iterable[Recorded]) -> Iterator[str]:
    """Write a JSON object per line."""
    for entry in entries:
        yield msgspec.json.encode(describe(entry)).decode() + "\n"


def write_csv(entries: Iterable[Recorded]) -> Iterator[str]:
    """Write a table with a head (RFC 4180)."""
    yield _MARK + ",".join(_COLUMNS) + "\r\n"
    for entry in entries:
        described = describe(entry)
        yield ",".join(csv_field(_text(described.get(name))) for name in _COLUMNS) + "\r\n"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')


WRITERS: Mapping[str, Callable[[Iterable[Recorded]], Iterator[str]]] = {
    "jsonl": write_json_lines,
    "csv": write_csv,
}
