"""The client over TLS: bytes that TLS has decrypted already do not show in poll."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from broker_bridge.settings import BridgeSettings
from deploy.embedded import child
from deploy.embedded.mosquitto import find_mosquitto
from deploy.embedded.ports import free_port, is_listening
from tests.integration.broker_bridge.publisher import Publisher
from tests.integration.broker_bridge.waiting import wait_until

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate"),
]


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A mosquitto with a plain and a TLS port."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    plain, tls = free_port(), free_port()
    (tmp_path / "mosquitto.conf").write_text(
        f"allow_anonymous true\nuser root\nmax_queued_messages 100000\nmax_inflight_messages 1000\n"
        f"listener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\n"
        f"certfile {tmp_path / 'cert.pem'}\nkeyfile {tmp_path / 'key.pem'}\n"
    )
    process = child.spawn([str(find_mosquitto()), "-c", str(tmp_path / "mosquitto.conf")])
    try:
        wait_until(lambda: is_listening(plain) and is_listening(tls))
        yield plain, tls
    finally:
        child.stop(process)


def test_everything_arrives_and_is_acknowledged_over_tls(ports: tuple[int, int], tmp_path: Path) -> None:
    plain, tls = ports
    received: list[Incoming] = []
    settings = BridgeSettings(
        database_url="",
        mqtt_url=f"mqtts://localhost:{tls}",
        mqtt_ca_file=str(tmp_path / "cert.pem"),
        client_id="tls",
        in_flight=200,
    )
    client = MqttClient(settings, received.append)
    client.start()
    wait_until(lambda: client.state.is_ready)
    with Publisher(plain) as device:
        device.publish_all("machi/v1/default/a/up", [b"%d" % number for number in range(2_000)])
    done = 0
    while done < 2_000:
        batch = received[done:]
        client.acknowledge(batch)
        done += len(batch)
        time.sleep(0.005)
    client.close()
    assert [message.payload for message in received] == [b"%d" % number for number in range(2_000)]

    again = MqttClient(settings, received.append)
    again.start()
    wait_until(lambda: again.state.is_ready)
    time.sleep(0.2)
    again.close()
    assert len(received) == 2_000


def test_untrusted_certificate_is_said(ports: tuple[int, int]) -> None:
    settings = BridgeSettings(database_url="", mqtt_url=f"mqtts://localhost:{ports[1]}", client_id="tls")
    client = MqttClient(settings, lambda _: None)
    client.start()
    wait_until(lambda: "certificate verify failed" in client.state.detail)
    client.close()
