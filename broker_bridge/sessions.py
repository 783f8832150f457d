"""Which receipts belong together: the name of each broker session, kept in the database."""

from threading import Lock

from context_api.store.bridge_sessions import begin_session, get_session
from context_api.store.database import Database


class SessionNames:
    """Turns the session counter of the client (`InFlight.session`) into names that outlive this process.

    Threads may share it.
    """

    def __init__(self, database: Database, client_id: str) -> None:
        self._database = database
        self._client_id = client_id
        self._names: dict[int, str] = {}
        self._lock = Lock()

    def name(self, session: int) -> str:
        """Return the name of a session; asks the database once for each. Raises StoreUnavailable."""
        return self._names.get(session) or self._ask(session)

    def _ask(self, session: int) -> str:
        with self._lock:
            known = self._names.get(session)
            if known is not None:
                return known
            ask = begin_session if session else get_session
            known = self._names[session] = ask(self._database, self._client_id)
            for old in [number for number in self._names if number < session - 1]:
                del self._names[old]
        return known
