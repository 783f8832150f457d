"""Excel workbooks as strangers send them (ECMA-376). Pure.

A workbook is a ZIP of XML parts, and both can be made to burst: so before openpyxl sees it, the archive is
unpacked once with a limit on what comes out (its directory may lie), anything with a document type is refused
(no entities, no external files), and only the few kinds of parts that a table needs are passed on. Formulas
are not calculated and their cached results not trusted: a cell with one is a fault of its row.
"""

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from devices.bulk.errors import UnreadableFile
from devices.bulk.model import MAX_CELL_CHARS, MAX_COLUMNS, Cell, Odd, Row, Table
from devices.bulk.reading import bounded, not_empty

MAX_PARTS = 300
MAX_UNPACKED_BYTES = 40 * 1024 * 1024
MAX_STRINGS_BYTES = 16 * 1024 * 1024
"""Of the table of strings, which is held in memory as a whole."""
MAX_OTHER_BYTES = 4 * 1024 * 1024
"""Of any part that is no sheet."""
MAX_ROW_BYTES = 1024 * 1024
"""Of XML from one row to the next: an element of 4 bytes takes a hundred in memory until its row is done."""
MAX_TAIL_BYTES = 4 * 1024 * 1024
"""After the last row: formats, merged cells."""
_MOST_TAGS = {"strings": 2_000_000, "other": 200_000}
_NEEDED = frozenset(("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
_ROW_START = re.compile(rb"<(?:\w+:)?row[\s/>]")
_TYPE_OR_ENTITY = re.compile(rb"<!(?!--|\[CDATA\[)")
_BLOCK = 256 * 1024
_EXACT = 2**53
_ODD = {"f": "formula", "e": "excel-error"}


def read_workbook(data: bytes) -> Table:
    """Read the first visible sheet. Raises UnreadableFile, also while its rows are read."""
    clean = _repack(data)
    rows = not_empty(_read_rows(clean))
    header = next(rows, None)
    if header is None:
        raise UnreadableFile("file-empty")
    return Table("xlsx", None, None, header, bounded(rows))


def _repack(data: bytes) -> io.BytesIO:
    """Unpack within limits, and pack what is wanted without compression."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _copy(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError) as error:
        raise UnreadableFile("workbook-damaged") from error
    except (zlib.error, ValueError, struct.error) as error:
        raise UnreadableFile("workbook-damaged") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise UnreadableFile("workbook-encrypted") from error


def _copy(archive: zipfile.ZipFile) -> io.BytesIO:
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS:
        raise UnreadableFile("workbook-parts", parts=len(parts), most=MAX_PARTS)
    if len(set(names)) < len(names) or not set(names) >= _NEEDED:
        raise UnreadableFile("workbook-damaged")
    packed = io.BytesIO()
    room = MAX_UNPACKED_BYTES
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as copy:
        for part in parts:
            kind = _kind(part.filename)
            if kind is None:
                continue
            content = _unpack(archive, part, min(room, _MOST_BYTES[kind]))
            room -= len(content)
            _check_xml(content)
            _check_density(content, kind)
            copy.writestr(part.filename, content)
    return packed


_MOST_BYTES = {"sheet": MAX_UNPACKED_BYTES, "strings": MAX_STRINGS_BYTES, "other": MAX_OTHER_BYTES}


def _kind(name: str) -> str | None:
    """Tell what a part is; None for what no table needs: macros, pictures, links to elsewhere."""
    lower = name.lower()
    if lower.startswith("xl/worksheets/") and lower.endswith(".xml"):
        return "sheet"
    if lower == "xl/sharedstrings.xml":
        return "strings"
    return "other" if name in _NEEDED or lower == "xl/styles.xml" else None


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack one part; what its entry in the directory says of its size is not believed."""
    blocks = []
    size = 0
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > most:
                raise UnreadableFile("workbook-large", most=most // 2**20)
            blocks.append(block)
    return b"".join(blocks)


def _check_xml(content: bytes) -> None:
    """Refuse document types, and encodings that would hide them: Excel writes UTF-8 and none."""
    if _TYPE_OR_ENTITY.search(content):
        raise UnreadableFile("workbook-doctype")
    head = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    declared = head[: head.find(b"?>") + 1].lower() if head.startswith(b"<?xml") else b""
    if b"\0" in head or (b"encoding" in declared and b"utf-8" not in declared):
        raise UnreadableFile("workbook-damaged")


def _check_density(content: bytes, kind: str) -> None:
    """Refuse XML that takes a hundred times its size in memory."""
    if kind != "sheet":
        if content.count(b"<") > _MOST_TAGS[kind]:
            raise UnreadableFile("workbook-large", most=_MOST_BYTES[kind] // 2**20)
        return
    start, number = 0, 0
    for found in _ROW_START.finditer(content):
        if found.start() - start > MAX_ROW_BYTES:
            raise UnreadableFile("row-long", row=number, most=MAX_ROW_BYTES)
        start, number = found.start(), number + 1
    end = content.rfind(b"sheetData>", start)
    if (end if end > 0 else len(content)) - start > MAX_ROW_BYTES:
        raise UnreadableFile("row-long", row=number, most=MAX_ROW_BYTES)
    if len(content) - start > MAX_TAIL_BYTES:
        raise UnreadableFile("workbook-large", most=MAX_TAIL_BYTES // 2**20)


def _read_rows(data: io.BytesIO) -> Iterator[Row]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that were left out
            workbook = load_workbook(data, read_only=True, data_only=False, keep_links=False)
        with closing(workbook):
            sheets = [
                sheet
                for sheet in workbook.worksheets
                if isinstance(sheet, ReadOnlyWorksheet) and sheet.sheet_state == "visible"
            ]
            if not sheets:
                raise UnreadableFile("workbook-no-sheet")
            sheets[0].reset_dimensions()  # as declared they may name a million rows of 16,384 columns
            for number, cells in enumerate(sheets[0].iter_rows(), 1):
                yield Row(number, _read_cells(number, cells))
    except UnreadableFile:
        raise
    except Exception as error:  # openpyxl has no error of its own for a file that is not as it should be
        raise UnreadableFile("workbook-damaged") from error


def _read_cells(number: int, cells: tuple[Any, ...]) -> list[Cell]:
    found = [_read_cell(cell) for cell in cells[: MAX_COLUMNS + 1]]
    while found and found[-1] == "":
        found.pop()
    if len(found) > MAX_COLUMNS:
        raise UnreadableFile("columns-many", row=number, columns=len(cells), most=MAX_COLUMNS)
    return found


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    odd = _ODD.get(cell.data_type)
    if value is None:
        return ""
    if odd is not None:
        return Odd(odd, str(value)[:MAX_CELL_CHARS])
    if isinstance(value, datetime | date | time | timedelta):
        return Odd("excel-date", value.isoformat() if isinstance(value, datetime | date) else str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value)
