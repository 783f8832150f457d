"""The bridge as a process of its own, so that it can be killed."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from types import FrameType
from typing import Self

from broker_bridge import BridgeSettings, run
from broker_bridge.models import Incoming
from broker_bridge.mqtt_client import MqttClient
from tests.integration.broker_bridge.waiting import wait_for_broker

_context = multiprocessing.get_context("spawn")


def _ignore(self: MqttClient, messages: Sequence[Incoming]) -> None:
    """Instead of MqttClient.acknowledge."""


def _shift(offset_s: "Synchronized[float]") -> None:
    """Put an offset before this process's clock, as an administrator or a time server would."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + offset_s.value
    time.time_ns = lambda: real_ns() + int(offset_s.value * 1e9)


def _serve(settings: BridgeSettings, is_deaf: bool, offset_s: "Synchronized[float]") -> None:
    stop = threading.Event()
    _shift(offset_s)
    if is_deaf:
        # Killed later, it is a bridge that was killed between the commit and the acknowledgements.
        MqttClient.acknowledge = _ignore  # type: ignore[method-assign]

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    run(settings, stop)


class BridgeProcess:
    """Start, kill, start again. The settings stay. A deaf bridge never acknowledges what it commits."""

    def __init__(self, settings: BridgeSettings, *, is_deaf: bool = False) -> None:
        self.settings = settings
        self._is_deaf = is_deaf
        self._offset_s = _context.Value("d", 0.0)

    def start(self) -> Self:
        """Start, and return when it is connected to the broker."""
        self.launch()
        wait_for_broker(self.settings)
        return self

    def launch(self) -> None:
        """Start, without waiting for anything."""
        self.process = _context.Process(
            target=_serve, args=(self.settings, self._is_deaf, self._offset_s), daemon=True
        )
        self.process.start()

    def shift_clock(self, seconds: float) -> None:
        """Have its clock that much ahead (or behind) from now on."""
        self._offset_s.value = seconds

    def kill(self) -> None:
        """End as SIGKILL ends."""
        self.process.kill()
        self.process.join()

    def stop(self) -> int | None:
        """Ask it to end; returns its exit code."""
        self.process.terminate()
        self.process.join(15)
        if self.process.is_alive():
            self.kill()
        return self.process.exitcode
