"""CSV (RFC 4180), UTF-8, lines ended by CR LF; text that a spreadsheet would run is made harmless."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from context_api.tabular.describe import describe
from context_api.tabular.model import About, Cells, Column, ColumnKind
from context_api.tabular.safety import csv_field
from context_api.tabular.times import local_text, offset_text

BOM = b"\xef\xbb\xbf"
_EXACT_INTEGER = 1e15


class CsvEncoder:
    """`has_bom`: what Excel needs to read UTF-8.

    `is_local`: times without offset, which Excel reads as times.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        about: About,
        *,
        has_bom: bool = False,
        is_local: bool = False,
        has_comments: bool = False,
    ) -> None:
        self._columns = columns
        self._about = about
        self._has_bom = has_bom
        self._has_comments = has_comments
        self._times = [column.kind == ColumnKind.TIME for column in columns]
        self._format_time = local_text if is_local else offset_text

    def begin(self) -> bytes:
        """Give the mark, the comments and the header."""
        comments = [f"# {name}: {value}" for name, value in describe(self._about)]
        header = ",".join([csv_field(column.title) for column in self._columns])
        lines = [*([_one_line(each) for each in comments] if self._has_comments else []), header]
        return (BOM if self._has_bom else b"") + "".join(f"{line}\r\n" for line in lines).encode()

    def write(self, rows: Iterable[Cells]) -> bytes:
        """Give lines."""
        return "".join([self._line(row) for row in rows]).encode()

    def end(self) -> bytes:
        """Nothing stands after the rows."""
        return b""

    def _line(self, row: Cells) -> str:
        zone = self._about.zone
        cells = [
            self._format_time(cell, zone) if is_time else cell_text(cell)
            for cell, is_time in zip(row, self._times, strict=True)
        ]
        return ",".join(cells) + "\r\n"


def cell_text(cell: Any) -> str:
    """Write a cell; numbers as they are, everything else made harmless."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return csv_field(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, int):
        return str(cell)
    return csv_field(msgspec.json.encode(cell).decode())


def number_text(number: float) -> str:
    """Write a number in the shortest form that gives it back, whole ones without a fraction."""
    if number.is_integer() and abs(number) < _EXACT_INTEGER:
        return str(int(number))
    return repr(number)


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
