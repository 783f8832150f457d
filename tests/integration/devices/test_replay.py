"""A recording, played over a real mosquitto."""

import json
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from devices.replay import ReplaySettings, ReplayStatus, parse_map, run
from tests.integration.devices.platform import API_KEY, Platform

pytestmark = pytest.mark.mosquitto

MAP = """
[time]
text = "{at}"
zone = "+09:00"
[[device]]
id = "river-{code}"
profile = "river-level"
values = { level = { column = "level", unitCode = "MTR" } }
"""


def _settings(platform: Platform, folder: Path, rows: int, speed: float | None) -> ReplaySettings:
    recorded = [
        f"2023-08-10 09:{row // 2 // 60:02}:{row // 2 % 60:02},{row % 2},{row}" for row in range(rows)
    ]
    (folder / "levels.csv").write_text("\n".join(["at,code,level", *recorded]) + "\n")
    return ReplaySettings(
        file=folder / "levels.csv",
        map=parse_map(MAP),
        api_url=platform.url,
        mqtt_url=platform.broker.url,
        data_dir=folder,
        api_key=API_KEY,
        speed=speed,
    )


def test_everything_arrives_in_order_with_its_time(
    platform: Platform, subscriber: list[mqtt.MQTTMessage], tmp_path: Path
) -> None:
    seen: list[ReplayStatus] = []
    status = run(_settings(platform, tmp_path, 1000, None), threading.Event(), seen.append)
    assert (status.phase, status.devices, status.rows, status.values) == ("done", 2, 1000, 1000)
    assert (status.published, status.acknowledged, status.recorded_until) == (
        1000,
        1000,
        "2023-08-10T00:08:19Z",
    )
    assert {"reading", "registering", "playing"} <= {item.phase for item in seen}
    deadline = time.monotonic() + 5
    while len(subscriber) < 1000 and time.monotonic() < deadline:
        time.sleep(0.02)
    for code in (0, 1):
        documents = [
            json.loads(message.payload)
            for message in subscriber
            if message.topic == f"machi/v1/default/river-{code}/up"
        ]
        assert [document["level"]["value"] for document in documents] == list(range(code, 1000, 2))
        assert documents[0]["observedAt"] == "2023-08-10T00:00:00Z"


def test_pace(platform: Platform, tmp_path: Path) -> None:
    """60 rows of 30 s at the speed of 20 take 1.45 s and more."""
    started = time.monotonic()
    status = run(_settings(platform, tmp_path, 60, 20.0), threading.Event())
    assert status.acknowledged == 60
    assert time.monotonic() - started >= 1.45


def test_stop(platform: Platform, tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    status = run(_settings(platform, tmp_path, 600, 1.0), stop)
    assert status.published < 600
