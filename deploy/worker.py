"""The worker: what runs by the clock. N may run; the one that leads does the work."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from broker_bridge.health import Health, HealthServer
from context_api.store import heartbeat
from context_api.store.alarms import Alarms
from context_api.store.budget import Budget
from context_api.store.database import Database, open_database
from context_api.store.errors import StoreError
from context_api.store.index_building import maintain_indexes
from context_api.store.leader import Leadership
from context_api.store.store import Store
from context_api.store.system import SAMPLE_S, find_data_folder, take_sample
from deploy import upkeep, wiring
from deploy.audit_anchors import AnchorFile
from deploy.credential_sync import CredentialSync
from deploy.job_book import NOTE_S, JobBook
from deploy.kicking import Kicker
from deploy.schedule import Job, Run, Schedule
from deploy.settings import Settings
from devices.broker_address import parse_broker_url
from devices.broker_certificates import CertificateFiles, CertificateWriter
from devices.bulk.work import ImportWork
from devices.device_credentials import DeviceCredentials
from devices.liveness.watch import LOOK_S, LivenessWatch
from devices.registry import DeviceRegistry

PROCESS = "worker"
TICK_S = 0.5
INDEXES_S = 3.0
ANCHOR_S = 60.0

_log = logging.getLogger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Do what is due until `stop`. The database may be away, at the start too."""
    found = wiring.connect(settings)
    database = open_database(found.database_url, pool_max=4)
    worker = _Worker(settings, database, found.database_url)
    try:
        with worker.health_server():
            worker.run(stop)
    finally:
        with suppress(StoreError):
            heartbeat.forget(database, PROCESS, settings.instance)
        database.close()


class _Worker:
    def __init__(self, settings: Settings, database: Database, url: str) -> None:
        self._settings = settings
        self._database = database
        self._url = url
        self._leadership = Leadership(url, PROCESS)
        self._trouble = ""
        self._registry = CollectorRegistry()
        self._runs = Counter("machi_worker_jobs", "Jobs run", ["job", "result"], registry=self._registry)
        self._book = JobBook()
        self._leading = Gauge("machi_worker_leading", "1 = this worker leads", registry=self._registry)

    def run(self, stop: threading.Event) -> None:
        schedule = Schedule(self._jobs(), self._count)
        sync = _Running(self._sync_credentials, "credentials")
        imports = _Running(self._import_devices, "imports")
        history = _Running(self._keep_history, "history")
        indexes = _Running(self._keep_indexes, "indexes")
        devices = _Running(self._keep_devices, "devices")
        try:
            while not stop.is_set():
                leading = self._claim()
                sync.keep(leading)
                imports.keep(leading)
                history.keep(leading)
                indexes.keep(leading)
                devices.keep(leading)
                schedule.run_due(leading=leading, stop=stop)
                stop.wait(TICK_S)
        finally:
            sync.keep(False)
            imports.keep(False)
            history.keep(False)
            indexes.keep(False)
            devices.keep(False)
            self._leadership.release()

    @contextmanager
    def health_server(self) -> Iterator[None]:
        port = self._settings.worker_http_port
        if port is None:
            yield
            return
        server = HealthServer(self._settings.process_http_host, port, self._health, self._metrics)
        _log.info("Health is served", extra={"action": "health", "port": server.port})
        server.start()
        try:
            yield
        finally:
            server.stop()

    def _jobs(self) -> list[Job]:
        store = Store(self._database)
        alarms = Alarms(self._database, store)
        liveness = LivenessWatch(self._database, store, factor=self._settings.silent_after)
        anchors = AnchorFile(
            wiring.audit_anchor_file(self._settings), wiring.installation_secret(self._settings)
        )
        return [
            Job("heartbeat", heartbeat.INTERVAL_S, self._beat, leader_only=False),
            Job("partitions", 600, lambda: upkeep.roll_partitions(self._url)),
            Job("expiry", 10, lambda: upkeep.expire_entities(store)),
            Job("alarms", 2, lambda: upkeep.raise_alarms(alarms)),
            Job("quarantine", 60, lambda: upkeep.bound_quarantine(self._database)),
            Job("liveness", LOOK_S, liveness.look),
            Job("receipts", 3600, lambda: upkeep.delete_receipts(store)),
            Job("tombstones", 3600, lambda: upkeep.delete_tombstones(store)),
            Job("imports", 60, self._import_work().tidy),
            Job("audit", 3600, lambda: upkeep.roll_audit(self._url, self._settings.audit_months)),
            Job("usage", 60, lambda: upkeep.count_usage(self._database)),
            Job("anchors", ANCHOR_S, lambda: anchors.write(self._database)),
            Job("samples", SAMPLE_S, self._take_sample),
            Job("book", NOTE_S, lambda: self._book.write(self._database)),
        ]

    def _claim(self) -> bool:
        try:
            leading = self._leadership.claim()
            self._trouble = ""
        except StoreError as error:
            leading, self._trouble = False, str(error)
        self._leading.set(leading)
        return leading

    def _beat(self) -> str:
        if not self._trouble:
            heartbeat.beat(self._database, PROCESS, self._settings.instance, ready=True)
        return ""

    def _sync_credentials(self, stop: threading.Event) -> None:
        if keeps_broker_users(self._settings):
            kicker = broker_kicker(self._settings)
            credential_sync(self._settings, self._database, kicker).run(self._url, stop)

    def _import_devices(self, stop: threading.Event) -> None:
        self._import_work().run(stop)

    def _import_work(self) -> ImportWork:
        secret = wiring.connect(self._settings).secret
        registry = DeviceRegistry(self._database, hash_key=secret)
        waits = keeps_broker_users(self._settings)
        return ImportWork(self._database, registry, secret, waits_for_broker=waits)

    def _keep_history(self, stop: threading.Event) -> None:
        """Do what takes longer than a heartbeat may wait."""

        def within(seconds: float, job: Callable[[str, Budget], str]) -> Callable[[], str]:
            return lambda: job(self._url, Budget(seconds, stop.is_set))

        jobs = [
            Job("aggregates", 60, within(60, upkeep.refresh_aggregates)),
            Job("compression", 3600, within(300, upkeep.compress_history)),
            Job("retention", 3600, within(300, upkeep.drop_history)),
        ]
        schedule = Schedule(jobs, self._count)
        while not stop.wait(TICK_S):
            schedule.run_due(leading=True, stop=stop)

    def _keep_indexes(self, stop: threading.Event) -> None:
        """Build what is declared: in a thread of its own, since a large index takes minutes."""
        schedule = Schedule(
            [Job("indexes", INDEXES_S, lambda: maintain_indexes(self._url, stop))], self._count
        )
        while not stop.wait(TICK_S):
            schedule.run_due(leading=True, stop=stop)

    def _keep_devices(self, stop: threading.Event) -> None:
        """Keep states and entities of devices: in a thread of its own, since there may be very many."""
        store = Store(self._database)
        registry = DeviceRegistry(self._database, store=store)
        jobs = [
            Job("device-states", 2, lambda: upkeep.activate_devices(self._database, store)),
            Job("device-entities", 3600, lambda: upkeep.reconcile_devices(self._database, registry)),
        ]
        schedule = Schedule(jobs, self._count)
        while not stop.wait(TICK_S):
            schedule.run_due(leading=True, stop=stop)

    def _take_sample(self) -> str:
        take_sample(self._database, self._find_free())
        return ""

    def _find_free(self) -> int | None:
        """Bytes that are free where the data is; None where the server runs on another machine."""
        folder = find_data_folder(self._database)
        try:
            return None if folder is None else shutil.disk_usage(folder).free
        except OSError:
            return None

    def _count(self, run: Run) -> None:
        job = run.job
        self._runs.labels(job.name, "done" if run.error is None else "failed").inc()
        self._book.note(job.name, job.interval_s, run.duration_s, run.done, run.error)

    def _health(self) -> Health:
        return Health({"database": self._trouble or "ok"})

    def _metrics(self) -> bytes:
        return generate_latest(self._registry)


