"""What becomes of a queue before and after its requests."""

import uuid
from datetime import date
from typing import Any

import msgspec

from context_api.notifications.judge import result_of, settle_attempts, settle_unsendable
from context_api.notifications.retry import RetryPolicy, Verdict
from context_api.notifications.sender import Attempt
from context_api.store.deliveries import Lease, LeasedQueue, OutboxRow, State, SubscriptionRow

NOW = 1_795_428_000_000_000
DAY = 86_400.0
RETRY = RetryPolicy()
OK = Attempt(Verdict.DELIVERED)
SERVER_ERROR = Attempt(Verdict.RETRY, "HTTP 500")
GONE = Attempt(Verdict.GONE, "HTTP 410 Gone")

SUBSCRIPTION = SubscriptionRow(
    key=1,
    tenant_id=1,
    tenant="default",
    id="urn:ngsi-ld:Subscription:a",
    document={},
    context=[],
    is_active=True,
    expires_at=None,
    modified_at=NOW,
)


def queue_of(**changes: Any) -> LeasedQueue:
    rows = tuple(
        OutboxRow(
            day=date(2026, 11, 23),
            id=number,
            trigger=16,
            attempts=0,
            created_at=NOW,
            changed_at=NOW,
            document=b"{}",
        )
        for number in (1, 2, 3)
    )
    queue = LeasedQueue(
        lease=Lease(1, "urn:e:1", uuid.uuid4()),
        attempts=0,
        failing_s=None,
        subscription=SUBSCRIPTION,
        rows=rows,
    )
    return msgspec.structs.replace(queue, **changes)


def subscription(**changes: Any) -> SubscriptionRow:
    return msgspec.structs.replace(SUBSCRIPTION, **changes)


def test_an_active_subscription_is_sent_to() -> None:
    assert settle_unsendable(queue_of(), NOW, RETRY, 60) is None
    later = queue_of(subscription=subscription(expires_at=NOW + 1))
    assert settle_unsendable(later, NOW, RETRY, 60) is None


def test_a_deleted_or_expired_subscription_cancels_all() -> None:
    for gone in (None, subscription(expires_at=NOW)):
        settlement = settle_unsendable(queue_of(subscription=gone), NOW, RETRY, 60)
        assert settlement is not None
        assert settlement.rest is not None
        assert (settlement.rest.state, settlement.rest.older_than_s) == (State.CANCELLED, None)


def test_a_paused_subscription_keeps_what_is_younger_than_the_limit() -> None:
    settlement = settle_unsendable(
        queue_of(subscription=subscription(is_active=False), attempts=3), NOW, RETRY, 60
    )
    assert settlement is not None
    assert settlement.rest is not None
    assert (settlement.rest.state, settlement.rest.older_than_s) == (State.DEAD_LETTERED, DAY)
    assert (settlement.attempts, settlement.delay_s) == (3, 60)


def test_success_clears_the_failures() -> None:
    queue = queue_of(attempts=7, failing_s=1000.0)
    settlement = settle_attempts(queue, [result_of(row, OK) for row in queue.rows], None, RETRY)
    assert (settlement.attempts, settlement.delay_s, settlement.rest) == (0, 0, None)
    assert [row.state for row in settlement.rows] == [State.DELIVERED] * 3


def test_a_failure_is_one_more_and_waits() -> None:
    queue = queue_of(attempts=4, failing_s=30.0)
    settlement = settle_attempts(queue, [result_of(queue.rows[0], SERVER_ERROR)], SERVER_ERROR, RETRY)
    assert (settlement.attempts, settlement.rest) == (5, None)
    assert 0 <= settlement.delay_s <= 16
    (row,) = settlement.rows
    assert (row.state, row.attempted, row.error) == (State.WAITING, True, "HTTP 500")


def test_a_failure_after_a_success_is_the_first() -> None:
    queue = queue_of(attempts=9, failing_s=2 * DAY)
    results = [result_of(queue.rows[0], OK), result_of(queue.rows[1], SERVER_ERROR)]
    settlement = settle_attempts(queue, results, SERVER_ERROR, RETRY)
    assert (settlement.attempts, settlement.rest) == (1, None)
    assert settlement.delay_s <= 1


def test_what_failed_for_a_day_is_given_up_as_far_as_it_is_a_day_old() -> None:
    for failing_s, given_up in ((DAY - 1, False), (DAY, True)):
        queue = queue_of(attempts=150, failing_s=failing_s)
        settlement = settle_attempts(queue, [result_of(queue.rows[0], SERVER_ERROR)], SERVER_ERROR, RETRY)
        assert (settlement.rest is not None) is given_up
        if settlement.rest is not None:
            assert settlement.rest.older_than_s == DAY
            assert settlement.rest.error == "given up after 24.0 h: HTTP 500"


def test_cooldown_and_retry_after_lengthen_the_pause() -> None:
    queue = queue_of()
    settlement = settle_attempts(queue, [], SERVER_ERROR, RETRY, cooldown_s=5.0)
    assert settlement.delay_s == 5.0
    asked = Attempt(Verdict.RETRY, "HTTP 503", 20.0)
    assert settle_attempts(queue, [], asked, RETRY, cooldown_s=5.0).delay_s == 20.0


def test_gone_is_a_dead_letter_and_the_rest_waits() -> None:
    queue = queue_of(attempts=2, failing_s=5.0)
    settlement = settle_attempts(queue, [result_of(queue.rows[0], GONE)], GONE, RETRY)
    assert [row.state for row in settlement.rows] == [State.DEAD_LETTERED]
    assert (settlement.rest, settlement.attempts, settlement.delay_s) == (None, 0, 0)


def test_an_interrupted_queue_keeps_its_failures() -> None:
    settlement = settle_attempts(queue_of(attempts=2, failing_s=5.0), [], None, RETRY)
    assert (settlement.rows, settlement.attempts) == ((), 2)


def test_the_endpoint_is_blamed_only_for_what_reached_it() -> None:
    queue = queue_of(is_trial=True)
    asked = Attempt(Verdict.RETRY, "HTTP 503", 1e9)
    settlement = settle_attempts(queue, [], asked, RETRY, cooldown_s=5.0)
    assert (settlement.endpoint_failed, settlement.hold_s, settlement.is_trial) == (True, 3_600.0, True)
    unsent = settle_attempts(queue, [], SERVER_ERROR, RETRY, endpoint_failed=False)
    assert (unsent.endpoint_failed, unsent.hold_s) == (False, 0.0)
    assert not settle_attempts(queue, [], GONE, RETRY).endpoint_failed
    assert not settle_attempts(queue, [], None, RETRY).endpoint_failed


def test_a_throttled_subscription_opens_a_window() -> None:
    throttled = queue_of(subscription=subscription(document={"throttling_s": 7.5}))
    assert settle_attempts(throttled, [result_of(throttled.rows[0], OK)], None, RETRY).window_s == 7.5
    assert settle_attempts(throttled, [], SERVER_ERROR, RETRY).window_s == 7.5
    assert settle_attempts(queue_of(), [], None, RETRY).window_s == 0.0


def test_nothing_to_tell_is_cancelled_and_no_attempt() -> None:
    row = result_of(queue_of().rows[0], Attempt(Verdict.EMPTY, "no entity matched"))
    assert (row.state, row.attempted) == (State.CANCELLED, False)


def test_a_result_has_the_status_and_the_time_it_took() -> None:
    row = result_of(queue_of().rows[0], Attempt(Verdict.RETRY, "HTTP 500", status=500), 12)
    assert (row.status, row.duration_ms) == (500, 12)
