"""Registering many devices from a file while readings come in.

    python -m benchmarks.device_imports [--devices 10000] [--rate 500] [--quiet 20]

`machi up` as it ships (its own mosquitto, access on; PostgreSQL durable), and 50 devices that publish at a
steady rate with their own passwords. First a while without an import, then a CSV file is sent over HTTP.
Prints how long it took until the file was accepted, all devices were listed, and the broker knew them; and
the time from publication to commit of the readings (median, 99th percentile) before, while and after.
"""

import argparse
import json
import multiprocessing
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg

from deploy.embedded.postgres import EmbeddedPostgres

_READY = "Ready after"
_PATIENCE_S = 600.0
_WARM_UP_S = 5.0
_SPEAKERS = 50
_VALUES = ("pm25", "pm10", "no2", "temperature", "humidity")
_spawn = multiprocessing.get_context("spawn")


class Town(NamedTuple):
    """A running installation."""

    api: httpx.Client
    database_url: str
    mqtt_port: int


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path) -> Iterator[Town]:
    """Start everything."""
    port, mqtt_port = _free_port(), _free_port()
    with EmbeddedPostgres(folder / "postgres", settings={"track_commit_timestamp": "on"}) as postgres:
        variables = {
            "MACHI_DATA_DIR": str(folder / "data"),
            "MACHI_DATABASE_URL": postgres.url,
            "MACHI_HTTP_PORT": str(port),
            "MACHI_MQTT_PORT": str(mqtt_port),
            "MACHI_SIMULATE": "0",
            "PYTHONPATH": str(Path.cwd()),
        }
        screen = folder / "screen.txt"
        with screen.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "up"],
                cwd=folder,
                env={**os.environ, **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            key = _wait_ready(process, screen)
            headers = {"Authorization": f"Bearer {key}"}
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, headers=headers, timeout=120, trust_env=False) as api:
                yield Town(api, postgres.url, mqtt_port)
        finally:
            process.terminate()
            process.wait(60)


def _wait_ready(process: "subprocess.Popen[bytes]", screen: Path) -> str:
    """Wait for the screen; the administrator's key on it."""
    deadline = time.monotonic() + _PATIENCE_S
    while _READY not in (shown := screen.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"machi up did not become ready:\n{shown}")
        time.sleep(0.1)
    found = re.search(r"^ {2}(machi_\w+)$", shown, re.MULTILINE)
    if found is None:
        raise RuntimeError("machi up shows no key")
    return found[1]


# -- devices that speak ----------------------------------------------------------------------------------


@contextmanager
def speaking(town: Town, rate: int) -> Iterator[None]:
    """Let devices publish `rate` messages a second in all, in a process of their own."""
    logins = [_register(town, number) for number in range(_SPEAKERS)]
    stop = _spawn.Event()
    process = _spawn.Process(target=_speak, args=(town.mqtt_port, logins, rate, stop), daemon=True)
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(30)
    if process.exitcode != 0:
        raise RuntimeError("the devices stopped speaking")


def _register(town: Town, number: int) -> tuple[str, str, str]:
    answer = town.api.post("/api/v1/devices", json={"id": f"speaker-{number:03}", "profile": "air-quality"})
    given = answer.raise_for_status().json()["mqtt"]
    return given["username"], given["password"], given["topic"]


