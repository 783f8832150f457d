"""`machi quarantine …`, `machi group …` and `machi device waiting / approve / reject` on a real database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from context_api.store.database import Database, open_database
from context_api.store.deliveries_in import Delivery, QuarantineReason
from context_api.store.store import Store
from deploy.cli import app
from deploy.errors import CommandError, UsageError
from devices.push import Push, prepare_push
from devices.sources import Sources

ARRIVED = 1_795_392_000_000_000


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def put_aside(database: Database, *payloads: bytes) -> None:
    store = Store(database)
    deliveries = [
        Delivery(
            device_id="",
            topic="machi/v1/default/aq-1/up",
            payload=payload,
            arrived_at=ARRIVED,
            quarantine=QuarantineReason("unknown-device", "nobody knows it"),
        )
        for payload in payloads
    ]
    store.ingest(store.tenant("default"), deliveries)


def send(database: Database, name: str) -> None:
    """A message by the key of the group."""
    store = Store(database)
    topic = f"machi/v1/schools@default/{name}/up"
    push = Push(topic, b'{"pm25": 1}', ARRIVED, "schools")
    delivery = prepare_push(push, Sources(database).find(topic), clock_ahead_us=0)
    store.ingest(store.tenant("default"), [delivery])


def test_quarantine(database: Database) -> None:
    assert "Nothing is in quarantine" in machi("quarantine", "list").output
    put_aside(database, b'{"pm25": 1}', b"{oops")
    listed = machi("quarantine", "list", "--reason", "unknown-device").output
    assert "2 unknown-device, of 1 devices" in listed
    assert machi("device", "register", "aq-1", "--profile", "air-quality").exit_code == 0
    shown = json.loads(machi("quarantine", "show", "1").output)
    assert shown["now"]["result"] == "stored"
    replayed = machi("quarantine", "replay", "--all").output
    assert "1 quarantined, 1 stored" in replayed
    assert "1 discarded" in machi("quarantine", "discard", "2").output
    assert "gone (discarded)" in machi("quarantine", "list").output


def test_what_is_asked_wrongly_is_said() -> None:
    for arguments, kind, said in (
        (("quarantine", "replay"), UsageError, "Say which"),
        (("quarantine", "replay", "1", "--all"), UsageError, "Say which"),
        (("quarantine", "discard"), UsageError, "Say which"),
        (("quarantine", "list", "--since", "yesterday"), UsageError, "yesterday"),
        (("quarantine", "show", "77"), CommandError, "no quarantined message 77"),
        (("group", "remove", "nobody"), CommandError, "There is no group"),
        (("group", "add", "g", "--profile", "nothing"), CommandError, "there is no profile"),
        (("group", "add", "g", "--expires", "soon"), UsageError, "soon"),
        (("device", "approve", "g", "x"), CommandError, "waits"),
    ):
        result = machi(*arguments)
        assert isinstance(result.exception, kind), (arguments, result.output)
        assert said in str(result.exception), arguments


def test_groups_and_those_who_wait(database: Database) -> None:
    assert "There are no groups" in machi("group", "list").output
    made = machi("group", "add", "schools", "--profile", "air-quality", "--prefix", "aq-", "--max", "5")
    assert '"topic": "machi/v1/schools@default/{device}/up"' in made.output, made.output
    for name in ("aq-1", "aq-2"):
        send(database, name)
    listed = machi("device", "waiting").output
    assert 'schools  aq-1  1 messages  {"pm25": 1}' in listed
    assert "2 waiting, 0 approved, 0 rejected of 5" in machi("group", "list").output
    approved = machi("device", "approve", "schools", "aq-1", "--location", "35.7546,139.4685").output
    assert '"topic": "machi/v1/default/aq-1/up"' in approved
    assert '"stored": 1' in approved
    assert "aq-2 is rejected, 1 messages" in machi("device", "reject", "schools", "aq-2").output
    assert machi("device", "waiting").output == ""
    assert "takes in nobody" in machi("group", "remove", "schools").output
