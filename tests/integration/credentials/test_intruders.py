"""Whoever does not belong: every attempt against a real Mosquitto, with a bridge behind it.

Refused means: nothing reaches a subscriber that may read everything, and no row is written. After each
attempt a message that belongs is sent the same way, and must arrive and be stored: else the test saw nothing.
"""

import select
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from devices.authority import create_authority, sign_request
from devices.model import Credentials
from tests.integration.credentials.client import Client
from tests.integration.credentials.installation import (
    BRIDGE,
    BRIDGE_ID,
    COMMANDER,
    MAX_CONNECTIONS,
    OBSERVER,
    Installation,
    wait_until,
)
from tests.support.certificates import signing_request

pytestmark = pytest.mark.mosquitto

VICTIM_UP = "machi/v1/default/victim/up"
VICTIM_DOWN = "machi/v1/default/victim/down"
POISON = b'{"observedAt": 1763856000, "pm25": 666}'
FLOOD = 5 * MAX_CONNECTIONS
"""Above what the broker may have at all its doors together."""
OURS = b"sent by ourselves"
"""What an attempt has those send who may."""
OLD = MQTTProtocolVersion.MQTTv311


@dataclass
class Scene:
    """A victim that is connected, an intruder with credentials of his own, and a witness of everything."""

    town: Installation
    folder: Path
    victim: Credentials
    intruder: Credentials
    gateway: Credentials
    stranger: Credentials
    """Of another tenant."""
    expired: str
    """A secret of the intruder's that a new one took the place of."""
    device: Client
    witness: Client

    def enter(self, **more: object) -> Client:
        """The intruder, with what is rightly his."""
        return self.town.connect(self.intruder, **more)

    def tls(self, certificate: str | None = None, key: str | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.town.certificates.authority))
        if certificate is not None and key is not None:
            chain = self.folder / "client.pem"
            chain.write_text(certificate + key)
            context.load_cert_chain(chain)
        return context

    def certificate_door(self, certificate: str, key: str) -> Client:
        tls = self.town.broker.tls
        assert tls is not None and tls.certificate_port is not None
        return Client(port=tls.certificate_port, tls=self.tls(certificate, key))


