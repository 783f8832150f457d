"""CSV files in the encodings and with the signs that spreadsheets write, and files that are none."""

import pytest

from devices.bulk.errors import UnreadableFile
from devices.bulk.model import MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS
from devices.bulk.texts import Language
from tests.unit.devices.bulk.tables import codes, csv_file, read

HEADER = "デバイスID,プロファイル,名称,緯度,経度"
ROW = "aq-001,air-quality,秋津町 大気,35.77,139.49"
GIVEN = {
    "profile": "air-quality",
    "name": "秋津町 大気",
    "location": {"type": "Point", "coordinates": [139.49, 35.77]},
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize(("sign", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_what_spreadsheets_write_is_read(encoding: str, sign: str, name: str, end: str) -> None:
    data = csv_file(HEADER.replace(",", sign), ROW.replace(",", sign), encoding=encoding, end=end)
    [entry], report = read(data)
    assert (entry.row, entry.id, entry.given) == (2, "aq-001", GIVEN)
    assert report.encoding == ("Shift_JIS (CP932)" if encoding == "cp932" else "UTF-8")
    assert (report.delimiter, report.rows, codes(report)) == (name, 1, [])


def test_columns_come_in_any_order_and_either_language() -> None:
    data = csv_file("Longitude,LAT,Device ID,種別,remark", "139.49,35.77,aq-001,air-quality,x")
    [entry], report = read(data)
    assert entry.given == {"profile": "air-quality", "location": GIVEN["location"]}
    assert report.columns == {
        "Longitude": "longitude",
        "LAT": "latitude",
        "Device ID": "id",
        "種別": "profile",
    }
    assert report.unknown_columns == ["remark"]


def test_rows_are_numbered_as_the_spreadsheet_does() -> None:
    data = csv_file("", HEADER, "", '"aq-001",air-quality,"a\nb",,', "", "aq 2,air-quality,,,")
    entries, report = read(data)
    assert [(entry.row, entry.given["name"]) for entry in entries] == [(4, "a b")]
    assert codes(report) == [(6, "デバイスID", "id-form")]


def _refusal(data: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "file-empty"),
        (b",,,\r\n,,\r\n", "file-empty"),
        (csv_file(HEADER), "file-header-only"),
        (csv_file(HEADER, ",,,,", " ,　,,,"), "file-header-only"),
        (csv_file(HEADER, ROW, encoding="utf-16"), "file-utf16"),
        (csv_file(HEADER, ROW).replace(b"aq", b"a\0"), "file-nul"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old excel", "file-old-excel"),
        (csv_file("id,profile", "aq-\x81").replace(b"\xc2\x81", b"\x81"), "file-encoding"),
        (csv_file(HEADER, ROW, encoding="euc_jp"), "file-encoding"),
        (csv_file("id,profile,デバイスID", "a,b,c"), "header-twice"),
        (csv_file("id,name,名前", "a,b,c"), "header-twice"),
        (csv_file("apples,pears", "a,b"), "header-unknown"),
        (csv_file("profile,name", "a,b"), "header-no-id"),
        (csv_file("id,static:a b", "a,b"), "static-name"),
        (csv_file("id,profile", '"aq-1,air-quality', "aq-2,air-quality"), "csv-quotes"),
        (csv_file("id,profile", '"aq-1"x,air-quality'), "csv-quotes"),
        (csv_file("id,profile", '"' + "x" * 1_000_000), "row-long"),
        (csv_file("id,profile", "x" * 1_000_000), "row-long"),
        (csv_file(",".join(f"c{n}" for n in range(1_000_000))), "row-long"),
        (csv_file(",".join(["id", *(f"c{n}" for n in range(MAX_COLUMNS))])), "columns-many"),
        (csv_file("id,profile", *[f"d{n},noise" for n in range(MAX_ROWS + 1)]), "rows-many"),
        (csv_file("id,profile", *[","] * 100_001), "rows-empty"),
        (b"id" + b"x" * MAX_FILE_BYTES, "file-large"),
        (b"\r" * 3_000_000 + b"\n", "file-empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}-bytes",
)
def test_a_file_that_is_no_table_is_refused_in_words(data: bytes, code: str) -> None:
    error = _refusal(data)
    assert error.code == code
    for language in Language:
        text = error.describe(language)
        assert "{" not in text
        assert len(text) < 500


def test_a_refusal_says_where() -> None:
    assert _refusal(csv_file("id,profile", "a,b", "c\0,d")).values == {"line": "3", "byte": "18"}
    quotes = _refusal(csv_file("id,profile", "a,b", '"c,d'))
    assert quotes.values["row"] == "3"
    wrong = b"id,name\r\na," + "東村".encode("cp932") + b"\r\nb,\x81\x20\r\n"
    assert _refusal(wrong).values["line"] == "3"


def test_rows_up_to_the_limits_are_read() -> None:
    rows = [f"d{n},noise," for n in range(MAX_ROWS)]
    entries, report = read(csv_file("id,profile,name", *rows))
    assert (len(entries), report.rows, report.errors) == (MAX_ROWS, MAX_ROWS, 0)
    long = "x" * 60_000
    _, report = read(csv_file("id,profile,memo", f"a,noise,{long}"))
    assert codes(report) == [(1, "memo", "column-unknown")]
