"""`/api/v1/completeness` and `machi completeness`: every kind of arrival, by series and day in Japan."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Instance
from context_api.store.completeness import Interval, expected_count, learn_interval
from context_api.store.database import open_database
from context_api.store.deliveries_in import Delivery
from context_api.store.store import Store
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.integration.http.conftest import problem
from tests.integration.http.history_town import PM25, STATE, TYPE, jst
from tests.support.town import ROOT

PATH = "/api/v1/completeness"
STATION = "urn:ngsi-ld:AirQualityObserved:aq-001"
STRANGER = "urn:ngsi-ld:AirQualityObserved:stranger"
MINUTE = 60_000_000


def deliver(store: Store, entity_id: str, *readings: tuple[int, float], attribute: str = PM25) -> None:
    """One message per value."""
    access = store.tenant("default")
    deliveries = [
        Delivery(
            device_id="aq-001",
            topic="t",
            payload=b"{}",
            arrived_at=jst("2026-04-10T00:00:00"),
            readings=(
                Reading(
                    entity_id=entity_id,
                    types=(TYPE,),
                    attributes={attribute: [Instance(value=value, observed_at=at)]},
                    arrived_at=jst("2026-04-10T00:00:00"),
                ),
            ),
            values=1,
        )
        for at, value in readings
    ]
    store.ingest(access, deliveries)


@pytest.fixture
def town(database_url: str) -> Iterator[str]:
    """A device of ten minutes that misses some, comes late and twice.

    A stranger of twenty; an irregular text.
    """
    database = open_database(database_url)
    store = Store(database)
    registry = DeviceRegistry(database)
    draft = DeviceDraft(id="aq-001", profile="air-quality", expected_interval_s=600)
    registry.register(store.tenant("default"), draft)
    first = jst("2026-04-01T23:30:00")
    in_order = [
        (first + number * 10 * MINUTE, float(number)) for number in range(100) if number not in (4, 20, 21)
    ]
    deliver(store, STATION, *in_order)
    deliver(store, STATION, (first + 20 * 10 * MINUTE, 1.0))  # late, 2026-04-02 02:50
    deliver(store, STATION, (first, 0.0), (first + 10 * MINUTE, 1.0))  # again, 2026-04-01
    deliver(store, STATION, (first + 99 * 10 * MINUTE, 99.0))  # again, 2026-04-02
    deliver(store, STATION, (first + 98 * 10 * MINUTE, -1.0))  # corrected, and late: something newer is there
    deliver(store, STRANGER, *[(first + number * 20 * MINUTE, 1.0) for number in range(50)])
    deliver(store, STRANGER, *[(first + number**3 * MINUTE, 1.0) for number in range(8)], attribute=STATE)
    database.close()
    yield database_url


PERIOD = {"from": "2026-04-01", "to": "2026-04-03"}


def test_every_day_of_every_series_is_counted(town: str, api: httpx.Client) -> None:
    answer = api.get(PATH, params={"id": STATION, "attributes": "pm25", **PERIOD})
    assert answer.status_code == 200, answer.text
    document = answer.json()

    counts = [
        (day["day"], day["expected"], day["received"], day["late"], day["duplicate"], day["corrected"])
        for day in document["days"]
    ]
    assert counts == [
        ("2026-04-01", 3, 3, 0, 2, 0),
        ("2026-04-02", 144, 95, 2, 1, 1),
        ("2026-04-03", 144, 0, 0, 0, 0),
    ]
    [series] = document["series"]
    assert (series["expectedIntervalS"], series["interval"]) == (600, "device")
    assert (series["expected"], series["received"], series["late"], series["duplicate"]) == (291, 98, 2, 3)


def test_intervals_are_learned_where_nobody_set_them(town: str, api: httpx.Client) -> None:
    document = api.get(PATH, params={"id": STRANGER, "from": "2026-04-02", "to": "2026-04-02"}).json()

    found = {one["attribute"]: (one["expectedIntervalS"], one["interval"], one["expected"])
             for one in document["series"]}  # fmt: skip
    assert found == {"pm25": (1200, "learned", 72), "airQualityLevel": (None, "unknown", None)}


def test_readings_in_order_write_no_counters(town: str) -> None:
    database = open_database(town)
    with database.connection() as connection:
        rows = connection.execute(
            "select d.day::text, d.late, d.duplicate from arrival_day d join series s on s.id = d.series_id"
            " where s.entity_id = %s order by 1",
            [STRANGER],
        ).fetchall()
    database.close()
    assert rows == []


def test_csv_and_refusals(town: str, api: httpx.Client) -> None:
    answer = api.get(PATH, params={"id": STATION, "attributes": "pm25", "format": "csv", **PERIOD})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0][:5] == ["日付", "ID", "名称", "項目", "予定件数"]
    assert rows[2] == ["2026-04-02", STATION, "", "pm25", "144", "95", "2", "1", "1"]
    assert "Say whose history" in problem(api.get(PATH), 400, "BadRequestData")
    future = api.get(PATH, params={"id": STATION, "from": "2199-01-01"})
    assert "from lies in the future" in problem(future, 400, "BadRequestData")
    excel = api.get(PATH, params={"id": STATION, "format": "xlsx"})
    assert "must be one of json, csv" in problem(excel, 400, "BadRequestData")


def test_the_command_prints_sums(town: str, tmp_path: Path) -> None:
    command = [
        "completeness",
        "--id",
        STATION,
        "--attribute",
        "pm25",
        "--from",
        "2026-04-01",
        "--to",
        "2026-04-03",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "deploy", *command],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "MACHI_DATABASE_URL": town},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    words = done.stdout.splitlines()[-1].split()
    assert words[:6] == ["291", "98", "34%", "2", "3", "1"]
    assert words[6:] == [STATION, "pm25", "every", "600", "s", "(device)"]


def test_an_interval_is_the_usual_one() -> None:
    steady = [number * MINUTE for number in range(50, 0, -1)]
    assert learn_interval(steady) == 60
    with_gaps = [at for at in steady if at // MINUTE not in range(10, 20)]
    assert learn_interval(with_gaps) == 60
    jittered = [at + (at // MINUTE % 7) * 1_000_000 for at in steady]
    assert learn_interval(jittered) in (59, 60, 61)
    assert learn_interval(steady[:5]) is None
    assert learn_interval([number**4 * MINUTE for number in range(30, 0, -1)]) is None
    assert learn_interval([0] * 30) is None


def test_nothing_is_expected_of_a_retired_device() -> None:
    day = 86_400_000_000
    assert expected_count(Interval(600, "device"), 0, day) == 144
    assert expected_count(Interval(600, "device", until=day // 2), 0, day) == 72
    assert expected_count(Interval(600, "device", until=0), day, 2 * day) == 0
    assert expected_count(Interval(None, "unknown"), 0, day) is None
