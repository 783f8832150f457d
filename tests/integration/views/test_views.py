"""The views that dashboards read, and what their role may not do."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NOON_MICROS = int(NOON.timestamp()) * 1_000_000
ENTITY = "urn:ngsi-ld:AirQualityObserved:aq-001"
TYPE = "https://smartdatamodels.org/dataModel.Environment/AirQualityObserved"
PM25 = "https://smartdatamodels.org/dataModel.Environment/pm25"
NAME = "https://schema.org/name"

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        opened.execute("set search_path to machi")
        yield opened


def _term(connection: Connection, iri: str) -> int:
    row = connection.execute(
        "insert into term (iri) values (%s) on conflict (iri) do update set iri = excluded.iri returning id",
        [iri],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _tenant(connection: Connection) -> int:
    row = connection.execute("select id from tenant where name = 'default'").fetchone()
    assert row is not None
    return int(row[0])


def _add_entity(connection: Connection) -> None:
    types = [_term(connection, TYPE)]
    live = {_term(connection, PM25): [{"v": 12.5, "o": NOON_MICROS + 250_000, "u": "GQ"}]}
    fixed = {_term(connection, NAME): [{"v": "北口"}, {"v": "North gate", "d": "urn:en", "m": NOON_MICROS}]}
    connection.execute(
        "insert into entity (tenant_id, id, types, fixed, live, created_at, modified_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        [_tenant(connection), ENTITY, types, json.dumps(fixed), json.dumps(live), NOON, NOON],
    )


def test_current_values_have_readable_names(connection: Connection) -> None:
    _add_entity(connection)

    rows = connection.execute(
        "select tenant, entity_id, type, attribute, dataset_id, unit, at, value, text_value"
        " from machi_views.current_value order by attribute, dataset_id"
    ).fetchall()

    head = ("default", ENTITY, "AirQualityObserved")
    assert rows == [
        (*head, "name", "", None, NOON, None, "北口"),
        (*head, "name", "urn:en", None, NOON, None, "North gate"),
        (*head, "pm25", "", "GQ", NOON.replace(microsecond=250_000), 12.5, "12.5"),
    ]


def _add_series(connection: Connection) -> int:
    row = connection.execute(
        "insert into series (tenant_id, entity_id, attribute_id, kind, unit_code, types)"
        " values (%s, %s, %s, 0, 'GQ', %s) returning id",
        [_tenant(connection), ENTITY, _term(connection, PM25), [_term(connection, TYPE)]],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_history_gives_the_unit_of_the_instance_before_that_of_the_series(connection: Connection) -> None:
    series = _add_series(connection)
    for minute, value, body, deleted in [
        (0, 12.5, None, None),
        (1, None, '{"v": 13, "u": "GP"}', None),
        (2, 14.0, None, NOON),
    ]:
        connection.execute(
            "insert into observation (series_id, at, value, body, recorded_at, deleted_at)"
            " values (%s, %s, %s, %s, now(), %s)",
            [series, NOON.replace(minute=minute), value, body, deleted],
        )

    rows = connection.execute(
        "select at, attribute, unit, value, text_value from machi_views.history order by at"
    ).fetchall()

    assert rows == [
        (NOON, "pm25", "GQ", 12.5, "12.5"),
        (NOON.replace(minute=1), "pm25", "GP", None, "13"),
    ]


def test_history_of_one_series_is_found_by_indexes(connection: Connection) -> None:
    connection.execute(
        "insert into observation (series_id, at, value, recorded_at) values (%s, now(), 1, now())",
        [_add_series(connection)],
    )
    connection.execute("set enable_seqscan to off")  # the tables are small: would an index be used at all?
    plan = "\n".join(
        row[0]
        for row in connection.execute(
            "explain select at, value from machi_views.history where tenant = 'default'"
            " and entity_id = 'urn:x' and attribute = 'pm25' and at > now() - interval '1 day'"
        )
    )
    assert "series_tenant_id_entity_id_attribute_id_dataset_id_key" in plan
    assert "entity_id = 'urn:x'" in plan
    assert "(at >" in plan


def test_waiting_is_what_was_matched_and_is_not_settled(connection: Connection) -> None:
    key = connection.execute(
        "insert into subscription (tenant_id, id, document, context) values (%s, 'urn:s', '{}', '{}')"
        " returning key",
        [_tenant(connection)],
    ).fetchone()
    assert key is not None
    connection.execute(
        "insert into subscription_counter (subscription_key, matched, delivered, coalesced, dead_lettered,"
        " cancelled) values (%s, 20, 11, 3, 2, 1)",
        [key[0]],
    )

    row = connection.execute("select subscription_id, waiting from machi_views.subscription").fetchone()

    assert row == ("urn:s", 3)


def test_device_counters_name_devices_that_are_not_registered_too(connection: Connection) -> None:
    connection.execute(
        "insert into device_counter (tenant_id, device_id, messages_received, messages_quarantined)"
        " values (%s, 'stranger', 2, 2)",
        [_tenant(connection)],
    )

    row = connection.execute(
        "select tenant, device_id, profile, messages_received, messages_quarantined from machi_views.device"
    ).fetchone()

    assert row == ("default", "stranger", None, 2, 2)


def test_the_reader_reads_every_view_and_no_table(connection: Connection) -> None:
    _add_entity(connection)
    views = [
        row[0]
        for row in connection.execute(
            "select viewname from pg_views where schemaname = 'machi_views' order by 1"
        )
    ]
    assert views == [
        "current_value", "device", "entity", "history", "process", "quarantine", "subscription", "term",
    ]  # fmt: skip
    connection.execute("set role machi_reader")

    counts = {
        view: connection.execute(f"select count(*) from machi_views.{view}").fetchone() for view in views
    }

    assert counts["current_value"] == (3,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select count(*) from machi.entity")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select hash from machi.api_key")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("create table machi_views.mine (x integer)")


def test_an_owner_without_the_right_to_make_roles_can_migrate(postgres_url: str) -> None:
    """As in docker-compose.yml, where the database belongs to a role that is no superuser."""
    from context_api.store.migrate import migrate
    from tests.support import databases

    databases.execute(postgres_url, "drop role if exists {}", "machi_test_owner")
    databases.execute(postgres_url, "create role {} login password 'machi-test'", "machi_test_owner")
    try:
        with databases.temporary_database(postgres_url) as url:
            databases.execute(url, "alter database {} owner to machi_test_owner", url.rsplit("/", 1)[1])
            if databases.has_timescaledb(url):
                databases.execute(url, "create extension timescaledb")
            host = url.split("@", 1)[1]
            owned = f"postgresql://machi_test_owner:machi-test@{host}"

            assert "0005_pre_views.sql" in migrate(owned)
            assert migrate(owned) == []
    finally:
        databases.execute(postgres_url, "drop role {}", "machi_test_owner")


@pytest.mark.timescale
def test_the_reader_reads_the_history_of_a_hypertable(connection: Connection) -> None:
    series = _add_series(connection)
    days = [NOON.replace(day=day) for day in (1, 12, 23)]  # three chunks
    for at in days:
        connection.execute(
            "insert into observation (series_id, at, value, recorded_at) values (%s, %s, %s, now())",
            [series, at, float(at.day)],
        )
    chunks = connection.execute(
        "select count(*) from timescaledb_information.chunks where hypertable_name = 'observation'"
    ).fetchone()
    assert chunks == (3,)
    connection.execute("set role machi_reader")

    rows = connection.execute(
        "select at, value from machi_views.history where entity_id = %s and attribute = 'pm25' order by at",
        [ENTITY],
    ).fetchall()

    assert rows == [(days[0], 1.0), (days[1], 12.0), (days[2], 23.0)]
