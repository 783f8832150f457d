"""The README's commands, typed as they stand into a shell beside a running `machi up`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.ports import free_port
from tests.docs.tables import ROOT

START_TIMEOUT_S = 90
SHELL_TIMEOUT_S = 60
ENTITY = "urn:ngsi-ld:AirQualityObserved:my-first"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[dict[str, str]]:
    """`machi up` in a folder of its own, with a few simulated devices; its ports and the key it printed."""
    ports = {"8080": str(free_port()), "1883": str(free_port()), "9000": str(free_port())}
    screen = tmp_path / "screen"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MACHI_")}
    environment |= {
        "MACHI_DATA_DIR": str(tmp_path / "data"),
        "MACHI_HTTP_PORT": ports["8080"],
        "MACHI_MQTT_PORT": ports["1883"],
        "MACHI_SIMULATE_DEVICES": "20",
        "MACHI_SIMULATE_INTERVAL": "2s",
        "PYTHONUNBUFFERED": "1",
    }
    with screen.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "up"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        yield {**ports, "key": _wait_for_key(process, screen)}
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        finally:
            process.kill()


def _wait_for_key(process: subprocess.Popen[bytes], screen: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        text = screen.read_text()
        key = re.search(r"^ *(machi_\w+_\w+)$", text, re.MULTILINE)
        if key and "Ctrl-C" in text:
            return key[1]
        assert process.poll() is None, f"machi up ended:\n{text}"
        assert time.monotonic() < deadline, f"machi up is not ready:\n{text}"
        time.sleep(0.2)


def _blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def _script(town: dict[str, str]) -> str:
    """The blocks, a breath apart as people type them; what they left in the background ends with them."""
    text = "\nsleep 2\n".join(_blocks())
    for port in ("8080", "1883", "9000"):
        text = re.sub(rf"\b{port}\b", town[port], text)
    return f"set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{text}\necho\n"


@pytest.mark.mosquitto
@pytest.mark.timeout(START_TIMEOUT_S + SHELL_TIMEOUT_S + 30)
def test_the_readmes_commands_show_what_it_says(town: dict[str, str]) -> None:
    assert shutil.which("mosquitto_pub"), "apt install mosquitto-clients"
    assert len(_blocks()) == 5

    shell = subprocess.run(
        ["bash"],
        check=False,
        input=_script(town),
        env={**os.environ, "MACHI_KEY": town["key"]},
        capture_output=True,
        text=True,
        timeout=SHELL_TIMEOUT_S,
    )

    output = shell.stdout
    assert shell.returncode == 0, output + shell.stderr
    assert "AirQualityObserved" in output
    assert "HTTP/1.1 201 Created" in output

    notification = _json_line(output, '"Notification"')
    assert [(entity["id"], entity["pm25"]) for entity in notification["data"]] == [(ENTITY, 12.3)]

    entity = _json_line(output, f'"id":"{ENTITY}"', without="Notification")
    assert entity["pm25"]["value"] == 12.3
    assert entity["pm25"]["unitCode"] == "GQ"
    assert entity["location"]["value"]["coordinates"] == [139.4685, 35.7546]

    history = output[output.rindex('{"id":') :]
    assert json.JSONDecoder().raw_decode(history)[0]["pm25"]["values"][0][0] == 12.3

    [row] = [
        line for line in output.splitlines() if ENTITY in line and line.count(",") > 5 and "{" not in line
    ]
    assert row.endswith(",12.3,12.3")


def _json_line(output: str, part: str, without: str = "\n") -> Any:
    """The JSON document that holds the part; documents follow each other with or without a line's end."""
    decoder, position = json.JSONDecoder(), 0
    while (position := output.find('{"', position)) >= 0:
        try:
            document, end = decoder.raw_decode(output, position)
        except json.JSONDecodeError:
            position += 2
            continue
        text = output[position:end]
        if part in text and without not in text:
            return document
        position = end
    raise AssertionError(f"nothing with {part} in:\n{output}")
