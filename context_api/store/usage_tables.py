"""Usage as a table for reports: no cell is a formula, no row a person."""

from collections.abc import Iterable, Iterator

from context_api.store.usage import COLUMNS, UsageRow
from context_api.tabular.safety import csv_field

HEAD = ("day", "tenant", "organisation", "caller", "type", *COLUMNS)
_MARK = "\ufeff"
"""Tells spreadsheets that the text is UTF-8."""


def cells(row: UsageRow) -> list[str]:
    """Write a line's cells."""
    name = row.organisation_name or ("" if not row.organisation else str(row.organisation))
    counts = [str(getattr(row.used, column)) for column in COLUMNS]
    return [row.day.isoformat(), row.tenant, name, row.caller, row.type or "", *counts]


def write_csv(rows: Iterable[UsageRow]) -> Iterator[str]:
    """Write a table with a head (RFC 4180)."""
    yield _MARK + ",".join(HEAD) + "\r\n"
    for row in rows:
        yield ",".join(map(csv_field, cells(row))) + "\r\n"
