"""Reading a recording: rows of a file -> what each device measured when."""

import csv
import gzip
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from context_api.ngsild.model import Micros
from devices.replay.map import DeviceMap, FileMap, MapError, ReplayMap, ValueMap

Row = dict[str, str]

_COLUMN = re.compile(r"\{([^{}]+)\}")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_MIDNIGHT = re.compile(r"\b24:00(:00)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DEVICE_ID = re.compile(r"[^A-Za-z0-9_.-]")


class Selection(NamedTuple):
    """Which rows to play, besides what the map says: from `since` on, before `until`."""

    only: Mapping[str, tuple[str, ...]] = {}
    since: Micros | None = None
    until: Micros | None = None


EVERYTHING = Selection()


class Measurement(NamedTuple):
    """What one device measured at one time."""

    device: str
    at: Micros
    values: dict[str, Any]


@dataclass
class RecordingCounts:
    """What became of the rows of a file."""

    rows: int = 0
    left_out: int = 0
    """By the selection."""
    measurements: int = 0
    empty: int = 0
    """Measurements without any value; they are not played."""
    values: int = 0
    missing: int = 0
    """Values that are empty or marked as missing."""
    unreadable: int = 0
    """Values that are no number, and rows whose time cannot be read."""


class Recording:
    """One file and its map. `counts` belongs to the last complete pass of `measurements`."""

    def __init__(self, path: Path, replay_map: ReplayMap, selection: Selection = EVERYTHING) -> None:
        self._path = path
        self._map = replay_map
        self._selection = selection
        self._only = {**replay_map.only, **selection.only}
        self._missing = frozenset({"", *replay_map.missing})
        self._zone = read_zone(replay_map.time.zone)
        self._stations = self._read_stations()
        self._no_station = dict.fromkeys(next(iter(self._stations.values()), {}), "")
        self._fills = self._read_fills()
        self.counts = RecordingCounts()

    def measurements(self) -> Iterator[Measurement]:
        """Yield what the devices measured, in the order of the file. Raises MapError, OSError."""
        self.counts = counts = RecordingCounts()
        for row, at in self._selected(counts):
            for device in self._map.device:
                values = self._values(device, row, counts)
                if values:
                    counts.measurements += 1
                    counts.values += len(values)
                    yield Measurement(device_id(device, row), at, values)
                else:
                    counts.empty += 1

    def registrations(self) -> dict[str, dict[str, Any]]:
        """Return the body of `POST /api/v1/devices` of each device that measured something, by id."""
        found: dict[str, dict[str, Any]] = {}
        ignored = RecordingCounts()
        for row, _ in self._selected(ignored):
            for device in self._map.device:
                name = device_id(device, row)
                if name not in found and self._values(device, row, ignored):
                    found[name] = _registration(device, name, row)
        return found

    def _selected(self, counts: RecordingCounts) -> Iterator[tuple[Row, Micros]]:
        since, until = self._selection.since, self._selection.until
        for row in self._filled_rows():
            counts.rows += 1
            if any(row.get(column) not in wanted for column, wanted in self._only.items()):
                counts.left_out += 1
                continue
            at = self._time(row)
            if at is None:
                counts.unreadable += 1
            elif (since is not None and at < since) or (until is not None and at >= until):
                counts.left_out += 1
            else:
                yield row, at

    def _filled_rows(self) -> Iterator[Row]:
        stations = self._map.stations
        for row in read_rows(self._path, self._map.file):
            for column, by, known in self._fills:
                if not row.get(column):
                    row[column] = known.get(tuple([row.get(name, "") for name in by]), "")
            if stations is not None:
                yield self._stations.get(row.get(stations.column, ""), self._no_station) | row
            else:
                yield row

    def _time(self, row: Row) -> Micros | None:
        text = fill_template(self._map.time.text, row)
        try:
            return parse_time(text, self._map.time.format, self._zone)
        except ValueError:
            return None

    def _values(self, device: DeviceMap, row: Row, counts: RecordingCounts) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value_map in device.values.items():
            text = row.get(value_map.column)
            if text is None:
                raise MapError(f"{self._path.name} has no column {value_map.column!r}")
            text = text.strip()
            if text in self._missing:
                counts.missing += 1
                continue
            value = _parse_value(text, value_map)
            if value is None:
                counts.unreadable += 1
            elif value_map.unit_code is None:
                values[name] = value
            else:
                values[name] = {"value": value, "unitCode": value_map.unit_code}
        return values

    def _read_stations(self) -> dict[str, Row]:
        stations = self._map.stations
        if stations is None:
            return {}
        rows = read_rows(self._path.parent / stations.file, FileMap(encoding=stations.encoding))
        return {row.get(stations.column, ""): row for row in rows}

    def _read_fills(self) -> list[tuple[str, tuple[str, ...], dict[tuple[str, ...], str]]]:
        fills: list[tuple[str, tuple[str, ...], dict[tuple[str, ...], str]]] = [
            (fill.column, fill.by, {}) for fill in self._map.fill
        ]
        if fills:
            for row in read_rows(self._path, self._map.file):
                for column, by, known in fills:
                    if row.get(column):
                        known[tuple([row.get(name, "") for name in by])] = row[column]
        return fills


def read_rows(path: Path, file: FileMap) -> Iterator[Row]:
    """Yield the rows of a CSV file by column name. Raises OSError, MapError."""
    with _open(path, file) as stream:
        try:
            for _ in range(file.skip_lines):
                next(stream, "")
            reader = csv.reader(stream, delimiter=file.delimiter)
            columns = list(file.columns) or [column.strip() for column in next(reader, [])]
            for cells in reader:
                if cells:
                    yield dict(zip(columns, cells, strict=False))
        except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile) as error:
            raise MapError(f"{path.name} cannot be read: {error}") from error


