"""A registry on a fresh database, and a platform around it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from context_api.store.access import Access
from context_api.store.database import Database, open_database
from deploy.embedded.mosquitto import BrokerAccess, Mosquitto
from devices.broker_files import write_broker_files
from devices.registry import DeviceRegistry
from tests.integration.devices.platform import BRIDGE, Platform

HASH_KEY = b"0123456789abcdef"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def access(database: Database) -> Access:
    """The default tenant, seen by an operator."""
    with database.connection() as connection:
        row = connection.execute("select id from tenant where name = 'default'").fetchone()
    assert row is not None
    return Access("default", row[0], "operator")


@pytest.fixture
def registry(database: Database) -> DeviceRegistry:
    return DeviceRegistry(database, hash_key=HASH_KEY)


@pytest.fixture
def platform(
    registry: DeviceRegistry,
    database: Database,
    access: Access,
    mosquitto_factory: Callable[..., Mosquitto],
    tmp_path: Path,
) -> Iterator[Platform]:
    files = BrokerAccess(tmp_path / "passwords", tmp_path / "acl")
    write_broker_files(database, files.password_file, files.acl_file, [BRIDGE], mode=0o644)
    made = Platform(registry, database, access, mosquitto_factory(access=files))
    yield made
    made.close()


@pytest.fixture
def subscriber(platform: Platform) -> Iterator[list[mqtt.MQTTMessage]]:
    """Everything that reaches the bridge's user."""
    received: list[mqtt.MQTTMessage] = []
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(BRIDGE.username, BRIDGE.password)
    client.on_message = lambda _c, _u, message: received.append(message)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", platform.broker.port)
    client.subscribe([("machi/v1/+/+/up", 1), ("v3/+/devices/+/up", 1)])
    client.loop_start()
    assert subscribed.wait(30)
    yield received
    client.disconnect()
    client.loop_stop()
