"""Migrations: once each, in order, whoever else migrates at the same time."""

import threading

import pytest

from context_api.store import migrate as migrations
from context_api.store.database import connect
from context_api.store.errors import StoreFault
from context_api.store.features import read_features
from context_api.store.migrate import Migration, list_migrations, migrate


def test_files_are_numbered_once_each_and_in_order() -> None:
    numbers = [int(migration.name[:4]) for migration in list_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_is_applied_once(empty_database_url: str) -> None:
    names = [migration.name for migration in list_migrations()]
    assert migrate(empty_database_url) == names
    assert migrate(empty_database_url) == []
    with connect(empty_database_url) as connection:
        applied = connection.execute("select name from machi.migration order by name").fetchall()
    assert [name for (name,) in applied] == names


def test_two_at_a_time_apply_each_once(empty_database_url: str) -> None:
    applied: list[str] = []
    threads = [threading.Thread(target=lambda: applied.extend(migrate(empty_database_url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [migration.name for migration in list_migrations()]


def test_a_file_that_changed_after_it_was_applied_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = list_migrations()
    changed = [Migration(first.name, first.sql + b"\n-- another thought"), *others]
    monkeypatch.setattr(migrations, "list_migrations", lambda: changed)
    with pytest.raises(StoreFault, match="has changed since it was applied"):
        migrate(database_url)


def test_a_migration_that_fails_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration("9999_pre_broken.sql", b"create table machi.half (a integer); select nonsense;")
    monkeypatch.setattr(migrations, "list_migrations", lambda: [*list_migrations(), broken])
    with pytest.raises(StoreFault):
        migrate(database_url)
    with connect(database_url) as connection:
        assert connection.execute("select to_regclass('machi.half')").fetchone() == (None,)


def test_features_name_the_edition(database_url: str) -> None:
    with connect(database_url) as connection:
        features = read_features(connection)
    assert features.edition in {"plain", "apache", "community"}
    assert features.is_hypertable is (features.edition != "plain")
    assert features.has_compression is (features.edition == "community")


@pytest.mark.timescale
def test_observation_is_a_hypertable_where_there_is_timescaledb(database_url: str) -> None:
    with connect(database_url) as connection:
        features = read_features(connection)
    assert features.timescale_version is not None
    assert features.is_hypertable
