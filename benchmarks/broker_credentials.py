"""Mosquitto with many devices: a generated password and ACL file with reload, against dynamic security.

    python -m benchmarks.broker_credentials [--devices 10000] [--connected 5000]

Prints a table: docs/decisions/0002-broker-credentials.md and 0010-credentials.md hold the figures of one run.
Loopback only.
"""

import argparse
import base64
import hashlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from context_api.store.device_credentials import BrokerUsers
from deploy.embedded.mosquitto import find_mosquitto
from deploy.embedded.ports import free_port
from devices.broker_files import render_broker_files
from devices.credentials import broker_hash

_SECRET = "0123456789abcdef"  # noqa: S105
_PLUGIN = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
_SALT = b"0123456789ab"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--connected", type=int, default=5_000)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for iterations in (1, 101):
        for connected in (0, arguments.connected):
            measure_files(arguments.devices, connected, iterations)
    measure_rotation(arguments.devices)
    measure_stream(arguments.devices)
    measure_dynamic_security(arguments.devices)


def measure_rotation(devices: int) -> None:
    """Reload with two secrets per device: the second names in patterns, or with ACL lines of their own."""
    hashed = broker_hash(_SECRET, salt=_SALT, iterations=1)
    first = [f"default/device-{number:05}" for number in range(devices)]
    for what, second in (("patterns", "v1/{}"), ("a section per device", "{}~2")):
        print(f"-- rotation of {devices} devices: second names by {what}")
        users = [(name, hashed) for one in first for name in (one, second.format(one))]
        sections = "" if "~" not in second else "".join(_section(one, f"{one}~2") for one in first)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            _write(folder, users, sections)
            settings = f"password_file {folder}/passwords\nacl_file {folder}/acl\n"
            with _mosquitto(folder, settings) as (process, port):
                _write(folder, [*users, ("default/new", hashed)], sections)
                started = time.perf_counter()
                process.send_signal(signal.SIGHUP)
                while not _may_connect(port, "default/new"):
                    time.sleep(0.002)
                print(f"{'SIGHUP until the new device may connect':50}{_ms(time.perf_counter() - started)}")


