"""When to stop collecting and write. Pure: times are given, in seconds of a monotonic clock.

One transaction for many messages is what makes the rate; waiting for company is what makes the latency. A
batch therefore goes as soon as it is full, or old, or nothing more is waiting, except that under load (a
batch that already holds `linger_from` messages) it waits up to `age_s` for more: messages that come quickly
are worth a few milliseconds, a lone one is not.
"""

from dataclasses import dataclass

from broker_bridge.models import Incoming


@dataclass(frozen=True, slots=True)
class BatchLimits:
    messages: int
    size: int
    """Bytes of payload."""
    age_s: float
    linger_from: int = 16


class Batch:
    """A batch being collected."""

    def __init__(self, limits: BatchLimits, begun_at: float) -> None:
        self._limits = limits
        self._begun_at = begun_at
        self.messages: list[Incoming] = []
        self.size = 0

    def add(self, message: Incoming) -> None:
        self.messages.append(message)
        self.size += len(message.payload)

    @property
    def is_full(self) -> bool:
        return len(self.messages) >= self._limits.messages or self.size >= self._limits.size

    def wait_s(self, now: float) -> float:
        """How long to wait for another message when none is at hand; 0 = write now."""
        if len(self.messages) < self._limits.linger_from or self.is_full:
            return 0.0
        return max(0.0, self._begun_at + self._limits.age_s - now)
