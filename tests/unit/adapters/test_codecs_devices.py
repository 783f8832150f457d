"""Frames of more devices, and what their vendors' descriptions say that they hold."""

import base64
from typing import Any

import pytest

from adapters.codecs.frames import decode_frame
from adapters.codecs.registry import get_codec


def _shown(codec: str, frame: str) -> list[dict[str, Any]]:
    """What is measured now, then what was before with its time in seconds."""
    decoded = get_codec(f"milesight-{codec}").decode(85, bytes.fromhex(frame))
    now = {name: raw.value for name, raw in decoded.values.items()}
    past = [
        {"at": at / 1_000_000, **{name: raw.value for name, raw in values.items()}}
        for at, values in decoded.past
    ]
    return [now, *past] if now else past


@pytest.mark.parametrize(
    ("codec", "frame", "expected"),
    [
        (
            "am107",
            "01755C 03673401 046865 056A4900 06651C0079001400 077DE704 087D0700 09733F27",
            {
                "battery": 92,
                "temperature": 30.8,
                "humidity": 50.5,
                "activity": 73,
                "illumination": 28,
                "infrared_and_visible": 121,
                "infrared": 20,
                "co2": 1255,
                "tvoc": 7,
                "pressure": 1004.7,
            },
        ),
        (
            "am308",
            "0367EE00 04687C 050001 06CB02 077DA803 087D2500 09736627 0B7D2000 0C7D3000",
            {
                "temperature": 23.8,
                "humidity": 62.0,
                "pir": "trigger",
                "light_level": 2,
                "co2": 936,
                "tvoc": 0.37,
                "pressure": 1008.6,
                "pm2_5": 32,
                "pm10": 48,
            },
        ),
        ("am305l", "059F0380 077D9001", {"pir_status": "trigger", "pir_count": 3, "co2": 400}),
        (
            "at101",
            "03671B01 050000 048836BF7701F000090722",
            {
                "temperature": 28.3,
                "position": "normal",
                "latitude": 24.62495,
                "longitude": 118.030576,
                "motion_status": "moving",
                "geofence_status": "unset",
            },
        ),
        ("em500-smtc", "03671901 046873 057FF000", {"temperature": 28.1, "moisture": 57.5, "ec": 240}),
        ("em500-smtc", "057FFFFF", {}),
        ("em310-udl", "03824408 040001", {"distance": 2116, "position": "tilt"}),
        (
            "em400-tld",
            "8367E80001 8482410601",
            {
                "temperature": 23.2,
                "temperature_alarm": "threshold alarm",
                "distance": 1601,
                "distance_alarm": "threshold alarm",
            },
        ),
        (
            "gs301",
            "02671C01 036864 047D0000 057D0100",
            {"temperature": 28.4, "humidity": 50.0, "nh3": 0.0, "h2s": 0.01},
        ),
        ("gs301", "047DFEFF 057DFFFF 067D0A00", {"h2s": 0.01}),
        (
            "wts506",
            "0584BA04 06734F27 07920100 08EC7B00000001",
            {
                "wind_direction": 121.0,
                "pressure": 1006.3,
                "wind_speed": 0.1,
                "rainfall_total": 1.23,
                "rainfall_counter": 1,
            },
        ),
        (
            "ct303",
            "039710270000 0499B80B 0699FFFF",
            {"current_chn1_total": 100.0, "current_chn1": 300.0, "current_chn2_sensor_status": "read failed"},
        ),
        ("vs330", "02820F00 038E01", {"distance": 15, "occupancy": "occupied"}),
        (
            "ws523",
            "087001 05812C 07C94A00 03743009 068309660000 048007000000",
            {
                "socket_status": "on",
                "power_factor": 44,
                "current": 74,
                "voltage": 235.2,
                "power_consumption": 26121,
                "active_power": 7,
            },
        ),
        (
            "ws503",
            "FF2931",
            {
                "switch_1": "on",
                "switch_2": "off",
                "switch_3": "off",
                "switch_1_change": "yes",
                "switch_2_change": "yes",
                "switch_3_change": "no",
            },
        ),
        (
            "uc300",
            "03C80A000000 050001 0B0290010000 09670201 0DE28F425C428F428D42",
            {
                "gpio_counter_1": 10,
                "gpio_input_3": "on",
                "adc_1": 4.0,
                "pt100_1": 25.8,
                "adv_1": 3.279296875,
                "adv_1_max": 3.1796875,
                "adv_1_min": 3.279296875,
                "adv_1_avg": 3.275390625,
            },
        ),
        (
            "uc300",
            "FF190002020B00 FF19010282FEFF FF1902048BFFFF0A00 FF19030405 0000C03F FF1504",
            {
                "modbus_chn_1": 11,
                "modbus_chn_2": -2,
                "modbus_chn_3": 10,
                "modbus_chn_4": 1.5,
                "modbus_chn_5_alarm": "read error",
            },
        ),
    ],
)
def test_measured_now(codec: str, frame: str, expected: dict[str, Any]) -> None:
    shown = _shown(codec, frame.replace(" ", ""))
    assert (shown[0] if shown else {}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("codec", "frame", "expected"),
    [
        ("vs350", "20CE7B3AF164000B000400", {"at": 1693530747, "period_in": 11, "period_out": 4}),
        (
            "vs350",
            "20CEFF3DF16401070002001D000800",
            {"at": 1693531647, "period_in": 7, "period_out": 2, "total_in": 29, "total_out": 8},
        ),
        (
            "wts506",
            "20CEE59BE164FF00794F27BA0432008D13",
            {
                "at": 1692507109,
                "temperature": 25.5,
                "humidity": 60.5,
                "pressure": 1006.3,
                "wind_direction": 121.0,
                "wind_speed": 5.0,
                "rainfall_total": 50.05,
            },
        ),
    ],
)
def test_measured_before(codec: str, frame: str, expected: dict[str, Any]) -> None:
    assert _shown(codec, frame) == [pytest.approx(expected)]


@pytest.mark.parametrize(
    "frame",
    ["03679CFF FEFE0102", "03679CFF F9BD000A00", "03679CFF FF950A00", "03679CFF 0000000000"],
)
def test_an_answer_to_a_command_or_filling_ends_what_was_measured(frame: str) -> None:
    assert _shown("em300-th", frame.replace(" ", "")) == [{"temperature": -10.0}]


def test_an_answer_to_a_command_alone_measures_nothing() -> None:
    assert _shown("am308", "F9BD000A00") == []


def test_the_settings_of_elsys_end_what_was_measured() -> None:
    decoded = get_codec("elsys").decode(5, bytes.fromhex("0100E23E0405080102"))
    assert {name: raw.value for name, raw in decoded.values.items()} == {"temperature": 22.6}


def test_the_parts_of_a_value_are_named_as_a_network_server_names_them() -> None:
    frame = base64.b64encode(bytes.fromhex("09880574CD15480D000FA00A67FFF6")).decode()
    decoded = decode_frame(get_codec("cayenne-lpp"), 1, frame, "data").values
    assert {name: raw.value for name, raw in decoded.items()} == {
        "gps_9.latitude": 35.7581,
        "gps_9.longitude": 139.4701,
        "gps_9.altitude": 40.0,
        "temperature_10": -1.0,
    }
