"""The key of a group at a real mosquitto: it opens the group's level and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.store import Store
from deploy.embedded.mosquitto import BrokerAccess
from devices.broker_files import write_broker_files
from devices.model import DeviceDraft
from devices.quarantine import QuarantineDesk
from devices.registry import DeviceRegistry
from devices.sources import Sources
from devices.waiting import GroupDraft, WaitingRoom
from tests.conftest import MosquittoFactory
from tests.integration.devices.test_broker import BRIDGE, Client
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def room(database: Database, registry: DeviceRegistry) -> Iterator[WaitingRoom]:
    yield WaitingRoom(database, registry, QuarantineDesk(database, Store(database), Sources(database)))


def test_it_publishes_on_its_level_only(  # noqa: PLR0917 - fixtures
    room: WaitingRoom,
    registry: DeviceRegistry,
    access: Access,
    database: Database,
    tmp_path: Path,
    mosquitto_factory: MosquittoFactory,
) -> None:
    registry.register(access, DeviceDraft(id="aq-1", profile="air-quality"))
    _, registered = room.put_group(access, "schools", GroupDraft(profile="air-quality"), None)
    assert registered is not None
    assert registered.credentials is not None
    files = BrokerAccess(tmp_path / "passwords", tmp_path / "acl")
    write_broker_files(database, files.password_file, files.acl_file, [BRIDGE], mode=0o644)
    broker = mosquitto_factory(access=files)
    bridge = Client(broker.port, BRIDGE.username, BRIDGE.password)
    assert bridge.subscribe("machi/v1/+/+/up") == "Granted QoS 1"
    key = Client(broker.port, registered.credentials.username, registered.credentials.password)
    assert key.connected == "Success"
    for topic in (
        "machi/v1/default/aq-1/up",
        "machi/v1/other@default/aq-1/up",
        "machi/v1/schools@other/aq-1/up",
        "machi/v1/schools@default/aq-1/down",
    ):
        assert key.publish(topic) == "Not authorized", topic
    key.subscribe("machi/v1/schools@default/+/up")  # mosquitto grants it, and hands nothing out
    assert key.publish("machi/v1/schools@default/aq-1/up") == "Success"
    wait_until(lambda: bridge.received or None)
    assert bridge.received == [("machi/v1/schools@default/aq-1/up", b"{}")]
    assert key.publish("machi/v1/default/schools/up") == "Success"  # its own topic, as any gateway has
    assert key.received == []
    key.close()
    bridge.close()
