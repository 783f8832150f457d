"""Recordings: maps, rows, times; and the published recordings of MACHI_TEST_DATA."""

import gzip
import json
import os
import statistics
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import get_adapter
from adapters.types import Message
from context_api.ngsild.time import format_datetime, parse_datetime
from devices.catalog import built_in_profiles
from devices.draft import check_draft, draft_from_json
from devices.replay.map import MapError, ReplayMap, built_in_map, parse_map
from devices.replay.recording import (
    Measurement,
    Recording,
    Selection,
    day_selection,
    parse_only,
    parse_time,
    read_zone,
)
from devices.replay.run import render

_DATA = Path(os.environ.get("MACHI_TEST_DATA", "/nowhere")) / "timeseries"

MAP = """
missing = ["-", "NA"]
[time]
text = "{day} {hour}"
format = "%Y/%m/%d %H:%M"
zone = "+09:00"
[stations]
file = "stations.csv"
column = "code"
[[device]]
id = "air-{code}"
profile = "air-quality"
name = "{title}"
longitude = "x"
latitude = "y"
expectedIntervalS = 3600
static = { dataProvider = "somebody" }
[device.values]
pm25 = { column = "PM2.5", unitCode = "GQ" }
no2 = { column = "NO2(ppb)", unitCode = "GQ", scale = 1.88 }
"""
ROWS = """code,day,hour,PM2.5,NO2(ppb)
01/A,2026/06/19,01:00,12,10
02,2026/06/19,01:00,-,
01/A,2026/06/19,24:00,7.5,NA
01/A,2026/06/31,01:00,1,1
03,2026/06/20,02:00,broken,20
"""
STATIONS = "code,title,x,y\n01/A,駅前,139.468,35.755\n02,外れ,,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8-sig")
    return tmp_path


def test_rows_become_measurements(folder: Path) -> None:
    recording = Recording(folder / "rows.csv", parse_map(MAP))
    assert [(item.device, format_datetime(item.at), item.values) for item in recording.measurements()] == [
        (
            "air-01-A",
            "2026-06-18T16:00:00Z",
            {"pm25": {"value": 12, "unitCode": "GQ"}, "no2": {"value": 18.8, "unitCode": "GQ"}},
        ),
        ("air-01-A", "2026-06-19T15:00:00Z", {"pm25": {"value": 7.5, "unitCode": "GQ"}}),
        ("air-03", "2026-06-19T17:00:00Z", {"no2": {"value": 37.6, "unitCode": "GQ"}}),
    ]
    counts = recording.counts
    assert (counts.rows, counts.left_out, counts.measurements, counts.empty) == (5, 0, 3, 1)
    assert (counts.values, counts.missing, counts.unreadable) == (4, 3, 2)


def test_devices_come_from_the_station_file(folder: Path) -> None:
    registrations = Recording(folder / "rows.csv", parse_map(MAP)).registrations()
    assert registrations["air-01-A"] == {
        "id": "air-01-A",
        "profile": "air-quality",
        "name": "駅前",
        "location": {"type": "Point", "coordinates": [139.468, 35.755]},
        "expectedIntervalS": 3600.0,
        "static": {"dataProvider": "somebody"},
    }
    assert list(registrations) == ["air-01-A", "air-03"]


def test_a_station_that_the_file_lacks_has_no_place(folder: Path) -> None:
    text = MAP.replace('name = "{title}"\n', "")
    assert "location" not in Recording(folder / "rows.csv", parse_map(text)).registrations()["air-03"]


def test_selection(folder: Path) -> None:
    since, until = day_selection("2026-06-20", "+09:00")
    recording = Recording(folder / "rows.csv", parse_map(MAP), Selection(since=since, until=until))
    assert [item.device for item in recording.measurements()] == ["air-01-A", "air-03"]
    assert recording.counts.left_out == 2
    only = Recording(folder / "rows.csv", parse_map(MAP), Selection(only=parse_only(["code=02", "code=03"])))
    assert [item.device for item in only.measurements()] == ["air-03"]


