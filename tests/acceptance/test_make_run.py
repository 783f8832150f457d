"""`machi up`, as `make run` starts it: the screen, its commands, one per folder, stop, kill, start again."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.town import Town

AQ_001 = "urn:ngsi-ld:AirQualityObserved:aq-001"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One installation for the tests of this module, in their order."""
    running = Town(tmp_path_factory.mktemp("town"))
    running.start()
    yield running
    running.close()


def commands_on(screen: str) -> str:
    """The commands under "Next", as a person would copy them."""
    lines = screen.split("Next", 1)[1].split("Ctrl-C", 1)[0].splitlines()
    return "\n".join(line.strip() for line in lines)


def get_entity(town: Town, key: str, entity_id: str) -> httpx.Response:
    return httpx.get(
        f"{town.url}/ngsi-ld/v1/entities/{entity_id}", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )


@pytest.mark.mosquitto
def test_the_screen_tells_addresses_and_the_key(town: Town) -> None:
    screen = town.output
    assert f"{town.url}/ngsi-ld/v1" in screen
    assert f"mqtt://127.0.0.1:{town.mqtt_port}" in screen
    assert f"{town.url}/#key={town.key}" in screen
    assert screen.count("✓") == 6
    assert httpx.get(f"{town.url}/readyz").status_code == 200
    assert httpx.get(f"{town.url}/").status_code == 200


@pytest.mark.mosquitto
def test_the_commands_on_the_screen_work(town: Town) -> None:
    ran = subprocess.run(
        ["bash", "-euc", commands_on(town.output)], capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert re.search(r'"id":"urn:ngsi-ld:AirQualityObserved:sim-aq-\d+"', ran.stdout)
    assert get_entity(town, town.key, AQ_001).json()["pm25"]["value"] == 12.3
    assert f'"id":"{AQ_001}"' in ran.stdout


@pytest.mark.mosquitto
def test_nobody_comes_in_without_a_key_or_password(town: Town) -> None:
    assert httpx.get(f"{town.url}/ngsi-ld/v1/entities?type=AirQualityObserved").status_code == 401
    refused = subprocess.run(
        ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(town.mqtt_port), "-q", "1", "-t", "a", "-m", "b"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode != 0


@pytest.mark.mosquitto
def test_secrets_are_private(town: Town) -> None:
    for path in [town.data, *(town.data / "secrets").iterdir(), town.data / "running.json"]:
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (town.data / "logs").iterdir():
        assert town.key not in path.read_text(errors="replace"), path
    assert not [line for line in town.processes().values() if town.key in line]


@pytest.mark.mosquitto
def test_a_second_one_in_the_same_folder_is_refused(town: Town) -> None:
    second = town.run("up")
    assert second.returncode == 1
    assert "Machi is already running in" in second.stderr
    assert second.stderr.count("\n") == 1
    assert httpx.get(f"{town.url}/readyz").status_code == 200


@pytest.mark.mosquitto
def test_commands_find_what_runs_in_the_folder(town: Town) -> None:
    doctor = town.run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "ok   schema: up to date" in doctor.stdout
    added = town.run("device", "register", "aq-cli", "--profile=air-quality", "--location=35.75,139.46")
    assert '"username": "default/aq-cli"' in added.stdout
    assert added.stderr == ""
    [line] = [one for one in town.run("device", "list").stdout.splitlines() if one.startswith("aq-cli ")]
    assert line.split()[1:4] == ["provisioned", "never", "air-quality"]
    key = town.run("key", "create", "--label=a partner").stdout.strip()
    assert get_entity(town, key, AQ_001).status_code == 200
    assert town.run("key", "revoke", key).returncode == 0
    assert "a partner" in town.run("key", "list").stdout


@pytest.mark.mosquitto
def test_a_process_that_dies_is_started_again_and_said_so(town: Town) -> None:
    [bridge] = [pid for pid, line in town.processes().items() if line.endswith("deploy bridge")]
    os.kill(bridge, signal.SIGKILL)
    town.wait_for("bridge ended (SIGKILL); starting it again in 0.5 s")
    deadline = time.monotonic() + 20
    while not [line for line in town.processes().values() if line.endswith("deploy bridge")]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.mosquitto
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_time_and_starts_again_with_its_data(town: Town, end: signal.Signals) -> None:
    key = _first_key(town)
    assert town.stop(end) < 30
    assert town.process is not None
    assert town.process.returncode == 0
    assert town.processes() == {}
    assert town.output.rstrip().endswith("Stopped. The data is kept.")
    assert town.start() < 60
    assert "shown this once" not in town.output
    assert get_entity(town, key, AQ_001).json()["pm25"]["value"] == 12.3


@pytest.mark.mosquitto
def test_a_killed_launcher_leaves_nothing_in_the_way(town: Town) -> None:
    key = _first_key(town)
    assert town.process is not None
    town.process.kill()
    town.process.wait()
    assert town.start() < 60
    assert get_entity(town, key, AQ_001).status_code == 200


def _first_key(town: Town) -> str:
    found = re.search(r"#key=(machi_\w+)", (town.folder / "screen-1.txt").read_text())
    assert found is not None
    return found[1]


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("postgres", "bin/postgres"),
        ("mosquitto", "mosquitto -c"),
        ("redis", "valkey-server"),
        ("api", "deploy api"),
    ],
)
def test_a_killed_server_comes_back_and_the_rest_with_it(town: Town, name: str, command: str) -> None:
    [pid] = [pid for pid, line in town.processes().items() if command in line]
    os.kill(pid, signal.SIGKILL)
    town.wait_for(f"{name} ended (SIGKILL); starting it again")
    deadline = time.monotonic() + 40
    while not (is_ready(town) and get_entity(town, _first_key(town), AQ_001).status_code == 200):
        assert time.monotonic() < deadline, town.output
        time.sleep(0.2)


