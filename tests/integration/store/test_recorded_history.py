"""Recorded years (MACHI_TEST_DATA/timeseries): counts as expected, aggregates as plain Python has them."""

import csv
import gzip
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from context_api.ngsild.model import Instance, Micros
from context_api.ngsild.query.periods import bucket_edges, parse_bucket
from context_api.store.access import Access
from context_api.store.aggregates import Aggregate, AggregateQuery, Aggregates, read_aggregates
from context_api.store.aggregates_refresh import refresh_aggregates
from context_api.store.backfill import HistorySeries, HistoryValue
from context_api.store.budget import Budget
from context_api.store.database import Database, connect
from context_api.store.store import Store
from tests.integration.store.town import PM25, ROOM, TEMPERATURE, ask
from tests.unit.ngsild.builders import find_data

_BEIJING = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Key = Callable[[datetime], object]

KEYS: dict[str, _Key] = {
    "day": lambda local: local.date(),
    "week": lambda local: local.isocalendar()[:2],
    "month": lambda local: (local.year, local.month),
    "quarter": lambda local: (local.year, (local.month - 1) // 3),
    "year": lambda local: local.year,
    "fiscalYear": lambda local: local.year - (local.month < 4),
    "PT6H": lambda local: (local.date(), local.hour // 6),
}


def micros(time: datetime) -> Micros:
    return (time - _EPOCH) // timedelta(microseconds=1)


def read_beijing() -> list[tuple[datetime, int | float]]:
    """PM2.5 of one station, hourly for four years with a leap day; NA where it failed."""
    path = find_data("timeseries", "cn_beijing_air", "PRSA_Aotizhongxin.csv.gz")
    with gzip.open(path, "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["PM2.5"] != "NA"]
    texts = [row["PM2.5"] for row in rows]
    numbers = [float(text) if "." in text else int(text) for text in texts]
    return list(zip(map(_time, rows), numbers, strict=True))


def _time(row: dict[str, str]) -> datetime:
    year, month, day, hour = (int(row[part]) for part in ("year", "month", "day", "hour"))
    return datetime(year, month, day, hour, tzinfo=_BEIJING)


def aggregate(database: Database, start: datetime, end: datetime, bucket: str, zone: str) -> Aggregates:
    window = micros(start), micros(end)
    edges = bucket_edges(parse_bucket(bucket), *window, ZoneInfo(zone))
    ids = [number for (number,) in ask(database, "select id from series order by id")]
    with database.connection() as connection:
        return read_aggregates(connection, ids, AggregateQuery(*window, edges))


def expected(values: list[tuple[datetime, int | float]], key: _Key, zone: str) -> list[list[int | float]]:
    """The values of each bucket, in order of time."""
    buckets: dict[object, list[int | float]] = defaultdict(list)
    for time, number in values:
        buckets[key(time.astimezone(ZoneInfo(zone)))].append(number)
    return list(buckets.values())


def assert_equal(found: list[Aggregate], buckets: list[list[int | float]]) -> None:
    assert [one.count for one in found] == [len(numbers) for numbers in buckets]
    for one, numbers in zip(found, buckets, strict=True):
        assert one.minimum == min(numbers)
        assert one.maximum == max(numbers)
        assert (one.first, one.last) == (numbers[0], numbers[-1])
        assert one.sum == pytest.approx(math.fsum(numbers), rel=1e-12)
        mean = math.fsum(numbers) / len(numbers)
        deviations = math.fsum((number - mean) ** 2 for number in numbers)
        assert one.stddev == pytest.approx(math.sqrt(deviations / len(numbers)), rel=1e-9, abs=1e-9)


def test_four_years_of_air_in_every_calendar(store: Store, access: Access, database: Database) -> None:
    """From raw values and then from ready aggregates, in windows that cut days, months and years."""
    values = read_beijing()
    counts = json.loads(find_data("timeseries", "expected_counts.json").read_text())
    assert len(values) == counts["cn_beijing_air"]["PRSA_Aotizhongxin.csv.gz"]["PM2.5"]["count"]
    series = [HistorySeries("urn:ngsi-ld:Room:air", (ROOM,), PM25, Instance(unit_code="GQ"))]
    loaded = store.backfill(
        access, series, [HistoryValue(0, micros(time), number) for time, number in values]
    )
    assert loaded == (len(values), 0, 0)
    start, end = values[0][0], values[-1][0] + timedelta(hours=1)
    with connect(database.url) as owner:
        for source in ("raw", "daily+hourly"):
            for zone in ("Asia/Tokyo", "UTC", "Asia/Shanghai"):
                for bucket, key in KEYS.items():
                    found = aggregate(database, start, end, bucket, zone)
                    assert_equal(found.rows, expected(values, key, zone))
                    assert source != "raw" or found.source == "raw"
            refresh_aggregates(owner, budget=Budget(120))
    assert aggregate(database, start, end, "month", "Asia/Tokyo").source == "daily+hourly"
    assert aggregate(database, start, end, "PT6H", "Asia/Tokyo").source == "hourly"
    assert aggregate(database, start, end, "day", "UTC").source == "hourly"
    leap = datetime(2016, 2, 29, 13, 30, tzinfo=_BEIJING)
    cut = [(time, number) for time, number in values if leap <= time < leap + timedelta(days=300)]
    for zone in ("Asia/Tokyo", "UTC", "Asia/Kathmandu"):
        found = aggregate(database, leap, leap + timedelta(days=300), "month", zone)
        assert "raw" in found.source
        assert_equal(found.rows, expected(cut, KEYS["month"], zone))


def test_a_month_of_all_stations(store: Store, access: Access, database: Database) -> None:
    """September 2023, 646 AMeDAS stations: counts, extremes and mean, and again after a second load."""
    path = find_data("timeseries", "jp_amedas", "temperature_2023-09.csv.gz")
    known = json.loads(find_data("timeseries", "expected_counts.json").read_text())
    wanted = known["jp_amedas"]["files"]["temperature_2023-09.csv.gz"]
    stations: dict[str, int] = {}

    def values() -> Iterator[HistoryValue]:
        with gzip.open(path, "rt") as lines:
            for time, station, text in csv.reader(lines):
                if text and text != "temperature_degC":
                    at = micros(datetime.fromisoformat(time))
                    yield HistoryValue(stations.setdefault(station, len(stations)), at, float(text))

    everything = list(values())
    series = [
        HistorySeries(f"urn:ngsi-ld:Room:{station}", (ROOM,), TEMPERATURE, Instance(unit_code="CEL"))
        for station in stations
    ]
    assert store.backfill(access, series, everything) == (wanted["value"]["count"], 0, 0)
    start, end = (datetime.fromisoformat(wanted[name]) for name in ("first", "last"))
    for is_ready in (False, True):
        found = aggregate(database, start, end + timedelta(hours=1), "month", "Asia/Tokyo")
        assert found.source == ("daily" if is_ready else "raw")
        count = sum(one.count for one in found.rows)
        assert (len(found.rows), count) == (wanted["stations"], wanted["value"]["count"])
        assert min(one.minimum for one in found.rows if one.minimum is not None) == wanted["value"]["min"]
        assert max(one.maximum for one in found.rows if one.maximum is not None) == wanted["value"]["max"]
        total = math.fsum(one.sum for one in found.rows if one.sum is not None)
        assert round(total / count, 6) == wanted["value"]["mean"]
        with connect(database.url) as owner:
            refresh_aggregates(owner, budget=Budget(120))
    again = store.backfill(access, series, everything[:100_000])
    assert again == (0, 100_000, 0)
