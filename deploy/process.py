"""A long-running process: signals become an Event, the name in logs, how it ends."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

from deploy.logging import configure_logging
from deploy.settings import Settings


def start_process(name: str, settings: Settings) -> None:
    """Set up logging; every line carries the process and its instance."""
    configure_logging(settings.log_level, settings.log_format, process=name, instance=settings.instance)


def run_until_stopped(run: Callable[[threading.Event], None]) -> None:
    """Run until SIGTERM or SIGINT; `run` returns soon after the event is set."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    run(stop)
