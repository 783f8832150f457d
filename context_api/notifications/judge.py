"""What becomes of a queue before and after its requests: the rules, without any I/O."""

from collections.abc import Sequence

from context_api.ngsild.model import Micros
from context_api.notifications.retry import RetryPolicy, Verdict
from context_api.notifications.sender import Attempt
from context_api.store.deliveries import (
    LeasedQueue,
    OutboxRow,
    RestResult,
    RowResult,
    Settlement,
    State,
    throttling_s,
)


def settle_unsendable(
    queue: LeasedQueue, now: Micros, retry: RetryPolicy, paused_check_s: float
) -> Settlement | None:
    """The settlement of a queue of which nothing may be sent (clause 5.8.6: only while active), else None."""
    subscription = queue.subscription
    if subscription is None:
        return _cancel(queue, "the subscription was deleted")
    if subscription.expires_at is not None and subscription.expires_at <= now:
        return _cancel(queue, "the subscription expired")
    if not subscription.is_active or subscription.is_disabled:
        why = (
            "its organisation is disabled, or not in the tenant any more"
            if subscription.is_disabled
            else "the subscription is paused"
        )
        rest = RestResult(state=State.DEAD_LETTERED, error=why, older_than_s=retry.give_up_s)
        return Settlement(
            lease=queue.lease,
            rest=rest,
            attempts=queue.attempts,
            delay_s=paused_check_s,
            is_trial=queue.is_trial,
        )
    return None


def _cancel(queue: LeasedQueue, reason: str) -> Settlement:
    return Settlement(lease=queue.lease, rest=RestResult(state=State.CANCELLED, error=reason))


def settle_attempts(
    queue: LeasedQueue,
    results: Sequence[RowResult],
    last: Attempt | None,
    retry: RetryPolicy,
    cooldown_s: float = 0.0,
    *,
    endpoint_failed: bool = True,
) -> Settlement:
    """The settlement of a queue after its requests; `last` is the attempt that failed, None if none did.

    A failure waits for the back-off; what has failed for `give_up_s` becomes dead letters, as far as it is as
    old: what came while the receiver was down keeps its own time. `endpoint_failed` is False where `last`
    failed before anything was sent.
    """
    progressed = any(result.state is State.DELIVERED for result in results)
    if last is None or last.verdict is Verdict.GONE:
        attempts = 0 if progressed or last is not None else queue.attempts
        return Settlement(
            lease=queue.lease,
            rows=tuple(results),
            attempts=attempts,
            window_s=throttling_s(queue.subscription),
            is_trial=queue.is_trial,
        )
    failures = 1 if progressed else queue.attempts + 1
    failing_s = 0.0 if progressed else queue.failing_s or 0.0
    rest = None
    if failing_s >= retry.give_up_s:
        error = f"given up after {failing_s / 3600:.1f} h: {last.error}"
        rest = RestResult(state=State.DEAD_LETTERED, error=error, older_than_s=retry.give_up_s)
    return Settlement(
        lease=queue.lease,
        rows=tuple(results),
        rest=rest,
        attempts=failures,
        delay_s=retry.delay_s(failures, max(last.retry_after_s or 0.0, cooldown_s)),
        window_s=throttling_s(queue.subscription),
        endpoint_failed=endpoint_failed,
        hold_s=min(max(last.retry_after_s or 0.0, cooldown_s), retry.longest_retry_after_s),
        is_trial=queue.is_trial,
    )


def result_of(row: OutboxRow, attempt: Attempt, duration_ms: int | None = None) -> RowResult:
    """What an attempt makes of its row."""
    states = {
        Verdict.DELIVERED: State.DELIVERED,
        Verdict.RETRY: State.WAITING,
        Verdict.GONE: State.DEAD_LETTERED,
        Verdict.EMPTY: State.CANCELLED,
    }
    return RowResult(
        day=row.day,
        id=row.id,
        state=states[attempt.verdict],
        attempted=attempt.verdict is not Verdict.EMPTY,
        error=attempt.error,
        status=attempt.status,
        duration_ms=duration_ms,
    )
