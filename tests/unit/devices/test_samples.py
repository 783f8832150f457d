"""A payload of each kind of device through its built-in profile: the data model's names and units."""

import base64
from typing import Any

import orjson
import pytest

from adapters.registry import get_adapter
from adapters.types import Message
from devices.catalog import built_in_profiles
from devices.ingest import ingest
from devices.model import Source

_AT = 1_795_392_000_000_000
_TIME = "2026-11-23T00:00:00Z"


def _words(mask: int, *words: int) -> str:
    """A frame of Decentlab's."""
    return f"020001{mask:04x}" + "".join(f"{word:04x}" for word in words)


_FRAMES: dict[str, tuple[int, str, dict[str, Any]]] = {
    "decentlab-dl-atm41": (
        1,
        _words(
            3,
            33268,
            32968,
            32770,
            32780,
            33068,
            34568,
            33268,
            32953,
            32886,
            42893,
            33318,
            32953,
            32768,
            32768,
            32768,
            32768,
            32768,
            3000,
        ),
        {
            "temperature": 18.5,
            "relativeHumidity": 0.55,
            "atmosphericPressure": 1012.5,
            "precipitation": 0.2,
            "solarRadiation": 500,
            "windSpeed": 3.0,
            "gustSpeed": 5.0,
            "windDirection": 180.0,
            "lightningStrikeCount": 2,
            "Device.batteryVoltage": 3.0,
        },
    ),
    "decentlab-dl-iam": (
        1,
        _words(0x7F, 3000, 25486, 32768, 50650, 100, 10, 33368, 0, 0, 7, 120),
        {
            "temperature": pytest.approx(23.06, abs=0.01),
            "relativeHumidity": pytest.approx(0.5, abs=0.001),
            "atmosphericPressure": 1013.0,
            "illuminance": pytest.approx(129.6, abs=0.1),
            "co2": 600,
            "motionCount": 7,
            "tvoc": 120,
            "Device.batteryVoltage": 3.0,
        },
    ),
    "decentlab-dl-lid": (
        1,
        _words(3, 1500, 1400, 1600, 1510, 1, 1, 1, 1, 1, 10, 100, 3000),
        {"measuredDistance": 1.51, "Device.batteryVoltage": 3.0},
    ),
    "decentlab-dl-rhc": (
        1,
        _words(3, 1, 0, 5500, 34618, 3000),
        {"temperature": 18.5, "relativeHumidity": 0.55, "Device.batteryVoltage": 3.0},
    ),
    "dragino-laq4": (
        2,
        "0E74 04 000A 0258 00E6 0226",
        {"co2": 600, "tvoc": 10, "temperature": 23.0, "relativeHumidity": 0.55, "Device.batteryVoltage": 3.7},
    ),
    "dragino-ldds75": (2, "0BEF 03E8 00 0000 01", {"measuredDistance": 1.0, "Device.batteryVoltage": 3.055}),
    "dragino-lds02": (
        10,
        "8BEF 01 000002 00000A 00",
        {"doorState": "open", "openCount": 2, "lastOpenDuration": 10, "Device.batteryVoltage": 3.055},
    ),
    "dragino-lht52": (
        2,
        "0739 0226 7FFF 01 00000000",
        {"temperature": 18.49, "relativeHumidity": 0.55},
    ),
    "dragino-lht65": (
        2,
        "CBC6 0739 0226 01 7FFF 0000",
        {"temperature": 18.49, "relativeHumidity": 0.55, "batteryVoltage": 3.014},
    ),
    "dragino-lht65n": (
        2,
        "CBC6 0739 0226 01 7FFF 0000",
        {"temperature": 18.49, "relativeHumidity": 0.55, "Device.batteryVoltage": 3.014},
    ),
    "elsys-ers": (
        5,
        "0100E2 0229 040027 0506 0601D6 070E10",
        {
            "temperature": 22.6,
            "relativeHumidity": 0.41,
            "illuminance": 39,
            "motionCount": 6,
            "co2": 470,
            "Device.batteryVoltage": 3.6,
        },
    ),
    "milesight-am103": (
        85,
        "017564 03671001 046871 077D6704",
        {"temperature": 27.2, "relativeHumidity": 0.565, "co2": 1127, "Device.batteryLevel": 1.0},
    ),
    "milesight-am319": (
        85,
        "03671001 046871 050001 06CB02 077D6704 087D0A00 09736827 0A7D0100 0B7D0500 0C7D0900 0D7D0100",
        {
            "temperature": 27.2,
            "relativeHumidity": 0.565,
            "occupancy": True,
            "illuminanceLevel": 2,
            "co2": 1127,
            "tvoc": 10,
            "atmosphericPressure": 1008.8,
            "formaldehyde": 0.01,
            "pm25": 5,
            "pm10": 9,
            "ozone": 0.01,
        },
    ),
    "milesight-em300-th": (
        85,
        "01755C 03673401 046865",
        {"temperature": 30.8, "relativeHumidity": 0.505, "Device.batteryLevel": 0.92},
    ),
    "milesight-em500-co2": (
        85,
        "017564 03671001 046871 057D6704 06736827",
        {
            "temperature": 27.2,
            "relativeHumidity": 0.565,
            "co2": 1127,
            "atmosphericPressure": 1008.8,
            "Device.batteryLevel": 1.0,
        },
    ),
    "milesight-em500-udl": (85, "017564 0382E803", {"measuredDistance": 1.0, "Device.batteryLevel": 1.0}),
    "milesight-uc501": (
        85,
        "017564 030001 04C870170000 0502983A000000000000 FF0E092610270000",
        {
            "gpio1": "high",
            "counter2": 6000,
            "analog1": 15.0,
            "modbus3": 10000,
            "Device.batteryLevel": 1.0,
        },
    ),
    "milesight-ws201": (
        85,
        "017564 03822301 04D63C",
        {"fillingLevel": 0.4, "measuredDistance": 0.291, "Device.batteryLevel": 1.0},
    ),
    "milesight-ws202": (
        85,
        "017564 030001 040000",
        {"motion": True, "daylight": False, "Device.batteryLevel": 1.0},
    ),
    "milesight-ws301": (
        85,
        "017564 030001 040001",
        {"doorState": "open", "tamperState": "installed", "Device.batteryLevel": 1.0},
    ),
    "milesight-ws302": (85, "055B056402F801BE02", {"LAF": 61.2, "LAeq": 50.4, "LAmax": 70.2}),
}
_MESSAGES: dict[str, tuple[str, str, Any, dict[str, Any]]] = {
    "air-quality": (
        "native",
        "t",
        {"pm25": 12.3, "humidity": 55, "battery": 0.9},
        {"pm25": 12.3, "relativeHumidity": 0.55, "Device.batteryLevel": 0.9},
    ),
    "noise": ("native", "t", {"noise": 54.2}, {"LAeq": 54.2}),
    "parking": (
        "native",
        "t",
        {"available": 12, "occupancy": 0.4},
        {"availableSpotNumber": 12, "occupancy": 0.4},
    ),
    "river-level": (
        "native",
        "t",
        {"level": 1.2, "status": "ok"},
        {"currentLevel": 1.2, "floodLevelStatus": "ok"},
    ),
    "traffic-flow": (
        "native",
        "t",
        {"vehicles": 31, "speed": 38.2},
        {"intensity": 31, "averageVehicleSpeed": 38.2},
    ),
    "weather": (
        "native",
        "t",
        {"temperature": {"value": 64.4, "unitCode": "FAH"}, "rain": 0.2, "rssi": -90},
        {"temperature": 18.0, "precipitation": 0.2, "Device.rssi": -90},
    ),
    "sensor-community": (
        "sensor_community",
        "t",
        {
            "sensordatavalues": [
                {"value_type": "SDS_P1", "value": "15.30"},
                {"value_type": "SDS_P2", "value": "8.40"},
                {"value_type": "BME280_temperature", "value": "18.50"},
                {"value_type": "BME280_humidity", "value": "55.00"},
                {"value_type": "BME280_pressure", "value": "101325.00"},
                {"value_type": "signal", "value": "-65"},
            ]
        },
        {
            "pm10": 15.3,
            "pm25": 8.4,
            "temperature": 18.5,
            "relativeHumidity": 0.55,
            "atmosphericPressure": 1013.25,
            "Device.rssi": -65,
        },
    ),
    "tasmota-climate": (
        "tasmota",
        "tele/town/s-1/SENSOR",
        {
            "Time": "2026-11-23T09:00:00",
            "BME280": {"Temperature": 64.4, "Humidity": 55.0, "DewPoint": 48.2, "Pressure": 760.0},
            "TempUnit": "F",
            "PressureUnit": "mmHg",
        },
        {
            "temperature": 18.0,
            "relativeHumidity": 0.55,
            "dewPoint": 9.0,
            "atmosphericPressure": 1013.250144354,
        },
    ),
    "tasmota-plug": (
        "tasmota",
        "tele/town/s-1/SENSOR",
        {
            "Time": "2026-11-23T09:00:00",
            "ENERGY": {
                "Total": 9.25,
                "Power": 190,
                "ApparentPower": 200,
                "Factor": 0.95,
                "Voltage": 101,
                "Current": 1.9,
            },
        },
        {
            "totalActiveEnergyImport": 9.25,
            "totalActivePower": 190,
            "totalApparentPower": 200,
            "totalPowerFactor": 0.95,
            "phaseVoltage": 101,
            "current": 1.9,
        },
    ),
    "zigbee2mqtt-temperature": (
        "zigbee2mqtt",
        "zigbee2mqtt/hall/t",
        {
            "temperature": 18.5,
            "humidity": 55,
            "pressure": 1013,
            "battery": 87,
            "voltage": 3005,
            "linkquality": 120,
        },
        {
            "temperature": 18.5,
            "relativeHumidity": 0.55,
            "atmosphericPressure": 1013,
            "Device.batteryLevel": 0.87,
            "Device.batteryVoltage": 3.005,
            "Device.linkQuality": 120,
        },
    ),
    "zigbee2mqtt-contact": (
        "zigbee2mqtt",
        "zigbee2mqtt/hall/d",
        {"contact": False, "battery": 100},
        {"doorState": "open", "Device.batteryLevel": 1.0},
    ),
    "zigbee2mqtt-motion": ("zigbee2mqtt", "zigbee2mqtt/hall/m", {"occupancy": True}, {"motion": True}),
    "zigbee2mqtt-leak": ("zigbee2mqtt", "zigbee2mqtt/hall/l", {"water_leak": True}, {"waterLeak": True}),
    "zigbee2mqtt-plug": (
        "zigbee2mqtt",
        "zigbee2mqtt/hall/p",
        {"state": "ON", "power": 190, "energy": 9.25, "voltage": 101, "current": 1.9},
        {
            "switchState": "on",
            "totalActivePower": 190,
            "totalActiveEnergyImport": 9.25,
            "phaseVoltage": 101,
            "current": 1.9,
        },
    ),
}


