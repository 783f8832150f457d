"""The simulated town: deterministic, in its place, with its rhythms."""

import json
import statistics
from collections import Counter
from itertools import pairwise

import pytest

from adapters.registry import get_adapter
from adapters.types import Message
from context_api.ngsild.time import parse_datetime
from devices.catalog import built_in_profiles
from devices.draft import check_draft, draft_from_json
from devices.simulate.chance import bell, chance, drift
from devices.simulate.models import (
    hour_of_day,
    is_weekend,
    measure,
    rain_mm_per_hour,
    temperature_c,
    traffic_share,
)
from devices.simulate.schedule import messages_at, render, tick_at, time_of
from devices.simulate.town import SimulatedDevice, plan_devices

MONDAY = parse_datetime("2026-11-22T15:00:00Z") / 1e6  # 2026-11-23T00:00+09:00
HOUR = 3600.0
TOWN = plan_devices(200, 1)


def _first(profile: str) -> SimulatedDevice:
    return next(device for device in TOWN if device.profile == profile)


def test_the_town() -> None:
    assert Counter(device.profile for device in TOWN) == {
        "traffic-flow": 60,
        "parking": 30,
        "river-level": 20,
        "air-quality": 30,
        "noise": 30,
        "weather": 30,
    }
    assert len({device.id for device in TOWN}) == 200
    for device in TOWN:
        assert 139.43 < device.longitude < 139.51
        assert 35.73 < device.latitude < 35.79
        check_draft(draft_from_json(device.registration(10)), built_in_profiles())
    stations = {device.id[-3:]: device for device in TOWN if device.profile == "noise"}
    for device in TOWN:
        if device.profile in ("air-quality", "weather"):
            station = stations[device.id[-3:]]
            assert (station.longitude, station.latitude) == (device.longitude, device.latitude)


@pytest.mark.parametrize("count", [1, 7, 2000])
def test_any_number_of_devices(count: int) -> None:
    assert len({device.id for device in plan_devices(count, 1)}) == count


def test_every_key_is_known_to_its_profile() -> None:
    for device in TOWN[::7]:
        profile = built_in_profiles()[device.profile]
        for hour in range(0, 24, 5):
            values = measure(device, MONDAY + hour * HOUR, 60, 1)
            assert set(values) <= set(profile.fields)


def test_the_same_seed_gives_the_same_town() -> None:
    device = _first("air-quality")
    assert measure(device, MONDAY, 10, 1) == measure(device, MONDAY, 10, 1)
    assert measure(device, MONDAY, 10, 1) != measure(device, MONDAY, 10, 2)
    assert measure(device, MONDAY + 8 * HOUR, 10, 1) == {
        "pm25": 15.1,
        "no2": 38.6,
        "temperature": 11.1,
        "humidity": 80.6,
    }


def test_time_in_japan() -> None:
    assert hour_of_day(MONDAY) == 0
    assert hour_of_day(parse_datetime("2026-11-23T00:30:00Z") / 1e6) == 9.5
    days = [is_weekend(MONDAY + (24 * day + 12) * HOUR) for day in range(7)]
    assert days == [False] * 5 + [True] * 2
    assert is_weekend(MONDAY - 1)


def test_rhythm_of_traffic() -> None:
    monday = [traffic_share(MONDAY + hour * HOUR) for hour in range(24)]
    sunday = [traffic_share(MONDAY - 24 * HOUR + hour * HOUR) for hour in range(24)]
    assert monday.index(max(monday)) in (7, 8, 9)
    assert monday[18] > 0.7
    assert monday[3] < 0.1
    assert sunday.index(max(sunday)) == 14
    counter = _first("traffic-flow")
    busy, quiet = (
        statistics.mean(
            int(measure(counter, MONDAY + hour * HOUR + step, 300, 1)["vehicles"])
            for step in range(0, 3600, 300)
        )
        for hour in (8, 3)
    )
    assert busy > 5 * quiet
    for step in range(200):
        values = measure(counter, MONDAY + 400 * step, 300, 1)
        classes = [int(values[name]) for name in ("small", "large", "motorcycles")]
        assert sum(classes) == values["vehicles"]
        assert min(classes) >= 0


