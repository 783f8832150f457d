"""Decoding and mapping one message of five values, by adapter; what the parsers alone need stands beside it.

python -m benchmarks.ingest

Processor time of this thread, so that what else runs counts little; the cases take turns in each round, and
the median of the rounds is given. The limit of a case is the least that has to be done: parsing its payload.
"""

import base64
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import orjson

from adapters.cbor import load_cbor
from adapters.registry import get_adapter
from adapters.types import Message
from benchmarks.figures import Figure, at_most
from devices.catalog import built_in_profiles, expander_of
from devices.ingest import ingest
from devices.model import Source
from devices.profile import Profile
from devices.profile_build import build_profile

GOAL_US = 25.0
"""Per reading of five values, median over the adapters (docs/decisions/0013-profiles.md)."""
_ROUNDS = 9
_COUNT = 2_000
_ARRIVED_AT = 1_800_000_000_000_000
_TIME = "2026-11-23T09:00:00.123Z"
_AIR = {"pm25": 12.3, "no2": 21.5, "pm10": 20.1, "temperature": 18.4, "humidity": 55.2}
_CLIMATE = {"temperature": 18.4, "humidity": 55.2, "co2": 612, "pressure": 1013.2, "battery": 87}
_FRAME = bytes.fromhex("01756403671001046871057D670406736827")
_LPP = bytes.fromhex("0167011002686403733F7A04650190056601")


class Case(NamedTuple):
    """One kind of message."""

    name: str
    adapter: str
    profile: Profile
    payload: bytes
    topic: str = "machi/v1/default/d-1/up"
    parse: Callable[[bytes], object] = orjson.loads


def cases() -> list[Case]:
    """Return a message of five values for each adapter, and for frames that the network server left to us."""
    profiles = built_in_profiles()
    air, co2 = profiles["air-quality"], profiles["milesight-em500-co2"]
    senml = _profile({"t": "CEL", "h": "P1", "p": "A97", "co2": "59", "v": "VLT"})
    pack = [{"bn": "d-1:", "bt": 1_795_392_000, "n": "t", "u": "Cel", "v": 18.4}]
    pack += [{"n": name, "v": 1.5} for name in ("h", "p", "co2", "v")]
    return [
        Case("native", "native", air, orjson.dumps({"observedAt": _TIME, **_AIR})),
        Case("tts_v3", "tts_v3", co2, _uplink({"decoded_payload": _CLIMATE})),
        Case("tts_v3, milesight frame", "tts_v3", co2, _uplink({"frm_payload": _text(_FRAME), "f_port": 85})),
        Case("tts_v3, cayenne frame", "tts_v3", _lpp(), _uplink({"frm_payload": _text(_LPP), "f_port": 1})),
        Case("chirpstack_v4", "chirpstack_v4", co2, _event({"object": _CLIMATE}), _EVENT),
        Case(
            "chirpstack_v4, frame", "chirpstack_v4", co2, _event({"data": _text(_FRAME), "fPort": 85}), _EVENT
        ),
        Case(
            "iotagent_json",
            "iotagent_json",
            air,
            orjson.dumps({"TimeInstant": _TIME, **_AIR}),
            "json/k/d-1/attrs",
        ),
        Case("ultralight", "ultralight", air, _ultralight(), "ul/k/d-1/attrs", bytes.decode),
        Case("senml (JSON)", "senml", senml, orjson.dumps(pack)),
        Case("senml (CBOR)", "senml", senml, _cbor(), parse=load_cbor),
        Case("sensor_community", "sensor_community", profiles["sensor-community"], _airrohr()),
        Case("tasmota", "tasmota", profiles["tasmota-climate"], _tasmota(), "tele/town/d-1/SENSOR"),
        Case(
            "zigbee2mqtt",
            "zigbee2mqtt",
            profiles["zigbee2mqtt-temperature"],
            _zigbee(),
            "zigbee2mqtt/hall/d-1",
        ),
    ]


def measure_all() -> dict[tuple[str, str], tuple[float, float]]:
    """Measure each case, named by itself and its profile: microseconds per message, and of parsing alone."""
    prepared = [
        (case, _source(case), Message(case.topic, case.payload, arrived_at=_ARRIVED_AT)) for case in cases()
    ]
    for case, source, message in prepared:
        found = ingest(message, source, _ARRIVED_AT)
        stored = sum(len(held) for reading in found.readings for held in reading.attributes.values())
        if stored != 5:
            raise RuntimeError(f"BUG: {case.name} gives {stored} values: {found}")
    costs: dict[str, list[tuple[float, float]]] = {case.name: [] for case, _, _ in prepared}
    for _ in range(_ROUNDS):
        for case, source, message in prepared:
            whole = _timed(partial(ingest, message, source, _ARRIVED_AT))
            parsing = _timed(partial(case.parse, case.payload))
            costs[case.name].append((whole, parsing))
    return {
        (case.name, case.profile.name): (
            statistics.median(whole for whole, _ in costs[case.name]),
            statistics.median(parsing for _, parsing in costs[case.name]),
        )
        for case, _, _ in prepared
    }


