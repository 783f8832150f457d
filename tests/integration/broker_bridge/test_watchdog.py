"""What goes wrong between broker and bridge without a word is found out, said, and mended without a hand."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from broker_bridge import BridgeSettings
from broker_bridge.mqtt_client import MqttClient
from deploy.embedded.mosquitto import BrokerAccess
from devices.credentials import broker_hash
from tests.conftest import MosquittoFactory
from tests.integration.broker_bridge.conftest import running
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.town import Town, timed
from tests.integration.broker_bridge.waiting import metric, readiness, wait_until
from tests.support.proxy import Proxy

pytestmark = pytest.mark.mosquitto


def _said(settings: BridgeSettings, part: str) -> str:
    return str(readiness(settings).get(part, "ok"))


def _until_said(settings: BridgeSettings, part: str, what: str) -> None:
    wait_until(lambda: what in _said(settings, part))
    assert readiness(settings)["ready"] is False


def _until_ready(settings: BridgeSettings) -> None:
    wait_until(lambda: readiness(settings).get("ready") is True)


def test_half_open_connection_is_noticed_by_its_keepalive(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    broker = mosquitto_factory()
    with Proxy(broker.port) as network, Publisher(broker.port) as device:
        settings = town.settings(f"mqtt://127.0.0.1:{network.port}", keepalive_s=1)
        with running(settings):
            device.publish(town.topics["a"], timed(1))
            wait_until(lambda: town.count("a") == 1)
            network.swallow()
            device.publish(town.topics["a"], timed(2))
            wait_until(lambda: readiness(settings)["broker"] != "ok")
            assert metric(settings, "machi_bridge_broker_ready") == 0
            network.heal()
            _until_ready(settings)
            wait_until(lambda: town.count("a") == 2)
            assert metric(settings, "machi_bridge_connections") >= 2
            assert metric(settings, "machi_bridge_sessions_lost") == 0
    assert town.counters("a")["stored"] == 2


@pytest.mark.parametrize("keeps", [True, False])
def test_restart_of_the_broker_with_and_without_its_persistence(
    town: Town, mosquitto_factory: MosquittoFactory, keeps: bool
) -> None:
    broker = mosquitto_factory()
    settings = town.settings(broker.url)
    with running(settings):
        broker.stop()
        wait_until(lambda: readiness(settings)["broker"] != "ok")
        assert readiness(settings)["ready"] is False
        if not keeps:
            Path(broker.folder / "mosquitto.db").unlink()
        broker.start()
        _until_ready(settings)
        assert metric(settings, "machi_bridge_sessions_lost") == (0 if keeps else 1)
        with Publisher(broker.port) as device:
            device.publish(town.topics["a"], timed(1))
        wait_until(lambda: town.count("a") == 1)


def test_session_taken_over_by_a_stranger_is_said_and_won_back(
    town: Town, mosquitto_factory: MosquittoFactory
) -> None:
    """A client that knows nothing of our leases, such as a bridge of another installation."""
    broker = mosquitto_factory()
    settings = town.settings(broker.url)
    with running(settings):
        stranger = MqttClient(settings, lambda _: None)
        stranger.start()
        _until_said(settings, "broker", "does another client use the id")
        stranger.close()
        _until_ready(settings)
        with Publisher(broker.port) as device:
            device.publish(town.topics["a"], timed(1))
        wait_until(lambda: town.count("a") == 1)


@pytest.fixture
def access(tmp_path: Path) -> BrokerAccess:
    files = BrokerAccess(tmp_path / "passwords", tmp_path / "acl")
    _write(files, "right", "topic read machi/v1/+/+/up")
    return files


def _write(files: BrokerAccess, password: str, rule: str) -> None:
    entries = [f"machi-bridge:{broker_hash(password)}", f"device:{broker_hash('device')}"]
    files.password_file.write_text("\n".join(entries) + "\n")
    files.acl_file.write_text(f"user machi-bridge\n{rule}\nuser device\ntopic write machi/v1/#\n")


def _bridge(town: Town, url: str, **other: object) -> BridgeSettings:
    return town.settings(
        url,
        mqtt_username="machi-bridge",
        mqtt_password="right",
        subscriptions=("machi/v1/+/+/up",),
        **other,
    )


def test_revoked_credentials_are_said_and_new_ones_work_at_once(
    town: Town, mosquitto_factory: MosquittoFactory, access: BrokerAccess
) -> None:
    broker = mosquitto_factory(access=access)
    settings = _bridge(town, broker.url)
    with running(settings), Publisher(broker.port, username="device", password="device") as device:
        _write(access, "another", "topic read machi/v1/+/+/up")
        broker.reload()
        _until_said(settings, "broker", "refuses our user name or password")
        _write(access, "right", "topic read machi/v1/+/+/up")
        broker.reload()
        _until_ready(settings)
        device.publish(town.topics["a"], timed(1))
        wait_until(lambda: town.count("a") == 1)


def test_silence_is_said_and_ends_in_a_new_connection(
    town: Town, mosquitto_factory: MosquittoFactory, access: BrokerAccess
) -> None:
    """A right to read that was taken away makes no error with mosquitto, only silence."""
    broker = mosquitto_factory(access=access)
    settings = _bridge(town, broker.url, silent_after_s=1.0)
    with running(settings), Publisher(broker.port, username="device", password="device") as device:
        wait_until(lambda: metric(settings, "machi_bridge_connections") >= 2)
        assert "messages" not in readiness(settings)  # no sensor has ever spoken: that is no fault
        device.publish(town.topics["a"], timed(1))
        wait_until(lambda: town.count("a") == 1)
        _write(access, "right", "topic read nothing")
        broker.reload()
        device.publish(town.topics["a"], timed(2))
        _until_said(settings, "messages", "do the sensors reach the broker?")
        assert metric(settings, "machi_bridge_silent_seconds") > 1.0
        _write(access, "right", "topic read machi/v1/+/+/up")
        broker.reload()
        wait_until(_is_heard_again(device, town, settings))
    assert town.count("a") >= 2


def _is_heard_again(device: Publisher, town: Town, settings: BridgeSettings) -> Callable[[], bool]:
    """Publishes with every look: what was sent while the right was missing is not owed."""
    numbers = count(3)

    def look() -> bool:
        device.publish(town.topics["a"], timed(next(numbers)))
        device.wait()
        return town.count("a") >= 2 and "messages" not in readiness(settings)

    return look
