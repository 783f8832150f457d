"""The scripts, SQL and configuration that docker-compose.yml mounts, run here without an engine."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from context_api.store.device_credentials import BrokerUsers
from context_api.store.migrate import migrate
from deploy.embedded.mosquitto import find_mosquitto
from deploy.embedded.ports import free_port as find_free_port
from deploy.embedded.redis import find_redis_server
from devices.authority import create_authority
from devices.broker_certificates import CertificateFiles, CertificateWriter
from devices.broker_files import render_broker_files
from devices.credentials import BRIDGE_RULES, Service, service_hash
from tests.support import databases
from tests.unit.compose import stack

COMPOSE = stack.ROOT / "deploy/compose"


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


# --- The broker -------------------------------------------------------------------------------------------


def _users(generation: int, *names: str) -> BrokerUsers:
    hashes = [(name, service_hash(Service(name, f"password of {name}", ()))) for name in names]
    return BrokerUsers(generation=generation, hashes=hashes, gateways=[])


def _write(folder: Path, generation: int, *names: str) -> None:
    files = render_broker_files(_users(generation, *names), [Service("machi-bridge", "bridge", BRIDGE_RULES)])
    authority = create_authority()
    certificates = CertificateFiles.beside(folder / "passwords")
    CertificateWriter(certificates, lambda: authority, ["localhost"], None, 0o600).write([], generation)
    (folder / "acl").write_text(files.acl)
    new = folder / "passwords.new"
    new.write_text(files.passwords)
    new.replace(folder / "passwords")


def _can_connect(port: int, username: str) -> bool:
    codes: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(username, f"password of {username}")
    client.on_connect = lambda _client, _data, _flags, code, _properties: codes.append(code.value)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_for(lambda: bool(codes), "an answer to CONNECT")
    client.loop_stop()
    client.disconnect()
    return codes[0] == 0


def _applied(folder: Path) -> str:
    file = folder / "passwords.applied"
    return file.read_text().strip() if file.exists() else ""


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[tuple[Path, int, subprocess.Popen[bytes]]]:
    """The entry script with the shipped configuration, on another port and in other folders."""
    folder = tmp_path / "access"
    folder.mkdir()
    configuration = (COMPOSE / "mosquitto/mosquitto.conf").read_text()
    configuration = configuration.replace("listener 1883", f"listener {free_port} 127.0.0.1")
    for port in ("8883", "8884", "1884"):
        configuration = configuration.replace(f"listener {port}", f"listener {find_free_port()} 127.0.0.1")
    configuration = configuration.replace("/machi/broker", str(folder)).replace(
        "/mosquitto/data", str(tmp_path)
    )
    if os.geteuid() == 0:
        configuration += "user root\n"  # the files are ours; in its container it is no root to begin with
    (tmp_path / "mosquitto.conf").write_text(configuration)
    process = subprocess.Popen(
        ["/bin/sh", str(COMPOSE / "mosquitto/entrypoint.sh")],
        env={
            "PATH": os.environ["PATH"],
            "MACHI_BROKER_FOLDER": str(folder),
            "MACHI_MOSQUITTO": str(find_mosquitto()),
            "MACHI_MOSQUITTO_CONFIG": str(tmp_path / "mosquitto.conf"),
        },
        stderr=(tmp_path / "log").open("wb"),
    )
    yield folder, free_port, process
    if process.poll() is None:
        _stop(process)


@pytest.mark.mosquitto
def test_the_broker_starts_when_its_files_are_there_and_learns_of_each_new_device(
    broker: tuple[Path, int, subprocess.Popen[bytes]],
) -> None:
    folder, port, process = broker
    time.sleep(0.7)
    assert not (folder / "passwords.applied").exists()

    _write(folder, 4, "default/aq-001")
    wait_for(lambda: _applied(folder) == "4", "generation 4")
    assert _can_connect(port, "default/aq-001")
    assert not _can_connect(port, "default/aq-002")

    _write(folder, 5, "default/aq-001", "default/aq-002")
    wait_for(lambda: _applied(folder) == "5", "generation 5")
    assert _can_connect(port, "default/aq-002")

    _write(folder, 6, "default/aq-002")
    wait_for(lambda: _applied(folder) == "6", "generation 6")
    assert not _can_connect(port, "default/aq-001")

    assert _stop(process) == 0
    with pytest.raises(ConnectionRefusedError):
        _can_connect(port, "default/aq-002")


@pytest.mark.mosquitto
def test_the_script_ends_with_the_broker(broker: tuple[Path, int, subprocess.Popen[bytes]]) -> None:
    """A broker that dies must not be hidden by its script: the engine starts both again."""
    folder, _, process = broker
    _write(folder, 1, "default/aq-001")
    wait_for(lambda: _applied(folder) == "1", "generation 1")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    names = {child: Path(f"/proc/{child}/comm").read_text().strip() for child in children}

    os.kill(int(next(child for child, name in names.items() if name == "mosquitto")), signal.SIGKILL)

    assert process.wait(30) == 128 + signal.SIGKILL


# --- The database -----------------------------------------------------------------------------------------


def _init_statements(secrets: dict[str, str]) -> tuple[list[str], list[str]]:
    """The SQL of the init script for psql: before and after \\connect, its variables filled in."""
    script = (COMPOSE / "database/900_machi.sh").read_text()
    text = script.split("<<'SQL'\n")[1].split("\nSQL\n")[0]
    variables = dict(re.findall(r"^\\getenv (\w+) (\w+)$", text, re.MULTILINE))
    for name, variable in variables.items():
        text = text.replace(f":'{name}'", f"'{secrets[variable]}'")
    text = re.sub(r"^\\getenv.*$", "", text, flags=re.MULTILINE)
    before, after = re.split(r"^\\connect machi$", text, flags=re.MULTILINE)
    return _split(before), _split(after)


def _split(text: str) -> list[str]:
    return [statement.strip() for statement in text.split(";") if statement.strip()]


@pytest.fixture
def prepared(postgres_url: str) -> Iterator[dict[str, str]]:
    """A database made by the init script, under names of the test's own; its owner has migrated it."""
    names = {"machi_reader": "machi_reader", "machi_grafana": "machi_test_grafana"}
    secrets = {"MACHI_DATABASE_PASSWORD": "owner-pw", "MACHI_GRAFANA_DATABASE_PASSWORD": "reader-pw"}
    before, after = _init_statements(secrets)
    host = postgres_url.split("@", 1)[1].rsplit("/", 1)[0]

    def rename(statement: str) -> str:
        for old, new in names.items():
            statement = statement.replace(old, new)
        return re.sub(r"\b(role|owner|database) machi\b", r"\1 machi_test_stack", statement)

    def clean(connection: "psycopg.Connection[Any]") -> None:
        connection.execute("drop database if exists machi_test_stack with (force)")
        connection.execute("drop role if exists machi_test_grafana")
        connection.execute("drop role if exists machi_test_stack")

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        clean(connection)
        for statement in before:
            if "create role machi_reader" in statement:
                continue  # of the whole server: another test's migrations may have made it
            connection.execute(rename(statement).encode())
    superuser = databases.url_of(postgres_url, "machi_test_stack")
    if databases.has_timescaledb(postgres_url):
        with psycopg.connect(superuser, autocommit=True) as connection:
            for statement in after:
                connection.execute(statement.encode())
    owner = f"postgresql://machi_test_stack:owner-pw@{host}/machi_test_stack"
    migrate(owner)
    yield {"owner": owner, "reader": f"postgresql://machi_test_grafana:reader-pw@{host}/machi_test_stack"}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        clean(connection)