class _Running:
    """A thread that runs while it is wanted."""

    def __init__(self, run: Callable[[threading.Event], None], name: str) -> None:
        self._run = run
        self._name = name
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def keep(self, wanted: bool) -> None:
        if wanted and self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name=self._name)
            self._thread.start()
        elif not wanted and self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None


def writes_broker_files(settings: Settings) -> bool:
    """Whether the broker's users are ours to keep: access is on, and its files are ours or named."""
    return settings.auth and (settings.broker_password_file is not None or settings.mqtt_url is None)


def keeps_broker_users(settings: Settings) -> bool:
    """Whether the broker's users are ours: by its files, or because it asks us (EMQX)."""
    return writes_broker_files(settings) or (settings.auth and settings.broker_secret is not None)


def credential_sync(settings: Settings, database: Database, kicker: Kicker | None = None) -> CredentialSync:
    mode = int(settings.broker_file_mode, 8)
    if not writes_broker_files(settings):
        return CredentialSync(database, None, (), mode, kicker=kicker)
    files = wiring.broker_files(settings)
    secret, reader = wiring.installation_secret(settings), wiring.authority_reader(settings)
    credentials = DeviceCredentials(database, hash_key=secret, read_authority=reader)
    own = (settings.broker_certificate_file, settings.broker_key_file)
    certificates = CertificateWriter(
        CertificateFiles.beside(files[0]),
        credentials.authority,
        wiring.broker_names(settings),
        None if own[0] is None or own[1] is None else (own[0], own[1]),
        mode,
    )
    return CredentialSync(
        database, files, wiring.broker_services(settings), mode, certificates=certificates, kicker=kicker
    )


def broker_kicker(settings: Settings) -> Kicker:
    """Who closes connections of revoked credentials."""
    address = parse_broker_url(wiring.connect(settings).inner_mqtt_url)
    return Kicker(address, wiring.kicking_service(settings), settings.mqtt_ca_file)
