"""Durations, time zones, and the buckets that a window is cut into."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.query.periods import Period, bucket_edges, parse_bucket, parse_period, parse_zone
from context_api.ngsild.time import format_datetime, parse_datetime

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000_000


def edges(bucket: str, start: str, end: str, zone: ZoneInfo | None = None, limit: int = 1000) -> list[str]:
    found = bucket_edges(parse_bucket(bucket), parse_datetime(start), parse_datetime(end), zone, limit)
    return [format_datetime(edge) for edge in found]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P1Y", Period(months=12)),
        ("P1M", Period(months=1)),
        ("PT1M", Period(micros=60_000_000)),
        ("P2W", Period(days=14)),
        ("P1DT12H", Period(days=1, micros=12 * HOUR)),
        ("P3Y6M4DT12H30M5S", Period(months=42, days=4, micros=12 * HOUR + 1_805_000_000)),
        ("PT0.5S", Period(micros=500_000)),
        ("PT1,25S", Period(micros=1_250_000)),
        ("PT0S", Period()),
        ("P0D", Period()),
    ],
)
def test_reads_durations(text: str, period: Period) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "1D", "P1H", "PT1D", "P-1D", "P1.5D", "P1W1D", "p1d", "P1D ", "P１D",
     "P1234567890D", "P99999Y", "PT0.0000001S", "P2026-01-01T00:00:00"],
)  # fmt: skip
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadRequestData, match=r"duration|longer|shorter"):
        parse_period(text)


def test_names_buckets() -> None:
    assert parse_bucket("hour") == parse_period("PT1H")
    assert parse_bucket("week") == parse_period("P1W")
    assert parse_bucket("fiscalYear") == Period(months=12, first_month=4)
    with pytest.raises(BadRequestData, match="'fortnight' is not a bucket"):
        parse_bucket("fortnight")


@pytest.mark.parametrize("text", ["Mars/Olympus", "", "../../etc/passwd", "America", "asia/tokyo\0", "JST9"])
def test_refuses_unknown_zones(text: str) -> None:
    with pytest.raises(BadRequestData, match="is not a time zone"):
        parse_zone(text)


def test_finds_zones() -> None:
    assert parse_zone("Asia/Tokyo") == TOKYO


def test_without_a_zone_buckets_begin_with_the_window() -> None:
    assert edges("PT1H", "2026-01-01T00:20:00Z", "2026-01-01T02:00:00Z") == [
        "2026-01-01T00:20:00Z", "2026-01-01T01:20:00Z", "2026-01-01T02:20:00Z",
    ]  # fmt: skip
    assert edges("P1M", "2024-01-31T10:00:00Z", "2024-04-01T00:00:00Z") == [
        "2024-01-31T10:00:00Z", "2024-02-29T10:00:00Z", "2024-03-31T10:00:00Z", "2024-04-30T10:00:00Z",
    ]  # fmt: skip


def test_no_length_is_the_whole_window() -> None:
    window = ["2026-01-01T00:20:00Z", "2026-01-01T02:00:00Z"]
    assert edges("PT0S", window[0], window[1], TOKYO) == window


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("day", ["2024-02-28T15:00:00Z", "2024-02-29T15:00:00Z", "2024-03-01T15:00:00Z"]),
        ("week", ["2024-02-25T15:00:00Z", "2024-03-03T15:00:00Z"]),
        ("month", ["2024-01-31T15:00:00Z", "2024-02-29T15:00:00Z", "2024-03-31T15:00:00Z"]),
        ("quarter", ["2023-12-31T15:00:00Z", "2024-03-31T15:00:00Z"]),
        ("year", ["2023-12-31T15:00:00Z", "2024-12-31T15:00:00Z"]),
        ("fiscalYear", ["2023-03-31T15:00:00Z", "2024-03-31T15:00:00Z"]),
        ("PT6H", [f"2024-02-{day}:00:00Z" for day in ("29T09", "29T15", "29T21")] + ["2024-03-01T03:00:00Z"]),
    ],
)
def test_the_calendar_of_japan(bucket: str, expected: list[str]) -> None:
    end = "2024-02-29T23:00:00Z" if bucket == "PT6H" else "2024-02-29T20:00:00Z"
    assert edges(bucket, "2024-02-29T12:00:00Z", end, TOKYO) == expected


def test_the_fiscal_year_begins_in_april() -> None:
    assert (
        edges("fiscalYear", "2024-03-31T14:59:59Z", "2024-03-31T15:00:00Z", TOKYO)[-1]
        == "2024-03-31T15:00:00Z"
    )
    assert (
        edges("fiscalYear", "2024-03-31T15:00:00Z", "2024-04-01T00:00:00Z", TOKYO)[0]
        == "2024-03-31T15:00:00Z"
    )


def test_days_on_which_the_clocks_change() -> None:
    days = [
        parse_datetime(edge) for edge in edges("day", "2024-03-30T00:00:00Z", "2024-04-01T00:00:00Z", BERLIN)
    ]
    assert [(b - a) // HOUR for a, b in pairwise(days)] == [24, 23, 24]
    hours = edges("hour", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z", BERLIN)
    assert len(hours) - 1 == 25
    assert edges("PT6H", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z", BERLIN) == [
        "2024-10-26T22:00:00Z", "2024-10-27T05:00:00Z", "2024-10-27T11:00:00Z", "2024-10-27T17:00:00Z",
        "2024-10-27T23:00:00Z",
    ]  # fmt: skip
    # 02:00 does not exist: the bucket begins as the clocks jump to 03:00
    assert edges("PT2H", "2024-03-31T00:00:00Z", "2024-03-31T03:00:00Z", BERLIN) == [
        "2024-03-30T23:00:00Z", "2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z", "2024-03-31T04:00:00Z",
    ]  # fmt: skip


def test_periods_that_divide_no_day() -> None:
    assert edges("PT7H", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z", ZoneInfo("UTC")) == [
        "2025-12-31T22:00:00Z", "2026-01-01T05:00:00Z", "2026-01-01T12:00:00Z",
    ]  # fmt: skip
    assert edges("P1M1D", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", TOKYO) == [
        "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bucket", "start", "end"),
    [
        ("PT1S", "2000-01-01T00:00:00Z", "2032-01-01T00:00:00Z"),
        ("PT0.000001S", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("P1D", "0001-01-02T00:00:00Z", "9999-12-31T00:00:00Z"),
    ],
)
def test_too_many_buckets_are_refused(bucket: str, start: str, end: str) -> None:
    with pytest.raises(BadRequestData, match="more than 1,000 buckets"):
        edges(bucket, start, end, TOKYO)


def test_without_a_zone_the_limit_of_buckets_is_exact() -> None:
    start = parse_datetime("2026-01-01T00:00:00Z")
    assert len(bucket_edges(parse_bucket("PT1H"), start, start + 24 * HOUR, limit=24)) == 25
    assert len(bucket_edges(parse_bucket("PT1H"), start, start + 24 * HOUR - 1, limit=24)) == 25
    with pytest.raises(BadRequestData, match="more than 24 buckets"):
        bucket_edges(parse_bucket("PT1H"), start, start + 24 * HOUR + 1, limit=24)
    with pytest.raises(BadRequestData, match="years 1 to 9999"):
        bucket_edges(
            parse_bucket("PT7H"),
            parse_datetime("9999-12-31T20:00:00Z"),
            parse_datetime("9999-12-31T23:00:00Z"),
        )


@pytest.mark.parametrize("bucket", ["year", "P1D", "P1Y1D", "hour", "PT7H", "P9999Y"])
@pytest.mark.parametrize("window", [("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z"),
                                    ("9999-12-31T22:00:00Z", "9999-12-31T23:59:59Z")])  # fmt: skip
def test_the_ends_of_the_calendar(bucket: str, window: tuple[str, str]) -> None:
    try:
        found = edges(bucket, *window, NEW_YORK)
    except BadRequestData as error:
        assert "years 1 to 9999" in str(error)
    else:
        assert found[0] <= window[0]


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadRequestData, match="later than its start"):
        edges("P1D", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")


BUCKETS = ["PT30M", "hour", "PT5H", "PT6H", "day", "P3D", "week", "month", "P5M", "fiscalYear"]
ZONES = ["Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia",
         "America/Havana", "Asia/Kathmandu"]  # fmt: skip


@given(
    first=st.integers(0, 2_100_000_000_000_000),
    length=st.integers(1, 40 * 24 * HOUR),
    bucket=st.sampled_from(BUCKETS),
    zone=st.sampled_from(ZONES),
)
def test_buckets_cover_the_window_in_order(first: int, length: int, bucket: str, zone: str) -> None:
    last = first + length
    found = bucket_edges(parse_bucket(bucket), first, last, ZoneInfo(zone), 10_000)
    assert found[0] <= first < found[1]
    assert found[-2] < last <= found[-1]
    assert sorted(set(found)) == found
    if bucket in {"day", "week", "month", "fiscalYear"}:
        midnights = [datetime.fromtimestamp(edge // 1_000_000, ZoneInfo(zone)) for edge in found]
        assert all(local.hour <= 1 and local.second == 0 for local in midnights)
