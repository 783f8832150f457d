"""One message in, readings or a reason out."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.registry import get_adapter
from adapters.types import Message
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Instance, Kind
from context_api.ngsild.time import parse_datetime
from devices.catalog import built_in_profiles
from devices.ingest import ingest
from devices.model import Ingested, Source

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
NOW = parse_datetime("2026-11-23T00:00:00Z")
SECOND = 1_000_000


def _source(profile: str = "air-quality", adapter: str = "native", name: str = "d-1") -> Source:
    chosen = built_in_profiles()[profile]
    return Source(
        tenant="default",
        tenant_id=1,
        device_id="d-1",
        device_name=name,
        adapter=get_adapter(adapter),
        profile=chosen,
        entity_id=chosen.entity_id("d-1"),
        static={f"{DEFAULT}name": [Instance(value="x")]},
    )


def _ingest(document: Any, *, profile: str = "air-quality", retain: bool = False) -> Ingested:
    message = Message("machi/v1/default/d-1/up", orjson.dumps(document), retain=retain)
    return ingest(message, _source(profile), NOW)


def _instances(ingested: Ingested) -> dict[str, Instance]:
    [reading] = ingested.readings
    return {iri.removeprefix(DEFAULT): instances[0] for iri, instances in reading.attributes.items()}


def test_a_reading() -> None:
    document = {"observedAt": "2026-11-23T08:59:58+09:00", "pm25": 12.3, "humidity": 67.6, "x": 1, "y": None}
    ingested = _ingest(document)
    assert ingested.readings == (
        Reading(
            entity_id="urn:ngsi-ld:AirQualityObserved:d-1",
            types=(f"{DEFAULT}AirQualityObserved",),
            attributes={
                f"{DEFAULT}pm25": [Instance(value=12.3, observed_at=NOW - 2 * SECOND, unit_code="GQ")],
                f"{DEFAULT}relativeHumidity": [
                    Instance(value=0.676, observed_at=NOW - 2 * SECOND, unit_code="C62")
                ],
            },
            static={f"{DEFAULT}name": [Instance(value="x")]},
            arrived_at=NOW,
        ),
    )
    assert (ingested.values, ingested.ignored_values, ingested.ignored_keys) == (4, 2, ("x", "y"))
    assert ingested.timed is True
    assert (ingested.quarantine, ingested.ignored) == (None, None)


def test_without_time() -> None:
    ingested = _ingest({"pm25": 1})
    assert _instances(ingested)["pm25"].observed_at is None
    assert ingested.timed is False
    mixed = _ingest({"pm25": 1, "no2": {"value": 2, "observedAt": "2026-11-23T00:00:00Z"}})
    assert mixed.timed is False
    assert _instances(mixed)["no2"].observed_at == NOW


@pytest.mark.parametrize(
    ("given_value", "value", "unit_code"),
    [
        (55, 0.55, "C62"),
        ({"value": 55}, 0.55, "C62"),
        ({"value": 55, "unitCode": "P1"}, 0.55, "C62"),
        ({"value": 0.55, "unitCode": "C62"}, 0.55, "C62"),
        ({"value": 5, "unitCode": "XYZ"}, 5, "XYZ"),
    ],
)
def test_units(given_value: object, value: float, unit_code: str) -> None:
    instance = _instances(_ingest({"humidity": given_value}))["relativeHumidity"]
    assert (instance.value, instance.unit_code) == (value, unit_code)


def test_of_two_names_the_first_stands() -> None:
    ingested = _ingest({"humidity": 55, "relativeHumidity": 0.6})
    assert _instances(ingested)["relativeHumidity"].value == 0.55
    assert (ingested.values, ingested.ignored_values) == (2, 1)


def test_moving_device() -> None:
    point = {"type": "Point", "coordinates": [139.468, 35.755]}
    [reading] = _ingest({"pm25": 1, "location": point}).readings
    [location] = reading.attributes["https://uri.etsi.org/ngsi-ld/location"]
    assert (location.kind, location.value) == (Kind.GEO_PROPERTY, point)


def test_several_readings() -> None:
    ingested = _ingest([{"observedAt": 1763856000 + number, "pm25": number} for number in range(3)])
    assert [reading.attributes[f"{DEFAULT}pm25"][0].value for reading in ingested.readings] == [0, 1, 2]
    assert ingested.values == 3


@pytest.mark.parametrize(
    ("document", "reason", "values"),
    [
        ({"x": 1, "y": 2}, "no-known-key", 2),
        ({"pm25": "12.3"}, "bad-value", 1),
        ({"pm25": True, "no2": 1}, "bad-value", 2),
        ({"humidity": 1e308, "pm25": {}}, "bad-value", 2),
        ({"location": {"type": "Point", "coordinates": [35.755, 139.468]}}, "bad-value", 1),
        ({"observedAt": "2026-11-23T00:05:00.000001Z", "pm25": 1}, "clock-ahead", 1),
        ([{"pm25": 1}, {"observedAt": "2027-01-01T00:00:00Z", "pm25": 2}], "clock-ahead", 2),
        ({"pm25": {"value": 1, "observedAt": 1e10}}, "clock-ahead", 1),
        (17, "bad-shape", 0),
    ],
)
def test_quarantine_keeps_the_whole_message(document: object, reason: str, values: int) -> None:
    ingested = _ingest(document)
    assert ingested.quarantine is not None
    assert ingested.quarantine.reason == reason
    assert (ingested.readings, ingested.values, ingested.ignored_values) == ((), values, 0)


def test_five_minutes_ahead_is_allowed() -> None:
    assert _ingest({"observedAt": "2026-11-23T00:05:00Z", "pm25": 1}).readings
    message = Message("t", b'{"observedAt": "2026-11-23T00:00:02Z", "pm25": 1}')
    narrow = ingest(message, _source(), NOW, clock_ahead_us=SECOND)
    assert narrow.quarantine is not None
    assert narrow.quarantine.detail == "2026-11-23T00:00:02Z is more than 1 s after the arrival"


def test_retained_values_without_time_are_ignored() -> None:
    ignored = _ingest({"pm25": 1, "no2": 2}, retain=True)
    assert (ignored.ignored, ignored.values, ignored.ignored_values) == ("retained-without-time", 2, 2)
    assert ignored.readings == ()
    kept = _ingest([{"observedAt": 1763856000, "pm25": 1}, {"pm25": 2}], retain=True)
    assert [reading.attributes[f"{DEFAULT}pm25"][0].value for reading in kept.readings] == [1]
    assert (kept.values, kept.ignored_values, kept.timed) == (2, 1, True)


def test_no_measurement() -> None:
    ignored = _ingest({"pm25": None, "x": 1})
    assert (ignored.ignored, ignored.values, ignored.ignored_values) == ("no-measurement", 2, 2)
    probe = ingest(
        Message("t", b'{"uplink_message": {"decoded_payload": {"TempC_SHT": 14.65, "TempC_DS": 327.67}}}'),
        _source("dragino-lht65", "tts_v3"),
        NOW,
    )
    assert list(_instances(probe)) == ["temperature"]
    assert probe.ignored_values == 1


def test_the_payload_must_be_of_the_topics_device() -> None:
    payload = (
        b'{"end_device_ids": {"device_id": "other"}, "uplink_message": {"decoded_payload": {"BatV": 3}}}'
    )
    ingested = ingest(Message("t", payload), _source("dragino-lht65", "tts_v3"), NOW)
    assert ingested.quarantine is not None
    assert ingested.quarantine.reason == "other-device"
    assert ingest(Message("t", payload), _source("dragino-lht65", "tts_v3", "other"), NOW).readings


def test_captured_lht65() -> None:
    path = Path(os.environ.get("MACHI_TEST_DATA", "/nowhere")) / "payloads/tts_v3/captured_uplink_lht65.json"
    if not path.exists():
        pytest.skip("MACHI_TEST_DATA/payloads/tts_v3 is not here")
    ingested = ingest(Message("t", path.read_bytes()), _source("dragino-lht65", "tts_v3", "lht65-4c84"), NOW)
    instances = _instances(ingested)
    assert {name: (instance.value, instance.unit_code) for name, instance in instances.items()} == {
        "batteryVoltage": (3.103, "VLT"),
        "relativeHumidity": (0.676, "C62"),
        "probeTemperature": (13.18, "CEL"),
        "temperature": (14.65, "CEL"),
    }
    time = parse_datetime("2021-11-11T08:33:34.926321Z")
    assert {instance.observed_at for instance in instances.values()} == {time}
    assert ingested.ignored_keys == ("Bat_status", "Ext_sensor")
    assert ingested.timed


_VALUES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
_KEYS = st.sampled_from(["pm25", "humidity", "relativeHumidity", "location", "x", "y", "battery"])
_READINGS = st.dictionaries(
    _KEYS, _VALUES | st.fixed_dictionaries({"value": _VALUES, "observedAt": st.integers(0, 4_000_000_000)})
)


@settings(max_examples=400, deadline=None)
@given(document=st.lists(_READINGS, max_size=3), retain=st.booleans())
def test_every_value_is_accounted_for(document: list[dict[str, object]], retain: bool) -> None:
    ingested = _ingest(document, retain=retain)
    stored = sum(len(reading.attributes) for reading in ingested.readings)
    if ingested.quarantine is None:
        assert ingested.values == sum(len(reading) for reading in document)
        assert stored + ingested.ignored_values == ingested.values
        assert (stored > 0) != (ingested.ignored is not None)
    else:
        assert (stored, ingested.ignored_values, ingested.ignored) == (0, 0, None)
