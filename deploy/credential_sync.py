"""Keeps the broker's users in step with the database: its files, what has expired, who must be thrown out."""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from context_api.store.database import Database
from context_api.store.device_credentials import (
    BrokerUsers,
    expire_credentials,
    list_kicks,
    mark_kicked,
)
from context_api.store.device_imports import is_registering
from context_api.store.devices import CHANNEL_CREDENTIALS, get_generation, mark_applied
from context_api.store.errors import StoreError
from context_api.store.listen import listen
from devices.broker_certificates import CertificateWriter
from devices.broker_files import applied_file, record_applied, write_broker_files

if TYPE_CHECKING:
    from deploy.kicking import Kicker
    from devices.credentials import Service

_log = logging.getLogger(__name__)

CHECK_S = 10.0
"""Notifications may be missed: how often to look without one."""
_LOOK_S = 0.25
"""How often to look whether somebody else changed the files, or something has expired."""
_PENDING_S = 0.05
_PENDING_TURNS = 100
"""After a change, who registers a device waits for `<file>.applied`: look for it often, for 5 s."""
_RETRY_S = 1.0
"""While somebody has to be thrown out and the broker has not loaded the files, or is away."""
_KICKS = 200
"""Connections closed in one go; meanwhile no file is written."""

_RESTS = 10
"""After a change, so many times what writing it took: while many devices are registered one after the other,
the broker shall take messages rather than read its files again and again."""
_REST_MOST_S = 1.0
_REST_IMPORTING_S = 10.0
"""While an import registers devices, one slice after the other: mosquitto takes no message while it reads the
files of ten thousand devices anew. What is revoked or has expired waits for no rest."""

_Stamp = tuple[tuple[int, int, int] | None, ...]


class CredentialSync:
    """Writes the files on each notification, copies the generation the broker has loaded, closes connections.

    `files` None: the broker asks us when a client connects (EMQX); what is in the database is in force.
    """

    def __init__(
        self,
        database: Database,
        files: tuple[Path, Path] | None,
        services: "Sequence[Service]",
        mode: int,
        *,
        certificates: CertificateWriter | None = None,
        kicker: "Kicker | None" = None,
    ) -> None:
        self._database = database
        self._files = files
        self._services = services
        self._mode = mode
        self._certificates = certificates
        self._kicker = kicker
        self._changed = threading.Event()
        self._applied: int | None = None
        self._written: _Stamp = ()
        self._expires_at: float | None = None
        self._is_kick_due = False
        self._work_s = 0.0
        """What the last writing took; 0 where nothing had changed."""
        self._noted: tuple[int, int, int] | None = None

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
            began = time.monotonic()
            self._turn(stop)
            self._rest(began, stop)
            self._wait(stop)
        listener.join()

    def write(self) -> bool:
        """Bring the files up to date; whether they changed. Raises StoreError, OSError."""
        if self._files is None:
            mark_applied(self._database, get_generation(self._database)[0])
            return False
        password_file, acl_file = self._files
        password_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        began = time.monotonic()
        changed = write_broker_files(
            self._database,
            password_file,
            acl_file,
            self._services,
            mode=self._mode,
            write_others=self._write_certificates,
        )
        self._written = self._stamp()
        self._work_s = time.monotonic() - began if changed else 0.0
        return changed

    def _write_certificates(self, users: BrokerUsers) -> bool:
        return self._certificates is not None and self._certificates.write(users.revoked, users.generation)

    def _turn(self, stop: threading.Event) -> None:
        self._changed.clear()
        try:
            expires_s = expire_credentials(self._database)
            self._expires_at = None if expires_s is None else time.monotonic() + expires_s
            wanted = get_generation(self._database)[0]
            changed = self.write()
            self._record()
            self._wait_applied(wanted, stop, _PENDING_TURNS if changed else 0)
            self._kick(stop)
        except (StoreError, OSError) as error:
            _log.warning("Broker files not written", extra={"action": "credentials", "error": str(error)})

    def _wait_applied(self, wanted: int, stop: threading.Event, turns: int) -> None:
        """Until the broker has loaded a generation, or there is something newer to write."""
        for _ in range(turns):
            if (self._applied or 0) >= wanted or stop.wait(_PENDING_S) or self._changed.is_set():
                return
            self._record()

    def _record(self) -> None:
        if self._files is not None:
            self._noted = _stamp(applied_file(self._files[0]))
            self._applied = record_applied(self._database, self._files[0])

    def _kick(self, stop: threading.Event) -> None:
        """Close the connections of what is void, once the broker refuses it: else it would just come back."""
        if self._kicker is None:
            return
        while not stop.is_set() and not self._changed.is_set():
            kicks = list_kicks(self._database, _KICKS)
            self._is_kick_due = bool(kicks)
            wanted, applied = get_generation(self._database)
            if not kicks or applied < wanted or not (done := self._kicker.kick(kicks)):
                return
            mark_kicked(self._database, done)

    def _rest(self, began: float, stop: threading.Event) -> None:
        while not stop.is_set() and not self._has_expired():
            try:
                if self._kicker is not None and list_kicks(self._database, 1):
                    return
                is_importing = is_registering(self._database)
            except StoreError:
                return
            left_s = rest_s(self._work_s, time.monotonic() - began, is_importing=is_importing)
            if left_s <= 0:
                return
            stop.wait(min(left_s, _LOOK_S))

    def _wait(self, stop: threading.Event) -> None:
        """Until there is something to do, or CHECK_S have passed, or `stop`."""
        reasons = (stop.is_set, self._has_expired, self._is_drifted, self._is_applied_news)
        for _ in range(int((_RETRY_S if self._is_kick_due else CHECK_S) / _LOOK_S)):
            if self._changed.wait(_LOOK_S) or any(reason() for reason in reasons):
                return

    def _has_expired(self) -> bool:
        return self._expires_at is not None and time.monotonic() >= self._expires_at

    def _is_drifted(self) -> bool:
        """Somebody else changed, replaced or deleted a file since we wrote it."""
        return self._files is not None and self._stamp() != self._written

    def _is_applied_news(self) -> bool:
        """The broker has loaded a generation since we looked."""
        return self._files is not None and _stamp(applied_file(self._files[0])) != self._noted

    def _stamp(self) -> _Stamp:
        others = () if self._certificates is None else self._certificates.files
        return tuple(_stamp(path) for path in (*(self._files or ()), *others))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def rest_s(work_s: float, since_s: float, *, is_importing: bool = False) -> float:
    """How long to leave the broker alone: `since_s` have passed since the files were begun."""
    if not work_s:
        return 0.0
    wanted_s = _REST_IMPORTING_S if is_importing else min(work_s * _RESTS, _REST_MOST_S)
    return max(0.0, wanted_s - since_s)
