"""Both embedded brokers enforce the same password and ACL files, and read them again when replaced."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.amqtt_broker import AmqttBroker
from deploy.embedded.credentials import CredentialWatch
from deploy.embedded.mosquitto import BrokerAccess, Mosquitto
from tests.support.brokers import PATTERNS, Client, connected, password_entry

UP = "machi/v1/default/aq-001/up"
Broker = Mosquitto | AmqttBroker


def write_passwords(path: Path, generation: int, **users: str) -> None:
    """Replace the password file, as the worker does. `a__b` stands for the user a/b, `a_b` for a-b."""
    names = {key.replace("__", "/").replace("_", "-"): value for key, value in users.items()}
    lines = [password_entry(name, password) for name, password in names.items()]
    new = path.with_suffix(".new")
    new.write_text("\n".join([f"# generation {generation}", *lines, ""]))
    new.replace(path)


@pytest.fixture
def access(tmp_path: Path) -> BrokerAccess:
    files = BrokerAccess(tmp_path / "passwords", tmp_path / "acl")
    files.acl_file.write_text(PATTERNS)
    write_passwords(
        files.password_file, 1, default__aq_001="secret", default__aq_002="other", machi_bridge="bridge"
    )
    return files


@pytest.fixture(params=[pytest.param(Mosquitto, marks=pytest.mark.mosquitto), AmqttBroker])
def broker(request: pytest.FixtureRequest, tmp_path: Path, access: BrokerAccess) -> Iterator[Broker]:
    with request.param(tmp_path / "broker", access=access) as server:
        yield server


@pytest.fixture
def bridge(broker: Broker) -> Iterator[Client]:
    with connected(broker.port, "machi-bridge", "bridge") as client:
        assert client.subscribe("machi/v1/+/+/up")
        yield client


@pytest.mark.parametrize(
    ("username", "password"),
    [(None, None), ("default/aq-001", "wrong"), ("default/aq-003", "secret"), ("default/aq-001", None)],
)
def test_clients_without_the_right_password_are_refused(
    broker: Broker, username: str | None, password: str | None
) -> None:
    with connected(broker.port, username, password) as client:
        assert not client.is_accepted


def test_a_device_publishes_on_its_own_topics_only(broker: Broker, bridge: Client) -> None:
    with connected(broker.port, "default/aq-002", "other") as stranger:
        stranger.publish(UP, "forged")
    with connected(broker.port, "default/aq-001", "secret") as device:
        assert device.is_accepted
        device.publish(UP, '{"pm25": 12.3}')
    assert bridge.received(1) == [(UP, '{"pm25": 12.3}', False)]


def test_a_device_hears_no_other_device(broker: Broker) -> None:
    with (
        connected(broker.port, "default/aq-001", "secret") as device,
        connected(broker.port, "default/aq-002", "other") as listener,
    ):
        for topic in (UP, "machi/v1/+/+/up", "#", "machi/v1/default/#"):
            listener.subscribe(topic)
        device.publish(UP, "1")
        assert listener.received(1, timeout_s=0.5) == []


def test_retained_messages_reach_only_those_who_may_read_them(broker: Broker) -> None:
    state = "machi/v1/default/aq-001/state"
    with connected(broker.port, "default/aq-001", "secret") as device:
        device.publish(state, "online", retain=True)
    with connected(broker.port, "machi-bridge", "bridge") as bridge:
        assert bridge.subscribe("machi/v1/+/+/state")
        assert bridge.received(1) == [(state, "online", True)]
        with connected(broker.port, "default/aq-002", "other") as stranger:
            stranger.subscribe(state)
            assert stranger.received(1, timeout_s=0.5) == []


def test_messages_wait_for_a_session_that_is_away(broker: Broker) -> None:
    bridge = Client(broker.port, "machi-bridge", "bridge", client_id="bridge-1", clean=False)
    assert bridge.subscribe("machi/v1/+/+/up")
    bridge.close()
    with connected(broker.port, "default/aq-001", "secret") as device:
        device.publish(UP, "meanwhile")
    bridge = Client(broker.port, "machi-bridge", "bridge", client_id="bridge-1", clean=False)
    assert bridge.received(1) == [(UP, "meanwhile", False)]
    bridge.close()


def test_a_replaced_password_file_is_read_and_noted(broker: Broker, access: BrokerAccess) -> None:
    watch = CredentialWatch(access.password_file, broker)
    watch.mark_applied()
    applied = access.password_file.with_name("passwords.applied")
    assert applied.read_text() == "1\n"
    assert not watch.check()
    write_passwords(access.password_file, 2, default__new="fresh", machi_bridge="bridge")
    assert watch.check()
    assert applied.read_text() == "2\n"
    with connected(broker.port, "default/new", "fresh") as device:
        assert device.is_accepted
    with connected(broker.port, "default/aq-001", "secret") as removed:
        assert not removed.is_accepted


def test_amqtt_without_access_files_is_open_and_keeps_messages_for_the_absent(tmp_path: Path) -> None:
    with AmqttBroker(tmp_path / "amqtt") as broker:
        absent = Client(broker.port, client_id="absent", clean=False)
        assert absent.subscribe("any/topic")
        absent.close()
        with connected(broker.port) as anybody:
            anybody.publish("any/topic", "21.5")
        back = Client(broker.port, client_id="absent", clean=False)
        assert back.received(1) == [("any/topic", "21.5", False)]
        back.close()


@pytest.mark.mosquitto
def test_a_killed_mosquitto_keeps_what_came_more_than_two_seconds_ago(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        absent = Client(broker.port, client_id="bridge-1", clean=False)
        assert absent.subscribe("machi/v1/+/+/up")
        absent.close()
        with connected(broker.port) as device:
            device.publish(UP, "kept")
        time.sleep(2.5)
        broker.kill()
        broker.start()
        back = Client(broker.port, client_id="bridge-1", clean=False)
        assert back.received(1) == [(UP, "kept", False)]
        back.close()


def test_who_is_revoked_is_thrown_out_and_others_stay(broker: Broker, access: BrokerAccess) -> None:
    watch = CredentialWatch(access.password_file, broker)
    with (
        connected(broker.port, "default/aq-001", "secret") as revoked,
        connected(broker.port, "default/aq-002", "other") as other,
    ):
        write_passwords(access.password_file, 2, default__aq_002="other", machi_bridge="bridge")
        assert watch.check()
        assert revoked.wait_closed()
        assert not other.is_closed


def test_nobody_takes_the_session_of_another_and_a_credential_has_one_connection(broker: Broker) -> None:
    with connected(broker.port, "default/aq-001", "secret", client_id="default/aq-001") as victim:
        with connected(broker.port, "default/aq-002", "other", client_id="default/aq-001") as thief:
            assert thief.is_accepted
        with connected(broker.port, "default/aq-003", "guess", client_id="default/aq-001") as stranger:
            assert not stranger.is_accepted
        assert not victim.is_closed
        with connected(broker.port, "default/aq-001", "secret", client_id="another") as second:
            assert second.is_accepted
            assert victim.wait_closed()


def test_what_is_too_large_ends_the_connection_and_arrives_nowhere(broker: Broker, bridge: Client) -> None:
    with connected(broker.port, "default/aq-001", "secret") as device:
        device.publish(UP, "x" * 1_048_576, wait=False)
        assert device.wait_closed()
    with connected(broker.port, "default/aq-001", "secret") as device:
        device.publish(UP, "small")
    assert bridge.received(1) == [(UP, "small", False)]


def test_a_will_reaches_its_own_topics_only(broker: Broker, bridge: Client) -> None:
    for topic, payload in ((UP, "forged"), ("machi/v1/default/aq-002/up", "own")):
        Client(broker.port, "default/aq-002", "other", will=(topic, payload)).drop()
    assert bridge.received(1) == [("machi/v1/default/aq-002/up", "own", False)]