def figures() -> list[Figure]:
    """Give each case beside its parser, and the median over the adapters, a mean for each."""
    costs = measure_all()
    by_adapter: dict[str, list[float]] = {}
    for case in cases():
        by_adapter.setdefault(case.adapter, []).append(costs[case.name, case.profile.name][0])
    median = statistics.median(statistics.mean(found) for found in by_adapter.values())
    return [
        *[
            Figure(f"decode + map: {name} ({profile})", whole, "us", parsing, limit_name="parsing alone")
            for (name, profile), (whole, parsing) in costs.items()
        ],
        at_most("decode + map: median over the adapters, 5 values", median, "us", GOAL_US),
    ]


def main() -> None:
    """Measure and print."""
    for figure in figures():
        limit = "" if figure.limit is None else f"   parsing alone {figure.limit:5.1f} us"
        print(f"{figure.name:60}{figure.value:6.1f} us{limit}")
    print(f"calibration: 1,000 turns of an empty loop take {_calibration():.1f} us")


_EVENT = "application/1/device/d-1/event/up"


def _text(frame: bytes) -> str:
    return base64.b64encode(frame).decode()


def _uplink(members: dict[str, object]) -> bytes:
    uplink = {"received_at": _TIME, **members}
    return orjson.dumps({"end_device_ids": {"device_id": "d-1"}, "uplink_message": uplink})


def _event(members: dict[str, object]) -> bytes:
    return orjson.dumps({"deviceInfo": {"devEui": "d-1"}, "time": _TIME, **members})


def _ultralight() -> bytes:
    return "|".join([_TIME, *(f"{name}|{value}" for name, value in _AIR.items())]).encode()


def _cbor() -> bytes:
    """The same pack: -2 bn, -3 bt, 0 n, 1 u, 2 v."""
    first = bytes.fromhex(
        "A5 21 64 642D313A 22 1A 6B037180 00 61 74 01 63 43656C 02 FB 4032666666666666".replace(" ", "")
    )
    rest = b"".join(
        b"\xa2\x00" + bytes([0x60 + len(name)]) + name.encode() + b"\x02\xf9\x3e\x00"
        for name in ("h", "p", "co2", "v")
    )
    return b"\x85" + first + rest


def _airrohr() -> bytes:
    names = ("SDS_P1", "SDS_P2", "BME280_temperature", "BME280_humidity", "BME280_pressure")
    values = [{"value_type": name, "value": "99.5"} for name in names]
    return orjson.dumps({"esp8266id": "1", "software_version": "x", "sensordatavalues": values})


def _tasmota() -> bytes:
    sensor = {"Temperature": 18.4, "Humidity": 55.2, "DewPoint": 9.1, "Pressure": 1013.2}
    return orjson.dumps(
        {
            "Time": "2026-11-23T09:00:00",
            "BME280": sensor,
            "Wifi": {"Signal": -61},
            "TempUnit": "C",
            "PressureUnit": "hPa",
        }
    )


def _zigbee() -> bytes:
    state = {"temperature": 18.4, "humidity": 55.2, "pressure": 1013.2, "battery": 87, "linkquality": 120}
    return orjson.dumps({**state, "last_seen": "2026-11-23T09:00:00+09:00"})


def _profile(units: dict[str, str]) -> Profile:
    values = {name: {"attribute": name, "unitCode": unit} for name, unit in units.items()}
    return build_profile({"name": "senml", "entityType": "Thing", "values": values}, expander_of)


def _lpp() -> Profile:
    names = (
        "temperature_1",
        "relative_humidity_2",
        "barometric_pressure_3",
        "luminosity_4",
        "presence_5",
    )
    values = {name: {"attribute": f"a{number}", "accepts": "any"} for number, name in enumerate(names)}
    return build_profile(
        {"name": "lpp", "entityType": "Thing", "codec": "cayenne-lpp", "values": values}, expander_of
    )


def _source(case: Case) -> Source:
    name = "esp8266-1" if case.adapter == "sensor_community" else "d-1"
    return Source(
        tenant="default",
        tenant_id=1,
        device_id="d-1",
        device_name=name,
        adapter=get_adapter(case.adapter, case.profile.codec),
        profile=case.profile,
        entity_id=case.profile.entity_id("d-1"),
        static={},
    )


def _timed(work: Callable[[], object]) -> float:
    """Microseconds of processor time per call."""
    started = time.thread_time()
    for _ in range(_COUNT):
        work()
    return (time.thread_time() - started) / _COUNT * 1e6


def _calibration() -> float:
    started = time.thread_time()
    for _ in range(1_000_000):
        pass
    return (time.thread_time() - started) * 1e3


if __name__ == "__main__":
    main()
