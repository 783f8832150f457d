"""Jobs by the clock, and parts that are restarted."""

import subprocess
import sys
import threading
import time

import pytest

from deploy.embedded.errors import NotStarted
from deploy.launcher.parts import BACKOFF_S, Watched
from deploy.schedule import Job, Schedule


def test_a_failing_job_is_counted_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []
    counted: list[tuple[str, str, str | None]] = []

    def fail() -> str:
        raise RuntimeError("no luck")

    def succeed() -> str:
        ran.append("good")
        return "2 things"

    schedule = Schedule(
        [Job("bad", 60, fail), Job("good", 60, succeed)],
        lambda run: counted.append((run.job.name, run.done, run.error)),
    )
    schedule.run_due(leading=True, stop=threading.Event())
    schedule.run_due(leading=True, stop=threading.Event())
    assert ran == ["good"]
    assert counted == [("bad", "", "RuntimeError: no luck"), ("good", "2 things", None)]
    assert "no luck" in caplog.text


def test_only_the_leader_does_what_is_the_leaders() -> None:
    ran: list[str] = []

    def job(name: str) -> str:
        ran.append(name)
        return ""

    schedule = Schedule(
        [Job("all", 0, lambda: job("all"), leader_only=False), Job("one", 0, lambda: job("one"))],
        lambda *_: None,
    )
    schedule.run_due(leading=False, stop=threading.Event())
    assert ran == ["all"]
    schedule.run_due(leading=True, stop=threading.Event())
    assert ran == ["all", "all", "one"]


class Fragile:
    """A part that ends at once, and at times does not even start."""

    name = "fragile"

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts == 2:
            raise NotStarted("no memory")
        if self.starts == 3:
            raise OSError(28, "No space left on device")
        self.process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
        self.process.wait()

    def stop(self) -> None:
        """It has ended."""


def test_pauses_between_restarts_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    said: list[str] = []
    watched = Watched(Fragile(), said.append, lambda: None)
    watched.start()
    for pause in BACKOFF_S:
        watched.look()
        now += pause - 0.1
        watched.look()
        assert said[-1].endswith(f"starting it again in {pause:g} s")
        now += 0.2
        watched.look()
    assert said[0] == "fragile ended (exit code 7); starting it again in 0.5 s"
    assert said[1] == "fragile does not start: no memory; starting it again in 1 s"
    assert said[2].startswith("fragile does not start: [Errno 28] No space left on device")
