"""Erasing what is kept of an entity or a device, and the proof of it: against a real database."""

import pytest
from typer.testing import CliRunner, Result

from context_api.ngsild.errors import ResourceNotFound
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.erasure import Erasures, Subjects
from context_api.store.store import Store
from deploy.cli import app
from tests.integration.store.town import (
    DAY,
    NAME,
    PM25,
    T0,
    ask,
    create,
    history,
    room,
    subscription,
    update,
    value,
)

SECRET = b"a secret of the tests"


@pytest.fixture
def erasures(database: Database, store: Store) -> Erasures:
    return Erasures(database, store, SECRET)


@pytest.fixture
def lived_in(store: Store, access: Access) -> None:
    """Two rooms with a name, history and a correction, and somebody who is told."""
    store.create_subscription(access, subscription("rooms"), None)
    for number in (1, 2):
        store.apply(access, [create(number, {NAME: value("Hanako"), PM25: value(1.0, T0)})])
        store.apply(access, [update(number, {PM25: value(2.0, T0 + DAY)})])
        store.apply(access, [update(number, {PM25: value(3.0, T0 + DAY)})])


def test_nothing_of_it_is_left_and_others_stay(
    erasures: Erasures, lived_in: None, store: Store, access: Access, database: Database
) -> None:
    before = erasures.count(access, Subjects([room(1)]))
    assert before["entities"] == 1
    assert before["values"] >= 3
    assert before["corrected_values"] == 1
    assert before["changes"] == 3
    assert before["notifications"] == 3

    proof = erasures.erase(access, Subjects([room(1)]), "asked for by the person")

    assert proof.is_complete
    assert proof.erased == before
    assert store.get_entities(access, [room(1), room(2)]).keys() == {room(2)}
    assert history(database, 1, PM25) == []
    assert history(database, 2, PM25) != []
    kept = ask(database, "select entity_id, count(*) from change group by 1 order by 1")
    assert kept == [(room(2), 3)]
    whole = ask(database, "select string_agg(o::text, '') from outbox o where entity_id = %s", room(1))
    assert "Hanako" not in whole[0][0]


def test_the_counters_of_subscriptions_still_balance(
    erasures: Erasures, lived_in: None, access: Access, database: Database
) -> None:
    erasures.erase(access, Subjects([room(1)]), "asked for by the person")
    rows = ask(
        database, "select matched, delivered, coalesced, dead_lettered, cancelled from subscription_counter"
    )
    matched, *settled = rows[0]
    waiting = ask(database, "select count(*) from outbox where state = 0")[0][0]
    assert matched == sum(settled) + waiting
    assert waiting == 3


def test_a_count_changes_nothing(erasures: Erasures, lived_in: None, store: Store, access: Access) -> None:
    subjects = Subjects([room(1), room(2)])
    assert erasures.count(access, subjects) == erasures.count(access, subjects)
    assert len(store.get_entities(access, [room(1), room(2)])) == 2


def test_a_proof_names_nobody_and_is_about_them(
    erasures: Erasures, lived_in: None, access: Access, database: Database
) -> None:
    proof = erasures.erase(access, Subjects([room(1)]), "asked for by the person")
    stored = erasures.get(access, proof.id)
    assert stored == proof
    assert erasures.is_sealed(access, stored)
    assert erasures.is_about(access, stored, Subjects([room(1)]))
    assert not erasures.is_about(access, stored, Subjects([room(2)]))
    assert not erasures.is_about(access, stored, Subjects([], [room(1)]))
    assert room(1) not in ask(database, "select e::text from erasure e")[0][0]
    assert [one.id for one in erasures.list_proofs(access, limit=10)] == [proof.id]
    recorded = ask(
        database, "select body from audit_entry where body like '%%erase%%' union all select body from audit"
    )
    assert any('"erase"' in body and room(1) not in body for (body,) in recorded)


@pytest.mark.parametrize(
    "tampering",
    [
        "reason = 'another one'",
        "remaining = '{}'",
        "at = at + interval '1 day'",
        "erased = '{\"entities\": 9}'",
        "subjects = '{}'",
        "principal = 'somebody'",
    ],
)
def test_a_proof_that_was_changed_is_known(
    erasures: Erasures, lived_in: None, access: Access, database: Database, tampering: str
) -> None:
    proof = erasures.erase(access, Subjects([room(1)]), "asked for by the person")
    with database.connection() as connection:
        connection.execute(f"update erasure set {tampering}".encode())
    assert not erasures.is_sealed(access, erasures.get(access, proof.id))


def test_proofs_stay_in_their_tenant_and_need_the_secret(
    erasures: Erasures, lived_in: None, store: Store, access: Access, database: Database
) -> None:
    proof = erasures.erase(access, Subjects([room(1)]), "asked for by the person")
    other = store.tenant("other", create=True)
    with pytest.raises(ResourceNotFound):
        erasures.get(other, proof.id)
    assert not erasures.is_sealed(other, proof)
    assert not Erasures(database, store, b"another secret of 16").is_sealed(access, proof)


def test_an_erasure_that_finds_nothing_says_so(erasures: Erasures, access: Access) -> None:
    proof = erasures.erase(access, Subjects([room(9)]), "asked for twice")
    assert not any(proof.erased.values())
    assert proof.is_complete


def test_the_commands_count_delete_list_and_verify(
    lived_in: None, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database.url)
    monkeypatch.setenv("MACHI_SECRET", "a secret of the tests")

    def machi(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["erasure", *arguments])

    counted = machi("run", "--entity", room(1), "--reason", "asked for", "--dry-run")
    assert "Nothing was deleted." in counted.output
    assert "1  entities" in counted.output
    done = machi("run", "--entity", room(1), "--reason", "asked for")
    assert done.exit_code == 0, done.output
    assert "Deleted; 0 left. Proof 1" in done.output
    assert "asked for" in machi("list").output
    assert "nothing is kept of them" in machi("verify", "1", "--entity", room(1)).output
    assert machi("verify", "1", "--entity", room(2)).exit_code == 1
    assert machi("verify", "9").exit_code == 1
    assert machi("run", "--reason", "nobody named").exit_code == 1
    assert machi("run", "--device", "unknown", "--reason", "x").exit_code == 1
