"""Frames of more devices, and what their vendors' descriptions say that they hold."""

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("codec", "port", "frame", "expected"),
    [
        (
            "dragino-lt-22222-l",
            2,
            "00000000000000003CFF41",
            {
                "Hardware_mode": "LT22222",
                "Work_mode": "2ACI+2AVI",
                "DO1_status": "H",
                "DO2_status": "H",
                "RO1_status": "OFF",
                "RO2_status": "OFF",
                "AVI1_V": 0.0,
                "AVI2_V": 0.0,
                "ACI1_mA": 0.0,
                "ACI2_mA": 0.0,
                "DI1_status": "H",
                "DI2_status": "H",
            },
        ),
        (
            "dragino-lt-22222-l",
            2,
            "000000050000000A3CFF42",
            {
                "Hardware_mode": "LT22222",
                "Work_mode": "Count mode 1",
                "DO1_status": "H",
                "DO2_status": "H",
                "RO1_status": "OFF",
                "RO2_status": "OFF",
                "Count1_times": 5.0,
                "Count2_times": 10.0,
            },
        ),
        (
            "dragino-lwl02",
            10,
            "0C1E0200000400000000",
            {
                "BAT_V": 3.102,
                "MOD": 2,
                "WATER_LEAK_STATUS": 0.0,
                "WATER_LEAK_TIMES": 4.0,
                "LAST_WATER_LEAK_DURATION": 0.0,
                "ALARM": 0,
            },
        ),
        (
            "dragino-lwl02",
            10,
            "8C1E0100000400000301",
            {
                "BAT_V": 3.102,
                "MOD": 1,
                "DOOR_OPEN_STATUS": 1.0,
                "DOOR_OPEN_TIMES": 4.0,
                "LAST_DOOR_OPEN_DURATION": 3.0,
                "ALARM": 1,
            },
        ),
        (
            "dragino-lht65n",
            2,
            "CBC6FF9C01F40501F40000",
            {
                "BatV": 3.014,
                "Bat_status": 3,
                "TempC_SHT": -1.0,
                "Hum_SHT": 50.0,
                "Ext_sensor": "Illumination Sensor",
                "ILL_lx": 500.0,
            },
        ),
        (
            "dragino-lse01",
            2,
            "0D0A00FA1388FFF6006410",
            {
                "BatV": 3.338,
                "temp_DS18B20": 25.0,
                "water_SOIL": 50.0,
                "temp_SOIL": -0.1,
                "conduct_SOIL": 100.0,
                "s_flag": 1,
                "i_flag": 0,
                "Mod": 0,
            },
        ),
        (
            "dragino-lse01",
            2,
            "0D0AFFCE00C8000A006480",
            {
                "BatV": 3.338,
                "temp_DS18B20": -5.0,
                "Soil_dielectric_constant": 20.0,
                "Raw_water_SOIL": 10.0,
                "Raw_conduct_SOIL": 100.0,
                "s_flag": 0,
                "i_flag": 0,
                "Mod": 1,
            },
        ),
        (
            "dragino-lsn50v2",
            2,
            "0D0A00FA01F40201040258",
            {
                "BatV": 3.338,
                "TempC1": 25.0,
                "ADC_CH0V": 0.5,
                "Digital_IStatus": "H",
                "EXTI_Trigger": "FALSE",
                "Door_status": "OPEN",
                "Work_mode": "IIC",
                "TempC_SHT": 26.0,
                "Hum_SHT": 60.0,
            },
        ),
        (
            "dragino-lsn50v2",
            2,
            "0D0A7FFF01F48200FA0000",
            {
                "BatV": 3.338,
                "ADC_CH0V": 0.5,
                "Digital_IStatus": "H",
                "EXTI_Trigger": "FALSE",
                "Door_status": "CLOSE",
                "Work_mode": "IIC",
                "Illum": 250.0,
            },
        ),
        (
            "dragino-lsn50v2",
            2,
            "0D0AFF3801F40C00FA7FFF",
            {
                "BatV": 3.338,
                "TempC1": -20.0,
                "ADC_CH0V": 0.5,
                "Digital_IStatus": "L",
                "EXTI_Trigger": "FALSE",
                "Door_status": "OPEN",
                "Work_mode": "3DS18B20",
                "TempC2": 25.0,
            },
        ),
        (
            "dragino-s31-lb",
            2,
            "0D0A6500000080FF9C01F4",
            {
                "BatV": 3.338,
                "TempC_SHT31": -10.0,
                "Hum_SHT31": 50.0,
                "EXTI_Trigger": "FALSE",
                "Door_status": "CLOSE",
            },
        ),
        (
            "dragino-llds12",
            2,
            "0D0A00FA03E8006400FB01",
            {
                "Bat": 3.338,
                "TempC_DS18B20": 25.0,
                "Lidar_distance": 100.0,
                "Lidar_signal": 100,
                "Lidar_temp": -5,
                "Interrupt_flag": 0,
                "Message_type": 1,
            },
        ),
        (
            "decentlab-dl-alb",
            1,
            "0252850003809980220BD3",
            {
                "device_id": 21125,
                "incoming_radiation": 15.3,
                "reflected_radiation": 3.4,
                "albedo": 0.222222,
                "battery_voltage": 3.027,
            },
        ),
        (
            "decentlab-dl-alb",
            1,
            "0252850003800080220BD3",
            {
                "device_id": 21125,
                "incoming_radiation": 0.0,
                "reflected_radiation": 3.4,
                "albedo": 0.0,
                "battery_voltage": 3.027,
            },
        ),
        (
            "decentlab-dl-gmm",
            1,
            "02532B00038726892081148297A57380CF81700BBC",
            {
                "device_id": 21291,
                "photosynthetically_active_radiation": 183.0,
                "air_temperature": 23.36,
                "air_humidity": 27.6,
                "co2_concentration": 663,
                "atmospheric_pressure": 95.87,
                "vapor_pressure_deficit": 2.07,
                "dew_point": 3.68,
                "battery_voltage": 3.004,
            },
        ),
        (
            "decentlab-dl-rad",
            1,
            "02586B0003074C88B68A8C00000B93",
            {
                "device_id": 22635,
                "distance": 1868,
                "temperature": 22.3,
                "reliability": 27.0,
                "status": 0,
                "battery_voltage": 2.963,
            },
        ),
        (
            "decentlab-dl-pm",
            1,
            "021B50000D0C2567BD618DBD10",
            {
                "device_id": 6992,
                "battery_voltage": 3.109,
                "air_temperature": 24.356605,
                "air_humidity": 41.632217,
                "barometric_pressure": 96800,
            },
        ),
        (
            "decentlab-dl-optod",
            1,
            "02186C000300008862A618836583650C60",
            {
                "device_id": 6252,
                "status": 0,
                "temperature": 21.46,
                "oxygen_saturation": 97.52,
                "oxygen_concentration": 8.69,
                "oxygen_concentration_alt": 8.69,
                "battery_voltage": 3.168,
            },
        ),
        (
            "decentlab-dl-dlr2-009",
            1,
            "024C620003573400AD0AE1",
            {
                "device_id": 19554,
                "thermistor_resistance": 1097.047828,
                "temperature": 24.908128,
                "battery_voltage": 2.785,
            },
        ),
    ],
)
def test_modes_and_sensors(codec: str, port: int, frame: str, expected: dict[str, Any]) -> None:
    decoded = get_codec(codec).decode(port, bytes.fromhex(frame)).values
    assert {name: raw.value for name, raw in decoded.items()} == pytest.approx(expected, rel=1e-5)
