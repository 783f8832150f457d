"""How often somebody may come: token buckets, so that one broken sensor cannot eat the town's quota."""

from collections.abc import Hashable
from enum import Enum

MAX_KEYS = 100_000
"""Buckets that are kept; the one made first makes way, and starts full when it comes back."""
BURST_MINUTES = 10.0
"""So many minutes' worth may come at once: what a device kept while it was offline is no flood."""
SAMPLE_S = 60.0
"""Of what is above the limit, one message per device in this time is kept to be looked at."""


class Verdict(Enum):
    """What becomes of a message."""

    PASS = "pass"  # noqa: S105 - no password
    SAMPLE = "sample"
    """Above the limit, and kept so that somebody can see what it is."""
    DROP = "drop"
    """Above the limit: counted, not kept."""


class _Bucket:
    __slots__ = ("at", "sampled_at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at
        self.sampled_at = float("-inf")


class RateLimiter:
    """Buckets by key, filled with `per_minute` and holding `burst_minutes` of it. For one thread.

    0 per minute: no limit.
    """

    def __init__(
        self, per_minute: float, *, burst_minutes: float = BURST_MINUTES, max_keys: int = MAX_KEYS
    ) -> None:
        self._per_minute = per_minute
        self._burst_minutes = burst_minutes
        self._max_keys = max_keys
        self._buckets: dict[Hashable, _Bucket] = {}

    def judge(self, key: Hashable, now: float, per_minute: float | None = None) -> Verdict:
        """Take a token at `now` (monotonic seconds); `per_minute` is the key's own limit, None the common."""
        rate = self._per_minute if per_minute is None else per_minute
        if rate <= 0:
            return Verdict.PASS
        bucket = self._bucket(key, now, rate)
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return Verdict.PASS
        if now - bucket.sampled_at >= SAMPLE_S:
            bucket.sampled_at = now
            return Verdict.SAMPLE
        return Verdict.DROP

    def wait_s(self, key: Hashable, now: float, per_minute: float | None = None) -> float:
        """Tell how long until the key's next token; 0 where there is one. Takes none."""
        rate = self._per_minute if per_minute is None else per_minute
        if rate <= 0 or key not in self._buckets:
            return 0.0
        return max(0.0, (1.0 - self._bucket(key, now, rate).tokens) * 60.0 / rate)

    def __len__(self) -> int:
        return len(self._buckets)

    def _bucket(self, key: Hashable, now: float, rate: float) -> _Bucket:
        full = max(1.0, rate * self._burst_minutes)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._max_keys:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[key] = _Bucket(full, now)
        else:
            bucket.tokens = min(full, bucket.tokens + (now - bucket.at) * rate / 60.0)
            bucket.at = now
        return bucket
