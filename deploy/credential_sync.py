"""Keeps the broker's password and ACL files up to date with the database."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from context_api.store.database import Database
from context_api.store.devices import CHANNEL_CREDENTIALS
from context_api.store.errors import StoreError
from context_api.store.listen import listen
from devices.broker_files import record_applied, write_broker_files

if TYPE_CHECKING:
    from devices.credentials import Service

_log = logging.getLogger(__name__)

CHECK_S = 10.0
"""Notifications may be missed: how often to look without one."""
_PENDING_S = 0.05
_PENDING_TURNS = 100
"""After a change, who registers a device waits for `<file>.applied`: look for it often, for 5 s."""


class CredentialSync:
    """Writes the files on each notification, then copies the generation the broker has loaded."""

    def __init__(
        self, database: Database, files: tuple[Path, Path], services: "Sequence[Service]", mode: int
    ) -> None:
        self._database = database
        self._files = files
        self._services = services
        self._mode = mode
        self._changed = threading.Event()
        self._applied: int | None = None

    def run(self, url: str, stop: threading.Event) -> None:
        """Until `stop`; meant for a thread of its own."""
        listener = threading.Thread(
            target=listen,
            args=(url, [CHANNEL_CREDENTIALS], lambda *_: self._changed.set(), stop),
            name="credentials-listen",
            daemon=True,
        )
        listener.start()
        while not stop.is_set():
            self._turn(stop)
            self._wait(stop)
        listener.join()

    def write(self) -> bool:
        """Bring the files up to date; whether they changed. Raises StoreError, OSError."""
        password_file, acl_file = self._files
        password_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return write_broker_files(self._database, password_file, acl_file, self._services, mode=self._mode)

    def _turn(self, stop: threading.Event) -> None:
        self._changed.clear()
        try:
            changed = self.write()
            self._record()
            for _ in range(_PENDING_TURNS if changed else 0):
                before = self._applied
                if stop.wait(_PENDING_S) or self._changed.is_set():
                    return
                self._record()
                if self._applied != before:
                    return
        except (StoreError, OSError) as error:
            _log.warning("Broker files not written", extra={"action": "credentials", "error": str(error)})

    def _record(self) -> None:
        self._applied = record_applied(self._database, self._files[0])

    def _wait(self, stop: threading.Event) -> None:
        """Until a notification, or CHECK_S have passed, or `stop`."""
        for _ in range(int(CHECK_S / 0.25)):
            if self._changed.wait(0.25) or stop.is_set():
                return
