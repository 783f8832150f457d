"""The worker on a real database: one leads, broker files follow the database, expiry, partitions."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from context_api.ngsild.changes import CreateEntity
from context_api.ngsild.model import Entity
from context_api.store.database import Database, open_database
from context_api.store.heartbeat import list_heartbeats
from context_api.store.leader import Leadership
from context_api.store.store import Store
from deploy import upkeep
from deploy.settings import Settings, read_settings
from deploy.worker import run
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.integration.notifications.writer import (
    add_subscription,
    enqueue,
    get_counters,
    open_connection,
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[Settings]:
    """A worker in a thread, writing broker files into `tmp_path`."""
    settings = read_settings(
        data_dir=tmp_path,
        database_url=database_url,
        broker_password_file=tmp_path / "passwords",
        broker_acl_file=tmp_path / "acl",
        instance="test",
    )
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    yield settings
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def wait_for(path: Path, text: str) -> str:
    deadline = time.monotonic() + 60
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{text!r} does not come into {path}"
        time.sleep(0.02)
    return path.read_text()


def test_one_leads_until_it_goes(database_url: str) -> None:
    first, second = Leadership(database_url, "role"), Leadership(database_url, "role")
    assert first.claim()
    assert first.claim()
    assert not second.claim()
    assert Leadership(database_url, "another role").claim()
    first.release()
    assert second.claim()
    second.release()


def test_who_loses_its_connection_leads_no_more(database_url: str, postgres_url: str) -> None:
    leader = Leadership(database_url, "role")
    assert leader.claim()
    with psycopg.connect(postgres_url, autocommit=True) as administrator:
        name = database_url.rpartition("/")[2]
        administrator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
    with pytest.raises(Exception, match="terminat"):
        leader.claim()
    assert leader.claim()
    leader.release()


def test_a_registered_device_is_in_the_files_at_once(worker: Settings, database: Database) -> None:
    assert worker.broker_password_file is not None
    assert worker.broker_acl_file is not None
    passwords = wait_for(worker.broker_password_file, "machi-bridge:$7$")
    assert passwords.startswith("# generation 0\n")
    assert "pattern write machi/v1/%u/up" in worker.broker_acl_file.read_text()
    registry = DeviceRegistry(database, hash_key=b"k" * 16)
    draft = DeviceDraft(
        id="aq-001", profile="air-quality", location={"type": "Point", "coordinates": [139.4685, 35.7546]}
    )
    registered = registry.register(Store(database).tenant("default"), draft)
    wait_for(worker.broker_password_file, "default/aq-001:$7$")
    (worker.data_dir / "passwords.applied").write_text(f"{registered.generation}\n")
    assert registry.wait_applied(registered.generation, 30.0)
    assert worker.broker_password_file.stat().st_mode & 0o777 == 0o600


def test_it_shows_signs_of_life(worker: Settings, database: Database) -> None:
    deadline = time.monotonic() + 60
    while not list_heartbeats(database):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [beat] = list_heartbeats(database)
    assert (beat.process, beat.instance, beat.ready) == ("worker", "test", True)


def test_entities_past_their_time_are_removed(database: Database) -> None:
    store = Store(database)
    access = store.tenant("default")
    now = time.time_ns() // 1000
    for name, expires_at in (("old", now + 200_000), ("young", now + 60_000_000), ("eternal", None)):
        entity = Entity(id=f"urn:ngsi-ld:T:{name}", types=("urn:t",), attributes={}, expires_at=expires_at)
        [outcome] = store.apply(access, [CreateEntity(entity_id=entity.id, entity=entity)])
        assert outcome.error is None
    time.sleep(0.3)
    assert upkeep.expire_entities(store) == "1"
    assert upkeep.expire_entities(store) == ""
    left = store.get_entities(access, [f"urn:ngsi-ld:T:{name}" for name in ("old", "young", "eternal")])
    assert sorted(left) == ["urn:ngsi-ld:T:eternal", "urn:ngsi-ld:T:young"]


def test_partitions_are_made_and_dropped(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "create table machi.change_20200101 partition of machi.change"
            " for values from ('2020-01-01') to ('2020-01-02')"
        )
    assert upkeep.roll_partitions(database_url).endswith("dropped 1")
    assert upkeep.roll_partitions(database_url) == ""


def test_what_waits_in_a_dropped_partition_is_a_dead_letter(database_url: str) -> None:
    with open_connection(database_url) as connection:
        connection.execute(
            "create table machi.outbox_20200101 partition of machi.outbox"
            " for values from ('2020-01-01') to ('2020-01-02')"
        )
        key = add_subscription(connection, "a")
        old, new = (enqueue(connection, key, f"urn:e:{n}") for n in range(2))
        connection.execute("update machi.outbox set day = '2020-01-01' where id = %s", [old])
        assert upkeep.roll_partitions(database_url).endswith("dropped 1")
        counters = get_counters(connection, key)
        assert (counters["matched"], counters["dead_lettered"]) == (2, 1)
        left = connection.execute("select id from machi.outbox where state = 0").fetchall()
        assert left == [(new,)]
