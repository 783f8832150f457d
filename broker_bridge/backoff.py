"""Pauses between attempts: doubling, bounded, with jitter so that many clients do not return at once."""

import random


class Backoff:
    """Call `next_s` after each failure and `reset` after a success."""

    def __init__(self, min_s: float, max_s: float) -> None:
        self._min_s = min_s
        self._max_s = max_s
        self._failures = 0

    def next_s(self) -> float:
        """A pause between half and the whole of the current step."""
        step = min(self._max_s, self._min_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return step * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, hides nothing)

    def reset(self) -> None:
        self._failures = 0