def is_ready(town: Town) -> bool:
    try:
        return httpx.get(f"{town.url}/readyz", timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("wait_s", [0.3, 1.5, 3.0])
def test_it_can_be_stopped_while_it_starts(tmp_path: Path, wait_s: float) -> None:
    town = Town(tmp_path)
    town.launch()
    town.wait_for("PostgreSQL")
    time.sleep(wait_s)
    assert town.stop(signal.SIGINT) < 30
    assert town.process is not None
    assert town.process.returncode == 0
    assert "Traceback" not in town.output
    assert town.processes() == {}


@pytest.mark.parametrize("what", ["HTTP", "MQTT"])
def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path, what: str) -> None:
    town = Town(tmp_path)
    port = town.http_port if what == "HTTP" else town.mqtt_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = town.run("up")
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 ({what}) is in use" in refused.stderr
    assert f"MACHI_{what}_PORT={port + 1} make run" in refused.stderr
    assert not (town.data / "postgres").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    town = Town(tmp_path, MACHI_DATA_DIR=str(tmp_path / "file" / "data"))
    refused = town.run("up")
    assert refused.returncode == 1
    assert "cannot be written (Not a directory): choose another one with MACHI_DATA_DIR" in refused.stderr


def test_without_mosquitto_amqtt_serves_with_a_notice(tmp_path: Path) -> None:
    town = Town(tmp_path, MACHI_EMBEDDED_BROKER="amqtt")
    try:
        town.start()
        assert "using amqtt, for a first look only" in town.output
        headers = {"Authorization": f"Bearer {town.key}"}
        found = httpx.get(f"{town.url}/ngsi-ld/v1/entities?type=AirQualityObserved", headers=headers)
        assert found.json()[0]["id"].startswith("urn:ngsi-ld:AirQualityObserved:sim-aq-")
        assert town.stop() < 30
    finally:
        town.close()
