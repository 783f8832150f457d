"""What `machi doctor` finds at a broker's doors."""

from pathlib import Path

import pytest

from deploy.broker_checkup import check_broker, mosquitto_version
from deploy.embedded.amqtt_broker import AmqttBroker
from deploy.embedded.mosquitto import Mosquitto, find_mosquitto
from deploy.settings import Settings, read_settings
from deploy.wiring import Connections
from tests.integration.credentials.installation import KEY, Installation

pytestmark = pytest.mark.mosquitto


def _settings(folder: Path, url: str) -> Settings:
    return read_settings(data_dir=folder, mqtt_url=url, secret=KEY.decode())


def _connections(url: str, inner: str) -> Connections:
    return Connections("", None, url, "", KEY, inner)


def _told(folder: Path, url: str, inner: str) -> dict[str, list[bool]]:
    told: dict[str, list[bool]] = {}
    for one in check_broker(_settings(folder, url), _connections(url, inner)):
        told.setdefault(one.subject, []).append(one.is_good)
    return told


def test_a_broker_as_we_run_it_is_well(own_town: Installation, tmp_path: Path) -> None:
    broker = own_town.broker
    assert _told(tmp_path, broker.url, broker.inner_url) == {
        "anonymous": [True, True],
        "packet size": [True],
        "broker in flight": [True],
        "connections": [True],
    }


def test_an_open_broker_is_not(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "open") as broker:
        assert _told(tmp_path, broker.url, broker.url) == {
            "anonymous": [False],
            "packet size": [True],
            "broker in flight": [True],
            "connections": [False],
        }


def test_amqtt_is_asked_what_it_can_be_asked(own_town: Installation, tmp_path: Path) -> None:
    with AmqttBroker(tmp_path / "amqtt", access=own_town.files) as broker:
        assert _told(tmp_path, broker.url, broker.url) == {"anonymous": [True], "broker access": [True]}


def test_a_broker_that_is_away_or_does_not_know_us_is_said(own_town: Installation, tmp_path: Path) -> None:
    stranger = read_settings(
        data_dir=tmp_path, mqtt_url=own_town.broker.url, secret="another secret of the installation"
    )
    found = _connections(own_town.broker.url, own_town.broker.url)
    said = [one for one in check_broker(stranger, found) if not one.is_good]
    assert [one.subject for one in said] == ["broker access"]
    assert "machi-worker" in said[0].detail
    own_town.broker.stop()
    assert _told(tmp_path, found.mqtt_url, found.mqtt_url) == {"broker access": [False, False]}


def test_the_version_of_mosquitto() -> None:
    version = mosquitto_version(find_mosquitto())
    assert version is not None and version[0] >= 2
    assert mosquitto_version(None) is None