def test_compressed_without_header_in_shift_jis(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress("title\n2026-06-19T00:00:00Z;良い;5\n".encode("cp932")))
    text = (
        '[time]\ntext = "{t}"\n[file]\nencoding = "cp932"\ndelimiter = ";"\nskipLines = 1\n'
        'columns = ["t", "状態", "level"]\n'
        '[[device]]\nid = "r"\nprofile = "river-level"\n'
        'values = { status = { column = "状態", type = "text" }, level = { column = "level" } }\n'
    )
    [measurement] = Recording(path, parse_map(text)).measurements()
    assert measurement.values == {"status": "良い", "level": 5}


def test_a_file_that_does_not_fit(folder: Path) -> None:
    for column, fault in (("PM2.5", "no column 'other'"), ("day", "no column 'other'")):
        text = MAP.replace(f'"{column}"', '"other"').replace(f"{{{column}}}", "{other}")
        with pytest.raises(MapError, match=fault):
            list(Recording(folder / "rows.csv", parse_map(text)).measurements())
    (folder / "rows.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MapError, match="cannot be read"):
        list(Recording(folder / "rows.csv", parse_map(MAP)).measurements())
    (folder / "rows.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(MapError, match="cannot be read"):
        list(Recording(folder / "rows.csv.gz", parse_map(MAP)).measurements())


@pytest.mark.parametrize(
    ("text", "form", "zone", "expected"),
    [
        ("2023-08-10T00:00:00+09:00", "iso", None, "2023-08-09T15:00:00Z"),
        ("2026-07-28 03:05:00", "iso", "+09:00", "2026-07-27T18:05:00Z"),
        ("2026-07-28 03:05", "iso", "-03:30", "2026-07-28T06:35:00Z"),
        ("31-12-2025 24:00", "%d-%m-%Y %H:%M", "+00:00", "2026-01-01T00:00:00Z"),
        ("2025-12-31 24:00:00", "iso", "+09:00", "2025-12-31T15:00:00Z"),
        ("2026-07-01 12:00", "iso", "Europe/London", "2026-07-01T11:00:00Z"),
    ],
)
def test_times(text: str, form: str, zone: str | None, expected: str) -> None:
    assert format_datetime(parse_time(text, form, read_zone(zone))) == expected


@pytest.mark.parametrize("text", ["2026-07-28 03:05:00", "yesterday", "", "2026-02-30T00:00:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text, "iso", None)


def test_zones() -> None:
    zone = read_zone("+0530")
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(hours=5, minutes=30)
    with pytest.raises(MapError, match="no time zone 'Mars/Olympus'"):
        read_zone("Mars/Olympus")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = ", "cannot be read"),
        (MAP.replace("zone", "zoom"), "unknown field `zoom`"),
        (MAP.replace("[[device]]", "[[gadget]]"), "gadget|device"),
        (MAP.split("[[device]]", maxsplit=1)[0] + "device = []", "cannot be read|no \\[\\[device\\]\\]"),
        (MAP.replace('latitude = "y"', ""), "needs both latitude and longitude"),
        (MAP.replace("scale = 1.88", 'type = "colour"'), "type is one of number, text"),
    ],
)
def test_faults_of_maps(text: str, fault: str) -> None:
    with pytest.raises(MapError, match=fault):
        parse_map(text)


def test_conditions() -> None:
    assert parse_only(["a=1", "b==", "a=2"]) == {"a": ("1", "2"), "b": ("=",)}
    with pytest.raises(MapError, match="'a' is no condition"):
        parse_only(["a"])
    with pytest.raises(MapError, match="'today' is no day"):
        day_selection("today", None)


def test_built_in_maps_fit_the_profiles() -> None:
    for name in ("amedas-temperature", "amedas-precipitation", "jartic-5min"):
        replay_map = built_in_map(name)
        assert replay_map.attribution
        for device in replay_map.device:
            assert set(device.values) <= set(built_in_profiles()[device.profile].fields)
    with pytest.raises(MapError, match="there are: amedas-precipitation, amedas-temperature, jartic-5min"):
        built_in_map("nothing")


def test_payload() -> None:
    at = parse_datetime("2026-06-19T00:00:00Z")
    payload = render(Measurement("d", at, {"pm25": {"value": 12, "unitCode": "GQ"}}))
    assert json.loads(payload) == {
        "observedAt": "2026-06-19T00:00:00Z",
        "pm25": {"value": 12, "unitCode": "GQ"},
    }
    [reading], _ = get_adapter("native").decode(Message("t", payload), None)
    assert reading.observed_at == at


def _recording(folder: str, file: str, replay_map: ReplayMap, day: str, *only: str) -> Recording:
    path = _DATA / folder / file
    if not path.exists():
        pytest.skip(f"MACHI_TEST_DATA/timeseries/{folder} is not here")
    since, until = day_selection(day, "+09:00")
    return Recording(path, replay_map, Selection(parse_only(only), since, until))


def _numbers(recording: Recording, device: str, name: str) -> list[float]:
    return [item.values[name]["value"] for item in recording.measurements() if item.device == device]


def _check_registrations(recording: Recording) -> dict[str, dict[str, Any]]:
    registrations = recording.registrations()
    for document in registrations.values():
        check_draft(draft_from_json(document), built_in_profiles())
    return registrations


def test_amedas_of_2023_08_10() -> None:
    recording = _recording(
        "jp_amedas",
        "temperature_2023-08.csv.gz",
        built_in_map("amedas-temperature"),
        "2023-08-10",
        "amdno=44132",
    )
    values = _numbers(recording, "amedas-44132", "temperature")
    assert (len(values), min(values), max(values)) == (23, 26.8, 33.9)
    assert round(statistics.mean(values), 6) == 29.482609
    assert recording.counts.rows == 460_122
    [document] = _check_registrations(recording).values()
    assert document["name"] == "アメダス 東京"
    assert document["location"]["coordinates"] == [139.75, 35.69166666666667]


def test_amedas_precipitation_of_one_day() -> None:
    recording = _recording(
        "jp_amedas", "precipitation1h_2023-09.csv.gz", built_in_map("amedas-precipitation"), "2023-09-08"
    )
    items = list(recording.measurements())
    counts = recording.counts
    assert counts.rows == 620_098
    assert counts.values == len(items)
    assert len(items) + counts.empty + counts.left_out == counts.rows
    assert counts.unreadable == 0
    assert max(item.values["precipitation"]["value"] for item in items) == 114.5


def test_jartic_of_one_day() -> None:
    recording = _recording(
        "jp_jartic_kumamoto", "traffic_5min.csv.gz", built_in_map("jartic-5min"), "2026-07-28"
    )
    with gzip.open(_DATA / "jp_jartic_kumamoto" / "traffic_5min.csv.gz", "rt") as stream:
        rows = [line.split(",") for line in stream if ",2026-07-28 " in line]
    up = [int(row[3]) for row in rows if row[3]]
    vehicles = [
        item.values["vehicles"]["value"]
        for item in recording.measurements()
        if item.device.endswith("-up") and "vehicles" in item.values
    ]
    assert (len(rows), len(vehicles), sum(vehicles)) == (2288, len(up), sum(up))
    assert recording.counts.left_out == 56_288 - 2288
    assert len(_check_registrations(recording)) == 16


def test_jartic_rows_without_a_code_are_known_by_their_place() -> None:
    recording = _recording(
        "jp_jartic_kumamoto", "traffic_5min.csv.gz", built_in_map("jartic-5min"), "2026-07-14"
    )
    assert {item.device for item in recording.measurements()} == set(recording.registrations())
    assert "jartic--up" not in recording.registrations()
    assert len(recording.registrations()) == 16
