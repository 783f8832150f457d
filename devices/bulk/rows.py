"""From the rows of a table to what each gives, and what is wrong with it, alone or beside the others. Pure.

All mistakes are found at once, not the first only.
"""

from collections.abc import Iterator
from typing import Any

from devices.bulk.columns import CLEAR, Wrong, half_width, read_cell
from devices.bulk.errors import UnreadableFile
from devices.bulk.header import Header, read_header
from devices.bulk.model import Cell, Entry, Fault, Line, Odd, Report, Row, Table, shown

_PLACE = ("latitude", "longitude", "altitude")
_EXAMPLE_ID = "aq-001"


def read_entries(table: Table) -> tuple[Header, list[Entry], Report]:
    """Read all rows. Raises UnreadableFile where the file as a whole is of no use."""
    report = Report(format=table.format, encoding=table.encoding, delimiter=table.delimiter)
    header = read_header(table.header, report)
    entries = list(_right_entries(table, header, report))
    if report.rows == 0:
        raise UnreadableFile("file-header-only")
    return header, entries, report


def _right_entries(table: Table, header: Header, report: Report) -> Iterator[Entry]:
    first_rows: dict[str, int] = {}
    for row in table.rows:
        report.rows += 1
        reader = _RowReader(row, header)
        given = reader.read()
        device_id = given.pop("id", None)
        if isinstance(device_id, str):
            first = first_rows.setdefault(device_id, row.number)
            if first != row.number:
                reader.note("id", "id-twice", {"first": str(first)}, device_id)
        for fault in reader.faults:
            report.add(fault)
        if reader.faults:
            report.faulty += 1
            report.list_row(_refused(row, device_id, given))
        elif isinstance(device_id, str):
            yield Entry(row.number, device_id, given)


def _refused(row: Row, device_id: object, given: dict[str, Any]) -> Line:
    """List a row that is wrong by what could be read of it."""

    def text(value: object) -> str | None:
        return shown(value) if isinstance(value, str) else None

    return Line(
        row=row.number, id=text(device_id), name=text(given.get("name")), profile=text(given.get("profile"))
    )


class _RowReader:
    """Reads one row; `faults` are all that it has."""

    def __init__(self, row: Row, header: Header) -> None:
        self._row = row
        self._header = header
        self.faults: list[Fault] = []

    def note(self, member: str, code: str, values: dict[str, str], value: str | None) -> None:
        self.faults.append(
            Fault(
                row=self._row.number,
                column=self._header.title(member),
                value=None if value is None else shown(value),
                code=code,
                values=values,
            )
        )

    def read(self) -> dict[str, Any]:
        """Give the members of the row, `id` among them where it is right."""
        self._check_width()
        given: dict[str, Any] = {}
        for index, column in self._header.columns.items():
            cell = self._row.cells[index] if index < len(self._row.cells) else ""
            if isinstance(cell, str) and not cell.strip():
                continue
            if isinstance(cell, str) and half_width(cell) == CLEAR and column.member != "id":
                given[column.member] = None
                continue
            try:
                given[column.member] = read_cell(column, cell)
            except Wrong as wrong:
                self.note(column.member, wrong.code, wrong.values, _text(cell))
        if "id" not in given and not any(f.column == self._header.title("id") for f in self.faults):
            self.note("id", "required", {"example": _EXAMPLE_ID}, "")
        self._gather_static(given)
        self._gather_place(given)
        return given

    def _check_width(self) -> None:
        extra = self._row.cells[self._header.width :]
        if any(not isinstance(cell, str) or cell.strip() for cell in extra):
            sizes = {"cells": str(len(self._row.cells)), "columns": str(self._header.width)}
            self.faults.append(
                Fault(row=self._row.number, value=shown(_text(extra[0])), code="cells-many", values=sizes)
            )

    def _gather_static(self, given: dict[str, Any]) -> None:
        names = [name for name in given if name.startswith("static.")]
        if names:
            given["static"] = {name.removeprefix("static."): given.pop(name) for name in names}

    def _gather_place(self, given: dict[str, Any]) -> None:
        """Make one location of its parts."""
        has_wrong_part = any(
            fault.column == self._header.title(member) for fault in self.faults for member in _PLACE
        )
        parts = {member: given.pop(member) for member in _PLACE if member in given}
        if not parts or has_wrong_part:
            return
        latitude, longitude = parts.get("latitude"), parts.get("longitude")
        if latitude is None and longitude is None and parts.get("altitude") is None:
            given["location"] = None
        elif latitude is None or longitude is None:
            missing = "latitude" if latitude is None else "longitude"
            self.note(missing, "half-location", {}, "")
        elif self._is_on_earth(latitude, longitude):
            altitude = parts.get("altitude")
            position = [longitude, latitude, *([] if altitude is None else [altitude])]
            given["location"] = {"type": "Point", "coordinates": position}

    def _is_on_earth(self, latitude: float, longitude: float) -> bool:
        if abs(latitude) > 90 and abs(latitude) <= 180 and abs(longitude) <= 90:
            values = {"latitude": str(longitude), "longitude": str(latitude)}
            self.note("latitude", "swapped", values, str(latitude))
            return False
        if abs(latitude) > 90:
            self.note("latitude", "latitude-range", {}, str(latitude))
        if abs(longitude) > 180:
            self.note("longitude", "longitude-range", {}, str(longitude))
        return abs(latitude) <= 90 and abs(longitude) <= 180


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Odd) else cell.strip()
