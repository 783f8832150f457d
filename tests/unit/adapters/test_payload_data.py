"""Real payloads of the formats (MACHI_TEST_DATA/payloads), each with the values that it holds."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.codecs.registry import get_codec
from adapters.codecs.types import Frame
from adapters.registry import get_adapter
from adapters.types import DecodeError, Message, RawReading
from context_api.ngsild.time import format_datetime

_DATA = Path(os.environ.get("MACHI_TEST_DATA", "")) / "payloads"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("MACHI_TEST_DATA") and _DATA.is_dir()), reason="MACHI_TEST_DATA/payloads is not here"
)


def _decode(adapter: str, topic: str, payload: bytes, arrived_at: int | None = None) -> list[RawReading]:
    readings, _ = get_adapter(adapter).decode(Message(topic, payload, arrived_at=arrived_at), None)
    return readings


def _values(reading: RawReading) -> dict[str, Any]:
    return {key: raw.value for key, raw in reading.values.items()}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text().splitlines())


def _bytes(payload: Any) -> bytes:
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def _load(path: Path) -> Any:
    return json.loads(path.read_text())


def _chirpstack(name: str, event: str) -> list[RawReading]:
    path = _DATA / "chirpstack_v4" / name
    return _decode("chirpstack_v4", f"application/a/device/d/event/{event}", path.read_bytes())


def test_chirpstack() -> None:
    [reading] = _chirpstack("captured_up_lht52_sentinel_327_67.json", "up")
    assert reading.device == "a840415711866a85"
    assert reading.observed_at is not None
    assert format_datetime(reading.observed_at) == "2024-02-29T16:01:18.118252Z"
    assert _values(reading)["TempC_SHT"] == 26.6
    assert _values(_chirpstack("doc_status.json", "status")[0]) == {"margin": 10, "batteryLevel": 88.3}
    assert _values(_chirpstack("doc_location.json", "location")[0]) == {
        "location": {"type": "Point", "coordinates": [-8.839375, 37.344214]}
    }
    assert _chirpstack("doc_join.json", "join") == _chirpstack("doc_ack.json", "ack") == []
    with pytest.raises(DecodeError, match="no-codec"):
        _chirpstack("doc_up.json", "up")


def test_ultralight() -> None:
    for vector in _load(_DATA / "ultralight20" / "measures.json")["vectors"]:
        readings = _decode("ultralight", "/key/device/attrs", vector["payload"].encode())
        expected = [{k: v for k, v in group.items() if k != "TimeInstant"} for group in vector["expected"]]
        assert [_values(reading) for reading in readings] == expected
        for reading, group in zip(readings, vector["expected"], strict=True):
            time = None if reading.observed_at is None else format_datetime(reading.observed_at)
            assert time == group.get("TimeInstant")


@pytest.mark.parametrize("number", range(1, 8))
def test_senml(number: int) -> None:
    folder = _DATA / "senml"
    _check_senml((folder / f"ex{number}.json").read_bytes(), _load(folder / f"ex{number}.resolved.json"))


def test_senml_in_cbor() -> None:
    folder = _DATA / "senml"
    payload = bytes.fromhex(_load(folder / "ex3_cbor.json")["cbor_hex"])
    _check_senml(payload, _load(folder / "ex3.resolved.json"))


def _check_senml(payload: bytes, resolved: list[dict[str, Any]]) -> None:
    """Every resolved record is a value of the reading of its moment; lon and lat are a location."""
    now = round(float(resolved[0]["t"]) * 1_000_000)
    moments: dict[int, list[Any]] = {}
    for reading in _decode("senml", "t", payload, now):
        moments.setdefault(reading.observed_at or now, []).extend(
            raw.value for raw in reading.values.values()
        )
    for record in resolved:
        values = moments[round(float(record["t"]) * 1_000_000)]
        given = next(record[name] for name in ("v", "vs", "vb") if name in record)
        if record.get("u") in ("lon", "lat"):
            assert any(given in value["coordinates"] for value in values if isinstance(value, dict))
        else:
            assert given in values


def test_cayenne_lpp() -> None:
    for vector in _load(_DATA / "cayenne_lpp" / "vectors.json")["vectors"]:
        decoded = get_codec("cayenne-lpp").decode(None, bytes.fromhex(vector["bytes_hex"])).values
        expected = {f"{one['type']}_{one['channel']}": one["value"] for one in vector["expected"]}
        assert {key: raw.value for key, raw in decoded.items()} == expected


def test_sensor_community() -> None:
    for line in _lines(_DATA / "sensor_community" / "push_messages.ndjson"):
        [reading] = _decode("sensor_community", "t", line["payload"].encode())
        entries = json.loads(line["payload"])["sensordatavalues"]
        assert list(_values(reading).values()) == [float(entry["value"]) for entry in entries]
        if "esp8266id" in line["payload"]:
            assert reading.device == line["x_sensor"]


def test_tasmota() -> None:
    count = 0
    for path in (_DATA / "tasmota").glob("*.ndjson"):
        for line in _lines(path):
            topic = line["topic"] or "tele/x/SENSOR"
            if not topic.startswith("tele/") or topic.endswith(("LWT", "RESULT")) or "INFO" in topic:
                continue
            try:
                readings = _decode("tasmota", topic, _bytes(line["payload"]))
            except DecodeError as error:
                assert error.reason in ("bad-json", "bad-shape", "no-values"), line
                continue
            for reading in readings:
                count += len(reading.values)
    assert count > 100


def _at_hub(topic: str) -> str:
    return topic.replace("zigbee2mqtt/", "zigbee2mqtt/hall/", 1)


def test_zigbee2mqtt() -> None:
    states = list(_lines(_DATA / "zigbee2mqtt" / "device_states.ndjson"))
    for line in states:
        payload = line["payload"]
        if not isinstance(payload, dict) or not set(payload) - {"last_seen", "update", "update_available"}:
            continue
        try:
            [reading] = _decode("zigbee2mqtt", _at_hub(line["topic"]), _bytes(payload))
        except DecodeError as error:
            assert error.reason == "no-values", line
            continue
        for key, value in payload.items():
            if type(value) in (int, float, bool) and key not in ("last_seen", "update_available"):
                assert _values(reading)[key] == value
    assert len(states) > 3
    for line in _lines(_DATA / "zigbee2mqtt" / "availability.ndjson"):
        [reading] = _decode("zigbee2mqtt", _at_hub(line["topic"]), _bytes(line["payload"]))
        assert _values(reading)["availability"] in ("online", "offline")


_NOT_READ = {
    "sn",
    "hardware_version",
    "firmware_version",
    "protocol_version",
    "event",
    "Node_type",
}
"""About the device."""
_WITHOUT_PAST = ("ts201-v2", "uc511", "uc512", "em300-di-hall")


@pytest.mark.parametrize("vendor", ["decentlab", "dragino", "elsys", "milesight", "milesight_vendor_docs"])
def test_lorawan_vectors(vendor: str) -> None:
    for vector in _load(_DATA / "lorawan_vectors" / f"{vendor}.json")["vectors"]:
        name = "elsys" if vendor == "elsys" else f"{vendor.partition('_')[0]}-{vector['device']}"
        expected = {
            key: _plain(value) for key, value in vector["expected"]["data"].items() if key not in _NOT_READ
        }
        past = expected.pop("history", [])
        if not expected and not past:
            continue
        decoded = get_codec(name).decode(vector.get("fPort"), bytes.fromhex(vector["bytes_hex"]))
        found = {key: raw.value for key, raw in decoded.values.items()}
        for key, value in expected.items():
            shown = value.strip() if isinstance(value, str) else pytest.approx(value)
            assert found[key] == shown, (name, key)
        if vector["device"] not in _WITHOUT_PAST:
            _check_past(decoded, past)


def _check_past(decoded: Frame, expected: list[dict[str, Any]]) -> None:
    assert len(decoded.past) == len(expected)
    for (at, values), moment in zip(decoded.past, expected, strict=True):
        assert at == moment.pop("timestamp") * 1_000_000
        for key, value in moment.items():
            assert values[key].value == value


def _plain(value: Any) -> Any:
    """A number is a number, whether the vendor writes it as text or with its unit."""
    if isinstance(value, dict):
        return value.get("value", next(iter(value.values())))
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
