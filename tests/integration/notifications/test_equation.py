"""matched = delivered + coalesced + waiting + dead-lettered + cancelled, whatever happens in any order."""

import time
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.deliveries import (
    LeasedQueue,
    RestPolicy,
    RestResult,
    RowResult,
    Settlement,
    State,
    give_up_before,
    lease_queues,
    settle,
    throttling_s,
)
from context_api.store.deliveries_again import begin_after, catch_up, pause, replay_dead_letters, resume
from context_api.store.deliveries_timers import Bounds, fire_timers, keep_bounds
from context_api.store.store import Store
from tests.integration.store.town import TEMPERATURE, ask, create, subscription, update, value

REST = RestPolicy(tolerated=2, first_s=0.001, longest_s=0.01)
EQUATION = """
select c.matched, c.delivered, c.coalesced, c.dead_lettered, c.cancelled,
    count(o.id) filter (where o.state = 0), count(o.id) filter (where o.state = 1),
    count(o.id) filter (where o.state = 4), count(o.id) filter (where o.state = 2),
    count(o.id) filter (where o.state = 3)
from subscription_counter c
left join outbox o on o.subscription_key = c.subscription_key
group by c.subscription_key
"""
ORPHANS = """
select count(*) from outbox o where state = 0 and not exists (select from delivery_queue q
where q.subscription_key = o.subscription_key and q.entity_id = o.entity_id)
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


class Deliveries(RuleBasedStateMachine):
    """Writers, notifiers, timers and partners in any order, on one real database."""

    database: Database
    numbers = count()

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(self.database)
        self.access: Access = self.store.tenant(f"t{next(self.numbers)}", create=True)
        self.subscriptions = {
            self.store.create_subscription(self.access, one, []): one
            for one in (
                subscription("plain"),
                subscription("throttled", throttling_s=0.01),
                subscription("periodic", interval_s=0.01),
            )
        }
        self.held: list[LeasedQueue] = []
        self.store.apply(self.access, [create(n, {TEMPERATURE: value(0)}) for n in range(3)])

    @rule(number=st.integers(0, 2), times=st.integers(1, 4))
    def write(self, number: int, times: int) -> None:
        changes = [update(number, {TEMPERATURE: value(time.time_ns())}) for _ in range(times)]
        assert all(outcome.error is None for outcome in self.store.apply(self.access, changes))

    @rule(rows=st.integers(1, 3))
    def lease(self, rows: int) -> None:
        found = lease_queues(
            self.database, limit=10, per_subscription=2, rows_per_queue=rows, lease_s=0.05, rest=REST
        )
        own = [queue for queue in found if queue.lease.subscription_key in self.subscriptions]
        for queue in own:
            if throttling_s(queue.subscription):
                assert sum(not row.replayed for row in queue.rows) <= 1
        self.held += own

    @rule(sent=st.integers(0, 3), end=st.sampled_from(["ok", "failed", "gone", "given up", "cancelled"]))
    def settle(self, sent: int, end: str) -> None:
        settlements = [_settlement(queue, sent, end) for queue in self.held]
        self.held = []
        settle(self.database, settlements, REST)

    @rule()
    def forget_leases(self) -> None:
        """A notifier is killed: its leases run out."""
        self.held = []

    @rule()
    def fire(self) -> None:
        fire_timers(self.database)

    @rule(limit=st.integers(0, 3))
    def keep_bounds(self, limit: int) -> None:
        keep_bounds(self.database, Bounds(per_subscription=limit, per_tenant=limit * 2 + 1), 0.0, REST)

    @rule()
    def replay(self) -> None:
        for key in self.subscriptions:
            replay_dead_letters(self.database, key)

    @rule()
    def catch_up(self) -> None:
        for key, one in self.subscriptions.items():
            catch_up(
                self.database,
                self.access,
                key,
                one,
                begin_after(0),
                decode=self.store.decode_change,
                now=time.time_ns() // 1000,
                waiting_limit=10_000,
            )

    @rule(is_active=st.booleans())
    def switch(self, is_active: bool) -> None:
        for key in self.subscriptions:
            resume(self.database, self.access, key) if is_active else pause(
                self.database, self.access, key, "asked"
            )

    @rule()
    def give_up(self) -> None:
        with self.database.connection() as connection:
            (tomorrow,) = connection.execute("select current_date + 1").fetchone() or (None,)
            assert tomorrow is not None
            give_up_before(connection, tomorrow)

    @invariant()
    def the_equation_holds(self) -> None:
        for matched, delivered, coalesced, dead, cancelled, waiting, *rows in ask(self.database, EQUATION):
            assert [delivered, coalesced, dead, cancelled] == rows
            assert matched == delivered + coalesced + waiting + dead + cancelled

    @invariant()
    def every_row_that_waits_has_a_queue(self) -> None:
        assert ask(self.database, ORPHANS) == [(0,)]


def _settlement(queue: LeasedQueue, sent: int, end: str) -> Settlement:
    rows = [RowResult(day=row.day, id=row.id, state=State.DELIVERED) for row in queue.rows[:sent]]
    rest = None
    failing = queue.rows[sent] if sent < len(queue.rows) else None
    if failing is not None and end in ("failed", "gone"):
        state = State.WAITING if end == "failed" else State.DEAD_LETTERED
        rows.append(RowResult(day=failing.day, id=failing.id, state=state, error=end))
    if end in ("given up", "cancelled"):
        rest = RestResult(
            state=State.DEAD_LETTERED if end == "given up" else State.CANCELLED, error=end, older_than_s=0.0
        )
    return Settlement(
        lease=queue.lease,
        rows=tuple(rows),
        rest=rest,
        attempts=1 if end == "failed" else 0,
        endpoint_failed=end == "failed",
        window_s=throttling_s(queue.subscription),
        is_trial=queue.is_trial,
    )


def test_the_equation_holds_whatever_happens(database: Database) -> None:
    Deliveries.database = database
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
