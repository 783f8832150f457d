"""Failed logins in the audit trail: so many a minute, the rest as a number, so that nobody fills it."""

import time

from context_api.http.login.attempts import Run
from context_api.store.database import Database
from context_api.store.logins import record_failure

PER_MINUTE = 30
"""Of one process."""


class Refusals:
    """Writes them."""

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self._run = run
        self._minute = 0
        self._written = 0
        self._left_out = 0

    async def note(self, name: str, reason: str) -> None:
        """Keep that somebody did not come in as `name`."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._written = minute, 0
        if self._written >= PER_MINUTE:
            self._left_out += 1
            return
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        await self._run(record_failure, self._database, name, reason, left_out)
