"""Catch-ups and transactions that commit late: no change whose number lies between others is passed over."""

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from context_api.store import deliveries_again
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.deliveries_again import CaughtUp, begin_after, catch_up
from context_api.store.store import Store
from tests.integration.notifications.writer import Connection
from tests.integration.store.town import TEMPERATURE, ask, create, subscription, value

COPY = """
insert into machi.change (seq, day, tenant_id, entity_id, at, trigger, attributes, document)
select nextval('machi.change_seq'), coalesce(%s::date, day), tenant_id, entity_id, at, trigger, attributes,
    document
from machi.change where entity_id = 'urn:ngsi-ld:Room:1' order by seq limit 1
returning seq
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


class Partner:
    """Asks for all that is kept, step by step."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database)
        self.access: Access = self.store.tenant("default", create=True)
        self.store.apply(self.access, [create(1, {TEMPERATURE: value(0)})])
        self.subscription = subscription("late")
        self.key = self.store.create_subscription(self.access, self.subscription, [])

    def step(self, cursor: str) -> CaughtUp:
        return catch_up(
            self.database,
            self.access,
            self.key,
            self.subscription,
            cursor,
            decode=self.store.decode_change,
            now=time.time_ns() // 1000,
            waiting_limit=10_000,
        )

    def told(self) -> list[int]:
        """The numbers of what is on its way."""
        rows = ask(
            self.database, "select change_seq from outbox where subscription_key = %s order by 1", self.key
        )
        return [row[0] for row in rows]


def draw(connection: Connection, day: date | None = None) -> int:
    """Draw a number for a change that is not committed."""
    row = connection.execute(COPY, (day,)).fetchone()
    assert row is not None
    number: int = row[0]
    return number


@pytest.mark.parametrize("first", ["the later number", "the smaller number"])
def test_a_change_that_commits_late_is_not_passed_over(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whichever of the two transactions began first."""
    monkeypatch.setattr(deliveries_again, "_SETTLE_S", 0.1)
    partner = Partner(database)
    with psycopg.connect(database_url) as late, psycopg.connect(database_url) as early:
        begun = (early, late) if first == "the later number" else (late, early)
        for one in begun:
            one.execute("select pg_current_xact_id()")
        smaller, larger = draw(late), draw(early)
        assert smaller < larger
        early.commit()
        waiting = partner.step(begin_after(0))
        assert (waiting.scanned, waiting.queued) == (0, 0)
        assert waiting.cursor == begin_after(0)
        late.commit()
    done = partner.step(waiting.cursor)
    assert (done.queued, done.cursor) == (3, None)
    assert partner.told()[1:] == [smaller, larger]


def test_a_catch_up_waits_for_what_had_begun_before(database: Database, database_url: str) -> None:
    partner = Partner(database)
    done: list[CaughtUp] = []
    with psycopg.connect(database_url) as late:
        number = draw(late)
        thread = threading.Thread(target=lambda: done.append(partner.step(begin_after(0))))
        thread.start()
        late.commit()
        thread.join(60)
    while done[-1].cursor is not None:  # it had to wait for longer than it does
        done.append(partner.step(done[-1].cursor))
    assert sum(one.queued for one in done) == 2
    assert partner.told()[-1] == number


def test_all_days_end_at_the_same_number(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of yesterday that commits after that day was looked at is no part of this catch-up.

    It commits after the subscription was made, so it is matched as it commits.
    """
    monkeypatch.setattr(deliveries_again, "SCAN_MAX", 2)
    monkeypatch.setattr(deliveries_again, "_PAGE", 2)
    partner = Partner(database)
    (today,) = ask(database, "select day from change")[0]
    before = today - timedelta(days=1)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for day in (before, before, today, today):
            draw(connection, day)
        first = partner.step(begin_after(0))
        assert first.scanned == 2
        draw(connection, before)
        draw(connection, today)
    steps: list[Any] = [first]
    while steps[-1].cursor is not None:
        steps.append(partner.step(steps[-1].cursor))
    assert sum(one.scanned for one in steps) == 5


def test_cursors_of_before_are_still_read(database: Database) -> None:
    partner = Partner(database)
    assert partner.step("19700101.0.0.0").queued == 1
