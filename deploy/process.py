"""A long-running process: signals become an Event, the name in logs, how it ends."""

import ctypes
import gc
import signal
import threading
from collections.abc import Callable
from types import FrameType

from deploy.logging import configure_logging
from deploy.settings import Settings

GC_THRESHOLDS = (50_000, 20, 50)
"""A batch makes tens of thousands of objects that die with it and hold no cycles. With Python's 700 the
collector walks them again and again: 80-110 us per message of 5 values instead of 53."""

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of mallopt(3)."""
MMAP_FROM_BYTES = 256 * 1024


def start_process(name: str, settings: Settings) -> None:
    """Set up logging, every line with the process and its instance, the garbage collector and memory."""
    gc.set_threshold(*GC_THRESHOLDS)
    return_memory()
    configure_logging(settings.log_level, settings.log_format, process=name, instance=settings.instance)


def return_memory() -> None:
    """Let glibc give large bodies back to the system once they are read, and keep one heap for all threads.

    Otherwise a worker keeps what its largest requests took, several times over. Other C libraries have no
    such knobs, and do not need them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, MMAP_FROM_BYTES)


def run_until_stopped(run: Callable[[threading.Event], None]) -> None:
    """Run until SIGTERM or SIGINT; `run` returns soon after the event is set."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    run(stop)
