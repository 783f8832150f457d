"""Token buckets, without a clock and without a server. Times are seconds of any steady clock."""

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rate:
    """So many tokens per second, of which so many may be saved up."""

    per_second: float
    burst: float

    @property
    def is_open(self) -> bool:
        """Whether it ever lets anything through."""
        return self.per_second > 0

    def share(self, holders: int) -> "Rate":
        """Give what one of several holders may take that know nothing of each other."""
        return Rate(self.per_second / holders, max(1.0, self.burst / holders))


class Taken(NamedTuple):
    """What a bucket gave."""

    granted: int
    left: float
    """Tokens that stay in it."""
    retry_s: float
    """Until there is one again; 0: there is one."""


class Bucket:
    """Holds tokens; it begins full."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._tokens = rate.burst
        self._at = now

    def take(self, rate: Rate, wanted: int, now: float) -> Taken:
        """Take as many of the wanted tokens as there are, whole ones only.

        The rate may differ from one call to the next: what is saved up above its burst is lost.
        """
        elapsed = max(0.0, now - self._at)
        self._at = max(now, self._at)
        self._tokens = min(rate.burst, self._tokens + elapsed * rate.per_second)
        granted = max(0, min(wanted, math.floor(self._tokens)))
        self._tokens -= granted
        return Taken(granted, self._tokens, wait_s(rate, self._tokens))


def wait_s(rate: Rate, tokens: float) -> float:
    """Give the seconds until there is a whole token; infinite where there never is one."""
    if tokens >= 1:
        return 0.0
    return (1 - tokens) / rate.per_second if rate.is_open else math.inf


def next_slice(slice_: int, rate: Rate, since_last_s: float) -> int:
    """Say how many tokens to fetch next time: more while they are used up quickly, up to 0.1 s of them.

    Whoever asks seldom fetches single ones, so that nobody sits on what others could use.
    """
    if since_last_s < _QUICK_S:
        return max(1, min(slice_ * 2, int(rate.per_second * _QUICK_S), int(rate.burst / 4)))
    return max(1, slice_ // 2)


_QUICK_S = 0.1
