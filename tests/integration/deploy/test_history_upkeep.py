"""What the worker does for history, and what the doctor says of it."""

import threading
import time
from pathlib import Path

from context_api.store.access import Access
from context_api.store.budget import Budget
from context_api.store.database import open_database
from context_api.store.retention import Retention, put_policy
from context_api.store.store import Store
from deploy import upkeep
from deploy.checkup import check_all
from deploy.settings import read_settings
from deploy.worker import run

TYPE = "https://uri.etsi.org/ngsi-ld/default-context/Room"


def test_the_worker_begins_to_aggregate_and_the_doctor_sees_it(database_url: str, tmp_path: Path) -> None:
    settings = read_settings(
        data_dir=tmp_path, database_url=database_url, redis_url="redis://127.0.0.1:1/0", auth=False
    )

    def said() -> dict[str, tuple[bool, str]]:
        return {finding.subject: (finding.is_good, finding.detail) for finding in check_all(settings)}

    is_good, detail = said()["aggregates"]
    assert (is_good, detail.split(":")[0]) == (False, "not begun")
    assert said()["retention"] == (True, "nothing is ever dropped")
    database = open_database(database_url)
    access = Access("default", Store(database).tenant("default").tenant_id, "test")
    put_policy(database, access, TYPE, Retention(raw_days=30))
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not said()["aggregates"][0]:
            assert time.monotonic() < deadline, said()["aggregates"]
            time.sleep(0.1)
    finally:
        stop.set()
        thread.join(60)
        database.close()
    assert not thread.is_alive()
    assert said()["aggregates"][1].startswith("ready until ")
    assert said()["retention"] == (True, f"{TYPE} of default: values are dropped after 30 days")


def test_compression_is_left_out_where_the_database_has_none(database_url: str) -> None:
    assert upkeep.compress_history(database_url, Budget(60)) == ""
    assert upkeep.drop_history(database_url, Budget(60)) == ""
