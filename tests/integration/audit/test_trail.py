"""The trail on a real PostgreSQL: verified, tampered with by the owner, listed, exported, expired."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow
from typer.testing import CliRunner

from context_api.store.audit import Entry, Origin, acting, record
from context_api.store.audit_chain import Fault
from context_api.store.audit_months import drop_months, make_months
from context_api.store.audit_reading import AuditFilter, Verdict, iterate_entries, list_entries, verify
from context_api.store.database import Database, connect, open_database
from deploy.audit_anchors import AnchorFile, read_anchors
from deploy.cli import app

SECRET = b"a secret of the tests"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_max=4)
    yield database
    database.close()


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection[TupleRow]]:
    """Who may take the triggers away."""
    with connect(database_url) as connection:
        yield connection


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MACHI_SECRET", SECRET.decode())

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["audit", *arguments])
        return result.exit_code, result.output + (f"{result.exception}" if result.exception else "")

    return run


def fill(database: Database, count: int, tenant_id: int = 0) -> None:
    for number in range(1, count + 1):
        with database.transaction() as connection:
            record(connection, Entry(verb="change", kind="thing", id=f"t-{number}", tenant_id=tenant_id))


def verdicts(connection: Connection[TupleRow], *paths: Path) -> dict[int, Verdict]:
    anchors = [one for path in paths for one in read_anchors(path, SECRET).good]
    return {one.chain: one for one in verify(connection, anchors)}


def tamper(connection: Connection[TupleRow], *statements: str) -> None:
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("statement", "number", "fault"),
    [
        ("update machi.audit set body = replace(body, 't-4', 't-5') where number = 4", 4, Fault.CHANGED),
        ("update machi.audit set principal = 'somebody' where number = 4", 4, Fault.CHANGED),
        ("update machi.audit set at = at + interval '1 microsecond' where number = 4", 4, Fault.CHANGED),
        ("delete from machi.audit where number = 4", 4, Fault.REMOVED),
        (
            "insert into machi.audit select at, chain, number + 1, principal, organisation, verb, kind,"
            " target, outcome, request, body, previous, hash from machi.audit where number = 4",
            5,
            Fault.INSERTED,
        ),
        (
            "update machi.audit a set body = b.body, target = b.target from machi.audit b"
            " where a.number in (3, 4) and b.number = 7 - a.number",
            3,
            Fault.CHANGED,
        ),
        ("delete from machi.audit where number > 4", 5, Fault.TAIL),
        ("delete from machi.audit where number < 3", 1, Fault.BEGINNING),
    ],
)
def test_what_the_owner_tampers_with_is_found(
    database: Database, owner: Connection[TupleRow], statement: str, number: int, fault: Fault
) -> None:
    fill(database, 6)
    assert verdicts(owner)[0].finding is None
    tamper(owner, statement)
    found = verdicts(owner)[0].finding
    assert found is not None
    assert (found.number, found.fault) == (number, fault)


def test_a_tail_that_was_cut_off_with_its_head_is_found_by_an_anchor_alone(
    database: Database, owner: Connection[TupleRow], tmp_path: Path
) -> None:
    fill(database, 6)
    file = AnchorFile(tmp_path / "anchors", SECRET)
    assert file.write(database) == "1 chains"
    assert file.write(database) == ""
    tamper(
        owner,
        "delete from machi.audit where number > 4",
        "update machi.audit_head h set number = 4, hash = a.hash, at = a.at"
        " from machi.audit a where a.number = 4",
    )
    assert verdicts(owner)[0].finding is None
    found = verdicts(owner, tmp_path / "anchors")[0].finding
    assert found is not None
    assert (found.number, found.fault) == (5, Fault.TAIL)


def test_anchors_that_somebody_else_wrote_are_named(database: Database, tmp_path: Path) -> None:
    fill(database, 2)
    path = tmp_path / "anchors"
    AnchorFile(path, SECRET).write(database)
    AnchorFile(path, b"another secret, not ours").write(database)
    path.write_bytes(path.read_bytes() + b"nonsense\n")
    anchors = read_anchors(path, SECRET)
    assert [(one.chain, one.number) for one in anchors.good] == [(0, 2)]
    assert anchors.unsigned == [2, 3]


def test_months_are_dropped_whole_and_the_rest_still_verifies(
    database: Database, owner: Connection[TupleRow]
) -> None:
    fill(database, 3)
    fill(database, 2, tenant_id=1)
    now = datetime.now(UTC)
    this = date(now.year, now.month, 1)
    later = date(this.year + (this.month + 1) // 12, (this.month + 1) % 12 + 1, 1)
    assert make_months(owner, later) > 0
    assert drop_months(owner, 3, later) == []
    dropped = drop_months(owner, 1, later)
    assert dropped[-1] >= this
    found = verdicts(owner)
    assert {chain: (one.entries, one.first, one.finding) for chain, one in found.items()} == {
        0: (1, 4, None),
        1: (1, 3, None),
    }
    stub = list_entries(database, AuditFilter(chains=[0]), limit=1)[0]
    assert (stub.said["verb"], stub.said["kind"], stub.said["id"]) == ("expire", "audit", f"{this:%Y-%m}")
    assert (stub.said["after"]["through"], stub.said["after"]["entries"]) == (3, 3)
    fill(database, 2)
    assert verdicts(owner)[0].entries == 3


def test_a_stub_is_the_owner_s_word_alone(database_url: str, owner: Connection[TupleRow]) -> None:
    stub = Entry(verb="expire", kind="audit", id="2026-10", after={"through": 3, "hash": "00"})
    owner.execute("drop role if exists machi_test_clerk")
    owner.execute("create role machi_test_clerk")
    try:
        owner.execute("grant usage on schema machi to machi_test_clerk")
        owner.execute("grant insert on machi.audit_entry to machi_test_clerk")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only the owner"), owner.transaction():
            owner.execute("set local session authorization machi_test_clerk")
            record(owner, stub)
        with owner.transaction():
            owner.execute("set local session authorization machi_test_clerk")
            record(owner, Entry(verb="change", kind="thing", id="a"))
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
            owner.transaction(),
        ):
            owner.execute("set local session authorization machi_test_clerk")
            owner.execute("select * from machi.audit")
    finally:
        owner.execute("drop owned by machi_test_clerk")
        owner.execute("drop role machi_test_clerk")
    assert verdicts(owner)[0].entries == 1


def test_pages_go_on_where_they_ended_and_filters_narrow(database: Database) -> None:
    with acting(Origin("key:abcdefgh", 2, "203.0.113.9", "r-1")):
        fill(database, 5)
    fill(database, 4, tenant_id=1)
    ids = [(one.chain, one.number) for one in iterate_entries(database, AuditFilter())]
    assert ids == [(1, 4), (1, 3), (1, 2), (1, 1), (0, 5), (0, 4), (0, 3), (0, 2), (0, 1)]
    first = list_entries(database, AuditFilter(), limit=4)
    rest = list_entries(database, AuditFilter(), limit=50, after=first[-1].place)
    assert [(one.chain, one.number) for one in first + rest] == ids
    narrowed = list_entries(
        database, AuditFilter(principal="key:abcdefgh", organisation=2, target="t-3", request="r-1"), limit=9
    )
    assert [(one.number, one.said["address"]) for one in narrowed] == [(3, "203.0.113.9")]
    assert list_entries(database, AuditFilter(verb="delete"), limit=9) == []


def test_the_command_lists_exports_and_verifies(
    run: Run, database: Database, owner: Connection[TupleRow], tmp_path: Path
) -> None:
    assert run("list") == (0, "No entry is like that.\n")
    fill(database, 2)
    with acting(Origin("user:1", 1)), database.transaction() as connection:
        record(
            connection, Entry(verb="create", kind="organisation", id='=HYPERLINK("x")', after={"name": "+1"})
        )
    code, text = run("list", "--kind", "organisation")
    assert code == 0
    assert '-  3  user:1  -  create organisation =HYPERLINK("x")  done' in text
    assert run("export", str(tmp_path / "trail.jsonl"))[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text("utf-8").splitlines()]
    assert [(line["number"], line["principal"], line["tenant"]) for line in lines] == [
        (3, "user:1", None),
        (2, "system", None),
        (1, "system", None),
    ]
    assert "File exists" in run("export", str(tmp_path / "trail.jsonl"))[1]
    assert run("export", "--format", "csv", str(tmp_path / "trail.csv"))[0] == 0
    table = (tmp_path / "trail.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert (rows[0]["id"], rows[0]["after"]) == ('\'=HYPERLINK("x")', '{"name":"+1"}')
    code, text = run("verify")
    assert (code, "The audit trail is whole." in text) == (0, True)
    AnchorFile(tmp_path / "audit" / "anchors.jsonl", SECRET).write(database)
    assert "1 anchors" in run("verify")[1]
    tamper(owner, "update machi.audit set body = body || ' ' where number = 2")
    code, text = run("verify")
    assert code == 1
    assert "installation: entry 2 changed: its hash is not that of its content" in text


@pytest.mark.parametrize("wrong", [("list", "--since", "yesterday"), ("export", "-", "--format", "xml")])
def test_wrong_questions_are_refused(run: Run, wrong: tuple[str, ...]) -> None:
    code, text = run(*wrong)
    assert code == 1
    assert wrong[-1] in text
