"""Plays the write path by SQL: changes, outbox rows, queues and counters, as `store.apply` writes them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from context_api.store.database import connect

Connection = psycopg.Connection[TupleRow]

_ENQUEUE = """
with change as (
    insert into change (day, tenant_id, entity_id, at, trigger, attributes, document)
    values (current_date, 1, %(entity_id)s, now(), 16, '{}', %(document)s)
    returning day, seq
), counted as (
    update subscription_counter set matched = matched + 1 where subscription_key = %(key)s
), queued as (
    insert into delivery_queue (subscription_key, entity_id, due_at) values (%(key)s, %(entity_id)s, now())
    on conflict (subscription_key, entity_id) do update set due_at = delivery_queue.due_at
)
insert into outbox (day, subscription_key, tenant_id, entity_id, change_day, change_seq, trigger)
select current_date, %(key)s, 1, %(entity_id)s, change.day, change.seq, 16 from change
returning id
"""


@contextmanager
def open_connection(url: str, *, autocommit: bool = True) -> Iterator[Connection]:
    """A connection of the test's own."""
    with connect(url) as connection:
        connection.autocommit = autocommit
        yield connection


def add_subscription(connection: Connection, name: str, document: dict[str, Any] | None = None) -> int:
    """Returns its key."""
    row = connection.execute(
        "insert into subscription (tenant_id, id, document, context) values (1, %s, %s, '[]') returning key",
        [f"urn:ngsi-ld:Subscription:{name}", json.dumps(document or {})],
    ).fetchone()
    assert row is not None
    connection.execute("insert into subscription_counter (subscription_key) values (%s)", [row[0]])
    key: int = row[0]
    return key


def enqueue(connection: Connection, key: int, entity_id: str, document: dict[str, Any] | None = None) -> int:
    """One change that matches the subscription; returns the outbox id."""
    row = connection.execute(
        _ENQUEUE, {"key": key, "entity_id": entity_id, "document": json.dumps(document or {}).encode()}
    ).fetchone()
    assert row is not None
    id_: int = row[0]
    return id_


def get_counters(connection: Connection, key: int) -> dict[str, int]:
    """The counters, `waiting` counted in the outbox; the equation of promise 2 is checked."""
    row = connection.execute(
        "select matched, delivered, coalesced, dead_lettered, cancelled, times_sent, times_failed,"
        " (select count(*) from outbox o where o.subscription_key = c.subscription_key and o.state = 0)"
        " from subscription_counter c where subscription_key = %s",
        [key],
    ).fetchone()
    assert row is not None
    matched, delivered, coalesced, dead, cancelled, sent, failed, waiting = row
    assert matched == delivered + coalesced + waiting + dead + cancelled
    return {
        "matched": matched,
        "delivered": delivered,
        "dead_lettered": dead,
        "cancelled": cancelled,
        "waiting": waiting,
        "sent": sent,
        "failed": failed,
    }


def count_queues(connection: Connection) -> int:
    """How many queues there are."""
    row = connection.execute("select count(*) from delivery_queue").fetchone()
    assert row is not None
    count: int = row[0]
    return count


def count_orphans(connection: Connection) -> int:
    """Waiting rows that no queue leads to: never delivered."""
    row = connection.execute(
        "select count(*) from outbox o where state = 0 and not exists (select from delivery_queue q"
        " where q.subscription_key = o.subscription_key and q.entity_id = o.entity_id)"
    ).fetchone()
    assert row is not None
    count: int = row[0]
    return count
