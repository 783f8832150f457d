"""Credentials and rules, held by a real mosquitto."""

import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from context_api.store.access import Access
from context_api.store.database import Database
from deploy.embedded.mosquitto import BrokerAccess, Mosquitto
from devices.broker_files import record_applied, write_broker_files
from devices.credentials import BRIDGE_RULES, Service, broker_hash
from devices.model import Credentials, DeviceDraft
from devices.registry import DeviceRegistry

pytestmark = pytest.mark.mosquitto

BRIDGE = Service("machi-bridge", "0123456789abcdefghij", BRIDGE_RULES)


class Client:
    """An MQTT 5 client that notes what becomes of its packets."""

    def __init__(self, port: int, username: str | None, password: str | None) -> None:
        self.connected: str | None = None
        self.received: list[tuple[str, bytes]] = []
        self.disconnected = threading.Event()
        self._done = threading.Event()
        self._reason = ""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._finish(str(reason))
        self._client.on_publish = lambda _c, _u, _m, reason, _p: self._finish(str(reason))
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._finish(str(reasons[0]))
        self._client.on_message = lambda _c, _u, message: self._keep(message)
        self._client.on_disconnect = lambda *_: self.disconnected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.connected = self._wait()

    def publish(self, topic: str, payload: bytes = b"{}") -> str:
        self._client.publish(topic, payload, qos=1)
        return self._wait()

    def subscribe(self, topic: str) -> str:
        self._client.subscribe(topic, qos=1)
        return self._wait()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _keep(self, message: mqtt.MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _finish(self, reason: str) -> None:
        self._reason = reason
        self._done.set()

    def _wait(self) -> str:
        assert self._done.wait(30), "the broker did not answer"
        self._done.clear()
        return self._reason


@pytest.fixture
def files(tmp_path: Path) -> BrokerAccess:
    return BrokerAccess(tmp_path / "passwords", tmp_path / "acl")


def _write(database: Database, files: BrokerAccess) -> bool:
    # 0644: where no user namespace is to be had, mosquitto runs as another user
    return write_broker_files(database, files.password_file, files.acl_file, [BRIDGE], mode=0o644)


def _register(registry: DeviceRegistry, access: Access, draft: DeviceDraft) -> Credentials:
    credentials = registry.register(access, draft).credentials
    assert credentials is not None
    return credentials


def test_mosquitto_accepts_our_hash(
    tmp_path: Path, mosquitto_factory: Callable[..., Mosquitto], files: BrokerAccess
) -> None:
    """With mosquitto's own iteration count and with ours; and mosquitto's own hash has the same shape."""
    files.password_file.write_text(
        f"ours:{broker_hash('s3cret')}\ndefault:{broker_hash('s3cret', iterations=101)}\n"
    )
    subprocess.run(["mosquitto_passwd", "-b", files.password_file, "theirs", "s3cret"], check=True)
    theirs = files.password_file.read_text().splitlines()[-1]
    assert re.fullmatch(r"theirs:\$7\$101\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==", theirs)
    assert re.fullmatch(r"\$7\$1\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==", broker_hash("s3cret"))
    files.password_file.chmod(0o644)
    files.acl_file.write_text("pattern write t\n")
    broker = mosquitto_factory(access=files)
    for username in ("ours", "default", "theirs"):
        right, wrong = Client(broker.port, username, "s3cret"), Client(broker.port, username, "S3cret")
        assert (right.connected, wrong.connected) == ("Success", "Not authorized")
        right.close()
        wrong.close()


def test_a_device_has_its_own_topics_only(
    registry: DeviceRegistry,
    access: Access,
    database: Database,
    mosquitto_factory: Callable[..., Mosquitto],
    files: BrokerAccess,
) -> None:
    one = _register(registry, access, DeviceDraft(id="one", profile="noise"))
    two = _register(registry, access, DeviceDraft(id="two", profile="noise"))
    gate = _register(
        registry, access, DeviceDraft(id="gate", kind="gateway", adapter="tts_v3", application="app@town")
    )
    assert _write(database, files) is True
    assert _write(database, files) is False
    broker = mosquitto_factory(access=files)
    bridge = Client(broker.port, BRIDGE.username, BRIDGE.password)
    assert bridge.connected == "Success"
    for topic in ("machi/v1/+/+/up", "v3/+/devices/+/up"):
        assert bridge.subscribe(topic) == "Granted QoS 1"
    device = Client(broker.port, one.username, one.password)
    assert device.connected == "Success"
    for topic in ("up", "ack", "state"):
        assert device.publish(f"machi/v1/default/one/{topic}", b"1") in ("Success", "No matching subscribers")
    for topic in (
        "machi/v1/default/two/up",
        "machi/v1/other/one/up",
        "machi/v1/default/one/down",
        "machi/v1/default/one/up/more",
        "v3/app@town/devices/x/up",
        "$SYS/broker/x",
    ):
        assert device.publish(topic, b"stolen") == "Not authorized"
    assert device.subscribe("machi/v1/default/one/down") == "Granted QoS 1"
    gateway = Client(broker.port, gate.username, gate.password)
    assert gateway.publish("v3/app@town/devices/x/up", b"2") == "Success"
    assert gateway.publish("v3/other@town/devices/x/up", b"stolen") == "Not authorized"
    assert bridge.publish("machi/v1/default/one/up", b"stolen") == "Not authorized"
    for username, password in ((None, None), (one.username, two.password), ("default/none", "x"), ("", "")):
        stranger = Client(broker.port, username, password)
        assert stranger.connected == "Not authorized"
        stranger.close()
    # what a wildcard subscription of a device brings: nothing of others
    assert device.subscribe("#") in ("Granted QoS 1", "Not authorized")
    other = Client(broker.port, two.username, two.password)
    assert other.publish(two.topic, b"3") == "Success"
    deadline = time.monotonic() + 5
    while len(bridge.received) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert sorted(bridge.received) == [
        ("machi/v1/default/one/up", b"1"),
        ("machi/v1/default/two/up", b"3"),
        ("v3/app@town/devices/x/up", b"2"),
    ]
    assert device.received == []
    for client in (bridge, device, gateway, other):
        client.close()


def test_reload_lets_in_and_throws_out(
    registry: DeviceRegistry,
    access: Access,
    database: Database,
    mosquitto_factory: Callable[..., Mosquitto],
    files: BrokerAccess,
) -> None:
    old = _register(registry, access, DeviceDraft(id="old", profile="noise"))
    _write(database, files)
    broker = mosquitto_factory(access=files)
    first = Client(broker.port, old.username, old.password)
    assert first.connected == "Success"
    new = _register(registry, access, DeviceDraft(id="new", profile="noise"))
    generation = registry.retire(access, "old")
    assert _write(database, files) is True
    broker.reload()
    assert first.disconnected.wait(30), "a revoked client stays connected"
    second = Client(broker.port, new.username, new.password)
    assert second.connected == "Success"
    assert second.publish(new.topic) in ("Success", "No matching subscribers")
    second.close()
    first.close()
    assert record_applied(database, files.password_file) is None
    files.password_file.with_name("passwords.applied").write_text(f"{generation}\n")
    assert record_applied(database, files.password_file) == generation
    assert registry.wait_applied(generation, 0) is True


def test_reason_codes_of_the_broker() -> None:
    """The words the tests above compare with are paho's names of the codes."""
    assert str(ReasonCode(PacketTypes.PUBACK, identifier=135)) == "Not authorized"
