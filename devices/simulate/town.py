"""Where the simulated devices stand: real places of Higashimurayama, about where they are."""

from typing import Any, NamedTuple

from devices.simulate.chance import chance


class Place(NamedTuple):
    """A name, its position, and how much traffic passes (1 = a main road)."""

    name: str
    longitude: float
    latitude: float
    traffic: float


class SimulatedDevice(NamedTuple):
    """One device: what it measures is decided by its profile, its place and the seed."""

    id: str
    profile: str
    place: Place
    longitude: float
    latitude: float
    size: int
    """Spots of a car park; vehicles in the busiest hour of a counter."""

    def registration(self, interval_s: float) -> dict[str, Any]:
        """Return the body of `POST /api/v1/devices`."""
        return {
            "id": self.id,
            "profile": self.profile,
            "name": self.place.name,
            "location": {"type": "Point", "coordinates": [self.longitude, self.latitude]},
            "expectedIntervalS": interval_s,
            "static": self._static(),
        }

    def _static(self) -> dict[str, Any]:
        static: dict[str, Any] = {"dataProvider": "machi simulate"}
        if self.profile == "parking":
            static["totalSpotNumber"] = self.size
        elif self.profile == "traffic-flow":
            static["laneDirection"] = "forward"
        elif self.profile == "river-level":
            static["alertLevel"] = {"value": ALERT_LEVEL_M, "unitCode": "MTR"}
            static["dangerLevel"] = {"value": DANGER_LEVEL_M, "unitCode": "MTR"}
        return static


ALERT_LEVEL_M = 1.6
DANGER_LEVEL_M = 2.4

QUARTERS = (
    Place("東村山駅", 139.4656, 35.7604, 0.8),
    Place("久米川駅", 139.4722, 35.7493, 0.9),
    Place("新秋津駅", 139.4939, 35.7784, 0.8),
    Place("萩山駅", 139.4769, 35.7407, 0.5),
    Place("八坂駅", 139.4676, 35.7452, 0.6),
    Place("武蔵大和駅", 139.4439, 35.7572, 0.4),
    Place("東村山市役所", 139.4685, 35.7546, 0.7),
    Place("北山公園", 139.4556, 35.7679, 0.1),
    Place("本町", 139.4700, 35.7570, 0.6),
    Place("久米川町", 139.4740, 35.7670, 0.5),
    Place("秋津町", 139.4880, 35.7730, 0.5),
    Place("青葉町", 139.4960, 35.7660, 0.4),
    Place("恩多町", 139.4855, 35.7560, 0.6),
    Place("萩山町", 139.4760, 35.7430, 0.4),
    Place("栄町", 139.4740, 35.7480, 0.7),
    Place("富士見町", 139.4560, 35.7445, 0.4),
    Place("美住町", 139.4600, 35.7490, 0.4),
    Place("廻田町", 139.4510, 35.7560, 0.3),
    Place("多摩湖町", 139.4440, 35.7640, 0.2),
    Place("諏訪町", 139.4640, 35.7660, 0.3),
    Place("野口町", 139.4570, 35.7600, 0.4),
)
ROADS = (
    Place("府中街道 本町", 139.4678, 35.7580, 1.0),
    Place("府中街道 八坂", 139.4670, 35.7460, 1.0),
    Place("新青梅街道 久米川町", 139.4770, 35.7620, 1.2),
    Place("新青梅街道 恩多町", 139.4870, 35.7585, 1.2),
    Place("新青梅街道 廻田町", 139.4520, 35.7535, 1.1),
    Place("志木街道 秋津町", 139.4890, 35.7745, 0.8),
    Place("江戸街道 栄町", 139.4735, 35.7475, 0.7),
    Place("所沢街道 青葉町", 139.4975, 35.7640, 0.9),
    Place("さくら通り 本町", 139.4705, 35.7555, 0.5),
    Place("多摩湖町通り 野口町", 139.4545, 35.7610, 0.4),
)
CAR_PARKS = (
    Place("東村山駅西口駐車場", 139.4648, 35.7606, 0.8),
    Place("久米川駅北口駐車場", 139.4725, 35.7500, 0.9),
    Place("市役所駐車場", 139.4687, 35.7549, 0.7),
    Place("新秋津駅前駐車場", 139.4935, 35.7780, 0.7),
    Place("萩山駅前駐車場", 139.4765, 35.7412, 0.5),
    Place("北山公園駐車場", 139.4560, 35.7674, 0.3),
    Place("中央図書館駐車場", 139.4690, 35.7555, 0.5),
    Place("市民スポーツセンター駐車場", 139.4655, 35.7530, 0.6),
)
RIVERS = (
    Place("空堀川 野口町", 139.4560, 35.7545, 0.0),
    Place("空堀川 本町", 139.4720, 35.7590, 0.0),
    Place("空堀川 恩多町", 139.4850, 35.7650, 0.0),
    Place("空堀川 秋津町", 139.4890, 35.7700, 0.0),
    Place("北川 北山公園", 139.4560, 35.7675, 0.0),
    Place("北川 諏訪町", 139.4660, 35.7680, 0.0),
    Place("前川 野口町", 139.4550, 35.7600, 0.0),
    Place("柳瀬川 秋津町", 139.4870, 35.7760, 0.0),
)

_STATION_PROFILES = ("air-quality", "noise", "weather")
_PREFIXES = {
    "air-quality": "sim-aq",
    "noise": "sim-noise",
    "weather": "sim-weather",
    "traffic-flow": "sim-traffic",
    "parking": "sim-parking",
    "river-level": "sim-river",
}
_SHARES = (("traffic-flow", 0.30, ROADS), ("parking", 0.15, CAR_PARKS), ("river-level", 0.10, RIVERS))
_SPREAD_DEGREES = 0.004
"""Where a place gets a second device it stands up to about 400 m away."""


def plan_devices(count: int, seed: int) -> list[SimulatedDevice]:
    """Return `count` devices; a larger town contains the smaller one's kinds in the same shares."""
    planned: list[SimulatedDevice] = []
    for profile, share, places in _SHARES:
        planned += [_place(profile, number, places, seed) for number in range(round(count * share))]
    for number in range(count - len(planned)):
        profile = _STATION_PROFILES[number % len(_STATION_PROFILES)]
        planned.append(_place(profile, number // len(_STATION_PROFILES), QUARTERS, seed))
    return planned


def _place(profile: str, number: int, places: tuple[Place, ...], seed: int) -> SimulatedDevice:
    """The three devices of one environment station stand in one spot: it depends on their number."""
    place = places[number % len(places)]
    spread = _SPREAD_DEGREES if number >= len(places) else 0.0
    east, north = (2 * chance(seed, "spot", places[0].name, number, axis) - 1 for axis in ("east", "north"))
    size = chance(seed, "size", profile, number)
    return SimulatedDevice(
        id=f"{_PREFIXES[profile]}-{number + 1:03}",
        profile=profile,
        place=place,
        longitude=round(place.longitude + east * spread, 6),
        latitude=round(place.latitude + north * spread, 6),
        size=round(30 + 270 * size) if profile == "parking" else round((300 + 700 * size) * place.traffic),
    )