def measure_stream(devices: int) -> None:
    """A steady stream of messages, alone and while devices come and go."""
    hashed = broker_hash(_SECRET, salt=_SALT, iterations=1)
    users = [(f"default/device-{number:05}", hashed) for number in range(devices)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write(folder, users)
        settings = f"password_file {folder}/passwords\nacl_file {folder}/acl\n"
        print(f"-- a stream of 500 messages a second beside {devices} devices, files")
        with _mosquitto(folder, settings) as (process, port):
            _stream("alone", port, users[0][0], lambda _: None)
            _stream(
                "a reload each half second", port, users[0][0], lambda _: process.send_signal(signal.SIGHUP)
            )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        state = folder / "dynamic-security.json"
        state.write_text(json.dumps(_dynamic_state(devices)))
        state.chmod(0o666)
        settings = f"plugin {_PLUGIN}\nplugin_opt_config_file {state}\n"
        print(f"-- the same beside {devices} devices, dynamic security")
        with _mosquitto(folder, settings) as (_, port):
            _stream("alone", port, users[0][0], lambda _: None)
            _stream(
                "a device more each half second",
                port,
                users[0][0],
                lambda turn: _create(port, [f"more-{turn}"]),
            )


def _stream(what: str, port: int, username: str, disturb: Callable[[int], object]) -> None:
    """Publish for six seconds with QoS 1, disturbed each half second; prints how long the answers took."""
    client = _connect(port, username)
    topic = f"machi/v1/{username}/up"
    waits: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        until, disturbed = time.perf_counter() + 6, 0
        while (now := time.perf_counter()) < until:
            if now > until - 6 + 0.5 * (disturbed + 1):
                pool.submit(disturb, disturbed)
                disturbed += 1
            client.sendall(_packet(0x32, _text(topic) + b"\x00\x01" + b"x" * 100))
            client.recv(4)
            waits.append(time.perf_counter() - now)
            time.sleep(max(0.0, 0.002 - waits[-1]))
    waits.sort()
    client.close()
    told = f"p50 {_ms(waits[len(waits) // 2])}, p99 {_ms(waits[len(waits) * 99 // 100])}"
    print(f"{what:50}{told}, longest {_ms(waits[-1])}")


def _section(device: str, username: str) -> str:
    topics = "".join(f"topic write machi/v1/{device}/{leaf}\n" for leaf in ("up", "ack", "state"))
    return f"\nuser {username}\n{topics}topic read machi/v1/{device}/down\n"


def measure_files(devices: int, connected: int, iterations: int) -> None:
    """Start, then add one device by a new file and SIGHUP."""
    print(f"-- files: {devices} devices, {connected} connected, {iterations} iterations")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        hashed = broker_hash(_SECRET, salt=_SALT, iterations=iterations)
        users = [(f"default/device-{number:05}", hashed) for number in range(devices)]
        _timed("make and write the files", lambda: _write(folder, users))
        settings = f"password_file {folder}/passwords\nacl_file {folder}/acl\n"
        with _mosquitto(folder, settings) as (process, port):
            clients = [_connect(port, users[number][0]) for number in range(connected)]
            probe = _connect(port, users[-1][0])
            _write(folder, [*users, ("default/new", hashed)])
            with ThreadPoolExecutor() as pool:
                waits = pool.submit(_ping, probe)
                time.sleep(0.1)
                started = time.perf_counter()
                process.send_signal(signal.SIGHUP)
                while not _may_connect(port, "default/new"):
                    time.sleep(0.002)
                took = time.perf_counter() - started
            print(f"{'SIGHUP until the new device may connect':50}{_ms(took)}")
            print(f"{'longest wait of a connected device':50}{_ms(waits.result())}")
            print(f"{'memory of the broker':50}{_memory_mib(process.pid):9.1f} MiB")
            for client in clients:
                client.close()


def measure_dynamic_security(devices: int) -> None:
    """Start with that many clients, then create ten more, one by one and as one command."""
    print(f"-- dynamic security: {devices} devices")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        state = folder / "dynamic-security.json"
        state.write_text(json.dumps(_dynamic_state(devices)))
        state.chmod(0o666)
        print(f"{'state file':50}{state.stat().st_size / 2**20:9.1f} MiB")
        settings = f"plugin {_PLUGIN}\nplugin_opt_config_file {state}\n"
        with _mosquitto(folder, settings) as (process, port):
            single = [_create(port, [f"single-{number}"]) for number in range(10)]
            together = _create(port, [f"together-{number}" for number in range(10)])
            print(f"{'one device (mean of 10, each a command)':50}{_ms(sum(single) / 10)}")
            print(f"{'ten devices in one command':50}{_ms(together)}")
            print(f"{'memory of the broker':50}{_memory_mib(process.pid):9.1f} MiB")


def _write(folder: Path, users: list[tuple[str, str]], sections: str = "") -> None:
    files = render_broker_files(BrokerUsers(1, users, []), [])
    for name, text in (("acl", files.acl + sections), ("passwords", files.passwords)):
        new = folder / f"{name}.new"
        new.write_text(text)
        new.chmod(0o644)
        new.replace(folder / name)


@contextmanager
def _mosquitto(folder: Path, settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\nlog_dest none\n{settings}")
    started = time.perf_counter()
    process = subprocess.Popen([str(find_mosquitto()), "-c", str(configuration)])
    try:
        while not _is_listening(port):
            time.sleep(0.005)
        print(f"{'start of the broker':50}{_ms(time.perf_counter() - started)}")
        yield process, port
    finally:
        process.terminate()
        process.wait(20)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def _open(port: int, username: str) -> tuple[socket.socket, int]:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    body = _text("MQTT") + b"\x04\xc2\x00\x00" + _text(username) + _text(username) + _text(_SECRET)
    client.sendall(_packet(0x10, body))
    return client, client.recv(4)[3]


def _connect(port: int, username: str) -> socket.socket:
    client, code = _open(port, username)
    if code != 0:
        raise RuntimeError(f"the broker refuses {username}: {code}")
    return client


def _may_connect(port: int, username: str) -> bool:
    client, code = _open(port, username)
    client.close()
    return code == 0


def _ping(client: socket.socket) -> float:
    """Ping for a second; the longest answer tells how long the broker's only thread was busy."""
    longest, until = 0.0, time.perf_counter() + 1
    while time.perf_counter() < until:
        started = time.perf_counter()
        client.sendall(b"\xc0\x00")
        client.recv(2)
        longest = max(longest, time.perf_counter() - started)
    return longest


def _dynamic_state(devices: int) -> dict[str, object]:
    digest = hashlib.pbkdf2_hmac("sha512", _SECRET.encode(), _SALT, 101)
    secret = {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(_SALT).decode(),
        "iterations": 101,
    }
    control = [
        {"acltype": kind, "topic": "$CONTROL/#", "priority": 0, "allow": True}
        for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]
    admin = {"username": "admin", "roles": [{"rolename": "admin"}], **secret}
    clients = [
        {"username": f"default/device-{number:05}", "roles": [{"rolename": "device"}], **secret}
        for number in range(devices)
    ]
    roles = [{"rolename": "admin", "acls": control}, {"rolename": "device", "acls": []}]
    return {"defaultACLAccess": {}, "clients": [admin, *clients], "groups": [], "roles": roles}


def _create(port: int, names: list[str]) -> float:
    client = _connect(port, "admin")
    topic = "$CONTROL/dynamic-security/v1"
    client.sendall(_packet(0x82, b"\x00\x01" + _text(f"{topic}/response") + b"\x00"))
    client.recv(5)
    commands = [
        {
            "command": "createClient",
            "username": name,
            "password": _SECRET,
            "roles": [{"rolename": "device"}],
        }
        for name in names
    ]
    started = time.perf_counter()
    client.sendall(_packet(0x30, _text(topic) + json.dumps({"commands": commands}).encode()))
    client.recv(65536)
    took = time.perf_counter() - started
    client.close()
    return took


def _timed(what: str, act: Callable[[], object]) -> None:
    started = time.perf_counter()
    act()
    print(f"{what:50}{_ms(time.perf_counter() - started)}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:9.1f} ms"


def _memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