@pytest.fixture(scope="module")
def scene(town: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    victim, intruder = town.register("victim"), town.register("intruder")
    gateway = town.register("gate", kind="gateway", adapter="tts_v3", application="app@town", profile=None)
    stranger = town.register("stranger", tenant="elsewhere")
    fresh = town.credentials.issue(town.access, "intruder", overlap_s=0)
    assert town.credentials.wait_applied(fresh.generation, 30)
    moved = Credentials(fresh.credential.username, fresh.password, intruder.topic)
    with town.connect(victim) as device, town.serve(OBSERVER) as witness:
        assert device.subscribe(VICTIM_DOWN) == "Granted QoS 1"
        assert witness.subscribe("#") == "Granted QoS 1"
        folder = tmp_path_factory.mktemp("certificates")
        yield Scene(town, folder, victim, moved, gateway, stranger, intruder.password, device, witness)


def wrong_password(scene: Scene) -> None:
    for password in ("wrong", "", scene.victim.password.upper(), scene.intruder.password):
        with scene.town.connect(scene.victim, password=password) as client:
            assert client.connected == "Not authorized"
            client.publish(VICTIM_UP, POISON)


def anonymous(scene: Scene) -> None:
    tls = scene.town.broker.tls
    assert tls is not None and tls.port is not None
    for more in ({"port": scene.town.broker.port}, {"port": tls.port, "tls": scene.tls()}):
        for version in (OLD, MQTTProtocolVersion.MQTTv5):
            with Client(**more, version=version) as client:
                assert not client.is_in
                client.publish(VICTIM_UP, POISON)


def names_that_match_others(scene: Scene) -> None:
    for username in (
        "+/victim",
        "default/+",
        "#",
        "default/victim/up",
        "machi/v1/default/victim",
        "",
        "default",
    ):
        with scene.town.connect(scene.intruder, username=username) as client:
            assert not client.is_in
            client.publish(VICTIM_UP, POISON)


def topics_of_others(scene: Scene) -> None:
    with scene.enter() as client:
        for topic in (
            VICTIM_UP,
            VICTIM_DOWN,
            "machi/v1/default/victim/state",
            "machi/v1/elsewhere/stranger/up",
            "machi/v1/elsewhere/intruder/up",
            "machi/v1/default/intruder/down",
            "machi/v1/default/intruder/up/more",
            "machi/v1/default/intruder",
            "machi/v1/default//up",
            "machi/v1/default/nobody/up",
            "v3/app@town/devices/victim/up",
            "anything",
        ):
            assert client.publish(topic, POISON) == "Not authorized", topic


def topics_of_others_without_being_told(scene: Scene) -> None:
    """MQTT 3.1.1 knows no refusal of a message, QoS 0 no answer at all."""
    with scene.enter(version=OLD) as client:
        assert client.is_in
        for qos in (0, 1):
            client.publish(VICTIM_UP, POISON, qos=qos)
            client.publish("machi/v1/elsewhere/stranger/up", POISON, qos=qos)


def another_tenant(scene: Scene) -> None:
    with scene.town.connect(scene.stranger) as client:
        assert client.is_in
        assert client.publish(VICTIM_UP, POISON) == "Not authorized"
        assert client.publish("machi/v1/default/stranger/up", POISON) == "Not authorized"


def the_brokers_own_topics(scene: Scene) -> None:
    with scene.enter() as client:
        for topic in ("$SYS/broker/uptime", "$SYS/x", "$CONTROL/dynamic-security/v1", "$CONTROL/broker/v1"):
            assert client.publish(topic, POISON) in ("Not authorized", "closed"), topic


def listening_to_everybody(scene: Scene) -> None:
    own_down = "machi/v1/default/intruder/down"
    filters = ("#", "+/+/+/+/+", "machi/#", "machi/v1/+/+/+", VICTIM_UP, VICTIM_DOWN, "$SYS/#", "$share/x/#")
    with scene.enter() as client, scene.town.serve(COMMANDER) as commander:
        for topic in filters:
            client.subscribe(topic)
        assert scene.device.publish("machi/v1/default/victim/state", OURS) == "Success"
        assert commander.publish(VICTIM_DOWN, OURS) == "Success"
        assert scene.device.wait_received(1)[-1] == (VICTIM_DOWN, OURS)
        assert commander.publish(own_down, OURS) == "Success"
        client.wait_received(1)
        assert {topic for topic, _, _ in client.received} == {own_down}


def retained_poison(scene: Scene) -> None:
    with scene.enter() as client:
        for topic in (VICTIM_UP, VICTIM_DOWN, "machi/v1/elsewhere/stranger/up"):
            assert client.publish(topic, POISON, retain=True) == "Not authorized"
    with scene.enter(version=OLD) as client:
        client.publish(VICTIM_UP, POISON, retain=True)
    with scene.town.serve(OBSERVER) as later:
        later.subscribe("machi/#")
        scene.device.publish("machi/v1/default/victim/ack", OURS)
        assert later.wait_received(1) == [("machi/v1/default/victim/ack", OURS)]


def oversize_packet(scene: Scene) -> None:
    with scene.enter(version=OLD) as client:
        assert client.is_in
        client.publish(scene.intruder.topic, POISON + b" " * 1_048_576)
        client.wait_closed()


def will_on_foreign_topics(scene: Scene) -> None:
    """Mosquitto looks at the topic of a will when it is due; what counts is that nobody gets it."""
    for topic in (VICTIM_UP, VICTIM_DOWN, "$SYS/x", "v3/app@town/devices/victim/up"):
        for version in (OLD, MQTTProtocolVersion.MQTTv5):
            scene.enter(will=(topic, POISON), version=version).drop()
    own = scene.enter(will=("machi/v1/default/intruder/state", OURS))
    own.drop()
    wait_until(lambda: OURS in [one[1] for one in scene.witness.received], "a will that is his own is heard")


def the_victims_session(scene: Scene) -> None:
    with scene.enter(client_id=scene.victim.username) as client:
        assert client.is_in
        assert client.publish(VICTIM_UP, POISON) == "Not authorized"
    assert scene.device.is_in, "the victim was thrown out"


def the_bridges_session(scene: Scene) -> None:
    """With the bridge's id and a clean session, its queue would be gone."""
    for client_id in (BRIDGE_ID, BRIDGE.username, scene.witness.client_id):
        with scene.enter(client_id=client_id) as client:
            assert client.is_in
    assert scene.witness.is_in


def many_connections(scene: Scene) -> None:
    """With one credential there is one; without any, so many as may be, and who is there stays."""
    clients = [scene.enter() for _ in range(8)]
    for client in clients[:-1]:
        client.wait_closed()
    assert clients[-1].is_in
    clients[-1].close()
    flood = [socket.create_connection(("127.0.0.1", scene.town.broker.port)) for _ in range(FLOOD)]
    try:
        wait_until(lambda: _closed(flood) >= FLOOD // 6, "the broker closes what is too much")
        assert scene.device.is_in and scene.witness.is_in
    finally:
        for one in flood:
            one.close()


def _closed(sockets: list[socket.socket]) -> int:
    """How many of them the other side has closed: nothing else is ever sent to them."""
    poll = select.poll()
    for one in sockets:
        poll.register(one, select.POLLIN)
    return len(poll.poll(0))


def expired_secret(scene: Scene) -> None:
    with scene.town.connect(scene.intruder, username="default/intruder", password=scene.expired) as client:
        assert client.connected == "Not authorized"
        client.publish("machi/v1/default/intruder/up", POISON)


def certificate_of_a_foreign_authority(scene: Scene) -> None:
    key, request = signing_request()
    foreign = sign_request(create_authority(), request, "default/victim", 10)
    with scene.certificate_door(foreign.pem, key) as client:
        assert not client.is_in
        client.publish(VICTIM_UP, POISON)


def certificate_that_signs_itself_or_none(scene: Scene) -> None:
    tls = scene.town.broker.tls
    assert tls is not None and tls.certificate_port is not None
    with Client(
        port=tls.certificate_port,
        tls=scene.tls(),
        username=scene.victim.username,
        password=scene.victim.password,
    ) as client:
        assert not client.is_in
        client.publish(VICTIM_UP, POISON)


def revoked_certificate(scene: Scene) -> None:
    town = scene.town
    key, request = signing_request()
    issued = town.credentials.sign(town.access, "intruder", request)
    with scene.certificate_door(issued.pem, key) as client:
        assert client.is_in, client.connected
        assert client.publish(VICTIM_UP, POISON) == "Not authorized"
        generation = town.credentials.revoke_certificate(town.access, "intruder", issued.certificate.serial)
        assert town.credentials.wait_applied(generation, 30)
        client.wait_closed()
    with scene.certificate_door(issued.pem, key) as client:
        assert not client.is_in
        client.publish("machi/v1/default/intruder/up", POISON)


def a_gateway_beyond_its_topics(scene: Scene) -> None:
    with scene.town.connect(scene.gateway) as client:
        assert client.is_in
        for topic in (VICTIM_UP, "v3/other@town/devices/x/up", "application/app@town/device/x/event/up"):
            assert client.publish(topic, POISON) == "Not authorized", topic
        client.subscribe("v3/app@town/devices/+/up")


def services_without_their_passwords(scene: Scene) -> None:
    for username in ("machi-bridge", "machi-worker", "an-observer"):
        with scene.town.connect(scene.intruder, username=username) as client:
            assert client.connected == "Not authorized"
    with scene.town.connect(scene.intruder, username=BRIDGE.username, password=BRIDGE.password) as client:
        assert client.is_in
        assert client.publish(VICTIM_UP, POISON) == "Not authorized", "the bridge only reads"


ATTEMPTS: tuple[Callable[[Scene], None], ...] = (
    wrong_password,
    anonymous,
    names_that_match_others,
    topics_of_others,
    topics_of_others_without_being_told,
    another_tenant,
    the_brokers_own_topics,
    listening_to_everybody,
    retained_poison,
    oversize_packet,
    will_on_foreign_topics,
    the_victims_session,
    the_bridges_session,
    many_connections,
    expired_secret,
    certificate_of_a_foreign_authority,
    certificate_that_signs_itself_or_none,
    revoked_certificate,
    a_gateway_beyond_its_topics,
    services_without_their_passwords,
)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.__name__)
def test_nothing_of_an_intruder_arrives_or_is_stored(scene: Scene, attempt: Callable[[Scene], None]) -> None:
    town = scene.town
    stored, put_aside = town.values(), town.quarantined()
    scene.witness.received.clear()
    scene.device.received.clear()
    attempt(scene)
    control = town.payload(float(len(stored) + 1))
    assert scene.device.publish(VICTIM_UP, control) == "Success"
    wait_until(lambda: len(town.values()) > len(stored), "the control message is stored")

    def heard() -> list[tuple[str, bytes]]:
        return [(topic, payload) for topic, payload, _ in scene.witness.received if payload != OURS]

    wait_until(lambda: bool(heard()), "the witness hears the control message")
    assert heard() == [(VICTIM_UP, control)]
    assert scene.device.is_in
    assert town.values() == [*stored, ("urn:ngsi-ld:AirQualityObserved:victim", float(len(stored) + 1))]
    assert town.quarantined() == put_aside
