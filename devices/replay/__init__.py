"""Recorded data, played over MQTT as if its devices were live."""

from devices.replay.backfill import run_backfill
from devices.replay.map import MapError, ReplayMap, built_in_map, parse_map
from devices.replay.run import ReplaySettings, ReplayStatus, run

__all__ = [
    "MapError",
    "ReplayMap",
    "ReplaySettings",
    "ReplayStatus",
    "built_in_map",
    "parse_map",
    "run",
    "run_backfill",
]
