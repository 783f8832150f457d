"""What instruments behind a converter answer, and what one device's parameters make of it."""

import base64
import json
from typing import Any

import orjson
import pytest

from adapters.codecs.parameters import CodecParameterError
from adapters.codecs.registry import get_codec
from adapters.codecs.types import Frame
from adapters.registry import get_adapter
from adapters.types import DecodeError, Message

_ANSWER = "08DB02" + b"a+1.6+0-25.7\r\n".ljust(36, b"\0").hex()


def _decode(frame: str, parameters: dict[str, Any] | None = None) -> Frame:
    text = "" if parameters is None else json.dumps(parameters)
    return get_codec("milesight-uc501", text).decode(85, bytes.fromhex(frame))


def _values(frame: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    return {name: raw.value for name, raw in _decode(frame, parameters).values.items()}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (_ANSWER, {"sdi12_3": "a+1.6+0-25.7"}),
        ("FF0E092610270000", {"modbus_chn_3": 10000}),
        ("FF0E07150000C841", {"modbus_chn_1": 25.0}),
        ("FF0E0812FFFF", {"modbus_chn_2": 65535}),
        ("FF0E070801 017564", {"modbus_chn_1": "on", "battery": 100}),
        ("FF0E07150000C07F", {}),  # NaN is no value
        ("800E07150000C841 01", {"modbus_chn_1": 25.0, "modbus_chn_1_alarm": "threshold alarm"}),
        ("FF1507", {"modbus_chn_1_alarm": "read error"}),
    ],
)
def test_instruments(frame: str, expected: dict[str, Any]) -> None:
    assert _values(frame) == expected


def test_what_instruments_said_before() -> None:
    text = b"0+5".ljust(36, b"\0").hex()
    decoded = _decode(f"20E0 60A1B26A 0500 {text}{text} 20DD 60A1B26A 0300 05 0000C841 04 10270000")
    assert [at for at, _ in decoded.past] == [0x6AB2A160 * 1_000_000] * 2
    assert [{key: raw.value for key, raw in values.items()} for _, values in decoded.past] == [
        {"sdi12_1": "0+5", "sdi12_3": "0+5"},
        {"modbus_chn_1": 25.0, "modbus_chn_2": 10000},
    ]


@pytest.mark.parametrize(
    "frame", ["08DB02", "FF0E", "FF0E07", "FF0E0715", "800E0708 01", "20E0 00000000 0100"]
)
def test_cut_off(frame: str) -> None:
    with pytest.raises(DecodeError) as caught:
        _decode(frame)
    assert caught.value.reason == "bad-frame"


def test_a_device_names_its_channels_and_splits_its_texts() -> None:
    parameters = {
        "names": {"modbus_chn_3": "flow"},
        "texts": {"sdi12_3": ["soilMoisture", None, "soilTemperature"]},
    }
    assert _values(f"FF0E092610270000{_ANSWER}", parameters) == {
        "flow": 10000,
        "soilMoisture": 1.6,
        "soilTemperature": -25.7,
    }


def test_a_text_with_fewer_numbers_is_refused() -> None:
    with pytest.raises(DecodeError, match="3 numbers; the device's texts name 4"):
        _decode(_ANSWER, {"texts": {"sdi12_3": ["a", "b", "c", "d"]}})


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"name": {}}, "unknown field `name`"),
        ({"names": {"adc_1": "a b"}}, "names.adc_1: 'a b' is no name"),
        ({"texts": {"sdi12_1": []}}, "texts.sdi12_1 lists 1 to 64 names"),
        ({"names": {str(number): "a" for number in range(65)}}, "names has 65 entries"),
        ([], "Expected `object`"),
    ],
)
def test_parameters_that_cannot_be_used(parameters: Any, fault: str) -> None:
    with pytest.raises(CodecParameterError, match=fault):
        get_codec("milesight-uc501", json.dumps(parameters))
    with pytest.raises(CodecParameterError, match="no JSON"):
        get_codec("milesight-uc501", "{")


def test_through_a_network_server() -> None:
    frame = base64.b64encode(bytes.fromhex("0502983A000000000000")).decode()
    payload = {"uplink_message": {"frm_payload": frame, "f_port": 85}}
    adapter = get_adapter("tts_v3", "milesight-uc501", parameters='{"names":{"adc_1":"waterLevel"}}')
    [reading], _ = adapter.decode(Message("t", orjson.dumps(payload)), None)
    assert reading.values["waterLevel"].value == 15.0


def test_times_without_a_zone() -> None:
    message = Message("t", b'{"observedAt":"2026-11-23T09:00:00","a":1}')
    [reading], _ = get_adapter("native", zone="Asia/Tokyo").decode(message, None)
    assert reading.observed_at == 1_795_392_000_000_000
    with pytest.raises(DecodeError, match="offset"):
        get_adapter("native").decode(message, None)
    old = Message("tele/x/y/SENSOR", b'{"Time":"2026-11-23T01:00:00","A":{"Temperature":1}}')
    [reading], _ = get_adapter("tasmota", zone="Europe/Berlin").decode(old, None)
    assert reading.observed_at == 1_795_392_000_000_000


@pytest.mark.parametrize("number", [1_795_392_000, 1_795_392_000_000, 1_795_392_000_000_000, 1_795_392_000.0])
def test_seconds_milliseconds_microseconds(number: float) -> None:
    [reading], _ = get_adapter("native").decode(
        Message("t", orjson.dumps({"observedAt": number, "a": 1})), None
    )
    assert reading.observed_at == 1_795_392_000_000_000
