"""Imports of devices: a file is judged at once, and its rows are carried out in the background.

Policy: all or nothing. A file with one error registers nothing, unless the caller asks for the rows that are
right (`partial`). What can only be seen while rows are carried out (somebody else takes an id meanwhile)
fails its own row alone.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from context_api.store import device_imports as store
from context_api.store import devices as device_store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_imports import DeviceImport, NewImport, NewRow
from devices.bulk.columns import count_known
from devices.bulk.errors import ImportConflict, ImportUnknown, TooManyImports
from devices.bulk.judging import Judged, Known, judge
from devices.bulk.model import MAX_FAULTS, Action, Entry, Fault, Report
from devices.bulk.reading import read_table
from devices.bulk.rows import read_entries
from devices.bulk.secrets import import_secret, new_salt
from devices.credentials import is_secret_right
from devices.draft import check_tenant
from devices.model import Credentials, Device, DeviceKind
from devices.preparing import publishing_topic
from devices.registry import DeviceRegistry

MAX_OPEN = 10
"""Imports of a tenant that wait or are under way."""
SECRETS_KEPT_S = 72 * 3600.0
"""A file sent on Friday, its passwords fetched on Monday."""
MAX_FILE_NAME_CHARS = 120
_ENOUGH_FOR_A_MIDDLE = 5
_PATH_SIGNS = re.compile(r"[/\\:]")


class Login(NamedTuple):
    """What a device of an import needs to publish."""

    device_id: str
    credentials: Credentials


class DeviceImports:
    """The imports of all tenants; every call names its tenant by an `Access`."""

    def __init__(self, database: Database, registry: DeviceRegistry, hash_key: bytes) -> None:
        self._database = database
        self._registry = registry
        self._hash_key = hash_key

    def accept(
        self, access: Access, data: bytes, *, file_name: str | None, is_dry_run: bool, is_partial: bool
    ) -> DeviceImport:
        """Judge a file and keep the verdict; unless it is a dry run, what may be carried out will be.

        Raises UnreadableFile, TooManyImports, InvalidDevice (a tenant that cannot have devices).
        """
        check_tenant(access.tenant)
        judged, report = self._judge(access, data)
        is_accepted = not is_dry_run and bool(judged) and (report.is_clean or is_partial)
        goes_on = is_accepted and any(one.action is not Action.UNCHANGED for one in judged)
        new = NewImport(
            state=_first_state(is_dry_run=is_dry_run, is_accepted=is_accepted, goes_on=goes_on),
            file_name=plain_file_name(file_name),
            is_partial=is_partial,
            report=msgspec.to_builtins(report),
            salt=new_salt() if goes_on else None,
            secret_s=SECRETS_KEPT_S,
            rows=[_to_row(one) for one in judged] if is_accepted else [],
        )
        import_id = store.insert_import(self._database, access, new, open_most=MAX_OPEN)
        if import_id is None:
            raise TooManyImports(f"{MAX_OPEN} imports are under way; try again when one of them is done")
        return self.get(access, import_id)

    def get(self, access: Access, import_id: int) -> DeviceImport:
        """Return an import and how far it is. Raises ImportUnknown."""
        found = store.get_import(self._database, access, import_id)
        if found is None:
            raise ImportUnknown(f"There is no import {import_id}")
        return found

    def delete(self, access: Access, import_id: int) -> None:
        """Forget an import: rows that are not done stay undone, passwords not fetched are gone.

        Devices that it registered stay. Raises ImportUnknown.
        """
        if not store.delete_import(self._database, access, import_id):
            raise ImportUnknown(f"There is no import {import_id}")

    def faults(self, found: DeviceImport) -> list[Fault]:
        """Return what the report of an import shows, and what went wrong since."""
        told = read_report(found).faults
        later = store.list_faults(self._database, found.id, MAX_FAULTS)
        return [*told, *msgspec.convert(later, list[Fault])]

    def device_ids(self, found: DeviceImport) -> Sequence[str]:
        """Return the devices of an import that is carried out, in the order of the file."""
        return store.list_import_devices(self._database, found.id)

    def take_logins(self, access: Access, import_id: int) -> list[Login]:
        """Return the passwords of the devices that an import made, this once.

        Those changed since are left out. Raises ImportUnknown, ImportConflict.
        """
        found = self.get(access, import_id)
        if found.state in ("waiting", "registering"):
            raise ImportConflict("The devices are still being registered; ask again when that is done")
        salt = store.take_salt(self._database, access, import_id)
        if salt is None:
            raise ImportConflict(_why_gone(self.get(access, import_id)))
        return list(self._logins(access, import_id, salt))

    def _logins(self, access: Access, import_id: int, salt: bytes) -> Iterator[Login]:
        valid = store.list_valid_secrets(self._database, access, import_id)
        with self._database.connection() as connection:
            devices = device_store.get_devices(connection, access, {one.device_id for one in valid})
        for device_id, username, verifier in valid:
            secret = import_secret(self._hash_key, salt, username)
            if is_secret_right(secret, verifier, self._hash_key):
                topic = publishing_topic(devices[device_id]) or ""
                yield Login(device_id, Credentials(username, secret, topic))

    def _judge(self, access: Access, data: bytes) -> tuple[list[Judged], Report]:
        header, entries, report = read_entries(read_table(data, count_known))
        return judge(entries, header, self._known(access, entries), report), report

    def _known(self, access: Access, entries: Sequence[Entry]) -> Known:
        gateways = {str(gateway) for entry in entries if (gateway := entry.given.get("gateway"))}
        with self._database.connection() as connection:
            devices = device_store.get_devices(
                connection, access, {*(entry.id for entry in entries), *gateways}
            )
        gateways |= {device.gateway for device in devices.values() if device.gateway is not None}
        applications = {str(name) for entry in entries if (name := entry.given.get("application"))}
        names = _names_at_gateways(entries, devices)
        return Known(
            profiles=self._registry.profiles_of(access),
            devices=devices,
            gateways=self._gateways(access, gateways),
            names=store.find_names(self._database, access, names) if names else {},
            applications={
                name: f"{found.tenant}/{found.gateway}"
                for name, found in device_store.find_applications(self._database, applications).items()
            },
            tenant=access.tenant,
            middle=store.find_middle(self._database, access, _ENOUGH_FOR_A_MIDDLE),
        )

    def _gateways(self, access: Access, ids: set[str]) -> dict[str, Device]:
        with self._database.connection() as connection:
            found = device_store.get_devices(connection, access, ids)
        return {
            name: device
            for name, device in found.items()
            if device.kind is DeviceKind.GATEWAY and device.retired_at is None
        }

    def list(self, access: Access, *, limit: int, before: int | None = None) -> Sequence[DeviceImport]:
        """Return imports, the newest first, those before the id `before`."""
        return store.list_imports(self._database, access, limit=limit, before=before)


def read_report(found: DeviceImport) -> Report:
    """Read the report that is kept with an import."""
    return msgspec.convert(found.report, Report)


def plain_file_name(name: str | None) -> str | None:
    """Give what may be shown of a file's name: a label, never a path, no control or bidirectional signs."""
    last = _PATH_SIGNS.split(name or "")[-1]
    clean = "".join(sign for sign in last if sign.isprintable() and unicodedata.category(sign) != "Cf")
    return clean.strip(" .")[:MAX_FILE_NAME_CHARS] or None