def _decode(profile_name: str, adapter: str, topic: str, payload: Any) -> dict[str, Any]:
    profile = built_in_profiles()[profile_name]
    source = Source(
        tenant="default",
        tenant_id=1,
        device_id="s-1",
        device_name="s-1",
        adapter=get_adapter(adapter, profile.codec, zone=profile.zone),
        profile=profile,
        entity_id=profile.entity_id("s-1"),
        static={},
    )
    ingested = ingest(Message(topic, orjson.dumps(payload)), source, _AT)
    assert ingested.quarantine is None, ingested.quarantine
    assert ingested.findings == ()
    found = {}
    for reading in ingested.readings:
        prefix = "Device." if reading.entity_id == "urn:ngsi-ld:Device:s-1" else ""
        for name, [instance] in reading.attributes.items():
            found[prefix + name.rpartition("/")[2]] = instance.value
    return found


@pytest.mark.parametrize("profile", _FRAMES)
def test_a_frame(profile: str) -> None:
    port, frame, expected = _FRAMES[profile]
    data = base64.b64encode(bytes.fromhex(frame)).decode()
    uplink = {"uplink_message": {"f_port": port, "frm_payload": data, "received_at": _TIME}}
    event = {"deviceInfo": {"devEui": "s-1"}, "fPort": port, "data": data, "time": _TIME}
    assert _decode(profile, "tts_v3", "v3/app/devices/s-1/up", uplink) == expected
    assert _decode(profile, "chirpstack_v4", "application/1/device/s-1/event/up", event) == expected


@pytest.mark.parametrize("profile", _MESSAGES)
def test_a_message(profile: str) -> None:
    adapter, topic, payload, expected = _MESSAGES[profile]
    assert _decode(profile, adapter, topic, payload) == expected


def test_every_built_in_profile_has_a_sample() -> None:
    assert {*_FRAMES, *_MESSAGES} == set(built_in_profiles())
    for name, profile in built_in_profiles().items():
        assert profile.name == name, "a file is named as its profile"