@contextmanager
def _open(path: Path, file: FileMap) -> Iterator[TextIO]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding=file.encoding, newline="") as stream:
            yield stream
    else:
        with path.open(encoding=file.encoding, newline="") as stream:
            yield stream


def fill_template(template: str, row: Mapping[str, str]) -> str:
    """Put columns into a text: "{lon}_{lat}". Raises MapError for a column that is not there."""
    try:
        return _COLUMN.sub(lambda match: row[match[1]].strip(), template)
    except KeyError as error:
        raise MapError(f"The recording has no column {error.args[0]!r}") from error


def device_id(device: DeviceMap, row: Row) -> str:
    """Return the device's id; characters that ids cannot have become `-`."""
    return _DEVICE_ID.sub("-", fill_template(device.id, row))


def parse_time(text: str, form: str, zone: tzinfo | None) -> Micros:
    """Read a time; 24:00 is midnight of the next day. Raises ValueError, also for a missing zone."""
    ends_day = _MIDNIGHT.search(text) is not None
    if ends_day:
        text = _MIDNIGHT.sub(lambda match: "00:00" + (match[1] or ""), text)
    moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(f"{text!r} has no offset, and the map no zone")
        moment = moment.replace(tzinfo=zone)
    if ends_day:
        moment += timedelta(days=1)
    return (moment - _EPOCH) // _MICROSECOND


def read_zone(name: str | None) -> tzinfo | None:
    """Return the zone of "+09:00" or of a name. Raises MapError."""
    if name is None:
        return None
    if (match := _OFFSET.fullmatch(name)) is not None:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MapError(f"There is no time zone {name!r}") from error


def day_selection(day: str, zone: str | None) -> tuple[Micros, Micros]:
    """Return the first moment of a day (2023-08-10) and of the next. Raises MapError."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=read_zone(zone) or UTC)
    except ValueError as error:
        raise MapError(f"{day!r} is no day: write 2023-08-10") from error
    first = (start - _EPOCH) // _MICROSECOND
    return first, (start + timedelta(days=1) - _EPOCH) // _MICROSECOND


def parse_only(conditions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read conditions such as "amdno=44132"; several for one column are alternatives. Raises MapError."""
    only: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        column, separator, value = condition.partition("=")
        if not separator or not column:
            raise MapError(f"{condition!r} is no condition: write column=value")
        only[column] = (*only.get(column, ()), value)
    return only


def _parse_value(text: str, value_map: ValueMap) -> float | int | str | None:
    if value_map.type == "text":
        return text
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return number if value_map.scale == 1.0 else round(number * value_map.scale, 10)


def _registration(device: DeviceMap, name: str, row: Row) -> dict[str, Any]:
    document: dict[str, Any] = {"id": name, "profile": device.profile}
    if device.static:
        document["static"] = device.static
    if device.expected_interval_s is not None:
        document["expectedIntervalS"] = device.expected_interval_s
    if device.name is not None and (shown := fill_template(device.name, row)):
        document["name"] = shown
    if device.longitude is not None and device.latitude is not None:
        try:
            position = [float(row.get(column, "")) for column in (device.longitude, device.latitude)]
        except ValueError:
            return document  # a station that is missing in the station file has no place
        document["location"] = {"type": "Point", "coordinates": position}
    return document
