"""One of N processes leads: whoever holds an advisory lock, for as long as its connection lives."""

import zlib
from contextlib import suppress

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.database import connect
from context_api.store.errors import StoreError, wrapped_errors

_NAMESPACE = 0x6D616368  # "mach": keeps leadership apart from other advisory locks
_STATEMENT_TIMEOUT_MS = 5_000


class Leadership:
    """A role that one process holds at a time. Not for use by two threads at once."""

    def __init__(self, url: str, role: str) -> None:
        self._url = url
        self._key = zlib.crc32(role.encode()) - 2**31
        self._connection: Connection[TupleRow] | None = None

    def claim(self) -> bool:
        """Whether we lead now; tries to, where nobody does. Raises StoreError: then we do not lead."""
        try:
            with wrapped_errors():
                return self._claim()
        except StoreError:
            self.release()
            raise

    def release(self) -> None:
        """Let another process lead."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(StoreError), wrapped_errors():
                connection.close()

    def _claim(self) -> bool:
        if self._connection is not None:
            self._connection.execute("select 1")  # the lock is ours for as long as the session lives
            return True
        connection = connect(self._url, statement_timeout_ms=_STATEMENT_TIMEOUT_MS)
        locked = connection.execute("select pg_try_advisory_lock(%s, %s)", [_NAMESPACE, self._key]).fetchone()
        if locked == (True,):
            self._connection = connection
            return True
        connection.close()
        return False
