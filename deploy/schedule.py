"""Jobs by the clock: each has an interval, none stops the others."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

_log = logging.getLogger(__name__)


class Job(NamedTuple):
    """`run` says in a few words what it did, '' for nothing worth a line."""

    name: str
    interval_s: float
    run: Callable[[], str]
    leader_only: bool = True


class Run(NamedTuple):
    """A run that has ended."""

    job: Job
    duration_s: float
    done: str
    """What the job said."""
    error: str | None
    """None: it ended well."""


class Schedule:
    """Runs what is due, one after the other; `on_run` counts."""

    def __init__(self, jobs: Sequence[Job], on_run: Callable[[Run], None]) -> None:
        self._jobs = jobs
        self._on_run = on_run
        self._due = {job.name: 0.0 for job in jobs}

    def run_due(self, *, leading: bool, stop: threading.Event) -> None:
        """Run every job whose time has come. A failure is logged and tried again at the next interval."""
        for job in self._jobs:
            if stop.is_set():
                return
            if time.monotonic() >= self._due[job.name] and (leading or not job.leader_only):
                self._run(job)
                self._due[job.name] = time.monotonic() + job.interval_s

    def _run(self, job: Job) -> None:
        started = time.monotonic()
        try:
            done = job.run()
        except Exception as error:  # a job of any kind must not end the others
            _log.exception("Job failed", extra={"action": job.name, "error": str(error)})
            told = f"{type(error).__name__}: {error}"
            self._on_run(Run(job, time.monotonic() - started, "", told))
            return
        self._on_run(Run(job, time.monotonic() - started, done, None))
        if done:
            _log.info("Job done", extra={"action": job.name, "detail": done})
