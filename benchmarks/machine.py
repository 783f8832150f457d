"""The machine that figures were measured on: what it is, and how fast it is at this moment."""

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.mosquitto import find_mosquitto

_PAGE = 8192
_BLOCK = bytearray(16_000_000)
_DOCUMENT = json.dumps({"observedAt": "2026-11-23T09:00:00+09:00", "pm25": 12.3, "no2": 21.5, "pm10": 20.1})


class Machine(NamedTuple):
    """What does not change during a run."""

    processor: str
    processors: int
    memory_gib: float
    kernel: str
    python: str
    mosquitto: str
    load_before: float
    """Load average of the last minute: above half of `processors`, others disturb the run."""


class Calibration(NamedTuple):
    """How fast the machine is now. Figures of two runs are comparable as far as these are."""

    json_documents_per_s: float
    """Parsed and written by Python's json, one thread."""
    fdatasync_per_s: float
    """Of 8 kB, one after the other, where temporary files lie."""
    copied_mb_per_s: float
    """Memory to memory."""


def describe() -> Machine:
    """Ask the machine what it is."""
    return Machine(
        _processor(),
        os.cpu_count() or 1,
        round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
        _mosquitto(),
        round(os.getloadavg()[0], 2),
    )


def calibrate(seconds: float = 0.5) -> Calibration:
    """Measure what everything else depends on; takes about three times `seconds`."""
    return Calibration(
        round(_rate(_parse_and_write, seconds)),
        round(_fdatasyncs(seconds)),
        round(_rate(_copy, seconds)),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _mosquitto() -> str:
    program = find_mosquitto()
    if program is None:
        return "none"
    shown = subprocess.run([program, "-h"], capture_output=True, text=True, check=False, timeout=10)
    return shown.stdout.partition("\n")[0].removeprefix("mosquitto version ").strip()


def _rate(work: Callable[[], int], seconds: float) -> float:
    """Units of work per second: the median of five fifths, so that a disturbed moment does not count."""
    rates = []
    for _ in range(5):
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds / 5:
            done += work()
        rates.append(done / took)
    return statistics.median(rates)


def _parse_and_write() -> int:
    for _ in range(100):
        json.dumps(json.loads(_DOCUMENT))
    return 100


def _copy() -> int:
    """Copy 16 MB."""
    bytes(_BLOCK)
    return 16


def _fdatasyncs(seconds: float) -> float:
    with tempfile.TemporaryFile(buffering=0) as file:

        def write() -> int:
            file.seek(0)
            file.write(b"\0" * _PAGE)
            os.fdatasync(file.fileno())
            return 1

        return _rate(write, seconds)
