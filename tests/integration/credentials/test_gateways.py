"""A gateway speaks for its own devices: what it says of others is put aside, end to end."""

import json

import pytest

from devices.model import DeviceDraft
from tests.integration.credentials.installation import Installation, wait_until

pytestmark = pytest.mark.mosquitto


def _uplink(device: str, application: str, value: float) -> bytes:
    """A message of The Things Stack, decoded there."""
    return json.dumps(
        {
            "end_device_ids": {"device_id": device, "application_ids": {"application_id": application}},
            "received_at": "2025-11-23T00:00:00Z",
            "uplink_message": {
                "received_at": "2025-11-23T00:00:00Z",
                "decoded_payload": {"temperature": value, "TempC_SHT": value, "TempC_DS": value},
            },
        }
    ).encode()


def test_one_devices_message_through_anothers_gateway_is_put_aside(town: Installation) -> None:
    north = town.register("north", kind="gateway", adapter="tts_v3", application="north@t", profile=None)
    south = town.register("south", kind="gateway", adapter="tts_v3", application="south@t", profile=None)
    for device, gateway in (("n-1", "north"), ("s-1", "south")):
        draft = DeviceDraft(id=device, profile="dragino-lht65", gateway=gateway)
        town.registry.register(town.access, draft)
    stored, aside = town.values(), town.quarantined()
    with town.connect(north) as own, town.connect(south) as other:
        assert other.publish("v3/south@t/devices/n-1/up", _uplink("n-1", "south", 66.0)) == "Success"
        assert other.publish("v3/south@t/devices/s-1/up", _uplink("n-1", "south", 66.0)) == "Success"
        assert other.publish("v3/north@t/devices/n-1/up", _uplink("n-1", "north", 66.0)) == "Not authorized"
        assert own.publish("v3/north@t/devices/n-1/up", _uplink("n-1", "north", 18.5)) == "Success"
    wait_until(lambda: len(town.values()) > len(stored), "the gateway's own device is stored")
    wait_until(lambda: len(town.quarantined()) >= len(aside) + 2, "both others are put aside")
    new = [one for one in town.values() if one not in stored]
    assert {entity.rsplit(":", 1)[1] for entity, _ in new} == {"n-1"}
    assert all(value == 18.5 for _, value in new)
    reasons = [reason for _, reason in town.quarantined()[len(aside) :]]
    assert sorted(reasons) == ["other-device", "unknown-device"]


def test_devices_of_one_gateway_have_a_connection_each(town: Installation) -> None:
    """Tasmota, UltraLight and IoT Agent JSON: the devices themselves come to the broker."""
    town.register("hall", kind="gateway", adapter="tasmota", application="hall", profile=None)
    issued = [town.credentials.issue(town.access, "hall", label=f"plug {n}") for n in range(3)]
    assert town.credentials.wait_applied(issued[-1].generation, 30)
    logins = [(one.credential.username, one.password) for one in issued]
    plugs = [town.connect_as(*login) for login in logins]
    assert [plug.connected for plug in plugs] == ["Success"] * 3
    for number, plug in enumerate(plugs):
        assert plug.is_in
        assert plug.publish(f"tele/hall/plug-{number}/STATE", b"{}") == "Success"
        assert plug.publish(f"tele/other/plug-{number}/STATE", b"{}") == "Not authorized"
        plug.close()
