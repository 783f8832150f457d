"""Who used what, on a real database: by day of Japan, organisation and type; as JSON, CSV and table."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from context_api.http.limits.usage import JAPAN
from context_api.http.settings import ApiSettings
from context_api.policy.roles import Role
from context_api.store.database import Database, open_database
from context_api.store.keys import KeyDraft, create_key
from context_api.store.usage import count_notifications
from deploy.cli import app
from tests.integration.http.conftest import SECRET, Serve, problem, serve, serving, settings

__all__ = ["serve", "settings"]
USAGE = "/api/v1/usage"
ROOM = "https://uri.etsi.org/ngsi-ld/default-context/Room"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_max=2)
    yield database
    database.close()


@pytest.fixture
def guarded(settings: ApiSettings) -> ApiSettings:
    return ApiSettings(database_url=settings.database_url, port=0, installation_secret=SECRET)


def key(database: Database, role: Role, organisation: int = 1) -> dict[str, str]:
    draft = KeyDraft(role=role, organisation_id=organisation)
    return {"Authorization": f"Bearer {create_key(database, SECRET, draft=draft).text}"}


def partner(database: Database) -> tuple[int, dict[str, str]]:
    """An organisation that is granted rooms, and a key of it."""
    with database.connection() as connection:
        row = connection.execute(
            "insert into organisation (name, kind) values ('walks', 'partner') returning id"
        ).fetchone()
        assert row is not None
        connection.execute("insert into organisation_tenant values (%s, 1)", [row[0]])
        connection.execute(
            "insert into access_grant (tenant_id, organisation_id, operations) values (1, %s, '{read}')",
            [row[0]],
        )
    return row[0], key(database, Role.PARTNER, row[0])


def use(guarded: ApiSettings, boss: dict[str, str], shown: dict[str, str]) -> None:
    """Let a process serve some requests, and end: what it counted is written then."""
    with serving(guarded) as client:
        rooms = [{"id": f"urn:ngsi-ld:Room:{number}", "type": "Room"} for number in range(3)]
        made = client.post("/ngsi-ld/v1/entityOperations/create", json=rooms, headers=boss)
        assert made.status_code == 201
        for _ in range(2):
            assert client.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1", headers=shown).status_code == 200
        assert len(client.get("/ngsi-ld/v1/entities?type=Room", headers=shown).json()) == 3
        assert client.get("/healthz").status_code == 200


def test_usage_is_counted_and_reported_to_whom_it_concerns(
    database: Database, guarded: ApiSettings, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss, (organisation, shown) = key(database, Role.ADMINISTRATOR), partner(database)
    use(guarded, boss, shown)
    client = serve(guarded)
    report = client.get(USAGE, headers=shown).json()
    (own,) = report["rows"]
    assert (own["organisation"], own["caller"], own["type"]) == ("walks", "partner", ROOM)
    assert (own["requests"], own["entities"], own["written"], own["refused"]) == (3, 5, 0, 0)
    assert own["bytes"] > 100
    assert own["day"] == datetime.now(UTC).astimezone(JAPAN).date().isoformat()
    rows: list[dict[str, Any]] = client.get(USAGE, headers=boss).json()["rows"]
    town = next(row for row in rows if row["organisation"] == "town")
    assert town["written"] == 3
    assert {row["organisation"] for row in rows} == {"town", "walks"}
    only = client.get(USAGE, params={"organisation": organisation}, headers=boss).json()["rows"]
    assert {row["organisation"] for row in only} == {"walks"}
    text = client.get(USAGE, headers=boss | {"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert next(line["requests"] for line in lines if line["organisation"] == "walks") == "3"
    for wrong in ({"from": "today"}, {"from": "2026-11-02", "until": "2026-11-01"}, {"from": "2020-01-01"}):
        problem(client.get(USAGE, params=wrong, headers=boss), 400, "BadRequestData")
    monkeypatch.setenv("MACHI_DATABASE_URL", guarded.database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))
    month = f"{datetime.now(UTC).astimezone(JAPAN):%Y-%m}"
    printed = CliRunner().invoke(app, ["usage", "report", "--month", month]).output
    assert [line.split()[:3] for line in printed.splitlines() if line.startswith("walks")] == [
        ["walks", "Room", "3"]
    ]
    assert printed.splitlines()[-1].startswith("total")
    assert "Nothing was used" in CliRunner().invoke(app, ["usage", "report", "--month", "2001-01"]).output


def test_rows_of_exports_are_counted(database: Database, guarded: ApiSettings, serve: Serve) -> None:
    boss = key(database, Role.ADMINISTRATOR)
    with serving(guarded) as client:
        for hour in (9, 10, 11):
            value = {"type": "Property", "value": hour, "observedAt": f"2026-11-20T0{hour % 10}:00:00Z"}
            room = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "temperature": [value]}
            assert client.post("/ngsi-ld/v1/temporal/entities", json=room, headers=boss).is_success
        asked = {"id": "urn:ngsi-ld:Room:1", "from": "2026-11-19T00:00:00Z", "to": "2026-11-21T00:00:00Z"}
        for shape in ("csv", "json"):
            answer = client.get("/api/v1/history", params={**asked, "format": shape}, headers=boss)
            assert answer.status_code == 200, answer.text
    rows = serve(guarded).get(USAGE, headers=boss).json()["rows"]
    assert sum(row["exportRows"] for row in rows) == 6


def test_limits_are_set_listed_and_removed_by_administrators_alone(
    database: Database, guarded: ApiSettings, serve: Serve
) -> None:
    client = serve(guarded)
    boss, (organisation, shown) = key(database, Role.ADMINISTRATOR), partner(database)
    path = f"/api/v1/limits/organisation:{organisation}/requests"
    made = client.put(path, json={"value": 500, "burst": 1000}, headers=boss)
    assert made.status_code == 201
    assert client.put(path, json={"value": 50}, headers=boss).status_code == 200
    (limit,) = client.get("/api/v1/limits", headers=boss).json()["limits"]
    assert (limit["subject"], limit["value"], limit["burst"]) == (f"organisation:{organisation}", 50, None)
    assert client.get("/api/v1/limits", headers=shown).status_code == 403
    assert client.put(path, json={"value": 5}, headers=shown).status_code == 403
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("organisation:x/requests", {"value": 1}),
        ("organisation:3/coffee", {"value": 1}),
        ("organisation:3/requests", {"value": -1}),
        ("organisation:3/requests", {"value": 1, "burst": 0}),
        ("organisation:3/streams", {"value": 1, "burst": 5}),
        ("organisation:3/requests", {"value": "much"}),
    ]
    for target, body in wrong:
        problem(client.put(f"/api/v1/limits/{target}", json=body, headers=boss), 400, "BadRequestData")
    assert client.delete(path, headers=boss).status_code == 204
    assert client.delete(path, headers=boss).status_code == 404
    trail = client.get("/api/v1/audit?chain=installation&kind=limit", headers=boss).json()["entries"]
    assert [one["verb"] for one in trail] == ["delete", "put", "put"]
    assert trail[1]["before"] == {"value": 500, "burst": 1000}


def test_refusals_are_counted_into_the_trail(database: Database, guarded: ApiSettings, serve: Serve) -> None:
    boss, (_, shown) = key(database, Role.ADMINISTRATOR), partner(database)
    with serving(guarded) as client:
        for _ in range(7):
            assert client.get("/api/v1/audit", headers=shown).status_code == 403
        for _ in range(3):
            unknown = {"Authorization": "Bearer machi_aaaaaaaa_" + "a" * 32}
            assert client.get("/ngsi-ld/v1/types", headers=unknown).status_code == 401
        foreign = shown | {"NGSILD-Tenant": "secret-town"}
        assert client.get("/ngsi-ld/v1/types", headers=foreign).status_code == 403
        assert client.get("/ngsi-ld/v1/types").status_code == 401
    trail = (
        serve(guarded).get("/api/v1/audit?chain=installation&kind=request", headers=boss).json()["entries"]
    )
    found = {(one["id"], one["reason"]): (one["after"]["count"], one["after"]["tenant"]) for one in trail}
    assert found == {
        ("listAudit", "forbidden"): (7, "default"),
        ("listTypes", "credential refused"): (3, ""),
        ("listTypes", "forbidden"): (1, "secret-town"),
    }
    assert {one["outcome"] for one in trail} == {"refused"}


def test_delivered_notifications_are_taken_over_once(database: Database) -> None:
    now = datetime.now(UTC)
    today = now.astimezone(JAPAN).date()
    with database.connection() as connection:
        connection.execute(
            "insert into subscription (tenant_id, id, document, context) values (1, 'urn:s:1', '{}', '[]')"
        )
        connection.execute(
            "insert into delivery_stat select %s, key, %s, 201, 5 from subscription", [now.date(), now]
        )
    for _ in range(2):
        count_notifications(database, today - timedelta(days=1))
    with database.connection() as connection:
        kinds = connection.execute("select kind from delivery_stat").fetchall()
        rows = connection.execute("select day, organisation, notifications from usage").fetchall()
    assert kinds == [(201,)]
    assert rows == [(today, 1, 5)]
