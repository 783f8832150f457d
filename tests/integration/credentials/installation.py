"""A real broker with its files, the worker's part that keeps them, and a bridge: what an intruder meets."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from broker_bridge import BridgeSettings
from broker_bridge import run as run_bridge
from context_api.store.database import open_database
from context_api.store.store import Store
from deploy.credential_sync import CredentialSync
from deploy.embedded.credentials import CredentialWatch
from deploy.embedded.mosquitto import BrokerAccess, BrokerTls, Mosquitto
from deploy.embedded.ports import free_port
from deploy.kicking import Kicker
from devices.broker_address import parse_broker_url
from devices.broker_certificates import CertificateFiles, CertificateWriter
from devices.credentials import BRIDGE_RULES, WORKER_USERNAME, Service, derived_secret
from devices.device_credentials import DeviceCredentials
from devices.model import Credentials, DeviceDraft
from devices.registry import DeviceRegistry
from tests.integration.credentials.client import Client

KEY = b"the secret of the installation"
BRIDGE = Service("machi-bridge", "the password of the bridge", BRIDGE_RULES)
WORKER = Service(WORKER_USERNAME, derived_secret(WORKER_USERNAME, KEY), ())
OBSERVER = Service("an-observer", "may read everything", ("read #",))
COMMANDER = Service("a-commander", "may command devices", ("write machi/v1/+/+/down",))
SERVICES = (BRIDGE, WORKER, OBSERVER, COMMANDER)
MODE = 0o644
"""Where no user namespace is to be had, mosquitto runs as another user."""
MAX_CONNECTIONS = 60
BRIDGE_ID = "machi-bridge-1"
T0_S = 1_763_856_000


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    """Poll; fails the test when it does not happen."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)


class Installation:
    """Starts everything; `with` stops it. `bridge=False`: only the broker and its users."""

    def __init__(self, url: str, folder: Path, *, bridge: bool = True) -> None:
        self.url = url
        self.database = open_database(url)
        self.access = Store(self.database).tenant("default")
        self.registry = DeviceRegistry(self.database, hash_key=KEY)
        self.credentials = DeviceCredentials(self.database, hash_key=KEY)
        self.folder = folder / "access"
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self.files = BrokerAccess(self.folder / "passwords", self.folder / "acl")
        self.certificates = CertificateFiles.beside(self.files.password_file)
        self.broker = Mosquitto(
            folder / "broker",
            access=self.files,
            has_inner_door=True,
            tls=BrokerTls(self.certificates, free_port(), free_port()),
            max_connections=MAX_CONNECTIONS,
        )
        self._has_bridge = bridge
        self._stack = ExitStack()
        self._sent = 0

    def __enter__(self) -> Self:
        self._stack.callback(self.database.close)
        self.sync = self.new_sync()
        self.sync.write()
        self._stack.callback(self.broker.stop)
        self.broker.start()
        self.watch = CredentialWatch(self.files.password_file, self.broker)
        self.watch.mark_applied()
        self.start_sync()
        self.run(self._watch)
        if self._has_bridge:
            self.bridge_settings = BridgeSettings(
                database_url=self.url,
                mqtt_url=self.broker.inner_url,
                mqtt_username=BRIDGE.username,
                mqtt_password=BRIDGE.password,
                client_id=BRIDGE_ID,
                backoff_min_s=0.05,
                refused_retry_s=0.5,
            )
            self.run(lambda stop: run_bridge(self.bridge_settings, stop))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start_sync(self) -> None:
        """Have the worker's part run; `stop_sync` ends it."""
        sync = self.sync = self.new_sync()
        self.stop_sync = self.run(lambda stop: sync.run(self.url, stop))

    def new_sync(self) -> CredentialSync:
        """The worker's part."""
        writer = CertificateWriter(
            self.certificates, self.credentials.authority, ["localhost", "127.0.0.1"], None, MODE
        )
        kicker = Kicker(parse_broker_url(self._inner_url()), WORKER)
        return CredentialSync(
            self.database,
            (self.files.password_file, self.files.acl_file),
            SERVICES,
            MODE,
            certificates=writer,
            kicker=kicker,
        )

    def run(self, serve: Callable[[threading.Event], None]) -> Callable[[], None]:
        """Run in a thread until the end, or until what is returned is called."""
        stop = threading.Event()
        thread = threading.Thread(target=serve, args=(stop,), daemon=True)

        def end() -> None:
            stop.set()
            thread.join(30)

        thread.start()
        self._stack.callback(end)
        return end

    def register(self, device_id: str, *, tenant: str = "default", **members: Any) -> Credentials:
        """Register and wait until the broker knows."""
        draft = self.draft(device_id, **members)
        access = Store(self.database).tenant(tenant, create=True)
        registered = self.registry.register(access, draft)
        assert registered.credentials is not None
        assert self.registry.wait_applied(registered.generation, 30)
        return registered.credentials

    def draft(self, device_id: str, **members: Any) -> DeviceDraft:
        """An air quality station, unless `members` say otherwise."""
        return DeviceDraft(id=device_id, **({"profile": "air-quality"} | members))

    def connect(self, credentials: Credentials, **more: Any) -> Client:
        """A device at the door for devices."""
        return self.connect_as(
            **({"username": credentials.username, "password": credentials.password} | more)
        )

    def connect_as(self, username: str, password: str, **more: Any) -> Client:
        """Whoever has such credentials, at the door for devices."""
        given: dict[str, Any] = {"port": self.broker.port, "username": username, "password": password}
        return Client(**(given | more))

    def serve(self, service: Service) -> Client:
        """One of our own at the inner door."""
        assert self.broker.inner_port is not None
        return Client(port=self.broker.inner_port, username=service.username, password=service.password)

    def payload(self, value: float) -> bytes:
        """A message with a time of its own."""
        self._sent += 1
        return json.dumps({"observedAt": T0_S + self._sent, "pm25": value}).encode()

    def values(self) -> list[tuple[str, float]]:
        """Everything that was ever stored: (entity, value), in the order of the values."""
        return self.ask(
            "select s.entity_id, o.value from observation o join series s on s.id = o.series_id "
            "where o.value is not null order by o.value"
        )

    def quarantined(self) -> list[tuple[str, str]]:
        """(device, reason) of everything that was put aside."""
        return self.ask("select device_id, reason from quarantine order by id")

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.url, options="-c search_path=machi") as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, options="-c search_path=machi") as connection:
            connection.execute(statement.encode())

    def _inner_url(self) -> str:
        return self.broker.inner_url

    def _watch(self, stop: threading.Event) -> None:
        """What `machi up` does every tenth of a second."""
        while not stop.wait(0.1):
            self.watch.check()
