"""How a recording is read: the map file. `devices/replay/maps/amedas-temperature.toml` is a commented one."""

import tomllib
from importlib.resources import files
from typing import Any

import msgspec

_TYPES = ("number", "text")


class MapError(ValueError):
    """A map that cannot be used, or a recording that does not fit it; the message says where."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class FileMap(_Part, frozen=True, kw_only=True):
    """The file: CSV, compressed with gzip where its name ends with .gz."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skip_lines: int = 0
    """Lines before the header."""
    columns: tuple[str, ...] = ()
    """The names, where the file has no header."""


class TimeMap(_Part, frozen=True, kw_only=True):
    """When a row was measured. `text` is a template of columns; `format` is "iso" or one of strptime."""

    text: str
    format: str = "iso"
    zone: str | None = None
    """For times without an offset: "+09:00" or a name such as "Europe/London"."""


class ValueMap(_Part, frozen=True, kw_only=True):
    """One value: a column, its unit (UN/CEFACT), and what it is multiplied with."""

    column: str
    unit_code: str | None = None
    scale: float = 1.0
    type: str = "number"


class DeviceMap(_Part, frozen=True, kw_only=True):
    """One device that a row speaks for. `id` and `name` are templates of columns."""

    id: str
    profile: str
    values: dict[str, ValueMap]
    """Name in the payload, as the profile knows it -> column."""
    name: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    expected_interval_s: float | None = None
    static: dict[str, Any] = msgspec.field(default_factory=dict)


class StationMap(_Part, frozen=True, kw_only=True):
    """A CSV file beside the recording with more columns for each station."""

    file: str
    column: str
    """The column that holds the station's id, in both files."""
    encoding: str = "utf-8-sig"


class FillMap(_Part, frozen=True, kw_only=True):
    """A column that some rows lack, found by rows with the same values in the columns `by`."""

    column: str
    by: tuple[str, ...]


class ReplayMap(_Part, frozen=True, kw_only=True):
    """A whole map file."""

    time: TimeMap
    device: tuple[DeviceMap, ...]
    file: FileMap = FileMap()
    stations: StationMap | None = None
    fill: tuple[FillMap, ...] = ()
    missing: tuple[str, ...] = ()
    """Texts that stand for no value; an empty one always does."""
    only: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Column -> the values that rows must have to be played."""
    attribution: str = ""
    """Whom to name when the data are shown."""


def parse_map(text: str) -> ReplayMap:
    """Read a map file. Raises MapError."""
    try:
        parsed = msgspec.convert(tomllib.loads(text), ReplayMap)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MapError(f"The map cannot be read: {error}") from error
    if not parsed.device:
        raise MapError("The map has no [[device]]")
    for device in parsed.device:
        if not device.values:
            raise MapError(f"Device {device.id} has no values")
        for name, value in device.values.items():
            if value.type not in _TYPES:
                raise MapError(f"{name}: type is one of {', '.join(_TYPES)}")
        if (device.latitude is None) != (device.longitude is None):
            raise MapError(f"Device {device.id} needs both latitude and longitude, or neither")
    return parsed


def built_in_map(name: str) -> ReplayMap:
    """Return a map that the package ships. Raises MapError."""
    source = files("devices.replay.maps")
    names = sorted(
        path.name.removesuffix(".toml") for path in source.iterdir() if path.name.endswith(".toml")
    )
    if name not in names:
        raise MapError(f"There is no map {name!r}; there are: {', '.join(names)}, or give a file")
    return parse_map(source.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
