"""A recording, loaded into history past the broker."""

import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from context_api.ngsild.query import TemporalQuery
from context_api.store.access import Access
from context_api.store.backfill import BackfillOutcome
from context_api.store.database import Database
from context_api.store.store import Store
from devices.replay import ReplaySettings, ReplayStatus, backfill, parse_map, run_backfill
from tests.integration.devices.platform import API_KEY, Platform
from tests.integration.devices.test_replay import MAP

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def settings(platform: Platform, tmp_path: Path) -> ReplaySettings:
    """A thousand levels of two rivers, one a second; one of them is no number."""
    seconds = [f"{second // 60:02}:{second % 60:02}" for second in range(500)]
    rows = [f"2023-08-10 09:{second},{code},{code}.5" for second in seconds for code in (0, 1)]
    lines = ["at,code,level", *rows, "2023-08-11 00:00:00,0,x", ""]
    (tmp_path / "levels.csv").write_text("\n".join(lines))
    return ReplaySettings(
        file=tmp_path / "levels.csv",
        map=parse_map(MAP),
        api_url=platform.url,
        mqtt_url=platform.broker.url,
        data_dir=tmp_path,
        api_key=API_KEY,
    )


def test_a_recording_becomes_history_and_nothing_else(
    settings: ReplaySettings, database: Database, access: Access, subscriber: list[mqtt.MQTTMessage]
) -> None:
    status = run_backfill(settings, database, threading.Event())
    assert (status.phase, status.devices, status.values) == ("done", 2, 1000)
    assert status.outcome == BackfillOutcome(1000, 0, 0)
    store = Store(database)
    entities = store.get_entities(access, ["urn:ngsi-ld:RiverLevelObserved:river-0"])
    assert entities == {}
    assert subscriber == []
    with database.connection() as connection:
        rows = connection.execute(
            "select s.entity_id, s.unit_code, count(*), min(o.value), bool_and(o.has_observed_at)"
            " from observation o join series s on s.id = o.series_id"
            " where not starts_with(s.entity_id, 'urn:ngsi-ld:Device:') group by 1, 2 order by 1"
        ).fetchall()
        changed = connection.execute("select distinct split_part(entity_id, ':', 3) from change").fetchall()
    assert changed == [("Device",)]  # those of the devices, when they were registered
    assert [row[1:] for row in rows] == [("MTR", 500, 0.5, True), ("MTR", 500, 1.5, True)]
    assert store.get_temporal(access, rows[0][0], TemporalQuery()) is not None


def test_it_goes_on_where_it_was_stopped(
    settings: ReplaySettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "ROWS_PER_TRANSACTION", 100)
    stop = threading.Event()

    def stop_soon(status: ReplayStatus) -> None:
        if status.outcome is not None and status.outcome.stored >= 300:
            stop.set()

    first = run_backfill(settings, database, stop, stop_soon)
    assert first.outcome == BackfillOutcome(300, 0, 0)
    again = run_backfill(settings, database, threading.Event())
    assert again.outcome == BackfillOutcome(700, 300, 0)
    assert run_backfill(settings, database, threading.Event()).outcome == BackfillOutcome(0, 1000, 0)
