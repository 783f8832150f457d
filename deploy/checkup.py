"""What `machi doctor` looks at. Each check says what it found, or what is wrong and how to mend it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from context_api.store import heartbeat
from context_api.store.aggregates_refresh import Progress, read_progress
from context_api.store.columnstore import read_compressed
from context_api.store.database import Database, connect, open_database
from context_api.store.devices import get_generation
from context_api.store.errors import StoreError, wrapped_errors
from context_api.store.features import read_features
from context_api.store.migrate import list_migrations
from context_api.store.retention import list_all_policies, read_compress_days
from context_api.store.roles import OUTWARD, WRITER, has_role
from deploy import wiring
from deploy.broker_checkup import check_broker
from deploy.data_folder import DataFolder
from deploy.embedded.ports import is_listening
from deploy.errors import CommandError
from deploy.launcher.preflight import SPACE_NEEDED
from deploy.settings import Settings
from deploy.worker import writes_broker_files

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_PROCESSES = ("bridge", "notifier", "worker")
_SILENT_S = 10.0
_AGGREGATES_LATE = timedelta(hours=3)


class Finding(NamedTuple):
    """One line of the doctor's."""

    subject: str
    is_good: bool
    detail: str


def check_all(settings: Settings) -> list[Finding]:
    """Look at everything that can be reached; a check that fails does not stop the others."""
    findings = [_check_space(settings)]
    try:
        found = wiring.connect(settings)
    except CommandError as error:
        return [*findings, Finding("database", False, str(error))]
    findings += _check_database(found)
    findings.append(_check_broker(settings, found))
    if findings[-1].is_good:
        findings += [Finding(*told) for told in check_broker(settings, found)]
    findings.append(_check_redis(found))
    database = open_database(found.database_url)
    try:
        checks: list[Callable[[], Iterator[Finding]]] = [lambda: _check_processes(database)]
        if writes_broker_files(settings):
            checks.append(lambda: _check_credentials(database))
        checks.append(lambda: _check_history(found.database_url))
        for check in checks:
            try:
                findings += check()
            except StoreError as error:
                findings.append(Finding("database", False, str(error)))
    finally:
        database.close()
    return findings


def _check_space(settings: Settings) -> Finding:
    folder = DataFolder(settings.data_dir).path
    if not folder.exists():
        return Finding("data folder", True, f"{folder} does not exist yet")
    free = shutil.disk_usage(folder).free
    return Finding("data folder", free > SPACE_NEEDED, f"{folder}, {free // 1024**2} MB free")


def _check_database(found: wiring.Connections) -> Iterator[Finding]:
    try:
        with connect(found.database_url, statement_timeout_ms=5_000) as connection:
            features = read_features(connection)
            edition = f"TimescaleDB {features.timescale_version} ({features.edition})"
            offered = edition if features.timescale_version else "without TimescaleDB"
            yield Finding("database", True, f"PostgreSQL {features.server_version}, {offered}")
            applied = {name for (name,) in connection.execute("select name from machi.migration")}
            missing = [item.name for item in list_migrations() if item.name not in applied]
            detail = f"missing {', '.join(missing)}: machi migrate" if missing else "up to date"
            yield Finding("schema", not missing, detail)
            yield _tell_roles(connection)
    except StoreError as error:
        yield Finding("database", False, str(error))


def _tell_roles(connection: "Connection[TupleRow]") -> Finding:
    """Without the groups every process is the owner of all tables, which works and is more than it needs."""
    lacking = [name for name in (WRITER, OUTWARD) if not has_role(connection, name)]
    if not lacking:
        return Finding("database users", True, f"{WRITER} changes rows, {OUTWARD} reads")
    create = "; ".join(f"create role {name} nologin" for name in lacking)
    detail = f"{' and '.join(lacking)} missing, and may not be made by this user"
    mend = f"let the server's administrator run `{create}`, then machi migrate"
    return Finding("database users", False, f"{detail}: {mend}")


def _check_broker(settings: Settings, found: wiring.Connections) -> Finding:
    address = urlsplit(found.mqtt_url)
    host, port = address.hostname or "", address.port or (8883 if address.scheme == "mqtts" else 1883)
    if not is_listening(port, host):
        return Finding(
            "broker", False, f"nobody listens on {host}:{port}: start it, or correct MACHI_MQTT_URL"
        )
    if settings.mqtt_url is not None:
        return Finding("broker", True, f"{host}:{port}")
    return Finding("broker", True, f"{host}:{port}; a killed broker forgets what its last 2 s brought")


def _check_redis(found: wiring.Connections) -> Finding:
    import redis

    if found.redis_url is None:
        return Finding("redis", True, "none: everything works, some of it slower")
    try:
        with redis.Redis.from_url(found.redis_url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return Finding("redis", False, f"{error}; everything works without it, some of it slower")
    return Finding("redis", True, "answers")


def _check_processes(database: Database) -> Iterator[Finding]:
    beats = heartbeat.list_heartbeats(database)
    for process in _PROCESSES:
        living = [beat for beat in beats if beat.process == process and beat.age_s < _SILENT_S]
        if not living:
            yield Finding(
                process, False, f"no sign of life for {_SILENT_S:g} s: start it with machi {process}"
            )
        for beat in living:
            yield Finding(f"{process} ({beat.instance})", beat.ready, beat.detail or "ready")


def _check_credentials(database: Database) -> Iterator[Finding]:
    wanted, applied = get_generation(database)
    if wanted == applied:
        yield Finding("broker users", True, f"generation {applied}, as in the database")
    else:
        yield Finding(
            "broker users",
            False,
            f"the broker has generation {applied}, the database {wanted}: does the worker run, and can the "
            "broker read its password file?",
        )


def _check_history(url: str) -> Iterator[Finding]:
    """How far the aggregates are, what is compressed, what is dropped when."""
    with connect(url, statement_timeout_ms=5_000) as connection, wrapped_errors():
        yield _describe_progress(read_progress(connection))
        if read_features(connection).has_compression:
            chunks, compressed, size = read_compressed(connection)
            detail = f"{compressed} of {chunks} chunks compressed, {size // 1024**2} MB"
            yield Finding("columnstore", True, f"{detail}; after {read_compress_days(connection)} days")
        policies = list_all_policies(connection)
    for tenant, type_, raw_days in policies:
        yield Finding("retention", True, f"{type_} of {tenant}: values are dropped after {raw_days} days")
    if not policies:
        yield Finding("retention", True, "nothing is ever dropped")


def _describe_progress(progress: Progress) -> Finding:
    if progress.done_until is None:
        return Finding("aggregates", False, "not begun: does the worker run? Answers come from raw values")
    age = datetime.now(UTC) - progress.done_until
    detail = f"ready until {progress.done_until:%Y-%m-%d %H:%M} UTC, {progress.dirty} ranges to be done again"
    return Finding("aggregates", age < _AGGREGATES_LATE, detail)
