"""How the installation is doing, as the API tells it: values against a real database."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.http.routes import system
from context_api.http.settings import ApiSettings
from context_api.policy.roles import Role
from context_api.store import heartbeat
from context_api.store.database import Database, open_database
from context_api.store.keys import KeyDraft, create_key
from context_api.store.system import JobRun, find_data_folder, note_runs, read_condition, take_sample
from deploy.job_book import JobBook
from tests.integration.http.conftest import SECRET, Serve, problem

SYSTEM = "/api/v1/system"
GIGABYTE = 2**30


@pytest.fixture
def database(database_url: str) -> Any:
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _always_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "KEPT_S", 0.0)


def execute(database: Database, statement: str, *values: object) -> None:
    with database.connection() as connection:
        connection.execute(statement.encode(), values)


def processes(api: httpx.Client) -> dict[str, Any]:
    answer = api.get(SYSTEM)
    assert answer.status_code == 200, answer.text
    return {one["process"]: one for one in answer.json()["processes"]}


def test_a_new_installation_says_what_is_not_known_yet(api: httpx.Client) -> None:
    told = api.get(SYSTEM).json()
    assert told["ready"] is False
    assert {one["process"]: one["state"] for one in told["processes"]} == {
        "api": "working",
        "bridge": "silent",
        "notifier": "silent",
        "worker": "silent",
    }
    assert told["disk"] is None
    assert told["ingest"] == {
        "perSecond": None,
        "lastHour": None,
        "lastDay": None,
        "byMinute": [],
        "byQuarter": [],
    }
    assert told["broker"] == {"state": "unknown", "detail": ""}
    assert told["redis"] == "none"
    assert told["database"]["connectionsMax"] > told["database"]["connections"] > 0
    assert told["jobs"] == []
    assert told["aggregates"] == {"until": None, "dirty": 0}


def test_a_bridge_that_stops_is_silent(api: httpx.Client, database: Database) -> None:
    figures: dict[str, float | str | None] = {
        "messagesPerS": 12.5,
        "commitS": 0.25,
        "inFlight": 7,
        "silentS": 0.1,
        "broker": "ok",
    }
    heartbeat.beat(database, "bridge", "one", ready=True, figures=figures)
    told = api.get(SYSTEM).json()
    bridge = next(one for one in told["processes"] if one["process"] == "bridge")
    assert (bridge["state"], bridge["version"]) == ("working", heartbeat.own_version())
    assert bridge["since"] is not None
    assert bridge["figures"] == figures
    assert told["broker"] == {"state": "working", "detail": ""}
    assert told["late"] == {
        "messagesPerS": 12.5,
        "commitS": 0.25,
        "readingAgeS": None,
        "inFlight": 7,
        "silentS": 0.1,
    }
    execute(database, "update process_heartbeat set at = now() - interval '11 s'")
    told = api.get(SYSTEM).json()
    bridge = next(one for one in told["processes"] if one["process"] == "bridge")
    assert (bridge["state"], bridge["figures"]) == ("silent", {})
    assert told["broker"]["state"] == "unknown"
    assert told["late"]["messagesPerS"] is None
    heartbeat.beat(database, "bridge", "two", ready=True)
    assert processes(api)["bridge"]["instance"] == "two"  # the other was replaced
    heartbeat.forget(database, "bridge", "two")
    heartbeat.forget(database, "bridge", "one")
    assert processes(api)["bridge"]["detail"] == "no sign of life"


def test_troubles_are_told(api: httpx.Client, database: Database) -> None:
    detail = "broker: connection refused"
    heartbeat.beat(
        database, "bridge", "one", ready=False, detail=detail, figures={"broker": "connection refused"}
    )
    told = api.get(SYSTEM).json()
    bridge = next(one for one in told["processes"] if one["process"] == "bridge")
    assert (bridge["state"], bridge["detail"]) == ("troubled", detail)
    assert told["broker"] == {"state": "troubled", "detail": "connection refused"}


def test_rates_are_those_between_samples(api: httpx.Client, database: Database) -> None:
    sample = (
        "insert into system_sample"
        " (at, step, messages, quarantined, put_aside, database_bytes, free_bytes, parts)"
        " values (date_trunc('hour', now()) - %s * interval '1 minute', %s, %s, %s, %s, %s, %s,"
        " '{\"history\": 5}')"
    )
    now = "select extract(epoch from now() - date_trunc('hour', now())) / 60"
    with database.connection() as connection:
        past = float(connection.execute(now.encode()).fetchone()[0])  # type: ignore[index]
    for before, step, messages, put_aside in ((120, 2, 0, 1), (60, 2, 7_200, 4), (0, 2, 9_000, 9)):
        size = GIGABYTE if before == 120 else 2 * GIGABYTE
        execute(database, sample, before, step, messages, messages // 100, put_aside, size, 24 * GIGABYTE)
    told = api.get(SYSTEM).json()
    assert told["ingest"]["lastDay"] == 9_000
    assert [one["perSecond"] for one in told["ingest"]["byQuarter"]] == [2.0, 0.5]
    if past < 0.9:  # the one of an hour ago lies within the last hour
        assert told["ingest"]["perSecond"] == 0.5
    assert told["quarantine"] == {"messages": 9, "messagesMax": 100_000, "lastDay": 90}
    disk = told["disk"]
    assert disk["databaseBytes"] == 2 * GIGABYTE
    assert disk["bytesPerDay"] == 12 * GIGABYTE  # one in two hours
    assert disk["fullInDays"] == 2.0
    assert disk["parts"] == {"history": 5}


def test_samples_count_what_there_is(api: httpx.Client, database: Database) -> None:
    execute(
        database,
        "insert into device_counter (tenant_id, device_id, messages_received, messages_quarantined)"
        " values (1, 'a', 40, 2), (1, 'b', 2, 0)",
    )
    take_sample(database, 5 * GIGABYTE)
    take_sample(database, None)
    with database.connection() as connection:
        rows = connection.execute(
            "select step, messages, quarantined, put_aside, free_bytes from system_sample order by at"
        ).fetchall()
        (size,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    assert rows[0] == (2, 42, 2, 0, 5 * GIGABYTE)
    assert rows[1][0] in (0, 1)  # 1 if a minute ended between the two
    told = api.get(SYSTEM).json()["disk"]
    assert told["freeBytes"] is None
    assert abs(told["databaseBytes"] - size) < 2**22
    assert set(told["parts"]) == {
        "aggregates",
        "audit",
        "deliveries",
        "entities",
        "history",
        "other",
        "quarantine",
    }
    assert 0 < sum(told["parts"].values()) <= size
    assert told["bytesPerDay"] is None  # a moment says nothing


def test_old_samples_are_thinned(database: Database) -> None:
    for age, step in (
        ("61 minutes", 0),
        ("61 minutes", 1),
        ("49 hours", 1),
        ("49 hours", 2),
        ("401 days", 2),
    ):
        execute(
            database,
            "insert into system_sample (at, step, messages, quarantined, database_bytes)"
            " values (now() - %s::interval - %s * interval '1 s', %s, 0, 0, 0)",
            age,
            step,
            step,
        )
    take_sample(database, None)
    with database.connection() as connection:
        kept = connection.execute(
            "select step from system_sample where at < now() - interval '1 hour' order by at"
        ).fetchall()
    assert [step for (step,) in kept] == [2, 1]


def test_the_last_run_of_each_job_is_told(api: httpx.Client, database: Database) -> None:
    (condition,) = [read_condition(database)]
    now = condition.server.since
    run = JobRun("retention", 3600.0, now, 12, now, None, 0, 1, "dropped 5", None)
    note_runs(database, [run, run._replace(job="book")])
    failed = run._replace(done_at=None, failed_at=now, failures=1, runs=2, detail="", error="no disk")
    note_runs(database, [failed])
    (told,) = api.get(SYSTEM).json()["jobs"]
    assert (told["job"], told["intervalS"], told["runs"], told["failures"]) == ("retention", 3600, 2, 1)
    assert (told["detail"], told["error"]) == ("dropped 5", "no disk")
    assert told["doneAt"] == told["failedAt"] == told["lastAt"]


def test_answers_are_shared_for_a_moment(
    api: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "KEPT_S", 600.0)
    assert processes(api)["bridge"]["state"] == "silent"
    heartbeat.beat(database, "bridge", "one", ready=True)
    assert processes(api)["bridge"]["state"] == "silent"


def test_only_those_who_run_all_of_it_see_it(
    settings: ApiSettings, serve: Serve, key: str, database: Database
) -> None:
    api = serve(replace(settings, auth=True))
    bearer = {"Authorization": f"Bearer {key}"}
    assert api.get(SYSTEM, headers=bearer).status_code == 200
    assert api.get(SYSTEM).status_code == 401
    for role, said in ((Role.STAFF, "metrics"), (Role.ADMINISTRATOR, "administrators of all of it")):
        other = create_key(database, SECRET, draft=KeyDraft(role=role, tenants=["default"])).text
        answer = api.get(SYSTEM, headers={"Authorization": f"Bearer {other}"})
        assert said in problem(answer, 403, "about:blank")


def test_the_worker_s_book_is_written(api: httpx.Client, database: Database) -> None:
    book = JobBook()
    book.note("audit", 3_600, 0.01, "", None)
    book.note("liveness", 30.5, 0.01, "", "RuntimeError: no luck")
    book.write(database)
    book.write(database)  # nothing is new
    assert [(one["job"], one["intervalS"], one["error"]) for one in api.get(SYSTEM).json()["jobs"]] == [
        ("audit", 3600, None),
        ("liveness", 30.5, "RuntimeError: no luck"),
    ]
    folder = find_data_folder(database)
    assert folder is not None
    assert folder.is_absolute()
