"""The formats by themselves: formulas, sheets, row groups, names of columns."""

import io
import json
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet
import pytest

from context_api.tabular.csv import CsvEncoder, cell_text
from context_api.tabular.json import GeoJsonEncoder
from context_api.tabular.labels import Language, attribute_label, short_name, unit_sign, with_unit
from context_api.tabular.layout import LongRaw, WideRaw
from context_api.tabular.model import About, Column, ColumnKind, RawRow, SeriesLabel
from context_api.tabular.parquet import ParquetEncoder
from context_api.tabular.safety import csv_field, harmless
from context_api.tabular.times import local_text, offset_text, serial_day
from context_api.tabular.xlsx import XlsxEncoder, column_letters

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YEAR = 1_767_193_200_000_000  # 2026-01-01T00:00:00+09:00
ABOUT = About(query="/q", data_version="2026-01-01T00:00:00Z", start=0, end=1, zone=TOKYO)
TIME, TEXT, NUMBER = (
    Column("time", "日時", ColumnKind.TIME),
    Column("entityId", "ID", ColumnKind.TEXT),
    Column("pm25", "=1+1", ColumnKind.NUMBER),
)

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "＝1", "＋1", "－1", "＠A",
    "=cmd|' /C calc'!A0",     "\x01=1", "-", "=\"a,b\"",
]  # fmt: skip
HARMLESS = ["a=1", "北口", "1-2", "'=1", "", "urn:x:=1", "5", "µg/m³", "a\nb"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert harmless(text).startswith("'")
    assert csv_field(text).lstrip('"').startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_cells_of_csv() -> None:
    cells = {
        None: "", True: "true", -5.5: "-5.5", 20.0: "20", 2**60: "1152921504606846976", 1e300: "1e+300",
        0.1: "0.1", 'a"b,c': '"a""b,c"', "a\nb": '"a\nb"',
    }  # fmt: skip
    assert {cell: cell_text(cell) for cell in cells} == cells
    assert cell_text({"a": [1, "=x"]}) == '"{""a"":[1,""=x""]}"'
    header = CsvEncoder([TIME, TEXT, NUMBER], ABOUT).begin().decode()
    assert header == "日時,ID,'=1+1\r\n"


def test_times_have_their_offset_or_are_those_of_the_clock() -> None:
    assert offset_text(NEW_YEAR, TOKYO) == "2026-01-01T00:00:00+09:00"
    assert offset_text(NEW_YEAR + 250_000, TOKYO) == "2026-01-01T00:00:00.25+09:00"
    assert offset_text(NEW_YEAR, ZoneInfo("Asia/Kolkata")) == "2025-12-31T20:30:00+05:30"
    assert local_text(NEW_YEAR + 1, TOKYO) == "2026-01-01 00:00:00.000001"
    assert serial_day(NEW_YEAR, TOKYO) == 46023.0
    assert serial_day(-2_203_977_600_000_000, ZoneInfo("UTC")) is None  # 1900-02-28


def test_a_full_sheet_is_followed_by_another() -> None:
    encoder = XlsxEncoder([TIME, TEXT, NUMBER], ABOUT, max_rows=4)
    rows = [(NEW_YEAR + number, f"=e{number}", number) for number in range(7)]
    data = encoder.begin() + encoder.write(rows[:2]) + encoder.write(rows[2:]) + encoder.end()

    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["データ", "データ 2", "データ 3", "説明"]
    assert [sheet.max_row for sheet in book.worksheets[:3]] == [4, 4, 2]
    found = [row[1:] for sheet in book.worksheets[:3] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert found == [(f"=e{number}", number) for number in range(7)]
    assert {sheet["C1"].value for sheet in book.worksheets[:3]} == {"=1+1"}
    assert {sheet["C1"].data_type for sheet in book.worksheets[:3]} == {"s"}


def test_excel_refuses_no_character_and_no_length() -> None:
    encoder = XlsxEncoder([TIME, TEXT, NUMBER], ABOUT)
    rows = [(NEW_YEAR, "a\x01\x0b<&>]]>\ufffe" + "x" * 40_000, None)]
    data = encoder.begin() + encoder.write(rows) + encoder.end()
    value = openpyxl.load_workbook(io.BytesIO(data))["データ"]["B2"].value
    assert value.startswith("a<&>]]>xxx")
    assert len(value) <= 32_767


def test_columns_have_letters() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize("per_group", [1, 3, 8, 9, 1000])
def test_parquet_reads_back_whatever_the_row_groups(per_group: int) -> None:
    columns = [TIME, TEXT, NUMBER, Column("value", "値", ColumnKind.ANY)]
    values = [None, 1.5, -2, 2**53 + 1, True, "語", {"a": 1}, float(2**60), 0]
    rows = [
        (NEW_YEAR + number, None if number % 4 == 0 else f"id {number % 3}", number / 2, values[number % 9])
        for number in range(20)
    ]
    encoder = ParquetEncoder(columns, ABOUT, rows_per_group=per_group)
    data = encoder.begin() + b"".join(encoder.write([row]) for row in rows) + encoder.end()

    file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
    assert file.num_row_groups == -(-20 // per_group)
    table = file.read().to_pydict()
    assert table["entityId"] == [row[1] for row in rows]
    assert table["pm25"] == [row[2] for row in rows]
    numbers = [None, 1.5, -2.0, None, None, None, None, float(2**60), 0.0]
    texts = [None, None, None, str(2**53 + 1), "true", "語", '{"a":1}', None, None]
    assert table["value"] == [numbers[number % 9] for number in range(20)]
    assert table["valueText"] == [texts[number % 9] for number in range(20)]
    assert json.loads(file.schema_arrow.metadata[b"machi"])["query"] == "/q"


def test_parquet_without_rows_is_a_file() -> None:
    encoder = ParquetEncoder([TIME, TEXT, NUMBER], ABOUT)
    table = pyarrow.parquet.read_table(io.BytesIO(encoder.begin() + encoder.write([]) + encoder.end()))
    assert table.num_rows == 0
    assert table.column_names == ["time", "entityId", "pm25"]


def test_a_geometry_that_was_recorded_is_the_feature_s() -> None:
    columns = LongRaw([], Language.EN).columns
    where = {"type": "Point", "coordinates": [1, 2]}
    encoder = GeoJsonEncoder(columns, ABOUT, {})
    row = (NEW_YEAR, "urn:a", "", "", "location", "Location", where, "")
    document = json.loads(encoder.begin() + encoder.write([row]) + encoder.end())
    [feature] = document["features"]
    assert feature["geometry"] == where
    assert "value" not in feature["properties"]


def test_labels_and_units() -> None:
    assert with_unit(attribute_label("temperature", Language.JA), "CEL", Language.JA) == "気温（℃）"
    assert with_unit(attribute_label("temperature", Language.EN), "CEL", Language.EN) == "Temperature (℃)"
    assert attribute_label("somethingElse", Language.JA) == "somethingElse"
    assert (unit_sign("C62"), unit_sign("XYZ"), unit_sign(None)) == ("", "XYZ", "")
    assert short_name("https://a/b#c") == "c"
    assert short_name("https://a/b/") == "https://a/b/"


def test_wide_columns_keep_datasets_and_units_apart() -> None:
    series = [
        SeriesLabel("urn:a", "", "", "pm25", "", "GQ"),
        SeriesLabel("urn:a", "", "", "pm25", "urn:d", "GQ"),
        SeriesLabel("urn:b", "", "", "pm25", "", "GP"),
    ]
    layout = WideRaw(series, Language.EN)
    assert [column.key for column in layout.columns][4:] == ["pm25[GQ]", "pm25@urn:d[GQ]", "pm25[GP]", "note"]
    rows = [RawRow(1, 0, 1.0, "GQ"), RawRow(1, 1, 2.0, "GQ"), RawRow(1, 2, 3.0, "GP")]
    lines = [*layout.lines(rows), *layout.flush()]
    assert [list(line[4:]) for line in lines] == [[1.0, 2.0, None, None], [None, None, 3.0, None]]
