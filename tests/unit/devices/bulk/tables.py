"""Files as operators and strangers make them."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook

from devices.bulk.columns import count_known
from devices.bulk.model import Entry, Report
from devices.bulk.reading import read_table
from devices.bulk.rows import read_entries

TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def csv_file(*rows: str, encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    return "".join(f"{row}{end}" for row in rows).encode(encoding)


def workbook_file(rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook as Excel writes it."""
    workbook = Workbook()
    for row in rows:
        workbook.worksheets[0].append(list(row))
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def raw_workbook(sheet_data: bytes | str, **parts: bytes) -> bytes:
    """A workbook whose only sheet is written by hand; `parts` replace others, by name (`__` is a slash)."""
    data = sheet_data.encode() if isinstance(sheet_data, str) else sheet_data
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + data + b"</sheetData></worksheet>"
    files = {
        "[Content_Types].xml": TYPES.encode(),
        "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            '<sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
        **{name.replace("__", "/"): content for name, content in parts.items()},
    }
    return zip_file(files)


def zip_file(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def text_row(number: int, cells: Sequence[str]) -> str:
    """A row of texts, as XML."""
    inner = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{inner}</row>'


def read(data: bytes) -> tuple[list[Entry], Report]:
    _, entries, report = read_entries(read_table(data, count_known))
    return entries, report


def codes(report: Report) -> list[tuple[int, str | None, str]]:
    return [(fault.row, fault.column, fault.code) for fault in report.faults]


def _relations(kind: str, target: str) -> bytes:
    return (
        f'<Relationships xmlns="{_RELATIONS}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    ).encode()
