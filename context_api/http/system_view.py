"""Writes how the installation is doing, as the API shows it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from context_api.ngsild.time import format_datetime
from context_api.store.heartbeat import STARTED_AT, Heartbeat, own_version
from context_api.store.system import GROWTH_DAYS, PUT_ASIDE_MAX, Condition, JobRun, Sample, Sizes

_HIDDEN_JOBS = frozenset({"heartbeat", "book"})
"""They are seen by their effect: the sign of life of the worker, and this list."""
_HOUR_S = 3_600.0
_DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was looked at."""

    condition: Condition
    beats: Sequence[Heartbeat]
    reasons: Sequence[str]
    expected: Collection[str]
    limit_s: float
    """A process without a sign of life for longer is silent."""
    answer_s: float
    """How long the database took for a small question."""
    redis: bool | None
    """Whether it answers; None: there is none."""


def describe(seen: Seen) -> dict[str, Any]:
    """Write all of it."""
    condition = seen.condition
    return {
        "at": _time(condition.server.now),
        "ready": not seen.reasons,
        "processes": _processes(seen),
        "broker": _broker(seen),
        "database": _database(seen),
        "redis": {None: "none", True: "working", False: "silent"}[seen.redis],
        "ingest": _ingest(condition),
        "late": _late(seen),
        "disk": None if condition.sizes is None else _disk(condition.sizes),
        "quarantine": _quarantine(condition),
        "deliveries": {
            "waiting": condition.waiting.waiting,
            "deadLettered": condition.waiting.dead_lettered,
            "resting": condition.waiting.resting,
            "paused": condition.waiting.paused,
        },
        "jobs": [_job(run) for run in condition.runs if run.job not in _HIDDEN_JOBS],
        "indexes": {state: count for state, (count, _) in sorted(condition.work.indexes.items())},
        "imports": {state: count for state, (count, _) in sorted(condition.work.imports.items())},
        "aggregates": {
            "until": _time(condition.aggregated.done_until),
            "dirty": condition.aggregated.dirty,
        },
    }


def _processes(seen: Seen) -> list[dict[str, Any]]:
    """This one, those that gave a sign of life, and those that are expected and gave none."""
    own: dict[str, Any] = {
        "process": "api",
        "instance": None,
        "state": "working",
        "detail": "",
        "ageS": 0.0,
        "since": _time(STARTED_AT),
        "version": own_version(),
        "figures": {},
    }
    heard = [_process(beat, seen.limit_s) for beat in seen.beats if not _is_replaced(beat, seen)]
    names = {one["process"] for one in heard}
    missing = [
        {
            **own,
            "process": name,
            "state": "silent",
            "detail": "no sign of life",
            "ageS": None,
            "since": None,
            "version": None,
        }
        for name in seen.expected
        if name not in names
    ]
    return [own, *heard, *missing]


def _process(beat: Heartbeat, limit_s: float) -> dict[str, Any]:
    is_silent = beat.age_s > limit_s
    return {
        "process": beat.process,
        "instance": beat.instance,
        "state": "silent" if is_silent else "working" if beat.ready else "troubled",
        "detail": beat.detail,
        "ageS": round(beat.age_s, 1),
        "since": _time(beat.started_at),
        "version": beat.version,
        "figures": {} if is_silent else beat.figures,
    }


def _is_replaced(beat: Heartbeat, seen: Seen) -> bool:
    """Whether it fell silent and another instance of its kind does the work."""
    return beat.age_s > seen.limit_s and any(_is_at_work(other, beat.process, seen) for other in seen.beats)


def _is_at_work(beat: Heartbeat, process: str, seen: Seen) -> bool:
    return beat.process == process and beat.ready and beat.age_s <= seen.limit_s


def _broker(seen: Seen) -> dict[str, Any]:
    """What the bridges say of it: nobody else speaks with it."""
    said = [str(one.figures["broker"]) for one in _alive(seen, "bridge") if "broker" in one.figures]
    if not said:
        return {"state": "unknown", "detail": ""}
    trouble = next((text for text in said if text != "ok"), "")
    return {"state": "troubled" if trouble else "working", "detail": trouble}


