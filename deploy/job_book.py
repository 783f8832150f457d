"""Remembers the last run of each job of this worker, for those who look whether the worker does its work."""

import threading
from datetime import UTC, datetime

from context_api.store.database import Database
from context_api.store.system import JobRun, note_runs

NOTE_S = 5.0
"""How soon a run can be seen by others."""
_TEXT_MAX = 300


class JobBook:
    """Every thread of the worker writes into it, one takes what is new to the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, JobRun] = {}
        self._new: set[str] = set()

    @property
    def runs(self) -> list[JobRun]:
        """The last run of each job, by name."""
        with self._lock:
            return [self._runs[name] for name in sorted(self._runs)]

    def note(self, job: str, interval_s: float, duration_s: float, done: str, error: str | None) -> None:
        """Remember a run that has just ended; `error` None: it ended well."""
        now = datetime.now(UTC)
        with self._lock:
            before = self._runs.get(job)
            runs, failures = (before.runs, before.failures) if before else (0, 0)
            self._runs[job] = JobRun(
                job=job,
                interval_s=float(interval_s),  # jobs give whole numbers too
                last_at=now,
                duration_ms=round(duration_s * 1_000),
                done_at=now if error is None else before.done_at if before else None,
                failed_at=now if error is not None else before.failed_at if before else None,
                failures=failures + (error is not None),
                runs=runs + 1,
                detail=done[:_TEXT_MAX],
                error=None if error is None else error[:_TEXT_MAX],
            )
            self._new.add(job)

    def write(self, database: Database) -> str:
        """Write what is new. Raises StoreError: then it is written the next time."""
        with self._lock:
            names = sorted(self._new)
            runs = [self._runs[name] for name in names]
            self._new.clear()
        try:
            note_runs(database, runs)
        except BaseException:
            with self._lock:
                self._new.update(names)
            raise
        return ""
