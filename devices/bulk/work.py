"""Carrying out imports, a slice of rows at a time: by one worker, which may be killed at any moment.

What is about to be done to a row is written down before it is done. So whoever goes on after a kill knows
that a device which is there was made by the import, and the passwords come out the same
(`devices.bulk.secrets`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from context_api.store import device_imports as store
from context_api.store import devices as device_store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_imports import DeviceImport, DoneRow, PendingRow
from context_api.store.errors import StoreUnavailable
from devices.bulk.members import is_changed, merged_document
from devices.bulk.model import Fault
from devices.bulk.secrets import import_secret
from devices.draft import draft_from_json
from devices.errors import DeviceError, DeviceExists
from devices.model import Device, DeviceDraft
from devices.registry import DeviceRegistry

SLICE = 50
"""Rows in one transaction: it holds up readings of the same moment for as long as it takes."""
KEPT_S = 30 * 86_400.0
"""How long an import that has ended can be looked at."""
_log = logging.getLogger(__name__)


class ImportWork:
    """Carries out the imports of all tenants, the oldest first."""

    def __init__(
        self, database: Database, registry: DeviceRegistry, hash_key: bytes, *, waits_for_broker: bool
    ) -> None:
        self._database = database
        self._registry = registry
        self._hash_key = hash_key
        self._waits_for_broker = waits_for_broker

    def run(self, stop: threading.Event, pause_s: float = 1.0) -> None:
        """Work until `stop`; looks for new imports every `pause_s`."""
        while not stop.is_set():
            try:
                worked = self.step(stop)
            except Exception as error:  # whatever it is, the next turn may do better
                _log.exception("Import failed", extra={"action": "imports", "error": str(error)})
                worked = False
            if not worked:
                stop.wait(pause_s)

    def step(self, stop: threading.Event) -> bool:
        """Carry out one import, as far as `stop` lets it; whether there was one."""
        store.finish_provisioned(self._database, waits_for_broker=self._waits_for_broker)
        found = store.begin_next(self._database)
        if found is None:
            return False
        salt = store.get_salt(self._database, found.id) or b""
        access = Access(found.tenant, found.tenant_id, found.principal)
        while not stop.is_set():
            started = time.monotonic()
            rows = store.next_rows(self._database, found.id, SLICE)
            if not rows:
                self._finish(found)
                return True
            self._carry_out(access, found, salt, rows)
            # As long as the work took: the readings of the town come first
            stop.wait(time.monotonic() - started)
        return True

    def tidy(self) -> str:
        """Forget passwords nobody fetched and imports nobody will look at."""
        secrets, old = store.drop_secrets(self._database), store.drop_old(self._database, KEPT_S)
        return f"secrets of {secrets}, {old} imports" if secrets or old else ""

    def _finish(self, found: DeviceImport) -> None:
        store.finish_registering(self._database, found.id)
        store.finish_provisioned(self._database, waits_for_broker=self._waits_for_broker)
        _log.info("Import registered", extra={"action": "imports", "import": found.id, "rows": found.rows})

    def _carry_out(
        self, access: Access, found: DeviceImport, salt: bytes, rows: Sequence[PendingRow]
    ) -> None:
        slice_ = _Slice(
            self._registry,
            access,
            lambda username: import_secret(self._hash_key, salt, username),
            lambda: device_store.get_generation(self._database)[0],
        )
        with self._database.connection() as connection:
            known = device_store.get_devices(connection, access, {row.device_id for row in rows})
        plans = slice_.plan(rows, known)
        store.plan_rows(
            self._database, found.id, {row.number: "create" if is_new else "update" for row, is_new in plans}
        )
        store.finish_rows(self._database, found.id, [*slice_.done, *slice_.carry_out(plans)])


class _Slice:
    """Some rows of one import."""

    def __init__(
        self,
        registry: DeviceRegistry,
        access: Access,
        secret_of: Callable[[str], str],
        generation: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._access = access
        self._profiles = registry.profiles_of(access)
        self._secret_of = secret_of
        self._generation = generation
        self.done: list[DoneRow] = []

    def plan(self, rows: Iterable[PendingRow], known: dict[str, Device]) -> list[tuple[PendingRow, bool]]:
        """Give the rows that there is something to do for, and whether a device is made; notes the others."""
        plans = []
        for row in rows:
            device = known.get(row.device_id)
            if device is None or device.retired_at is not None:
                plans.append((row, True))
            elif row.plan == "create":
                self.done.append(self._made_before(row, device))
            elif is_changed(row.given, device, self._profiles):
                plans.append((row, False))
            else:
                self.done.append(DoneRow(row.number, "updated" if row.plan == "update" else "unchanged"))
        return plans

    def carry_out(self, plans: Sequence[tuple[PendingRow, bool]]) -> list[DoneRow]:
        """Register what is new, in one transaction where nothing is wrong with it; edit the rest."""
        new = [row for row, is_new in plans if is_new]
        edited = [row for row, is_new in plans if not is_new]
        return [*self._register(new), *(self._edit(row) for row in edited)]

    def _register(self, rows: Sequence[PendingRow]) -> list[DoneRow]:
        if not rows:
            return []
        try:
            drafts = [self._draft(row) for row in rows]
            results = self._registry.register_many(self._access, drafts, secret_of=self._secret_of)
        except StoreUnavailable:
            raise
        except Exception as error:  # whatever is wrong with a row, the others must not wait for it
            if len(rows) == 1:
                return [_failed(rows[0], error)]
            middle = len(rows) // 2  # the one that is wrong fails alone
            return [*self._register(rows[:middle]), *self._register(rows[middle:])]
        return [
            _failed(row, result)
            if isinstance(result, DeviceExists)
            else DoneRow(row.number, "created", None, result.generation if result.credentials else None)
            for row, result in zip(rows, results, strict=True)
        ]

    def _draft(self, row: PendingRow) -> DeviceDraft:
        return draft_from_json(merged_document(row.device_id, row.given, None, self._profiles))

    def _edit(self, row: PendingRow) -> DoneRow:
        try:
            self._registry.edit(self._access, row.device_id, row.given)
        except StoreUnavailable:
            raise
        except Exception as error:
            return _failed(row, error)
        return DoneRow(row.number, "updated")

    def _made_before(self, row: PendingRow, device: Device) -> DoneRow:
        """A process that was killed made the device, and did not come to note it."""
        has_credentials = device.gateway is None
        return DoneRow(row.number, "created", None, self._generation() if has_credentials else None)


def _failed(row: PendingRow, error: Exception) -> DoneRow:
    if isinstance(error, DeviceExists):
        fault = Fault(row=row.number, value=row.device_id, code="meanwhile")
    else:
        if isinstance(error, DeviceError):
            detail = error.detail
        else:
            detail = "an error of the program or the database; it was logged"
            _log.error("Row not registered", exc_info=error, extra={"action": "imports", "row": row.number})
        fault = Fault(row=row.number, value=row.device_id, code="rule", values={"detail": detail})
    return DoneRow(row.number, "failed", msgspec.to_builtins(fault))
