"""Starts everything in order, watches it, stops it in the opposite order.

All imports stand here, before a signal may interrupt anything: some modules written in C do not bear it.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType

from context_api.store.database import open_database
from context_api.store.keys import create_first_key, create_key, find_key
from context_api.store.migrate import migrate
from context_api.store.roles import SERVING, WRITER, make_login
from deploy import wiring
from deploy.data_folder import DataFolder, Running
from deploy.embedded.account import hands_over
from deploy.embedded.amqtt_broker import NOTICE, AmqttBroker
from deploy.embedded.credentials import CredentialWatch
from deploy.embedded.mosquitto import BrokerAccess, BrokerTls, Mosquitto, find_mosquitto
from deploy.embedded.ports import is_free
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.redis import EmbeddedRedis
from deploy.errors import CommandError
from deploy.launcher.leftovers import note, wait_for_leftovers
from deploy.launcher.logs import bound_logs
from deploy.launcher.parts import Part, Process, Watched
from deploy.launcher.preflight import check_ports, check_space
from deploy.launcher.readiness import Readiness, ask_readiness, has_reading
from deploy.launcher.screen import Screen, Summary
from deploy.settings import Settings, variable_name
from deploy.worker import credential_sync
from devices.broker_certificates import CertificateFiles

READY_TIMEOUT_S = 60.0
FIRST_READING_TIMEOUT_S = 20.0
_TICK_S = 0.1
_LOGS_EVERY_S = 5.0
_GRACE_S = {"simulate": 1.5, "bridge": 3.0, "api": 2.5, "notifier": 2.5, "worker": 2.5}
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_INSIDE = ("bridge", "worker")
"""Who speaks with the broker through its inner door."""
_SERVING = ("api", "bridge", "notifier", "simulate")
"""Who changes rows and no tables: these log in to our database as a user that can do no more."""
_LOOPBACK_NETWORKS = "127.0.0.0/8,::1/128"


class StopRequested(BaseException):
    """SIGINT or SIGTERM came: raised wherever the launcher is, like KeyboardInterrupt."""


def up(settings: Settings, screen: Screen) -> None:
    """Run Machi until SIGINT or SIGTERM. CommandError or EmbeddedError says what is in the way."""
    folder = DataFolder(settings.data_dir)
    folder.create()
    folder.lock()
    try:
        check_space(folder.path)
        if wait_for_leftovers(folder.path / "children.json"):
            screen.say("The last run was cut off; its processes have ended, the data is kept.")
        check_ports(settings)
        _Launcher(settings, folder, screen).run()
    finally:
        folder.unlock()


class _Launcher:
    def __init__(self, settings: Settings, folder: DataFolder, screen: Screen) -> None:
        self._settings = settings
        self._folder = folder
        self._screen = screen
        self._started: list[Watched] = []
        self._broker: Mosquitto | AmqttBroker | None = None
        self._credentials: CredentialWatch | None = None
        self._variables = dict(os.environ)
        self._inner: dict[str, str] = {}
        self._lesser: dict[str, str] = {}
        self._first_key: str | None = None
        self._local_key: str | None = None
        self._is_stopping = False
        self._trouble = ""
        self._http_url = f"http://{_reachable(settings.http_host)}:{settings.http_port}"

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)
        try:
            self._start()
            self._watch()
        except StopRequested:
            pass
        except Exception:
            if not self._is_stopping:
                raise
            # A statement that was cut short may end in an error of its own: it is the stop all the same
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stop()

    def _request_stop(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        self._is_stopping = True
        raise StopRequested

    def _start(self) -> None:
        first = time.monotonic()
        self._start_stores()
        with self._screen.step("データベースの準備 · database schema"):
            self._migrate()
        self._start_broker()
        self._write_running()
        with self._screen.step("API, bridge, notifier, worker"):
            self._start_process("api", ["api"])
            self._start_bridges()
            for name in ("notifier", "worker"):
                self._start_process(name, [name])
            self._wait_until_ready()
        if self._settings.auth:
            self._make_keys()
        try:
            if self._settings.simulate:
                with self._screen.step(f"模擬センサー · {self._settings.simulate_devices} simulated devices"):
                    self._start_simulation()
        finally:
            # Whatever becomes of the simulation: a key that was made is shown.
            self._screen.show(self._summary())
        self._screen.say(f"Ready after {time.monotonic() - first:.1f} s.")

    def _start_stores(self) -> None:
        settings, path, logs = self._settings, self._folder.path, self._folder.logs
        if settings.database_url is None:
            with self._screen.step("PostgreSQL"):
                postgres = EmbeddedPostgres(path / "postgres", log=logs / "postgres.log")
                self._keep(postgres)
            self._variables["MACHI_DATABASE_URL"] = postgres.url
        if settings.redis_url is None:
            with self._screen.step("Redis"):
                redis = EmbeddedRedis(path / "redis", log=logs / "redis.log")
                self._keep(redis)
            self._variables["MACHI_REDIS_URL"] = redis.url
        self._variables["MACHI_DATA_DIR"] = str(path)
        self._variables["MACHI_SECRET"] = self._secret()
        self._variables["MACHI_MQTT_PASSWORD"] = wiring.bridge_password(settings)
        self._variables.setdefault("MACHI_OUTBOUND_ALLOW", _LOOPBACK_NETWORKS)
        # Many threads in small processes: with glibc's 8 arenas per core each would hold memory of its own.
        self._variables.setdefault("MALLOC_ARENA_MAX", "2")

    def _migrate(self) -> None:
        """Bring the schema up to date; of our own server, give those who serve a user of lesser rights."""
        url = self._variables["MACHI_DATABASE_URL"]
        migrate(url)
        if self._settings.database_url is None:
            lesser = make_login(url, WRITER, SERVING, self._folder.secret("database"))
            if lesser is not None:
                self._lesser = {"MACHI_DATABASE_URL": lesser}

    def _start_broker(self) -> None:
        settings = self._settings
        if settings.mqtt_url is not None:
            return
        access = self._write_access() if settings.auth else None
        kind = _broker_kind(settings)
        if kind is AmqttBroker:
            self._screen.say(NOTICE)
        self._broker = kind(
            self._folder.broker,
            host=settings.mqtt_host,
            port=settings.mqtt_port,
            access=access,
            log=self._folder.logs / "broker.log",
            has_inner_door=True,
            tls=None if access is None else self._tls(access),
            max_connections=settings.broker_max_connections,
        )
        if access is not None:
            self._credentials = CredentialWatch(access.password_file, self._broker)
        with self._screen.step(f"MQTT ({kind.name})"):
            self._keep(self._broker, on_start=self._mark_credentials)
        self._variables["MACHI_MQTT_URL"] = f"mqtt://{_reachable(settings.mqtt_host)}:{self._broker.port}"
        self._inner = {"MACHI_MQTT_URL": self._broker.inner_url}

    def _write_access(self) -> BrokerAccess:
        """The broker reads its files at its start: they must be there, and of this moment."""
        files = BrokerAccess(*wiring.broker_files(self._settings))
        self._folder.broker.mkdir(exist_ok=True, mode=0o700)
        self._variables["MACHI_BROKER_PASSWORD_FILE"] = str(files.password_file)
        self._variables["MACHI_BROKER_ACL_FILE"] = str(files.acl_file)
        settings = self._settings
        if hands_over():  # the folder is the broker's alone; the files in it are written by us
            settings = settings.model_copy(update={"broker_file_mode": "644"})
            self._variables["MACHI_BROKER_FILE_MODE"] = "644"
        database = open_database(self._variables["MACHI_DATABASE_URL"])
        try:
            credential_sync(settings, database).write()
        finally:
            database.close()
        return files

    def _tls(self, access: BrokerAccess) -> BrokerTls | None:
        """Doors with TLS, where their ports are free: they come by themselves, and must not be in the way."""
        files = CertificateFiles.beside(access.password_file)
        if not files.are_there():
            return None
        ports: list[int | None] = []
        for name in ("mqtt_tls_port", "mqtt_certificate_port"):
            port: int = getattr(self._settings, name)
            if port and not is_free(port, self._settings.mqtt_host):
                self._screen.say(
                    f"Port {port} is in use: no MQTT with TLS there. {variable_name(name)} is another."
                )
                port = 0
            ports.append(port or None)
        return BrokerTls(files, *ports)

    def _mark_credentials(self) -> None:
        if self._credentials is not None:
            self._credentials.mark_applied()

    def _start_bridges(self) -> None:
        count, port = self._settings.bridges, self._settings.bridge_http_port
        self._variables["MACHI_BRIDGES"] = str(count)
        if count == 1:
            self._start_process("bridge", ["bridge"])
            return
        for number in range(1, count + 1):
            own = {"MACHI_BRIDGE_HTTP_PORT": str(port + number - 1)} if port else {}
            self._start_process(f"bridge-{number}", ["bridge"], own)

    def _start_process(self, name: str, arguments: list[str], own: Mapping[str, str] = NO_VARIABLES) -> None:
        inner = self._inner if arguments[0] in _INSIDE else NO_VARIABLES
        lesser = self._lesser if arguments[0] in _SERVING else NO_VARIABLES
        variables = {**self._variables, "MACHI_INSTANCE": name, **inner, **lesser, **own}
        log = self._folder.logs / f"{name}.log"
        self._keep(Process(name, arguments, variables, log, _GRACE_S[arguments[0]]))

    def _start_simulation(self) -> None:
        """Start the devices; return when the first of them has been heard, or after a while without."""
        settings = self._settings
        arguments = [f"--devices={settings.simulate_devices}", f"--interval={settings.simulate_interval}"]
        self._start_process("simulate", ["simulate", *arguments])
        deadline = time.monotonic() + FIRST_READING_TIMEOUT_S
        while time.monotonic() < deadline and not has_reading(self._http_url, self._local_key):
            time.sleep(_TICK_S)
            self._look()

    def _keep(self, part: Part, on_start: Callable[[], None] = lambda: None) -> None:
        def started() -> None:
            note(self._folder.path / "children.json", [watched.part for watched in self._started])
            on_start()

        watched = Watched(part, self._screen.say, started)
        self._started.append(watched)
        watched.start()

    def _write_running(self) -> None:
        variables = self._variables
        self._folder.write_running(
            Running(
                pid=os.getpid(),
                database_url=variables["MACHI_DATABASE_URL"],
                redis_url=variables["MACHI_REDIS_URL"],
                mqtt_url=variables["MACHI_MQTT_URL"],
                http_url=self._http_url,
                inner_mqtt_url=self._inner.get("MACHI_MQTT_URL"),
            )
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        found = Readiness(False, "")
        while not found.is_ready:
            if time.monotonic() > deadline:
                waited = f"Not ready after {READY_TIMEOUT_S:g} s"
                raise CommandError(f"{waited} ({found.detail}). See the logs in {self._folder.logs}")
            time.sleep(_TICK_S)
            self._look()
            found = ask_readiness(self._http_url)

    def _summary(self) -> Summary:
        settings = self._settings
        return Summary(
            http_url=self._http_url,
            mqtt_host=_reachable(settings.mqtt_host),
            mqtt_port=self._broker.port if self._broker else settings.mqtt_port,
            broker=_describe(self._broker) if self._broker else settings.mqtt_url or "",
            folder=str(self._folder.path),
            auth=settings.auth,
            key=self._first_key,
            simulated=settings.simulate_devices if settings.simulate else 0,
        )

    def _make_keys(self) -> None:
        """As late as possible: a key made by a start that fails would never be shown."""
        database = open_database(self._variables["MACHI_DATABASE_URL"])
        secret = self._secret().encode()
        try:
            if (made := create_first_key(database, secret)) is not None:
                self._first_key = made.text
            known = self._folder.read_local_key() or ""
            if find_key(database, secret, known) is None:
                known = create_key(database, secret, label="simulate and replay on this machine").text
                self._folder.write_local_key(known)
            self._local_key = known
        finally:
            database.close()

    def _secret(self) -> str:
        return wiring.reveal(self._settings.secret) or self._folder.secret("installation")

    def _watch(self) -> None:
        logs_at = 0.0
        while True:
            self._look()
            if time.monotonic() >= logs_at:
                self._attempt(lambda: bound_logs(self._folder.logs))
                logs_at = time.monotonic() + _LOGS_EVERY_S
            time.sleep(_TICK_S)

    def _look(self) -> None:
        for watched in self._started:
            watched.look()
        if self._credentials is not None:
            self._attempt(self._credentials.check)

    def _attempt(self, chore: Callable[[], object]) -> None:
        """What a full disk prevents is said once and tried again: nothing that runs is stopped for it."""
        try:
            chore()
        except OSError as error:
            if (trouble := str(error)) != self._trouble:
                self._trouble = trouble
                self._screen.say(f"{trouble}; trying again")

    def _stop(self) -> None:
        """Simulators first, then who takes messages in, then the rest, the stores last."""
        if not self._started:
            return
        self._screen.say("Stopping …")
        self._folder.clear_running()
        processes = [part for part in self._parts() if isinstance(part, Process)]
        for group in (("simulate",), ("bridge",), ("api", "notifier", "worker")):
            members = [process for process in processes if process.command in group]
            for process in members:
                process.ask_to_stop()
            for process in members:
                process.stop()
        for part in reversed(self._parts()):
            part.stop()
        (self._folder.path / "children.json").unlink(missing_ok=True)
        self._screen.say("Stopped. The data is kept.")

    def _parts(self) -> list[Part]:
        return [watched.part for watched in self._started]


def _describe(broker: Mosquitto | AmqttBroker) -> str:
    """Its name, and where it speaks TLS."""
    tls = broker.tls
    ports = (
        [] if tls is None else [str(port) for port in (tls.port, tls.certificate_port) if port is not None]
    )
    return f"{broker.name}; TLS: {', '.join(ports)}" if ports else broker.name


def _broker_kind(settings: Settings) -> type[Mosquitto] | type[AmqttBroker]:
    if settings.embedded_broker == "auto":
        return Mosquitto if find_mosquitto() else AmqttBroker
    return Mosquitto if settings.embedded_broker == "mosquitto" else AmqttBroker


def _reachable(host: str) -> str:
    """The address to connect to when a server listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