def _first_state(*, is_dry_run: bool, is_accepted: bool, goes_on: bool) -> store.ImportState:
    """A file that changes nothing is done with at once."""
    if is_dry_run:
        return "checked"
    if not is_accepted:
        return "refused"
    return "waiting" if goes_on else "done"


def _to_row(judged: Judged) -> NewRow:
    entry = judged.entry
    if judged.action is Action.UNCHANGED:
        return NewRow(entry.row, entry.id, None, "unchanged")
    return NewRow(entry.row, entry.id, entry.given)


def _names_at_gateways(entries: Sequence[Entry], devices: dict[str, Device]) -> set[tuple[str, str]]:
    names = set()
    for entry in entries:
        device = devices.get(entry.id)
        gateway = entry.given.get("gateway") or (device.gateway if device else None)
        name = entry.given.get("gatewayDevice") or (device.gateway_device if device else None) or entry.id
        if gateway:
            names.add((str(gateway), str(name)))
    return names


def _why_gone(found: DeviceImport) -> str:
    if found.secrets_fetched_at is not None:
        return (
            f"The passwords were fetched already, by {found.secrets_fetched_by}; where one is lost, give the"
            " device new credentials"
        )
    if found.state in ("checked", "refused"):
        return "The import registered no device"
    if found.secrets_until is not None:
        return "The passwords were not fetched in time; give the devices new credentials"
    return "The import made no device with a password of its own"