@pytest.fixture(autouse=True)
def _reader_role(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        if connection.execute("select from pg_roles where rolname = 'machi_reader'").fetchone() is None:
            connection.execute("create role machi_reader nologin")


def test_the_owner_is_no_superuser_and_the_schema_is_complete(prepared: dict[str, str]) -> None:
    with psycopg.connect(prepared["owner"]) as connection:
        row = connection.execute(
            "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user"
        ).fetchone()
        assert row == (False, True, False), "it makes the readers of tenants, and is no superuser for it"
    assert migrate(prepared["owner"]) == []


def _dashboard_queries() -> list[tuple[str, str]]:
    dashboard = json.loads((COMPOSE / "grafana/dashboards/town.json").read_text())
    queries = [(panel["title"], panel["targets"][0]["rawSql"]) for panel in dashboard["panels"]]
    return queries + [(variable["name"], variable["query"]) for variable in dashboard["templating"]["list"]]


def _as_grafana_sends_it(query: str) -> str:
    """Its variables and macros filled in, as the PostgreSQL data source does with TimescaleDB off."""
    for name, value in {
        "tenant": "'default'",
        "type": "'AirQualityObserved'",
        "entity": "'urn:ngsi-ld:AirQualityObserved:aq-001'",
        "attribute": "'pm25','no2'",
    }.items():
        query = query.replace(f"${{{name}:sqlstring}}", value)
    query = re.sub(
        r"\$__timeGroupAlias\((\w+), \$__interval\)",
        r"""date_bin('60 s', \1, 'epoch') as "time\"""",
        query,
    )
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 between now() - interval '1 day' and now()", query)
    assert "$" not in query
    return query


@pytest.mark.parametrize(("title", "query"), _dashboard_queries(), ids=lambda value: value[:30])
def test_every_query_of_the_dashboard_runs_as_grafanas_reader(
    prepared: dict[str, str], title: str, query: str
) -> None:
    with psycopg.connect(prepared["reader"]) as connection:
        connection.execute(_as_grafana_sends_it(query).encode()).fetchall()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create temporary table mine (x integer)")


def test_grafanas_reader_sees_no_table(prepared: dict[str, str]) -> None:
    with psycopg.connect(prepared["reader"], autocommit=True) as connection:
        for table in ("entity", "api_key", "device_credential", "observation", "subscription"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from machi.{table}".encode())
        assert connection.execute("show statement_timeout").fetchone() == ("30s",)


# --- The cache --------------------------------------------------------------------------------------------


def test_the_cache_asks_for_its_password_and_writes_nothing(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "valkey-server").symlink_to(find_redis_server())
    command = stack.services()["cache"]["command"][0].replace("$$", "$")
    command = command.replace("dir /tmp", f"dir {tmp_path}\nport {free_port}\nbind 127.0.0.1")
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "MACHI_REDIS_PASSWORD": "cache-pw"},
        stdout=subprocess.DEVNULL,
    )
    try:
        client = redis.Redis(port=free_port, password="cache-pw")

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        wait_for(answers, "the cache")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=free_port).ping()
        assert client.config_get("maxmemory*")["maxmemory-policy"] == "allkeys-lru"
        assert client.config_get("save") == {"save": ""}
    finally:
        assert _stop(process) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["valkey-server"]
