"""Codecs of LoRaWAN frames: what they read, what they refuse, and that nothing else happens."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codecs.formula import FormulaError, compile_formula
from adapters.codecs.registry import UnknownCodec, codec_names, get_codec
from adapters.codecs.types import Frame
from adapters.codecs.values import compute_values, parse_values
from adapters.registry import get_adapter
from adapters.types import REASONS, DecodeError, Message


def _decode(codec: str, frame: str, port: int | None = None) -> Frame:
    return get_codec(codec).decode(port, bytes.fromhex(frame))


def _values(codec: str, frame: str, port: int | None = None) -> dict[str, Any]:
    return {name: raw.value for name, raw in _decode(codec, frame, port).values.items()}


@pytest.mark.parametrize(
    ("codec", "port", "frame", "expected"),
    [
        ("cayenne-lpp", 1, "0167FFF6 0268 64", {"temperature_1": -1.0, "relative_humidity_2": 50.0}),
        ("cayenne-lpp", 1, "0A02FF9C", {"analog_in_10": -1.0}),
        (
            "cayenne-lpp",
            1,
            "0188 0574CD 15480D 000FA0",
            {"gps_1": {"latitude": 35.7581, "longitude": 139.4701, "altitude": 40.0}},
        ),
        ("elsys", 5, "01FF9C 0232 070E10", {"temperature": -10.0, "humidity": 50, "vdd": 3600}),
        ("elsys", 5, "14000F4240", {"pressure": 1000.0}),
        ("elsys", 5, "09 0574CD FFFFFF", {"lat": 35.7581, "long": -0.0001}),
        (
            "milesight-em300-th",
            85,
            "017564 03679CFF 046864",
            {"battery": 100, "temperature": -10.0, "humidity": 50.0},
        ),
        ("milesight-ws301", 85, "030001", {"magnet_status": "open"}),
        ("milesight-ws301", 85, "030007", {"magnet_status": 7}),
        (
            "dragino-lht65n",
            2,
            "CBC6 FF9C 01F4 01 7FFF 0000",
            {
                "BatV": 3.014,
                "Bat_status": 3,
                "TempC_SHT": -1.0,
                "Hum_SHT": 50.0,
                "Ext_sensor": "Temperature Sensor",
                "TempC_DS": 327.67,
            },
        ),
        (
            "decentlab-dl-ds18",
            1,
            "02 023D 0003 815E 0C15",
            {"device_id": 573, "temperature": 21.875, "battery_voltage": 3.093},
        ),
        ("decentlab-dl-ds18", 1, "02 023D 0002 0C15", {"device_id": 573, "battery_voltage": 3.093}),
    ],
)
def test_values(codec: str, port: int, frame: str, expected: dict[str, Any]) -> None:
    assert _values(codec, frame.replace(" ", ""), port) == expected


def test_units() -> None:
    decoded = _decode("milesight-em300-th", "03679CFF046864").values
    assert {name: raw.unit_code for name, raw in decoded.items()} == {"temperature": "CEL", "humidity": "P1"}


def test_what_was_measured_before_keeps_its_time() -> None:
    decoded = _decode("milesight-em300-th", "017564" + "20CE" + "00F15365" + "FF007800")
    assert {name: raw.value for name, raw in decoded.values.items()} == {"battery": 100}
    [(at, past)] = decoded.past
    assert at == 1_700_000_000_000_000
    assert {name: raw.value for name, raw in past.items()} == {"temperature": 25.5, "humidity": 60.0}


@pytest.mark.parametrize(
    ("codec", "port", "frame", "detail"),
    [
        ("cayenne-lpp", 1, "01", "byte 0 begins a value that is cut off"),
        ("cayenne-lpp", 1, "0167FF", "byte 2 begins 2 bytes; the frame has 3"),
        ("cayenne-lpp", 1, "01FA00", "byte 1 names type 250, which Cayenne LPP does not have"),
        ("elsys", 5, "0100", "the frame ends at byte 2, 3 are needed"),
        ("elsys", 5, "EE00", "byte 0: elsys has no value ee"),
        ("milesight-em300-th", 85, "0367", "the frame ends at byte 2, 4 are needed"),
        ("milesight-em300-th", 85, "01", "byte 0: milesight-em300-th has no value 01"),
        ("dragino-lht65n", 3, "00", "dragino-lht65n sends on port 2, not on 3"),
        ("dragino-lht65n", 2, "00", "1 bytes; dragino-lht65n sends 9"),
        ("decentlab-dl-ds18", 1, "01", "no frame of Decentlab's protocol 2"),
        ("decentlab-dl-ds18", 1, "02023D0001", "the frame ends at byte 5, 7 are needed"),
        ("decentlab-dl-ds18", 1, "02023D000000", "6 bytes are no frame of decentlab-dl-ds18"),
        ("decentlab-dl-ds18", 1, "02023D0008", "5 bytes are no frame of decentlab-dl-ds18"),
    ],
)
def test_refused(codec: str, port: int, frame: str, detail: str) -> None:
    with pytest.raises(DecodeError) as caught:
        _decode(codec, frame, port)
    assert (caught.value.reason, caught.value.detail) == ("bad-frame", detail)


def test_a_value_without_a_result_is_left_out() -> None:
    assert _values("decentlab-dl-dws", "02023D0003000000000000" + "0C15") == {
        "device_id": 573,
        "counter_check": 0,
        "battery_voltage": 3.093,
    }


@pytest.mark.parametrize("name", codec_names())
@settings(max_examples=30, deadline=None)
@given(port=st.sampled_from([None, 0, 1, 2, 5, 10, 85, 255]), frame=st.binary(max_size=60))
def test_any_bytes(name: str, port: int | None, frame: bytes) -> None:
    try:
        decoded = get_codec(name).decode(port, frame)
    except DecodeError as error:
        assert error.reason in REASONS
    else:
        assert len(decoded.values) <= 2 * len(frame) + 2
        json.dumps([raw.value for raw in decoded.values.values()], allow_nan=False)


def test_unknown_codec_names_similar_ones() -> None:
    with pytest.raises(UnknownCodec, match="milesight-em300-th"):
        get_codec("milesight-em300th")


@pytest.mark.parametrize(
    "text", ["x0.real", "__import__('os')", "x0 if x0 else 1", "[x0]", "x0 +", "open(x0)", "'a'"]
)
def test_formulas_are_arithmetic(text: str) -> None:
    with pytest.raises(FormulaError):
        compile_formula(text)


def test_lines() -> None:
    values = parse_values(["line_{x0}_in = u16(x2, x1) / 2 [°C]", "state = x0 {1: on}"])
    assert values.size == 3
    computed = compute_values(values, b"\x01\x02\x00")
    assert {name: (raw.value, raw.unit_code) for name, raw in computed.items()} == {
        "line_1_in": (1.0, "CEL"),
        "state": ("on", None),
    }
    with pytest.raises(FormulaError, match="is not"):
        parse_values(["no formula"])


def test_network_servers_hand_frames_to_the_codec() -> None:
    data = base64.b64encode(bytes.fromhex("03679CFF" + "20CE" + "00F15365" + "FF007800")).decode()
    chirpstack = {"deviceInfo": {"devEui": "d"}, "time": "2026-11-23T00:00:00Z", "fPort": 85, "data": data}
    stack = {
        "end_device_ids": {"device_id": "d"},
        "uplink_message": {"f_port": 85, "frm_payload": data, "received_at": "2026-11-23T00:00:00Z"},
    }
    for name, topic, document in (
        ("chirpstack_v4", "application/a/device/d/event/up", chirpstack),
        ("tts_v3", "v3/a/devices/d/up", stack),
    ):
        adapter = get_adapter(name, "milesight-em300-th")
        readings, _ = adapter.decode(Message(topic, json.dumps(document).encode()), None)
        assert [reading.observed_at for reading in readings] == [1_795_392_000_000_000, 1_700_000_000_000_000]
        assert [reading.device for reading in readings] == ["d", "d"]
        assert readings[0].values["temperature"].value == -10.0
        assert readings[1].values["temperature"].value == 25.5


@pytest.mark.parametrize(
    ("port", "data"), [("2", "AA=="), (256, "AA=="), (True, "AA=="), (2, "*"), (2, 7), (2, "AAAA" * 400)]
)
def test_frames_that_are_none(port: object, data: object) -> None:
    document = {"deviceInfo": {"devEui": "d"}, "fPort": port, "data": data}
    message = Message("application/a/device/d/event/up", json.dumps(document).encode())
    with pytest.raises(DecodeError) as caught:
        get_adapter("chirpstack_v4", "elsys").decode(message, None)
    assert caught.value.reason == "bad-frame"
