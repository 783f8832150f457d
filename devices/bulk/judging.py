"""Rows against the registry as it is: what each would do, and what forbids it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from statistics import median
from typing import Any, NamedTuple

from devices.bulk.distance import distance_km
from devices.bulk.header import Header
from devices.bulk.members import changed_members, merged_document
from devices.bulk.model import Action, Entry, Fault, Line, Report, shown
from devices.document import kind_name
from devices.draft import check_draft, draft_from_json
from devices.errors import InvalidDevice
from devices.model import Device
from devices.profile import Profile

FAR_KM = 50.0
"""A town is smaller: a device further away from the middle of the others is worth a second look."""
_ENOUGH_FOR_A_MIDDLE = 5
_CHOICES_SHOWN = 40


class Known(NamedTuple):
    """What the registry knows of the things that a file names."""

    profiles: Mapping[str, Profile]
    devices: Mapping[str, Device]
    """By id; retired ones too."""
    gateways: Mapping[str, Device]
    names: Mapping[tuple[str, str], str]
    """(gateway, its name for a device) -> device."""
    applications: Mapping[str, str]
    """application -> `tenant/gateway`."""
    tenant: str
    middle: tuple[float, float] | None
    """Latitude and longitude in the middle of the town's devices; None while there are few."""


class Judged(NamedTuple):
    """A row that is right, and what it would do."""

    entry: Entry
    action: Action


def judge(entries: Sequence[Entry], header: Header, known: Known, report: Report) -> list[Judged]:
    """Judge all rows; what is wrong is added to the report, which then also counts the actions."""
    bench = _Bench(entries, header, known)
    judged = []
    for entry in entries:
        faults = list(bench.find_faults(entry))
        for fault in faults:
            report.add(fault)
        if any(not fault.is_warning for fault in faults):
            report.faulty += 1
            report.list_row(bench.line(entry, None))
            continue
        changes = bench.changes(entry)
        action = _action(changes)
        report.list_row(bench.line(entry, action, changes or ()))
        judged.append(Judged(entry, action))
        if action is Action.CREATE:
            report.create += 1
        elif action is Action.UPDATE:
            report.update += 1
        else:
            report.unchanged += 1
    report.faults.sort(key=lambda fault: (fault.row, fault.is_warning))
    report.lines.sort(key=lambda line: line.row)
    return judged


def _action(changes: tuple[str, ...] | None) -> Action:
    if changes is None:
        return Action.CREATE
    return Action.UPDATE if changes else Action.UNCHANGED


