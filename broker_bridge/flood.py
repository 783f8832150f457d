"""One device that sends without end must not cost the others their place.

Such a message is acknowledged and counted as ignored, unread. One per device and minute is put aside instead,
so that somebody can see what it is. What piled up while we were away is no flood: after a start, a lost
connection or a database that could not be written, nothing is held back until the backlog is gone.
"""

import logging

from broker_bridge.intake import Prepared, quarantined
from broker_bridge.models import Incoming
from context_api.store.deliveries_in import Delivery
from devices.limits import RateLimiter, Verdict
from devices.model import FoundSource, Source

RATE_LIMITED = "rate-limited"
CALM_BATCHES = 20
"""So many small batches after each other: the backlog is gone."""
_log = logging.getLogger(__name__)


class FloodGate:
    """Judges messages of one pipeline, in its thread. `per_minute` 0: everything passes."""

    def __init__(self, per_minute: float, *, batch_messages: int) -> None:
        self._limiter = RateLimiter(per_minute)
        self._small = max(1, batch_messages // 4)
        self._connections = -1
        self._calm = 0
        self._is_on = per_minute > 0

    def note_outage(self) -> None:
        """Expect a backlog."""
        self._calm = 0

    def begin(self, messages: int, connections: int) -> bool:
        """Note a batch; tells whether its messages are to be judged."""
        if connections != self._connections:
            self._connections = connections
            self._calm = 0
        if self._calm < CALM_BATCHES:
            self._calm = self._calm + 1 if messages < self._small else 0
            return False
        return self._is_on

    def hold_back(self, message: Incoming, source: FoundSource, now: float) -> Prepared | None:
        """Give what a message becomes that is above its sender's limit; None for one that is not."""
        if isinstance(source, Source):
            device_id, limit = source.device_id, source.messages_per_minute
            verdict = self._limiter.judge((source.tenant_id, device_id), now, limit)
        else:
            device_id = getattr(source, "device_id", "")
            verdict = self._limiter.judge((source.tenant_id, device_id or message.topic), now)
        if verdict is Verdict.PASS:
            return None
        if verdict is Verdict.DROP:
            return Prepared(message, _ignored(message, device_id))
        extra = {"action": RATE_LIMITED, "device": device_id, "topic": message.topic}
        _log.warning("A device sends more than its limit", extra=extra)
        detail = "above the messages per minute that the device may send; more of them were not kept"
        return Prepared(message, quarantined(message, RATE_LIMITED, detail, device_id))


def _ignored(message: Incoming, device_id: str) -> Delivery:
    return Delivery(
        device_id=device_id,
        topic=message.topic,
        payload=message.payload,
        arrived_at=message.arrived_at,
        ignored=RATE_LIMITED,
    )
