"""Frames of devices that say in a byte, or in a mask, which sensors they carry."""

from typing import Any

import pytest

from adapters.codecs.registry import get_codec


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


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
    assert {name: _rounded(raw.value) for name, raw in decoded.items()} == expected