class _Bench:
    """What the rows of one file are held against: the registry, and each other."""

    def __init__(self, entries: Sequence[Entry], header: Header, known: Known) -> None:
        self._header = header
        self._known = known
        self._new_gateways = {entry.id for entry in entries if entry.given.get("kind") == "gateway"}
        self._names: dict[tuple[str, str], str] = {}
        self._applications: dict[str, str] = {}
        self._middle = known.middle or _middle(entries)

    def changes(self, entry: Entry) -> tuple[str, ...] | None:
        """Name what would change of a registered device; None for a new one."""
        device = self._registered(entry)
        return None if device is None else changed_members(entry.given, device, self._known.profiles)

    def line(self, entry: Entry, action: Action | None, changes: tuple[str, ...] = ()) -> Line:
        """Give what the report lists of a row."""
        device = self._registered(entry)
        name = entry.given.get("name", device.name if device else None)
        profile = entry.given.get("profile", device.profile if device else None)
        return Line(
            row=entry.row,
            id=entry.id,
            name=None if name is None else shown(str(name)),
            profile=None if profile is None else shown(str(profile)),
            action=action,
            changes=changes,
        )

    def find_faults(self, entry: Entry) -> Iterable[Fault]:
        """Give everything that is wrong with a row."""
        device = self._registered(entry)
        merged = merged_document(entry.id, entry.given, device, self._known.profiles)
        found = [*self._check_fixed(entry, device, merged)] or [
            *self._check_profile(entry, merged),
            *self._check_gateway(entry, merged),
            *self._check_application(entry, merged),
        ]
        if not found:
            found = [*self._check_rules(entry, merged)]
        yield from found
        yield from self._warn(entry)

    def _registered(self, entry: Entry) -> Device | None:
        device = self._known.devices.get(entry.id)
        return None if device is None or device.retired_at is not None else device

    def _fault(
        self, entry: Entry, member: str, code: str, *, is_warning: bool = False, **values: object
    ) -> Fault:
        given = entry.given.get(member)
        return Fault(
            row=entry.row,
            column=self._header.title(member),
            value=shown(given) if isinstance(given, str) else None,
            code=code,
            values={name: str(value) for name, value in values.items()},
            is_warning=is_warning,
        )

    def _check_fixed(self, entry: Entry, device: Device | None, merged: Mapping[str, Any]) -> Iterable[Fault]:
        """What makes it another device: a device stays a device, by itself or behind a gateway."""
        if device is None:
            return
        kind = kind_name(device)
        if merged.get("kind") != kind:
            yield self._fault(entry, "kind", "fixed", column=self._header.title("kind"), now=kind)
        elif (merged.get("gateway") is None) != (device.gateway is None):
            title = self._header.title("gateway")
            yield self._fault(entry, "gateway", "fixed", column=title, now=device.gateway or "-")
        elif kind == "gateway" and merged.get("adapter") != device.adapter:
            title = self._header.title("adapter")
            yield self._fault(entry, "adapter", "fixed", column=title, now=device.adapter)

    def _check_profile(self, entry: Entry, merged: Mapping[str, Any]) -> Iterable[Fault]:
        if merged.get("kind") == "gateway":
            return
        profile = merged.get("profile")
        if profile is None and "profile" in self._header.titles:
            yield self._fault(entry, "profile", "required", example="air-quality")
        elif profile is None:
            yield self._fault(entry, "profile", "required-column", column=self._header.title("profile"))
        elif profile not in self._known.profiles:
            yield self._no_such(entry, "profile", str(profile), sorted(self._known.profiles))

    def _no_such(self, entry: Entry, member: str, value: str, choices: Sequence[str]) -> Fault:
        listed = ", ".join(choices[:_CHOICES_SHOWN])
        close = get_close_matches(value.lower(), choices, n=1, cutoff=0.6)
        if close:
            return self._fault(
                entry, member, "choice-close", value=shown(value), choices=listed, close=close[0]
            )
        return self._fault(entry, member, "choice", value=shown(value), choices=listed)

    def _check_gateway(self, entry: Entry, merged: Mapping[str, Any]) -> Iterable[Fault]:
        gateway = merged.get("gateway")
        if gateway is None:
            return
        if gateway not in self._known.gateways and gateway not in self._new_gateways:
            yield self._fault(entry, "gateway", "gateway-unknown", value=shown(str(gateway)))
            return
        name = str(merged.get("gatewayDevice") or entry.id)
        place = (str(gateway), name)
        holder = self._names.setdefault(place, entry.id)
        if holder == entry.id:
            holder = self._known.names.get(place, entry.id)
        if holder != entry.id:
            yield self._fault(entry, "gatewayDevice", "gateway-name-taken", value=shown(name), other=holder)

    def _check_application(self, entry: Entry, merged: Mapping[str, Any]) -> Iterable[Fault]:
        application = merged.get("application")
        if not isinstance(application, str):
            return
        own = f"{self._known.tenant}/{entry.id}"
        holder = self._applications.setdefault(application, own)
        if holder == own:
            holder = self._known.applications.get(application, own)
        if holder != own:
            other = holder.partition("/")[2] if holder.startswith(f"{self._known.tenant}/") else "-"
            yield self._fault(
                entry, "application", "application-taken", value=shown(application), other=other
            )

    def _check_rules(self, entry: Entry, merged: Mapping[str, Any]) -> Iterable[Fault]:
        """Hold the row against the registry's own rules, which name the first that is broken."""
        try:
            check_draft(draft_from_json(dict(merged)), self._known.profiles)
        except InvalidDevice as error:
            member = error.field.split(".")[0].split("/")[0]
            yield self._fault(
                entry, "latitude" if member == "location" else member, "rule", detail=error.detail
            )

    def _warn(self, entry: Entry) -> Iterable[Fault]:
        former = self._known.devices.get(entry.id)
        if former is not None and former.retired_at is not None:
            yield self._fault(entry, "id", "retired", is_warning=True)
        location = entry.given.get("location")
        if location is None or self._middle is None:
            return
        longitude, latitude = location["coordinates"][:2]
        far = distance_km(self._middle, (latitude, longitude))
        if far > FAR_KM:
            fault = self._fault(entry, "latitude", "far-away", is_warning=True, km=round(far))
            yield Fault(
                row=fault.row,
                column=fault.column,
                value=f"{latitude}, {longitude}",
                code=fault.code,
                values=fault.values,
                is_warning=True,
            )


def _middle(entries: Sequence[Entry]) -> tuple[float, float] | None:
    """The median is not moved by the few that are wrong."""
    places = [entry.given["location"]["coordinates"] for entry in entries if entry.given.get("location")]
    if len(places) < _ENOUGH_FOR_A_MIDDLE:
        return None
    return median(place[1] for place in places), median(place[0] for place in places)
