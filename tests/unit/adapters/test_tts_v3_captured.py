"""Real uplinks (MACHI_TEST_DATA/payloads/tts_v3), captured from devices or printed by the vendor."""

import os
from pathlib import Path

import pytest

from adapters.registry import get_adapter
from adapters.types import DecodeError, Message, RawReading
from context_api.ngsild.time import format_datetime

_DATA = Path(os.environ.get("MACHI_TEST_DATA", "")) / "payloads" / "tts_v3"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("MACHI_TEST_DATA") and _DATA.is_dir()),
    reason="MACHI_TEST_DATA/payloads/tts_v3 is not here",
)


def _decode(name: str) -> RawReading:
    message = Message("v3/app@tenant/devices/x/up", (_DATA / name).read_bytes())
    [reading], _ = get_adapter("tts_v3").decode(message, None)
    return reading


def _values(reading: RawReading) -> dict[str, object]:
    return {key: raw.value for key, raw in reading.values.items()}


def test_lht65() -> None:
    reading = _decode("captured_uplink_lht65.json")
    assert reading.device == "lht65-4c84"
    # 2021-11-11T08:33:34.926321616Z of the network server, cut to microseconds
    assert reading.observed_at is not None
    assert format_datetime(reading.observed_at) == "2021-11-11T08:33:34.926321Z"
    assert _values(reading) == {
        "BatV": 3.103,
        "Bat_status": 3,
        "Ext_sensor": "Temperature Sensor",
        "Hum_SHT": 67.6,
        "TempC_DS": 13.18,
        "TempC_SHT": 14.65,
    }


def test_lht52_device_information() -> None:
    reading = _decode("captured_uplink_lht52_device_info_port5.json")
    assert reading.observed_at is not None
    assert format_datetime(reading.observed_at) == "2022-08-29T08:54:11.965576Z"
    assert _values(reading)["Bat_mV"] == 3054


def test_vendor_examples() -> None:
    formatted = _decode("doc_uplink_data_formats_comma_fixed.json")
    assert _values(formatted) == {"temperature": 1.0, "luminosity": 0.64}
    assert formatted.observed_at is not None
    assert format_datetime(formatted.observed_at) == "2020-02-12T15:15:45.789585Z"
    minimal = _decode("doc_uplink_decoded_object.json")
    assert (minimal.device, minimal.observed_at) == (None, None)
    assert _values(minimal)["temperature"] == -21.3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("doc_uplink_text_payload_mqtt.json", "no-codec"),
    ],
)
def test_refused(name: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        _decode(name)
    assert caught.value.reason == reason


@pytest.mark.parametrize("name", ["doc_join_accept.json", "doc_downlink_ack.json"])
def test_ignored(name: str) -> None:
    message = Message("v3/app@tenant/devices/x/up", (_DATA / name).read_bytes())
    assert get_adapter("tts_v3").decode(message, None) == ([], None)


def test_stored_messages() -> None:
    message = Message("v3/app@tenant/devices/x/up", (_DATA / "doc_storage_uplink_result.json").read_bytes())
    readings, _ = get_adapter("tts_v3").decode(message, None)
    assert readings[0].device == "dev1"
    assert _values(readings[0]) == {"occupied": False, "type": "parking status"}
