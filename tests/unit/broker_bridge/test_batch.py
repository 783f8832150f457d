import pytest

from adapters.types import NO_PROPERTIES
from broker_bridge.backoff import Backoff
from broker_bridge.batch import Batch, BatchLimits
from broker_bridge.models import Incoming

LIMITS = BatchLimits(messages=100, size=1_000, age_s=0.02, linger_from=16)


def _batch(count: int, size: int = 1) -> Batch:
    batch = Batch(LIMITS, begun_at=50.0)
    for token in range(count):
        batch.add(Incoming(token, 1, 1, "t", b"x" * size, False, False, 0, NO_PROPERTIES))
    return batch


@pytest.mark.parametrize(
    ("count", "size", "now", "is_full", "wait_s"),
    [
        (1, 1, 50.0, False, 0.0),  # alone: at once
        (15, 1, 50.0, False, 0.0),
        (16, 1, 50.0, False, 0.02),  # they come quickly: wait for more
        (16, 1, 50.015, False, 0.005),
        (16, 1, 50.5, False, 0.0),  # old
        (100, 1, 50.0, True, 0.0),
        (20, 50, 50.0, True, 0.0),  # by bytes
        (1, 5_000, 50.0, True, 0.0),  # one message above the bound is a batch of its own
    ],
)
def test_batch_goes_when_full_old_or_alone(
    count: int, size: int, now: float, is_full: bool, wait_s: float
) -> None:
    batch = _batch(count, size)
    assert batch.is_full is is_full
    assert batch.wait_s(now) == pytest.approx(wait_s)
    assert batch.size == count * size


def test_backoff_doubles_to_its_bound_with_jitter() -> None:
    backoff = Backoff(0.5, 8.0)
    steps = [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    for step in steps:
        assert step / 2 <= backoff.next_s() <= step
    backoff.reset()
    assert backoff.next_s() <= 0.5
    assert len({Backoff(0.5, 8.0).next_s() for _ in range(10)}) > 1
