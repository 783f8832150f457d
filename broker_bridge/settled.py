"""What is told of messages whose transaction has committed: counts, ages, traces."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from broker_bridge.intake import Prepared
from broker_bridge.metrics import Metrics
from broker_bridge.throttle import Throttle
from context_api.ngsild.model import Micros
from context_api.store.deliveries_in import DeliveryKind, DeliveryOutcome
from context_api.tracing import find_trace, newest_time

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

LOG_PERIOD_S = 10.0
_VALUES = ("stored", "corrected", "duplicate", "quarantined", "ignored")
_log = logging.getLogger(__name__)


class Settled:
    """Tells of settled messages; one per pipeline, used by its thread."""

    def __init__(self, metrics: Metrics, telemetry: "Telemetry | None" = None) -> None:
        self._metrics = metrics
        self._telemetry = telemetry
        self._throttle = Throttle(LOG_PERIOD_S)

    def tell(
        self, prepared: Sequence[Prepared], outcomes: Sequence[DeliveryOutcome], began_at: Micros
    ) -> None:
        """Count messages that have just been committed; their batch was begun at `began_at`."""
        now = time.time_ns() // 1_000
        oldest = min([item.message.arrived_at for item in prepared])
        self._metrics.acknowledged_after.observe(max(0, now - oldest) / 1e6)
        self._count(outcomes)
        self._tell_age(prepared, now)
        if self._telemetry is not None:
            for item, outcome in zip(prepared, outcomes, strict=True):
                if outcome.kind is DeliveryKind.STORED:
                    _trace(self._telemetry, item, began_at, now)

    def _count(self, outcomes: Sequence[DeliveryOutcome]) -> None:
        kinds = Counter([outcome.kind.name.lower() for outcome in outcomes])
        for kind, messages in kinds.items():
            self._metrics.messages.labels(kind).inc(messages)
        for name in _VALUES:
            values = sum([getattr(outcome, name) for outcome in outcomes])
            if values:
                self._metrics.values.labels(name).inc(values)
        self._metrics.late.inc(sum([outcome.late for outcome in outcomes]))
        reasons = Counter([outcome.reason for outcome in outcomes if outcome.reason is not None])
        for reason, messages in reasons.items():
            self._metrics.quarantined.labels(reason).inc(messages)
            said = self._throttle.count(reason, messages, time.monotonic())
            if said:
                _log.warning("Messages quarantined", extra={"reason": reason, "messages": said})

    def _tell_age(self, prepared: Sequence[Prepared], now: Micros) -> None:
        """Observe the age of the first reading with a time: one of a batch tells of all."""
        for item in prepared:
            for reading in item.delivery.readings:
                observed_at = newest_time(reading.attributes)
                if observed_at is not None:
                    self._metrics.age.observe(max(0, now - observed_at) / 1e6)
                    return


def _trace(telemetry: "Telemetry", item: Prepared, began_at: Micros, now: Micros) -> None:
    """Record a message's way from the broker to the commit, under each of its readings that is traced."""
    arrived_at = item.message.arrived_at
    began_at = max(arrived_at, began_at)
    for reading in item.delivery.readings:
        trace = find_trace(reading.entity_id, reading.attributes, telemetry.ratio)
        if trace is None:
            continue
        members = {"machi.entity": reading.entity_id, "machi.device": item.delivery.device_id}
        telemetry.record_first(trace, "reading", arrived_at, now, members)
        telemetry.record_step(trace, "wait for the batch", arrived_at, began_at, {})
        telemetry.record_step(trace, "decode and commit", began_at, now, {})
