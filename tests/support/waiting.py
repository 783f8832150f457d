"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(look: Callable[[], T | None], timeout_s: float = 100.0) -> T:
    """What `look` gives as soon as it is not None; AssertionError when it stays None."""
    deadline = time.monotonic() + timeout_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"nothing within {timeout_s} s"
        time.sleep(0.05)
    return found
