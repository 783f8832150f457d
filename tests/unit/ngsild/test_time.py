"""DateTimes (clause 4.6.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.time import format_datetime, parse_datetime

YEAR_1 = -62_135_596_800_000_000
YEAR_9999_END = 253_402_300_799_999_999


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:01,5Z", 1_500_000),
        ("1970-01-01T00:00:00.123456Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-11-23T09:00:00Z", 1_795_424_400_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("0001-01-01T00:00:00Z", YEAR_1),
        ("9999-12-31T23:59:59.999999Z", YEAR_9999_END),
    ],
)
def test_reads_utc_times(text: str, micros: int) -> None:
    assert parse_datetime(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:00:00",
        "2026-11-23T09:00:00+09:00",
        "2026-11-23T09:00:00+00:00",
        "2026-11-23 09:00:00Z",
        "2026-11-23",
        "2026-11-23T09:00Z",
        "2026-11-23T09:00:00.Z",
        "2026-11-23T09:00:00.1234567Z",
        "2026-11-23T09:00:60Z",
        "2026-11-23T23:59:60Z",
        "2016-12-31T23:59:61Z",
        "9999-12-31T23:59:60Z",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "２０２６-11-23T09:00:00Z",
        "2026-11-23T09:00:00z",
        "2026-11-23T09:00:00Z\n",
        "",
        0,
        None,
        ["2026-11-23T09:00:00Z"],
    ],
)
def test_refuses_anything_else(text: object) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse_datetime(text, pointer="/observedAt")
    assert "is not a DateTime" in caught.value.detail
    assert caught.value.pointer == "/observedAt"


@given(st.integers(YEAR_1, YEAR_9999_END))
def test_what_is_written_is_read_back(micros: int) -> None:
    assert parse_datetime(format_datetime(micros)) == micros


def test_writes_a_fraction_only_where_there_is_one() -> None:
    assert format_datetime(1_795_424_400_000_000) == "2026-11-23T09:00:00Z"
    assert format_datetime(1_795_424_400_120_000) == "2026-11-23T09:00:00.12Z"
    assert format_datetime(YEAR_1) == "0001-01-01T00:00:00Z"