def _speak(port: int, logins: list[tuple[str, str, str]], rate: int, stop: Event) -> None:
    """MQTT 3.1.1 at QoS 1 by hand: acknowledgements are read and thrown away."""
    watched = selectors.DefaultSelector()
    devices = []
    for username, password, topic in logins:
        connection = socket.create_connection(("127.0.0.1", port))
        login = _text(username) + _text(username) + _text(password)
        connection.sendall(_frame(0x10, b"\0\4MQTT\4\xc2\0\0" + login))
        if connection.recv(4)[-1:] != b"\0":
            raise RuntimeError("the broker refuses a device")
        watched.register(connection, selectors.EVENT_READ)
        devices.append((connection, _text(topic)))
    began, sent = time.monotonic(), 0
    while not stop.is_set():
        while sent < (time.monotonic() - began) * rate:
            connection, topic_text = devices[sent % len(devices)]
            values = dict.fromkeys(_VALUES, 10 + sent % 7)
            payload = json.dumps({"observedAt": time.time_ns() // 1_000_000, **values}).encode()
            packet_id = struct.pack("!H", sent // len(devices) % 60_000 + 1)
            connection.sendall(_frame(0x32, topic_text + packet_id + payload))
            sent += 1
        for key, _ in watched.select(0.002):
            if not isinstance(key.fileobj, socket.socket) or not key.fileobj.recv(65_536):
                raise RuntimeError("the broker closed a connection")


def _frame(kind: int, body: bytes) -> bytes:
    length, encoded = len(body), b""
    while True:
        length, low = divmod(length, 128)
        encoded += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([kind]) + encoded + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


# -- the import ------------------------------------------------------------------------------------------


def csv_file(count: int) -> bytes:
    """A file of so many devices."""
    rows = (
        f"bulk-{number:05},{('noise', 'weather')[number % 2]},秋津町{number}番,"
        f"{35.70 + number % 100 / 1000:.4f},{139.40 + number // 100 / 1000:.4f}\r\n"
        for number in range(count)
    )
    return ("デバイスID,プロファイル,名称,緯度,経度\r\n" + "".join(rows)).encode()


def _follow(town: Town, path: str, wanted: int, began: float) -> dict[str, Any]:
    """Seconds until the devices were listed, and until the broker knew them."""
    listed: float | None = None
    while time.monotonic() - began < _PATIENCE_S:
        found = town.api.get(path).json()
        if listed is None and found["registeredAt"] is not None:
            total = town.api.get("/api/v1/devices", params={"text": "bulk-", "limit": 1}).json()["total"]
            if total != wanted:
                raise RuntimeError(f"{total} devices are listed, not {wanted}")
            listed = time.monotonic() - began
        if found["state"] == "done":
            if found["counts"]["created"] != wanted:
                raise RuntimeError(f"not all were created: {found['counts']}")
            return {
                "listed_s": round(listed or 0, 1),
                "known_to_the_broker_s": round(time.monotonic() - began, 1),
            }
        time.sleep(0.25)
    raise RuntimeError("the import does not end")


def _ages(town: Town, start: float, end: float) -> dict[str, float]:
    """Readings a second, and from publication to commit, ms, of what was committed in a window."""
    query = b"""
    select count(*), percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from age))
    from (
        select pg_xact_commit_timestamp(xmin) as committed, pg_xact_commit_timestamp(xmin) - at as age
        from machi.observation where has_observed_at
    ) o
    where committed between to_timestamp(%s) and to_timestamp(%s)
    """
    with psycopg.connect(town.database_url) as connection:
        row = connection.execute(query, [start, end]).fetchone()
    if row is None or row[1] is None:
        raise RuntimeError("no reading came in")
    return {
        "values_per_s": round(row[0] / (end - start)),
        "median_ms": round(row[1][0] * 1000, 1),
        "p99_ms": round(row[1][1] * 1000, 1),
    }


def measure(devices: int, rate: int, quiet_s: float) -> dict[str, Any]:
    """One run."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as town, speaking(town, rate):
        time.sleep(_WARM_UP_S)
        start = time.time()
        time.sleep(quiet_s)
        sent, began = time.time(), time.monotonic()
        answer = town.api.post(
            "/api/v1/device-imports", content=csv_file(devices), headers={"Content-Type": "text/csv"}
        )
        if answer.status_code != 202:
            raise RuntimeError(f"the import was not accepted: {answer.text}")
        accepted = time.monotonic() - began
        progress = _follow(town, answer.headers["location"], devices, began)
        done = time.time()
        time.sleep(quiet_s)
        before, during, after = (
            _ages(town, start, sent),
            _ages(town, sent, done),
            _ages(town, done, time.time()),
        )
        return {
            "devices": devices,
            "accepted_s": round(accepted, 1),
            **progress,
            "readings_before": before,
            "readings_during": during,
            "readings_after": after,
            "p99_ratio": round(during["p99_ms"] / before["p99_ms"], 2),
        }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=500, help="messages per second of the devices that speak")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds before and after")
    options = parser.parse_args()
    print(json.dumps(measure(options.devices, options.rate, options.quiet), indent=2))


if __name__ == "__main__":
    main()
