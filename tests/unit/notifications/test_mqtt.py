"""MQTT messages against a scripted broker: what real ones do rarely (clause 7.2)."""

import asyncio
import contextlib
import ipaddress
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.subscription_model import MqttVersion
from context_api.notifications.mqtt import MqttSender, write_payload
from context_api.notifications.mqtt_packets import MalformedPacket, read_connack
from context_api.notifications.outbound import OutboundPolicy
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message

SECRET = "Zq7-hidden-word"
LOOPBACK = OutboundPolicy((ipaddress.ip_network("127.0.0.0/8"),))
CONNECT, PUBLISH, PUBREL, PINGREQ = 1, 3, 6, 12
ACCEPT = {MqttVersion.V311: b"\x20\x02\x00\x00", MqttVersion.V5: b"\x20\x03\x00\x00\x00"}
TIMEOUT_S = 20.0

Answer = Callable[[int, bytes], bytes | None]
"""A packet's type and body to what is sent back; None closes the connection."""


class Broker:
    """Answers packets as it is told, and keeps what came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.packets: list[tuple[int, bytes]] = []
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first = (await reader.readexactly(1))[0]
                length, shift = 0, 0
                while True:
                    digit = (await reader.readexactly(1))[0]
                    length |= (digit & 0x7F) << shift
                    shift += 7
                    if not digit & 0x80:
                        break
                packet = first >> 4, await reader.readexactly(length)
                self.packets.append(packet)
                answered = self.answer(*packet)
                if answered is None:
                    break
                writer.write(answered)
        writer.close()

    def count(self, kind: int) -> int:
        return sum(each == kind for each, _ in self.packets)


@contextlib.asynccontextmanager
async def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Broker]:
    broker = Broker(answer)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, ssl=tls)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()


def willing(version: MqttVersion) -> Answer:
    """A broker that acknowledges everything."""

    def answer(kind: int, body: bytes) -> bytes:
        if kind == CONNECT:
            return ACCEPT[version]
        if kind == PUBREL:
            return b"\x70\x02" + body[:2]
        if kind == PINGREQ:
            return b"\xd0\x00"
        return _acknowledge(version, body)

    return answer


def _acknowledge(version: MqttVersion, body: bytes) -> bytes:
    """Of QoS 1 and 2; the test's topics begin with the figure of the QoS."""
    length = int.from_bytes(body[:2])
    qos = body[2:3]
    packet_id = body[2 + length : 4 + length]
    return {b"1": b"\x40\x02" + packet_id, b"2": b"\x50\x02" + packet_id}.get(qos, b"")


def message(port: int, qos: int = 1, version: MqttVersion = MqttVersion.V5, user: str = "") -> Message:
    url = f"mqtt://{user}127.0.0.1:{port}/{qos}/water"
    headers = [(b"Content-Type", b"application/json"), (b"X-Town", "東村山".encode())]
    return Message(url, headers, b'{"id":"urn:n:1"}', mqtt_version=version, mqtt_qos=qos)


def run(work: Callable[[MqttSender], Awaitable[None]], *, connections: int = 8, idle_s: float = 30.0) -> None:
    async def inside() -> None:
        sender = MqttSender(LOOPBACK, max_connections=connections, idle_s=idle_s)
        try:
            await work(sender)
        finally:
            await sender.aclose()

    asyncio.run(inside())


@pytest.mark.parametrize("version", list(MqttVersion))
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_one_connection_carries_many_messages(version: MqttVersion, qos: int) -> None:
    async def work(sender: MqttSender) -> None:
        async with listening(willing(version)) as broker:
            sent = message(broker.port, qos, version)
            attempts = await asyncio.gather(*(sender.send(sent, TIMEOUT_S) for _ in range(100)))
            assert attempts == [Attempt(Verdict.DELIVERED)] * 100
            assert (broker.connections, broker.count(PUBLISH)) == (1, 100)
            assert broker.count(PUBREL) == (100 if qos == 2 else 0)
            assert all(body.endswith(write_payload(sent)) for kind, body in broker.packets if kind == PUBLISH)

    run(work)


def test_other_users_and_versions_have_other_connections() -> None:
    async def work(sender: MqttSender) -> None:
        async with listening(willing(MqttVersion.V311)) as broker:
            for user in ("", "town@", f"town:{SECRET}@", f"town:{SECRET}2@", ""):
                sent = message(broker.port, 1, MqttVersion.V311, user)
                assert (await sender.send(sent, TIMEOUT_S)).verdict is Verdict.DELIVERED
            assert broker.connections == 4

    run(work)


def _refusing(kind: int, body: bytes) -> bytes | None:
    return b"\x20\x03\x00\x86\x00" if kind == CONNECT else None


def _not_authorised(kind: int, body: bytes) -> bytes:
    if kind == CONNECT:
        return ACCEPT[MqttVersion.V5]
    ours = _acknowledge(MqttVersion.V5, body)
    return bytes((ours[0], 4)) + ours[2:4] + b"\x87\x00"


def _leaving(kind: int, body: bytes) -> bytes:
    return ACCEPT[MqttVersion.V5] if kind == CONNECT else b"\xe0\x02\x8b\x00"