def test_bounds() -> None:
    park, river = _first("parking"), _first("river-level")
    for step in range(500):
        at = MONDAY + step * 1234
        spots = measure(park, at, 60, 1)
        assert int(spots["occupied"]) + int(spots["available"]) == park.size
        assert 0 <= float(spots["occupancy"]) <= 1
        assert 0 < float(measure(river, at, 60, 1)["level"]) < 6
        assert 12 <= float(measure(_first("weather"), at, 60, 1)["humidity"]) <= 99
        assert 30 < float(measure(_first("noise"), at, 60, 1)["noise"]) < 90


def test_weather_has_seasons_and_rain() -> None:
    year = MONDAY - 322 * 24 * HOUR  # about New Year
    january, august = (
        statistics.mean(
            temperature_c(year + (month * 30.4 * 24 + hour) * HOUR, 1) for hour in range(0, 700, 3)
        )
        for month in (0, 7)
    )
    assert 0 < january < 9
    assert 22 < august < 31
    hours = [rain_mm_per_hour(year + hour * HOUR, 1) for hour in range(365 * 24)]
    assert 0.02 < sum(hour > 0 for hour in hours) / len(hours) < 0.25
    assert 500 < sum(hours) < 3500


def test_rivers_rise_after_rain() -> None:
    river = _first("river-level")
    wet = max(range(60 * 24), key=lambda hour: rain_mm_per_hour(MONDAY + hour * HOUR, 1))
    dry = next(
        hour
        for hour in range(24, 60 * 24)
        if all(rain_mm_per_hour(MONDAY + (hour - back) * HOUR, 1) == 0 for back in range(24))
    )
    after, before = (measure(river, MONDAY + (hour + 2) * HOUR, 60, 1)["level"] for hour in (wet, dry))
    assert float(after) > float(before) + 0.1


def test_ticks() -> None:
    device = _first("noise")
    tick = tick_at(device, MONDAY, 10, 1)
    assert time_of(device, tick, 10, 1) <= MONDAY < time_of(device, tick + 1, 10, 1)
    assert time_of(device, tick + 1, 10, 1) - time_of(device, tick, 10, 1) == pytest.approx(10)


def test_every_message_is_sent_unless_silent() -> None:
    """Over a long time: each tick's payload appears once, twice when repeated, never when silent."""
    device = _first("weather")
    sent = Counter(payload for tick in range(20_000) for payload in messages_at(device, tick, 60, 1))
    shares = Counter(sent.values())
    assert set(shares) == {1, 2}
    assert 0.002 < shares[2] / len(sent) < 0.01
    assert 0.98 < len(sent) / 20_000 <= 1
    late = [tick for tick in range(20_000) if len(set(messages_at(device, tick, 60, 1))) > 1]
    assert 0.005 < len(late) / 20_000 < 0.02
    times = [json.loads(payload)["observedAt"] for payload in messages_at(device, late[0], 60, 1)]
    assert times == sorted(times)
    assert messages_at(device, late[0], 60, 1)[-1] == render(device, late[0], 60, 1)


def test_payloads_are_native() -> None:
    readings, _ = get_adapter("native").decode(Message("t", render(_first("parking"), 12345678, 10, 1)), None)
    assert readings[0].observed_at == round(time_of(_first("parking"), 12345678, 10, 1) * 1000) * 1000


def test_chance() -> None:
    assert chance(1, "a") == chance(1, "a")
    assert chance(1, "a", 1) != chance(1, "a1")
    values = [chance(1, number) for number in range(2000)]
    assert min(values) >= 0
    assert max(values) < 1
    assert statistics.mean(values) == pytest.approx(0.5, abs=0.03)
    bells = [bell(1, number) for number in range(2000)]
    assert statistics.mean(bells) == pytest.approx(0, abs=0.1)
    assert statistics.stdev(bells) == pytest.approx(1, abs=0.1)
    steps = [drift(1, "x", step, 100.0) for step in range(2000)]
    assert max(abs(after - before) for before, after in pairwise(steps)) < 0.05
