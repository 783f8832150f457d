"""Excel workbooks (ECMA-376), written while the rows arrive.

A workbook is a ZIP of XML parts. Libraries write it to a file and hand it out at the end; this one goes to a
stream: the sheets first, the parts that name them last. Text cells are strings by type, so none is a formula.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from context_api.tabular.describe import describe
from context_api.tabular.labels import about_label
from context_api.tabular.model import About, Cells, Column, ColumnKind
from context_api.tabular.times import offset_text, serial_day

MAX_ROWS = 1_048_576
"""Of one sheet, its header included; what is more goes to the next sheet."""
MAX_CELL = 32_767
"""Characters of one cell; Excel refuses more, so longer texts are cut."""
MAX_SHEET_BYTES = 3_000_000_000
"""Of XML; beyond 4 GiB Excel refuses a part."""

_EXACT_INTEGER = 2**53
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PLAIN, _TIME, _BOLD = 0, 1, 2
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF], None)
_WIDTHS = {ColumnKind.TIME: 20, ColumnKind.TEXT: 24, ColumnKind.NUMBER: 14, ColumnKind.ANY: 14}


class XlsxEncoder:
    """One sheet of data, further ones where it is full, and a last one that tells what the data are."""

    def __init__(self, columns: Sequence[Column], about: About, *, max_rows: int = MAX_ROWS) -> None:
        self._columns = columns
        self._about = about
        self._max_rows = max_rows
        self._times = [column.kind == ColumnKind.TIME for column in columns]
        self._letters = [column_letters(index) for index in range(len(columns))]
        self._out = _Outlet()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._sheets: list[str] = []
        self._sheet: Any = None
        self._rows = 0
        self._bytes = 0

    def begin(self) -> bytes:
        """Begin the first sheet."""
        self._begin_sheet()
        return self._out.take()

    def write(self, rows: Iterable[Cells]) -> bytes:
        """Add rows; gives what the compression let out."""
        lines: list[str] = []
        for row in rows:
            if self._rows + 1 > self._max_rows or self._bytes > MAX_SHEET_BYTES:
                self._put(lines)
                lines = []
                self._end_sheet()
                self._begin_sheet()
            self._rows += 1
            lines.append(self._line(row))
        self._put(lines)
        return self._out.take()

    def end(self) -> bytes:
        """End the last sheet, tell what the data are, and write the parts that name the sheets."""
        self._end_sheet()
        self._add_about()
        self._add_parts()
        self._zip.close()
        return self._out.take()

    def _begin_sheet(self) -> None:
        name = about_label("data", self._about.language)
        self._sheets.append(f"{name} {len(self._sheets) + 1}" if self._sheets else name)
        self._sheet = self._zip.open(_part(len(self._sheets)), "w", force_zip64=False)
        self._rows = 1
        self._bytes = 0
        widths = "".join(
            f'<col min="{index}" max="{index}" width="{_WIDTHS[column.kind]}" customWidth="1"/>'
            for index, column in enumerate(self._columns, 1)
        )
        titles = "".join(
            text_cell(f"{letters}1", column.title, _BOLD)
            for letters, column in zip(self._letters, self._columns, strict=True)
        )
        self._put(
            [
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"'
                ' state="frozen"/></sheetView></sheetViews>'
                f'<cols>{widths}</cols><sheetData><row r="1">{titles}</row>'
            ]
        )

    def _end_sheet(self) -> None:
        self._put(["</sheetData></worksheet>"])
        self._sheet.close()

    def _put(self, pieces: Sequence[str]) -> None:
        data = "".join(pieces).encode()
        self._bytes += len(data)
        self._sheet.write(data)

    def _line(self, row: Cells) -> str:
        number = self._rows
        cells = [
            self._time_cell(f"{letters}{number}", cell) if is_time else make_cell(f"{letters}{number}", cell)
            for letters, cell, is_time in zip(self._letters, row, self._times, strict=True)
            if cell is not None and cell != ""
        ]
        return f'<row r="{number}">{"".join(cells)}</row>'

    def _time_cell(self, place: str, micros: int) -> str:
        """Write a time by the clocks of the zone; one before spreadsheets count is text."""
        serial = serial_day(micros, self._about.zone)
        if serial is None:
            return text_cell(place, offset_text(micros, self._about.zone))
        return f'<c r="{place}" s="{_TIME}"><v>{serial!r}</v></c>'

    def _add_about(self) -> None:
        lines = [
            f'<row r="{number}">{text_cell(f"A{number}", name, _BOLD)}{text_cell(f"B{number}", value)}</row>'
            for number, (name, value) in enumerate(describe(self._about), 1)
        ]
        self._sheets.append(about_label("about", self._about.language))
        self._zip.writestr(
            _part(len(self._sheets)),
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><cols><col min="1" max="1" width="30" customWidth="1"/>'
            f'<col min="2" max="2" width="100" customWidth="1"/></cols><sheetData>{"".join(lines)}'
            "</sheetData></worksheet>",
        )

    def _add_parts(self) -> None:
        numbers = range(1, len(self._sheets) + 1)
        sheets = "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, self._sheets, strict=True)
        )
        relations = "".join(
            f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet"'
            f' Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        overrides = "".join(
            f'<Override PartName="/{_part(number)}" ContentType="{_TYPE}.worksheet+xml"/>'
            for number in numbers
        )
        styles_id = len(self._sheets) + 1
        parts = {
            "xl/styles.xml": _STYLES,
            "xl/workbook.xml": (
                f'{_HEAD}<workbook xmlns="{_MAIN}"'
                f' xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": (
                f"{_HEAD}<Relationships"
                f' xmlns="{_PACKAGE}/relationships">{relations}'
                f'<Relationship Id="rId{styles_id}" Type="{_RELATIONS}/styles"'
                ' Target="styles.xml"/></Relationships>'
            ),
            "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{overrides}</Types>',
        }
        for name, text in parts.items():
            self._zip.writestr(name, text)


def make_cell(place: str, cell: Any) -> str:
    """Write one cell: numbers that a double holds as numbers, the rest as text."""
    if isinstance(cell, str):
        return text_cell(place, cell)
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, float) or (isinstance(cell, int) and -_EXACT_INTEGER <= cell <= _EXACT_INTEGER):
        return f'<c r="{place}"><v>{cell!r}</v></c>'
    return text_cell(place, str(cell) if isinstance(cell, int) else msgspec.json.encode(cell).decode())


def text_cell(place: str, text: str, style: int = _PLAIN) -> str:
    """Write a text cell; characters that XML cannot hold are left out."""
    clean = escape(text[:MAX_CELL].translate(_CONTROLS))
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'


def column_letters(index: int) -> str:
    """Name a column: 0 is A, 25 Z, 26 AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _part(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


class _Outlet(io.RawIOBase):
    """What the ZIP is written to: it cannot be gone back in, so lengths follow their data."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Give what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
