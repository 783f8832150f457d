"""A repeated fault is one log line per period with a count, not one per message."""

from collections import Counter


class Throttle:
    """Counts occurrences by a bounded set of keys; tells when a key is due to be said again."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._said_at: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()

    def count(self, key: str, occurrences: int, now: float) -> int:
        """Occurrences since the key was last said, if it is to be said now; else 0."""
        self._unsaid[key] += occurrences
        if now - self._said_at.get(key, -self._period_s) < self._period_s:
            return 0
        self._said_at[key] = now
        return self._unsaid.pop(key)
