"""A simulated town on a real registry and a real mosquitto."""

import json
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from context_api.store.device_listing import DeviceFilter
from devices.registration_client import RegistrationClient, RegistrationError, read_logins
from devices.simulate import SimulateSettings, SimulateStatus, run
from devices.simulate.run import CREDENTIALS_FILE
from tests.integration.devices.platform import API_KEY, Platform

pytestmark = pytest.mark.mosquitto


def _settings(platform: Platform, folder: Path, duration_s: float = 2.5) -> SimulateSettings:
    return SimulateSettings(
        api_url=platform.url,
        mqtt_url=platform.broker.url,
        data_dir=folder,
        api_key=API_KEY,
        devices=20,
        interval_s=0.5,
        duration_s=duration_s,
        patience_s=5,
    )


def test_the_town_speaks_and_is_registered_once(
    platform: Platform, subscriber: list[mqtt.MQTTMessage], tmp_path: Path
) -> None:
    seen: list[SimulateStatus] = []
    first = run(_settings(platform, tmp_path), threading.Event(), seen.append)
    assert (first.registered, first.connected, first.dropped, first.refused) == (20, 20, 0, 0)
    assert first.acknowledged == first.published
    assert first.published == pytest.approx(20 * 5, abs=22)  # silent, late and repeated ones
    assert platform.registrations == 20
    assert max(status.registered for status in seen) == 20
    credentials = tmp_path / CREDENTIALS_FILE
    assert credentials.stat().st_mode & 0o777 == 0o600
    devices = platform.registry.list(platform.access, DeviceFilter()).devices
    assert set(read_logins(credentials)) == {device.id for device in devices}
    second = run(_settings(platform, tmp_path, duration_s=1), threading.Event())
    assert platform.registrations == 20
    assert second.acknowledged == second.published > 0
    assert len(subscriber) == first.published + second.published
    message = subscriber[0]
    assert message.topic.startswith("machi/v1/default/sim-")
    assert "observedAt" in json.loads(message.payload)


def test_a_device_that_lost_its_registration_or_its_secret_is_registered_anew(
    platform: Platform, tmp_path: Path
) -> None:
    run(_settings(platform, tmp_path, duration_s=0.5), threading.Event())
    platform.registry.retire(platform.access, "sim-noise-001")
    credentials = tmp_path / CREDENTIALS_FILE
    logins = json.loads(credentials.read_text())
    forgotten = logins.pop("sim-aq-001")
    credentials.write_text(json.dumps(logins))
    status = run(_settings(platform, tmp_path, duration_s=1), threading.Event())
    assert platform.registrations == 22
    assert (status.connected, status.refused) == (20, 0)
    assert read_logins(credentials)["sim-aq-001"].password != forgotten[1]


def test_stop_ends_it_at_once(platform: Platform, tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    status = run(_settings(platform, tmp_path, duration_s=3600), stop)
    assert status.acknowledged == status.published


def test_what_the_platform_refuses_is_told(platform: Platform) -> None:
    client = RegistrationClient(platform.url, "wrong", patience_s=0)
    with pytest.raises(RegistrationError, match="answers 401: no key"):
        client.exists("x")
    client = RegistrationClient(platform.url, API_KEY, patience_s=0)
    with pytest.raises(RegistrationError, match="answers 400: there is no profile 'x'"):
        client.register({"id": "x", "profile": "x"})
    away = RegistrationClient("http://127.0.0.1:9", API_KEY, patience_s=0)
    with pytest.raises(RegistrationError, match="503"):
        away.exists("x")
    with pytest.raises(ValueError, match="no address of the API"):
        RegistrationClient("ftp://x", None)
