"""From the bytes of a file to a table: CSV in the encodings and with the signs that spreadsheets write. Pure.

Everything is bounded before it is taken apart: a record by its characters, a table by columns and rows.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from devices.bulk.errors import UnreadableFile
from devices.bulk.model import MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, Row, Table

DELIMITERS = ",;\t"
MAX_RECORD_CHARS = 65_536
"""One row. The csv module's own limit is one for the whole process, and per field."""
MAX_EMPTY_ROWS = 100_000
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_END_OF_LINE = re.compile(r"\r\n|\n|\r")
_SIGNS_OF_NOTHING = f'{DELIMITERS} \r\n"\u3000'
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}


class _Decoded(NamedTuple):
    text: str
    encoding: str


def read_table(data: bytes, count_known: Callable[[list[str]], int]) -> Table:
    """Read a file, whatever its name says. `count_known` tells how many cells of a header are known columns.

    Raises UnreadableFile.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableFile("file-large", bytes=len(data), most=MAX_FILE_BYTES)
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFile("file-empty")
    if data.startswith(_ZIP):
        from devices.bulk.workbook import read_workbook

        return read_workbook(data)
    if data.startswith(_OLE):
        raise UnreadableFile("file-old-excel")
    return _read_csv(data, count_known)


def _read_csv(data: bytes, count_known: Callable[[list[str]], int]) -> Table:
    text, encoding = _decode(data)
    if not text.strip(_SIGNS_OF_NOTHING):
        raise UnreadableFile("file-empty")
    delimiter = _find_delimiter(text, count_known)
    rows = not_empty(_records(text, delimiter))
    header = next(rows, None)
    if header is None:
        raise UnreadableFile("file-empty")
    return Table("csv", encoding, _NAMES[delimiter], header, bounded(rows))


def _decode(data: bytes) -> _Decoded:
    """UTF-8 with or without its mark, else Shift_JIS as Windows has it. Raises UnreadableFile."""
    if data.startswith(_UTF16):
        raise UnreadableFile("file-utf16")
    zero = data.find(b"\0")
    if zero >= 0:
        raise UnreadableFile("file-nul", line=data.count(b"\n", 0, zero) + 1, byte=zero)
    try:
        return _Decoded(data.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError as error:
        as_utf8 = error
    try:
        return _Decoded(data.decode("cp932"), "Shift_JIS (CP932)")
    except UnicodeDecodeError as error:
        # The one that got further is the one it was meant to be
        worse = max(as_utf8, error, key=lambda each: each.start)
        line = data.count(b"\n", 0, worse.start) + 1
        raise UnreadableFile("file-encoding", line=line, byte=worse.start) from error


def _find_delimiter(text: str, count_known: Callable[[list[str]], int]) -> str:
    """Take the sign that makes most known columns of the header, of equals that which makes most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        header = next(not_empty(_records(text, delimiter)), None)
        cells = [] if header is None else [str(cell) for cell in header.cells[:MAX_COLUMNS]]
        return count_known(cells), len(cells)

    return max(DELIMITERS, key=score)


class _Lines:
    """Gives the lines of a text; refuses a record that goes on and on, as after an open quote."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._taken = 0
        self.number = 0
        self.record = 1
        """The line on which the record begins."""

    def begin_record(self) -> None:
        self._taken = 0
        self.record = self.number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._at >= len(self._text):
            raise StopIteration
        end = self._end_of_line()
        line = self._text[self._at : end]
        self._taken += len(line)
        if self._taken > MAX_RECORD_CHARS:
            raise UnreadableFile("row-long", row=self.record, most=MAX_RECORD_CHARS)
        self._at = end
        self.number += 1
        return line

    def _end_of_line(self) -> int:
        """Lines end with LF, CR LF or, in old files, CR."""
        end = _END_OF_LINE.search(self._text, self._at)
        return len(self._text) if end is None else end.end()


def _records(text: str, delimiter: str) -> Iterator[Row]:
    """Take a text apart. Raises UnreadableFile."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        lines.begin_record()
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile("csv-quotes", row=number, line=lines.record) from error
        while cells and not cells[-1].strip():
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile("columns-many", row=number, columns=len(cells), most=MAX_COLUMNS)
        yield Row(number, list(cells))


def not_empty(rows: Iterator[Row]) -> Iterator[Row]:
    """Leave out rows without any text, of which spreadsheets write many after the last one."""
    empty = 0
    for row in rows:
        if any(not isinstance(cell, str) or cell.strip() for cell in row.cells):
            yield row
            continue
        empty += 1
        if empty > MAX_EMPTY_ROWS:
            raise UnreadableFile("rows-empty", most=MAX_EMPTY_ROWS)


def bounded(rows: Iterator[Row]) -> Iterator[Row]:
    """Refuse a table of too many rows."""
    for count, row in enumerate(rows, 1):
        if count > MAX_ROWS:
            raise UnreadableFile("rows-many", most=MAX_ROWS)
        yield row
