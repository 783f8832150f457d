"""A worker that is killed in the middle of an import: the next one finishes it, passwords included."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from context_api.store.access import Access
from context_api.store.database import open_database
from context_api.store.store import Store
from devices.bulk.imports import DeviceImports
from devices.registry import DeviceRegistry
from tests.support.town import ROOT
from tests.support.waiting import wait_until

SECRET = "an installation's secret"
DEVICES = 600

pytestmark = pytest.mark.timeout(240)


@contextmanager
def worker_process(url: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    variables = {
        "MACHI_DATABASE_URL": url,
        "MACHI_DATA_DIR": str(folder),
        "MACHI_MQTT_URL": "mqtt://127.0.0.1:1",
        "MACHI_SECRET": SECRET,
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen([sys.executable, "-m", "deploy", "worker"], env={**os.environ, **variables})
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def test_what_a_killed_worker_began_the_next_one_finishes(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url)
    try:
        store = Store(database)
        registry = DeviceRegistry(database, hash_key=SECRET.encode())
        imports = DeviceImports(database, registry, SECRET.encode())
        access = Access("default", store.tenant("default").tenant_id, "operator")
        rows = "".join(f"n-{number:03},noise\r\n" for number in range(DEVICES))
        found = imports.accept(
            access, f"id,profile\r\n{rows}".encode(), file_name=None, is_dry_run=False, is_partial=False
        )
        with worker_process(database_url, tmp_path) as first:
            wait_until(lambda: imports.get(access, found.id).created or None)
            first.kill()
            first.wait(30)
        stopped = imports.get(access, found.id)
        with worker_process(database_url, tmp_path):
            wait_until(lambda: imports.get(access, found.id).registered_at, timeout_s=120)
        finished = imports.get(access, found.id)
        assert stopped.created <= finished.created == DEVICES
        assert (finished.updated, finished.unchanged, finished.failed) == (0, 0, 0)
        logins = imports.take_logins(access, found.id)
        assert len({login.device_id for login in logins}) == len(logins) == DEVICES
        for login in logins[:: DEVICES // 20]:
            username, password = login.credentials.username, login.credentials.password
            assert registry.verify(username, password) == ("default", login.device_id)
        with database.connection() as connection:
            row = connection.execute(
                "select count(*) from device_credential where revoked_at is null"
            ).fetchone()
        assert row == (DEVICES,)
    finally:
        database.close()