def _closing(kind: int, body: bytes) -> bytes | None:
    return ACCEPT[MqttVersion.V5] if kind == CONNECT else None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_refusing, "refused by the MQTT broker: it refuses the username or password"),
        (_not_authorised, "refused by the MQTT broker: not authorised"),
        (_leaving, "the broker closed the connection: it is shutting down"),
        (_closing, "the broker closed the connection"),
        (lambda kind, body: None, "the broker closed the connection at once"),
        (lambda kind, body: b"HTTP/1.1 400 Bad Request\r\n\r\n", "the broker does not answer as MQTT has it"),
        (lambda kind, body: b"\x20\xff\xff\xff\xff\xff", "the broker does not answer as MQTT has it"),
        (
            lambda kind, body: b"\x20\x05\x00\x00\x02\x24\x00",
            "refused by the MQTT broker: it takes quality of service 0 at most",
        ),
        (
            lambda kind, body: b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x20",
            "refused by the MQTT broker: it takes packets of 32 bytes at most",
        ),
    ],
)
def test_what_a_broker_says_is_told_without_secrets(answer: Answer, error: str) -> None:
    async def work(sender: MqttSender) -> None:
        async with listening(answer) as broker:
            attempt = await sender.send(message(broker.port, user=f"town:{SECRET}@"), TIMEOUT_S)
            assert attempt == Attempt(Verdict.RETRY, error)
            broker.answer = willing(MqttVersion.V5)
            assert await sender.send(message(broker.port), TIMEOUT_S) == Attempt(Verdict.DELIVERED)

    run(work)


@pytest.mark.parametrize("silent", [CONNECT, PUBLISH, PINGREQ])
def test_a_broker_that_says_nothing_costs_its_time_and_the_connection(silent: int) -> None:
    async def work(sender: MqttSender) -> None:
        willingly = willing(MqttVersion.V5)
        async with listening(lambda kind, body: b"" if kind == silent else willingly(kind, body)) as broker:
            sent = message(broker.port, 0 if silent == PINGREQ else 1)
            while not broker.count(silent):  # a busy machine may not come so far in time
                attempt = await sender.send(sent, 0.2)
                assert attempt == Attempt(Verdict.RETRY, "no acknowledgement within 0.2 s")
            broker.answer, before = willingly, broker.connections
            assert await sender.send(sent, TIMEOUT_S) == Attempt(Verdict.DELIVERED)
            assert broker.connections == before + 1

    run(work)


def test_connections_are_bounded_and_the_oldest_unused_makes_room() -> None:
    async def work(sender: MqttSender) -> None:
        async with listening(willing(MqttVersion.V5)) as broker:
            for user in "abca":
                sent = message(broker.port, user=f"{user}@")
                assert (await sender.send(sent, TIMEOUT_S)).verdict is Verdict.DELIVERED
            assert broker.connections == 4  # a was closed for c
            broker.answer = lambda kind, body: b""
            hanging = [
                asyncio.create_task(sender.send(message(broker.port, user=f"{user}@"), 1.0)) for user in "xy"
            ]
            await asyncio.sleep(0)
            refused = await sender.send(message(broker.port, user="z@"), TIMEOUT_S)
            assert refused == Attempt(Verdict.RETRY, "2 MQTT connections are in use: tried again later")
            await asyncio.gather(*hanging)

    run(work, connections=2)


def test_an_unused_connection_is_closed() -> None:
    async def work(sender: MqttSender) -> None:
        async with listening(willing(MqttVersion.V5)) as broker:
            assert (await sender.send(message(broker.port), TIMEOUT_S)).verdict is Verdict.DELIVERED
            async with asyncio.timeout(30):
                while (14, b"") not in broker.packets:
                    await asyncio.sleep(0.01)

    run(work, idle_s=0)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (f"mqtt://town:{SECRET}@10.0.0.1/t", "not public"),
        (f"mqtt://town:{SECRET}@localhost/t", "not public"),
        (f"mqtt://town:{SECRET}@no-such-host.invalid/t", "cannot be resolved"),
        (f"mqtt://town:{SECRET}@127.0.0.1:1/t", "no connection to the MQTT broker"),
        (f"mqtt://town:{SECRET}@127.0.0.1/a/#", "no MQTT message"),
    ],
)
def test_addresses_are_checked(url: str, error: str) -> None:
    async def work(sender: MqttSender) -> None:
        strict = MqttSender(OutboundPolicy()) if "local" in url else sender
        attempt = await strict.send(Message(url, [], b"{}"), TIMEOUT_S)
        assert attempt.verdict is Verdict.RETRY
        assert attempt.error is not None
        assert error in attempt.error
        assert SECRET not in attempt.error

    run(work)


def test_mqtts_trusts_only_who_can_show_who_it_is(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-nodes", "-days", "2"],
            *["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            *["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            *["-keyout", str(key), "-out", str(certificate)],
        ],
        check=True,
        capture_output=True,
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)

    async def work(sender: MqttSender) -> None:
        trusting = MqttSender(LOOPBACK, tls=lambda: ssl.create_default_context(cafile=str(certificate)))
        async with listening(willing(MqttVersion.V5), served) as broker:
            sent = Message(f"mqtts://localhost:{broker.port}/1/water", [], b"{}", mqtt_qos=1)
            assert await trusting.send(sent, TIMEOUT_S) == Attempt(Verdict.DELIVERED)
            wrong_name = Message(f"mqtts://127.0.0.1:{broker.port}/1/water", [], b"{}", mqtt_qos=1)
            for one, told in ((trusting, wrong_name), (sender, sent)):
                attempt = await one.send(told, TIMEOUT_S)
                assert attempt.verdict is Verdict.RETRY
                assert "certificate" in (attempt.error or "").lower()
        await trusting.aclose()

    run(work)


@given(st.binary(max_size=40), st.sampled_from(MqttVersion))
def test_no_connack_is_taken_amiss(body: bytes, version: MqttVersion) -> None:
    with contextlib.suppress(MalformedPacket):
        read_connack(version, body)
