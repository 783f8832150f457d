"""What the simulated town measures: (device, time, seed) -> values. Pure and deterministic.

Daily and weekly rhythms run in Japanese time. Weather is shared by the whole town, so that rain, humidity,
the rivers and the roads agree with each other.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from devices.simulate.chance import bell, chance, drift
from devices.simulate.town import ALERT_LEVEL_M, DANGER_LEVEL_M, SimulatedDevice

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
_JST_S = 9 * HOUR_S
_YEAR_S = 365.2425 * DAY_S
_THURSDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""

Values = dict[str, float | int | str]


class Moment(NamedTuple):
    """What a model is asked: which device, when (seconds since 1970), for how many seconds before."""

    device: SimulatedDevice
    at_s: float
    interval_s: float
    seed: int


def measure(device: SimulatedDevice, at_s: float, interval_s: float, seed: int) -> Values:
    """Return what a device reports at a time (seconds since 1970) for the interval before it."""
    return _MODELS[device.profile](Moment(device, at_s, interval_s, seed))


def hour_of_day(at_s: float) -> float:
    """Hours since midnight in Japan."""
    return (at_s + _JST_S) % DAY_S / HOUR_S


def is_weekend(at_s: float) -> bool:
    """Saturday or Sunday in Japan."""
    return (math.floor((at_s + _JST_S) / DAY_S) + _THURSDAY) % 7 >= 5


def traffic_share(at_s: float) -> float:
    """Traffic as a share of the busiest hour: two peaks on working days, one wide hill at the weekend."""
    hour = hour_of_day(at_s)
    if is_weekend(at_s):
        return 0.06 + 0.64 * _hill(hour, 14.0, 4.5)
    return 0.05 + 0.85 * _hill(hour, 8.0, 1.4) + 0.45 * _hill(hour, 13.0, 3.5) + 0.75 * _hill(hour, 18.0, 1.9)


def rain_mm_per_hour(at_s: float, seed: int) -> float:
    """Rain over the town: some hours every few days."""
    front = drift(seed, "rain", at_s, 15 * HOUR_S) - 0.6
    if front <= 0:
        return 0.0
    return 24.0 * front * (0.6 + 0.4 * drift(seed, "shower", at_s, 0.7 * HOUR_S))


def temperature_c(at_s: float, seed: int) -> float:
    """Air temperature of the town: season, time of day, and the weather of the week."""
    season = 15.4 - 11.2 * math.cos(2 * math.pi * (at_s - 23 * DAY_S) / _YEAR_S)
    day = 4.6 * math.cos(2 * math.pi * (hour_of_day(at_s) - 14.2) / 24)
    weather = 3.0 * drift(seed, "air mass", at_s, 40 * HOUR_S)
    damping = 0.4 if rain_mm_per_hour(at_s, seed) > 0 else 1.0
    return season + day * damping + weather


def _air_quality(moment: Moment) -> Values:
    device, at_s, _, seed = moment
    traffic = traffic_share(at_s) * device.place.traffic
    washed = 0.6 if rain_mm_per_hour(at_s, seed) > 1 else 1.0
    regional = 9.0 + 6.0 * drift(seed, "haze", at_s, 30 * HOUR_S)
    pm25 = washed * (regional + 9.0 * traffic) + _noise(device, "pm25", at_s, seed, 0.8)
    no2 = washed * (7.0 + 38.0 * traffic + 4.0 * drift(seed, "stagnant", at_s, 20 * HOUR_S))
    return {
        "pm25": _positive(pm25),
        "no2": _positive(no2 + _noise(device, "no2", at_s, seed, 1.5)),
        "temperature": _temperature(device, at_s, seed),
        "humidity": _humidity(device, at_s, seed),
    }


def _noise_level(moment: Moment) -> Values:
    device, at_s, _, seed = moment
    traffic = max(traffic_share(at_s) * device.place.traffic, 0.005)
    level = 66.0 + 10.0 * math.log10(traffic) + 0.4 * min(rain_mm_per_hour(at_s, seed), 15)
    level += _noise(device, "noise", at_s, seed, 1.2)
    loudest = level + 4.0 + 9.0 * chance(seed, device.id, "loudest", round(at_s))
    return {"noise": round(max(level, 31.0), 1), "LAmax": round(max(loudest, 35.0), 1)}


def _weather(moment: Moment) -> Values:
    device, at_s, interval_s, seed = moment
    rain = rain_mm_per_hour(at_s, seed)
    sun = math.sin(math.pi * (hour_of_day(at_s) - 6.2) / 11.6)
    clouds = 0.15 if rain else 0.65 + 0.35 * drift(seed, "clouds", at_s, 3 * HOUR_S)
    wind = 2.2 + 1.5 * drift(seed, "wind", at_s, 5 * HOUR_S) + 0.8 * max(sun, 0.0)
    return {
        "temperature": _temperature(device, at_s, seed),
        "humidity": _humidity(device, at_s, seed),
        "rain": round(rain * interval_s / HOUR_S, 3),
        "windSpeed": _positive(wind + _noise(device, "wind", at_s, seed, 0.4)),
        "windDirection": round(180 * (1 + drift(seed, "direction", at_s, 9 * HOUR_S))) % 360,
        "pressure": round(1004.5 + 8.0 * drift(seed, "pressure", at_s, 50 * HOUR_S), 1),
        "illuminance": round(max(sun, 0.0) * clouds * 95_000),
    }


def _traffic_flow(moment: Moment) -> Values:
    device, at_s, interval_s, seed = moment
    share = traffic_share(at_s) * (0.85 if rain_mm_per_hour(at_s, seed) > 2 else 1.0)
    expected = device.size * share * interval_s / HOUR_S
    vehicles = _count(expected, device, "vehicles", at_s, seed)
    large = min(_count(expected * 0.12, device, "large", at_s, seed), vehicles)
    motorcycles = min(_count(expected * 0.06, device, "motorcycles", at_s, seed), vehicles - large)
    occupancy = min(0.95, 0.02 + 0.45 * share * share * device.place.traffic)
    speed = 46.0 - 24.0 * share * device.place.traffic + _noise(device, "speed", at_s, seed, 2.0)
    values: Values = {
        "vehicles": vehicles,
        "small": vehicles - large - motorcycles,
        "large": large,
        "motorcycles": motorcycles,
        "occupancy": round(occupancy, 3),
    }
    if vehicles:
        values["speed"] = round(max(speed, 5.0), 1)
    return values


def _parking(moment: Moment) -> Values:
    device, at_s, _, seed = moment
    hour = hour_of_day(at_s)
    if is_weekend(at_s):
        share = 0.12 + 0.75 * _hill(hour, 14.5, 3.6)
    else:
        share = 0.10 + 0.62 * _hill(hour, 11.5, 4.2) + 0.20 * _hill(hour, 18.5, 1.8)
    share += 0.10 * drift(seed, device.id, at_s, 1.3 * HOUR_S)
    occupied = min(device.size, max(0, round(device.size * share)))
    return {
        "occupied": occupied,
        "available": device.size - occupied,
        "occupancy": round(occupied / device.size, 3),
    }


def _river_level(moment: Moment) -> Values:
    """The rain of the last twelve hours runs off with a time constant of three."""
    device, at_s, _, seed = moment
    hours = range(1, 13)
    run_off = sum(rain_mm_per_hour(at_s - hour * HOUR_S, seed) * math.exp(-hour / 3.0) for hour in hours)
    character = 0.5 + chance(seed, device.id, "basin")
    level = 0.25 + 0.3 * character + 0.08 * character * run_off
    level += _noise(device, "level", at_s, seed, 0.006)
    return {"level": round(max(level, 0.02), 3), "status": _flood_status(level)}


def _flood_status(level_m: float) -> str:
    if level_m >= DANGER_LEVEL_M:
        return "Danger"
    return "Alert" if level_m >= ALERT_LEVEL_M else "Normal"


def _temperature(device: SimulatedDevice, at_s: float, seed: int) -> float:
    corner = 0.8 * (chance(seed, device.place.name, "corner") - 0.5)
    return round(temperature_c(at_s, seed) + corner + _noise(device, "temperature", at_s, seed, 0.08), 1)


def _humidity(device: SimulatedDevice, at_s: float, seed: int) -> float:
    day = -14.0 * math.cos(2 * math.pi * (hour_of_day(at_s) - 14.2) / 24)
    wet = 18.0 if rain_mm_per_hour(at_s, seed) > 0 else 0.0
    humidity = 62.0 + day + wet + 9.0 * drift(seed, "moisture", at_s, 26 * HOUR_S)
    return round(min(max(humidity + _noise(device, "humidity", at_s, seed, 0.6), 12.0), 99.0), 1)


def _noise(device: SimulatedDevice, what: str, at_s: float, seed: int, deviation: float) -> float:
    return deviation * bell(seed, device.id, what, round(at_s))


def _count(expected: float, device: SimulatedDevice, what: str, at_s: float, seed: int) -> int:
    """A count around its expectation, as wide as chance makes counts (a Poisson's deviation)."""
    spread = math.sqrt(expected) * bell(seed, device.id, what, round(at_s))
    fraction = chance(seed, device.id, what, "round", round(at_s))
    return max(0, math.floor(expected + spread + fraction))


def _hill(hour: float, top: float, width: float) -> float:
    """1 at `top`, falling off on both sides, around midnight too."""
    distance = min(abs(hour - top), 24 - abs(hour - top))
    return math.exp(-0.5 * (distance / width) ** 2)


def _positive(value: float) -> float:
    return round(max(value, 0.1), 1)


_MODELS: dict[str, Callable[[Moment], Values]] = {
    "air-quality": _air_quality,
    "noise": _noise_level,
    "weather": _weather,
    "traffic-flow": _traffic_flow,
    "parking": _parking,
    "river-level": _river_level,
}
