"""`/api/v1/history`: values in every format, the edges of days, what is refused."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
import openpyxl
import psycopg
import pyarrow.parquet
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve, problem, serving
from tests.integration.http.history_town import NORTH, PM25, POINT, SOUTH, fill, pm25
from tests.support import databases

PATH = "/api/v1/history"
TYPE = "大気質の観測"


@pytest.fixture(scope="module")
def town(postgres_url: str, database_template: str) -> Iterator[httpx.Client]:
    """One town for all tests that only read."""
    with databases.temporary_database(postgres_url, database_template) as url:
        fill(url)
        with serving(ApiSettings(database_url=url, port=0, auth=False)) as client:
            yield client


@pytest.fixture
def own_town(database_url: str, api: httpx.Client) -> httpx.Client:
    """A town that a test may write to."""
    fill(database_url)
    return api


def get(api: httpx.Client, **parameters: str) -> httpx.Response:
    answer = api.get(PATH, params={"type": "AirQualityObserved", **parameters})
    assert answer.status_code == 200, answer.text
    return answer


def read_csv(answer: httpx.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


LONG_CSV = [
    ["日時", "ID", "名称", "種別", "項目", "項目名", "値", "単位"],
    ["2026-03-31T23:59:59.5+09:00", NORTH, "北口", TYPE, "pm25", "PM2.5", "10.5", "µg/m³"],
    [
        "2026-04-01T00:00:00+09:00", NORTH, "北口", TYPE, "airQualityLevel", "大気質の段階",
        "'=HYPERLINK(\"http://x\";\"y\")", "",
    ],
    ["2026-04-01T00:00:00+09:00", NORTH, "北口", TYPE, "pm25", "PM2.5", "20", "µg/m³"],
    ["2026-04-01T00:00:00+09:00", SOUTH, "'=1+1", TYPE, "pm25", "PM2.5", "-3.25", "µg/m³"],
    ["2026-04-01T12:00:00+09:00", NORTH, "北口", TYPE, "pm25", "PM2.5", "30", "µg/m³"],
    [
        "2026-04-01T12:00:00+09:00", SOUTH, "'=1+1", TYPE, "airQualityLevel", "大気質の段階",
        "良い, とても\n良い", "",
    ],
    ["2026-04-01T23:59:59+09:00", SOUTH, "'=1+1", TYPE, "pm25", "PM2.5", "1.5", "mg/m³"],
    ["2026-04-02T00:00:00+09:00", NORTH, "北口", TYPE, "pm25", "PM2.5", "1152921504606846976", "µg/m³"],
    ["2026-04-05T06:00:00+09:00", SOUTH, "'=1+1", TYPE, "pm25", "PM2.5", "5", "µg/m³"],
]  # fmt: skip


def test_csv_has_every_value_in_order_with_names_units_and_no_formula(town: httpx.Client) -> None:
    answer = get(town, format="csv")

    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.endswith(b"\r\n")
    assert read_csv(answer) == LONG_CSV


def test_csv_made_by_the_database_and_by_python_are_the_same(town: httpx.Client) -> None:
    """Recorded values are written by PostgreSQL; with a wide layout or aggregates Python writes."""
    by_database = get(town, format="csv", attributes="pm25", id=NORTH)
    by_python = get(town, format="csv", attributes="pm25", id=NORTH, layout="wide")

    assert [row[6] for row in read_csv(by_database)[1:]] == [row[4] for row in read_csv(by_python)[1:]]
    assert [row[0] for row in read_csv(by_database)[1:]] == [row[0] for row in read_csv(by_python)[1:]]


def test_csv_for_excel_has_a_mark_and_times_that_it_reads(town: httpx.Client) -> None:
    answer = get(town, format="csv", bom="true", times="local", lang="en", attributes="pm25", id=SOUTH)

    assert answer.content.startswith(b"\xef\xbb\xbfTime,ID,Name,Type,Attribute,Meaning,Value,Unit\r\n")
    assert [row[0] for row in read_csv(answer)[1:]] == [
        "2026-04-01 00:00:00",
        "2026-04-01 23:59:59",
        "2026-04-05 06:00:00",
    ]


def test_a_day_is_the_whole_day_of_the_zone(town: httpx.Client) -> None:
    whole = get(town, format="csv", attributes="pm25", **{"from": "2026-04-01", "to": "2026-04-01"})
    assert [row[6] for row in read_csv(whole)[1:]] == ["20", "-3.25", "30", "1.5"]

    utc = get(
        town, format="csv", attributes="pm25", timezone="UTC", **{"from": "2026-03-31", "to": "2026-03-31"}
    )
    assert [(row[0], row[6]) for row in read_csv(utc)[1:]] == [
        ("2026-03-31T14:59:59.5+00:00", "10.5"),
        ("2026-03-31T15:00:00+00:00", "20"),
        ("2026-03-31T15:00:00+00:00", "-3.25"),
    ]
    month = get(town, format="csv", attributes="pm25", **{"from": "2026-03", "to": "2026-03"})
    assert [row[6] for row in read_csv(month)[1:]] == ["10.5"]


def test_json_tells_query_version_and_licence(settings: ApiSettings, serve: Serve, database_url: str) -> None:
    fill(database_url)
    api = serve(
        replace(settings, licence="CC BY 4.0", licence_url="https://example.jp/by", attribution="東村山市")
    )
    answer = get(api, attributes="pm25", **{"from": "2026-04-02", "to": "2026-04-30"})
    document = answer.json()

    assert document["licence"] == {"name": "CC BY 4.0", "url": "https://example.jp/by"}
    assert document["attribution"] == "東村山市"
    assert unquote(answer.headers["machi-attribution"]) == "東村山市"
    assert answer.headers["machi-licence"] == "CC BY 4.0"
    assert answer.headers["link"] == '<https://example.jp/by>; rel="license"'
    assert answer.headers["machi-data-version"] == document["dataVersion"]
    assert (document["from"], document["to"]) == ("2026-04-02T00:00:00+09:00", "2026-05-01T00:00:00+09:00")
    assert document["rowCount"] == 2
    assert document["rows"][0] == {
        "time": "2026-04-02T00:00:00+09:00",
        "entityId": NORTH,
        "entityName": "北口",
        "entityType": TYPE,
        "attribute": "pm25",
        "label": "PM2.5",
        "value": 2**60,
        "unit": "µg/m³",
    }
    again = api.get(document["query"])
    assert again.content == answer.content


def test_excel_has_numbers_times_and_texts_and_tells_what_it_is(town: httpx.Client) -> None:
    answer = get(town, format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))

    assert book.sheetnames == ["データ", "説明"]
    rows = [[cell.value for cell in row] for row in book["データ"].rows]
    assert rows[0] == LONG_CSV[0]
    assert rows[1] == [
        datetime(2026, 3, 31, 23, 59, 59, 500000), NORTH, "北口", TYPE, "pm25", "PM2.5", 10.5, "µg/m³",  # noqa: DTZ001
    ]  # fmt: skip
    assert rows[2][6] == '=HYPERLINK("http://x";"y")'
    assert {cell.data_type for row in book["データ"].rows for cell in row} <= {"s", "n", "d"}
    assert [row[6] for row in rows[3:]] == [
        20,
        -3.25,
        30,
        "良い, とても\n良い",
        1.5,
        "1152921504606846976",
        5,
    ]
    about = {row[0].value: row[1].value for row in book["説明"].rows}
    assert about["照会"] == answer.headers["machi-query"]
    assert about["データの版（この時点の記録）"] == answer.headers["machi-data-version"]


def test_parquet_has_types_and_metadata(town: httpx.Client) -> None:
    answer = get(town, format="parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))

    assert [str(field.type) for field in table.schema] == ["timestamp[us, tz=UTC]", *["string"] * 5, "double",
                                                           "string", "string"]  # fmt: skip
    rows = table.to_pylist()
    assert rows[0]["time"] == datetime(2026, 3, 31, 14, 59, 59, 500000, tzinfo=UTC)
    assert [row["value"] for row in rows] == [10.5, None, 20, -3.25, 30, None, 1.5, None, 5]
    assert [row["valueText"] for row in rows] == [
        None, '=HYPERLINK("http://x";"y")', None, None, None, "良い, とても\n良い", None, str(2**60), None,
    ]  # fmt: skip
    assert [row["unit"] for row in rows if row["attribute"] == "pm25"][-3:] == ["mg/m³", "µg/m³", "µg/m³"]
    assert b'"query":"/api/v1/history?type=AirQualityObserved' in table.schema.metadata[b"machi"]


def test_geojson_puts_each_value_where_its_entity_is(town: httpx.Client) -> None:
    document = get(town, format="geojson", attributes="pm25", **{"to": "2026-03-31"}).json()

    assert document["type"] == "FeatureCollection"
    assert document["rowCount"] == 1
    [feature] = document["features"]
    assert feature["geometry"] == POINT
    assert feature["properties"]["value"] == 10.5


def test_wide_has_a_column_per_attribute_and_never_mixes_units(town: httpx.Client) -> None:
    rows = read_csv(get(town, format="csv", layout="wide", **{"from": "2026-04-01", "to": "2026-04-01"}))

    assert rows == [
        ["日時", "ID", "名称", "種別", "大気質の段階", "PM2.5（µg/m³）", "備考"],
        ["2026-04-01T00:00:00+09:00", NORTH, "北口", TYPE, '\'=HYPERLINK("http://x";"y")', "20", ""],
        ["2026-04-01T00:00:00+09:00", SOUTH, "'=1+1", TYPE, "", "-3.25", ""],
        ["2026-04-01T12:00:00+09:00", NORTH, "北口", TYPE, "", "30", ""],
        ["2026-04-01T12:00:00+09:00", SOUTH, "'=1+1", TYPE, "良い, とても\n良い", "", ""],
        ["2026-04-01T23:59:59+09:00", SOUTH, "'=1+1", TYPE, "", "", "pm25: 1.5 mg/m³"],
    ]


def test_buckets_are_days_of_the_zone_gaps_stay_gaps_units_stay_apart(town: httpx.Client) -> None:
    methods = ("avg", "min", "max", "sum", "count", "first", "last")
    answer = get(town, attributes="pm25", bucket="day", method=",".join(methods), to="2026-04-01")
    rows = [
        (row["time"], row["entityId"], row["unit"], *[row[name] for name in methods])
        for row in answer.json()["rows"]
    ]

    assert rows == [
        ("2026-03-31T00:00:00+09:00", NORTH, "µg/m³", 10.5, 10.5, 10.5, 10.5, 1, 10.5, 10.5),
        ("2026-04-01T00:00:00+09:00", NORTH, "µg/m³", 25, 20, 30, 50, 2, 20, 30),
        ("2026-04-01T00:00:00+09:00", SOUTH, "mg/m³", 1.5, 1.5, 1.5, 1.5, 1, 1.5, 1.5),
        ("2026-04-01T00:00:00+09:00", SOUTH, "µg/m³", -3.25, -3.25, -3.25, -3.25, 1, -3.25, -3.25),
    ]
    assert answer.headers["machi-aggregate-source"] == answer.json()["source"]
    later = get(town, attributes="pm25", bucket="day", id=SOUTH, method="count", **{"from": "2026-04-02"})
    assert [row["time"] for row in later.json()["rows"]] == ["2026-04-05T00:00:00+09:00"]


CALENDAR = {
    "month": ["2026-03-01T00:00:00+09:00", "2026-04-01T00:00:00+09:00"],
    "fiscal-year": ["2025-04-01T00:00:00+09:00", "2026-04-01T00:00:00+09:00"],
    "year": ["2026-01-01T00:00:00+09:00"],
    "P1W": ["2026-03-30T00:00:00+09:00"],
}


def test_buckets_begin_with_the_calendar(town: httpx.Client) -> None:
    for bucket, starts in CALENDAR.items():
        document = get(town, attributes="pm25", id=NORTH, bucket=bucket, method="count").json()
        assert [row["time"] for row in document["rows"]] == starts
        assert sum(row["count"] for row in document["rows"]) == 4


def test_wide_buckets_have_a_column_per_attribute_and_method(town: httpx.Client) -> None:
    rows = read_csv(
        get(town, format="csv", layout="wide", attributes="pm25", bucket="day", method="avg,count",
            to="2026-04-01")
    )  # fmt: skip
    assert rows == [
        ["日時", "ID", "名称", "種別", "PM2.5 平均（µg/m³）", "PM2.5 件数", "備考"],
        ["2026-03-31T00:00:00+09:00", NORTH, "北口", TYPE, "10.5", "1", ""],
        ["2026-04-01T00:00:00+09:00", NORTH, "北口", TYPE, "25", "2", ""],
        ["2026-04-01T00:00:00+09:00", SOUTH, "'=1+1", TYPE, "-3.25", "1", "pm25: 1.5 1 mg/m³"],
    ]


def test_an_answer_comes_again_as_it_was_before_corrections(
    own_town: httpx.Client, database_url: str
) -> None:
    parameters = {"attributes": "pm25", "id": NORTH, "from": "2026-04-01", "to": "2026-04-01"}
    before = get(own_town, **parameters).json()
    sums = get(own_town, **parameters, bucket="day", method="sum").json()
    fill(
        database_url, [(NORTH, pm25(99.0, "2026-04-01T12:00:00")), (NORTH, pm25(7.0, "2026-04-01T13:00:00"))]
    )

    now = get(own_town, **parameters).json()
    assert [row["value"] for row in now["rows"]] == [20, 99.0, 7.0]
    assert (before["corrections"], now["corrections"]) == (0, 1)
    again = own_town.get(before["query"]).json()
    assert again["rows"] == before["rows"]
    assert [row["value"] for row in again["rows"]] == [20, 30.0]
    by_database = own_town.get(before["query"].replace("format=json", "format=csv"))
    assert [row[6] for row in read_csv(by_database)[1:]] == ["20", "30"]
    assert own_town.get(sums["query"]).json()["rows"] == sums["rows"]
    assert sums["rows"][0]["sum"] == 50


def test_the_file_has_a_japanese_name(town: httpx.Client) -> None:
    answer = get(
        town, format="csv", attributes="airQualityLevel", **{"from": "2026-04-01", "to": "2026-04-30"}
    )
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"history.csv\"; filename*=UTF-8''")
    assert unquote(disposition.partition("''")[2]) == "大気質の段階_2026-04-01_2026-04-30.csv"


def test_accept_chooses_the_format_and_post_takes_long_lists(town: httpx.Client) -> None:
    by_accept = town.get(PATH, params={"id": NORTH}, headers={"Accept": "text/csv"})
    assert by_accept.text.startswith("日時,ID")
    refused = town.get(PATH, params={"id": NORTH}, headers={"Accept": "image/png"})
    problem(refused, 406, "about:blank")
    body = {"id": [NORTH, SOUTH], "attributes": ["pm25"], "bucket": "year", "method": ["count"]}
    document = town.post(PATH, json=body).json()
    assert [(row["entityId"], row["count"]) for row in document["rows"]] == [
        (NORTH, 4),
        (SOUTH, 1),
        (SOUTH, 2),
    ]


def test_comments_tell_where_a_file_is_from(town: httpx.Client) -> None:
    answer = get(town, format="csv", comments="true", lang="en", attributes="pm25", to="2026-03-31")
    lines = answer.text.splitlines()
    assert lines[0] == f"# Query: {answer.headers['machi-query']}"
    assert lines[1].startswith("# Data version (as recorded at): 20")
    assert next(line for line in lines if not line.startswith("#")).startswith("Time,ID")


REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"from": "0001-01-01"}, 400, "outside the years 1900 to 2200"),
    ({"to": "9999-12-31"}, 400, "outside the years 1900 to 2200"),
    ({"from": "2026-04-02", "to": "2026-04-01"}, 400, "must be later than from"),
    ({"from": "2026-02-30"}, 400, "there is no such day"),
    ({"from": "yesterday"}, 400, "write a day (2026-04-01)"),
    ({"timezone": "Asia/Higashimurayama"}, 400, "IANA database"),
    ({"bucket": "PT0.001S", "from": "1900-01-01", "to": "2200-01-01"}, 400, "more than"),
    ({"bucket": "fortnight"}, 400, "is not a bucket"),
    ({"method": "avg"}, 400, "needs a bucket"),
    ({"bucket": "day", "method": "mode"}, 400, "give some of avg, min"),
    ({"attributes": "pm26"}, 404, "there is airQualityLevel, "),
    ({"type": "Volcano"}, 404, "there is one of AirQualityObserved"),
    ({"id": "urn:ngsi-ld:X:1"}, 404, "no history of urn:ngsi-ld:X:1"),
    ({"format": "pdf"}, 400, "one of json, csv, xlsx, parquet, geojson"),
    ({"asOf": "2199-01-01"}, 400, "lies in the future"),
]


def test_what_cannot_be_answered_is_refused_by_name(town: httpx.Client) -> None:
    for parameters, status, expected in REFUSED:
        answer = town.get(PATH, params={"type": "AirQualityObserved", **parameters})
        kind = "ResourceNotFound" if status == 404 else "BadRequestData"
        assert expected in problem(answer, status, kind), parameters


def test_whose_history_must_be_said(api: httpx.Client) -> None:
    assert "Say whose history" in problem(api.get(PATH), 400, "BadRequestData")
    many: dict[str, Any] = {"id": [f"urn:ngsi-ld:X:{number}" for number in range(10_000)]}
    assert "at most 5,000" in problem(api.post(PATH, json=many), 400, "BadRequestData")
    unknown = problem(api.post(PATH, json={"types": ["X"]}), 400, "InvalidRequest")
    assert "'types' is unknown here" in unknown


def test_too_many_series_are_refused_even_if_some_have_no_values(
    own_town: httpx.Client, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True, options="-c search_path=machi") as connection:
        connection.execute(
            "insert into series (tenant_id, entity_id, attribute_id, kind, types)"
            " select s.tenant_id, 'urn:ngsi-ld:AirQualityObserved:' || n, s.attribute_id, 0, s.types"
            " from series s join term t on t.id = s.attribute_id, generate_series(1, 10000) n"
            " where t.iri like '%%/pm25' and s.entity_id = %s",
            [NORTH],
        )
    refused = own_town.get(PATH, params={"type": "AirQualityObserved"})
    assert "more than 5,000 series" in problem(refused, 403, "TooComplexQuery")
    assert get(own_town, id=NORTH, attributes="pm25").json()["rowCount"] == 4


def test_head_answers_without_the_rows(town: httpx.Client) -> None:
    answer = town.head(PATH, params={"type": "AirQualityObserved", "format": "csv"})
    assert answer.status_code == 200
    assert answer.content == b""
    assert "machi-data-version" in answer.headers


def test_names_may_be_iris(town: httpx.Client) -> None:
    document = get(town, attributes=PM25, id=NORTH).json()
    assert {row["attribute"] for row in document["rows"]} == {"pm25"}
