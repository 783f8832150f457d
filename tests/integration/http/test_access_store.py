"""Keys, heartbeats and the @context cache on a real database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from context_api.store import context_cache, heartbeat, keys
from context_api.store.database import Database, open_database

SECRET = b"0123456789abcdef"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, pool_max=4)
    yield opened
    opened.close()


def test_a_key_is_found_by_its_text_only(database: Database) -> None:
    made = keys.create_key(database, SECRET, label="council")
    assert len(made.text) == len("machi_") + 8 + 1 + 32 + 7
    assert made.text not in repr(made)
    found = keys.find_key(database, SECRET, made.text)
    assert found == made.key
    assert found is not None
    assert (found.role, found.label) == ("administrator", "council")
    other_end = "a" if made.text[-1] != "a" else "b"
    assert keys.find_key(database, SECRET, made.text[:-1] + other_end) is None
    assert keys.find_key(database, SECRET, "machi_nonsense") is None
    assert keys.find_key(database, b"another installation", made.text) is None


def test_a_revoked_key_opens_nothing(database: Database) -> None:
    made = keys.create_key(database, SECRET)
    assert keys.revoke_key(database, made.key.prefix) is True
    assert keys.revoke_key(database, made.key.prefix) is False
    assert keys.find_key(database, SECRET, made.text) is None
    (listed,) = keys.list_keys(database)
    assert listed.prefix == made.key.prefix
    assert listed.revoked_at is not None


def test_the_first_key_is_made_once(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: keys.create_first_key(database, SECRET), range(4)))
    assert sum(key is not None for key in made) == 1
    assert len(keys.list_keys(database)) == 1


def test_a_short_installation_secret_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        keys.create_key(database, b"short")


def test_documents_are_kept_and_the_oldest_dropped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_cache, "MAX_DOCUMENTS", 2)
    for name in "abc":
        context_cache.save_document(
            database, f"http://x.test/{name}", b'{"@context": {"a": "urn:%s"}}' % name.encode()
        )
    assert context_cache.find_document(database, "http://x.test/a") is None
    assert context_cache.find_document(database, "http://x.test/c") == {"@context": {"a": "urn:c"}}
    context_cache.save_document(database, "http://x.test/c", b'{"@context": []}')
    assert context_cache.find_document(database, "http://x.test/c") == {"@context": []}


def test_a_heartbeat_has_an_age(database: Database) -> None:
    heartbeat.beat(database, "bridge", "one", ready=False, detail="no broker")
    heartbeat.beat(database, "bridge", "one", ready=True)
    heartbeat.beat(database, "worker", "one", ready=True)
    beats = {each.process: each for each in heartbeat.list_heartbeats(database)}
    assert beats["bridge"].ready is True
    assert beats["bridge"].detail == ""
    assert 0 <= beats["bridge"].age_s < 60
    heartbeat.forget(database, "bridge", "one")
    assert [each.process for each in heartbeat.list_heartbeats(database)] == ["worker"]
