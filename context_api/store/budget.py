"""How long work in slices may go on."""

import time
from collections.abc import Callable


class Budget:
    """So many seconds from now, or until `is_stopped` says so."""

    def __init__(self, seconds: float, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self._deadline = time.monotonic() + seconds
        self._is_stopped = is_stopped

    @property
    def is_spent(self) -> bool:
        """Whether the next slice is for another time."""
        return self._is_stopped() or time.monotonic() > self._deadline