def _alive(seen: Seen, process: str) -> list[Heartbeat]:
    return [beat for beat in seen.beats if beat.process == process and beat.age_s <= seen.limit_s]


def _database(seen: Seen) -> dict[str, Any]:
    server = seen.condition.server
    edition = None
    if server.timescale is not None:
        edition = "community" if server.licence == "timescale" else "apache"
    return {
        "version": server.version,
        "timescale": server.timescale,
        "edition": edition,
        "since": _time(server.since),
        "connections": server.connections,
        "connectionsMax": server.connections_max,
        "answerMs": round(seen.answer_s * 1_000, 1),
    }


def _ingest(condition: Condition) -> dict[str, Any]:
    """Messages by all doors, in messages per second; null where nothing was sampled yet."""
    hour, day = condition.hour, condition.day
    return {
        "perSecond": _rate(hour[-2:]),
        "lastHour": _received(hour),
        "lastDay": _received(day),
        "byMinute": _rates(hour),
        "byQuarter": _rates(day),
    }


def _rates(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The rate up to each sample."""
    pairs = pairwise(samples)
    return [{"at": _time(pair[1].at), "perSecond": _rate(pair)} for pair in pairs]


def _rate(samples: Sequence[Sample]) -> float | None:
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    elapsed = (last.at - first.at).total_seconds()
    return round(max(0, last.messages - first.messages) / elapsed, 3) if elapsed > 0 else None


def _received(samples: Sequence[Sample]) -> int | None:
    return max(0, samples[-1].messages - samples[0].messages) if len(samples) > 1 else None


def _late(seen: Seen) -> dict[str, Any]:
    """The worst of the bridges, over the last ten seconds; null where nothing came in."""
    figures = [beat.figures for beat in _alive(seen, "bridge")]

    def worst(name: str) -> float | None:
        return max((one[name] for one in figures if one.get(name) is not None), default=None)

    return {
        "messagesPerS": sum(one.get("messagesPerS") or 0.0 for one in figures) if figures else None,
        "commitS": worst("commitS"),
        "readingAgeS": worst("readingAgeS"),
        "inFlight": sum(one.get("inFlight") or 0 for one in figures) if figures else None,
        "silentS": min((one["silentS"] for one in figures if one.get("silentS") is not None), default=None),
    }


def _disk(sizes: Sizes) -> dict[str, Any]:
    growth = None
    if sizes.before is not None:
        since, before = sizes.before
        elapsed = (sizes.at - since).total_seconds()
        if elapsed >= _HOUR_S:  # less says nothing: files grow by the piece
            growth = round((sizes.database_bytes - before) / elapsed * _DAY_S)
    full_in = None
    if growth is not None and growth > 0 and sizes.free_bytes is not None:
        full_in = round(sizes.free_bytes / growth, 1)
    return {
        "at": _time(sizes.at),
        "databaseBytes": sizes.database_bytes,
        "freeBytes": sizes.free_bytes,
        "parts": sizes.parts,
        "bytesPerDay": growth,
        "growthSince": None if sizes.before is None else _time(sizes.before[0]),
        "growthDays": GROWTH_DAYS,
        "fullInDays": full_in,
    }


def _quarantine(condition: Condition) -> dict[str, Any]:
    day = condition.day
    aside = None if condition.sizes is None else condition.sizes.put_aside
    return {
        "messages": aside,
        "messagesMax": PUT_ASIDE_MAX,
        "lastDay": max(0, day[-1].quarantined - day[0].quarantined) if len(day) > 1 else None,
    }


def _job(run: JobRun) -> dict[str, Any]:
    return {
        "job": run.job,
        "intervalS": run.interval_s,
        "lastAt": _time(run.last_at),
        "durationMs": run.duration_ms,
        "doneAt": _time(run.done_at),
        "failedAt": _time(run.failed_at),
        "failures": run.failures,
        "runs": run.runs,
        "detail": run.detail,
        "error": run.error,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(round(at.timestamp() * 1e6))
