"""What a profile's file says, in TOML or as the same members in JSON: `profile_build` gives it meaning.

name = "river-gauge"
entityType = "FloodMonitoring"

[time]
key = "ts"
zone = "Asia/Tokyo"

[values]
level_cm = { attribute = "currentLevel", unitCode = "MTR", payloadUnit = "CMT", min = -5, max = 20 }
"state.door" = { attribute = "doorState", map = { "0" = "closed", "1" = "open" } }
battery = { attribute = "batteryLevel", unitCode = "C62", payloadUnit = "P1", of = "device" }
"""

import difflib
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import orjson

from adapters.json_text import check_value
from adapters.types import DecodeError, describe
from devices.profile import ProfileError

MAX_BYTES = 65_536
MAX_VALUES = 500
MAX_ENTITIES = 8
_MAX_TITLE = 200


class FieldFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One entry of `values`."""

    attribute: str
    kind: str = "Property"
    unit_code: str | None = None
    payload_unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    accepts: str | None = None
    missing: tuple[Any, ...] = ()
    words: dict[str, Any] | None = msgspec.field(name="map", default=None)
    ignore_case: bool = False
    otherwise: str = "fault"
    dataset_id: str | None = None
    of: str | None = None
    entity: str | None = None
    min: float | None = None
    max: float | None = None
    outside: str = "value"


class TimeFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`time`: where the time stands and how it is written."""

    key: str | None = None
    format: str = "auto"
    zone: str | None = None


class LocationFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`location`: the keys of the two degrees."""

    latitude: str
    longitude: str


class EntityFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One entry of `entities`."""

    entity_type: str
    entity_id: str
    static: dict[str, Any] = msgspec.field(default_factory=dict)


class ProfileFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A whole profile; entries are read one by one, so that an error can name theirs."""

    name: str
    entity_type: str
    version: int = 0
    """What the file was made from; 0: not said."""
    title: str | None = None
    entity_id: str | None = None
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    entities: dict[str, Any] = msgspec.field(default_factory=dict)
    time: TimeFile | None = None
    location: LocationFile | None = None
    context: str | None = None
    expected_interval_s: float | None = None
    codec: str | None = None
    static: dict[str, Any] = msgspec.field(default_factory=dict)
    validation: str = "warn"
    schema: dict[str, Any] | None = None


S = TypeVar("S", bound=msgspec.Struct)


def load_toml(text: str) -> dict[str, Any]:
    """Read TOML. Raises ProfileError."""
    if len(text.encode()) > MAX_BYTES:
        raise ProfileError(f"The profile has more than {MAX_BYTES} bytes")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"The profile cannot be read: {error}") from error


def read_document(document: Any) -> ProfileFile:
    """Read the members of a profile. Raises ProfileError, which names the member and how to mend it."""
    try:
        check_value(document, "the profile")
        size = len(orjson.dumps(document))
    except (DecodeError, TypeError) as error:
        raise ProfileError(f"The profile cannot be read: {error}") from error
    if size > MAX_BYTES:
        raise ProfileError(f"The profile has {size} bytes; at most {MAX_BYTES} are read")
    file = read_members(document, ProfileFile, "")
    if len(file.values) > MAX_VALUES:
        raise ProfileError(f"{len(file.values)} entries; at most {MAX_VALUES} are read", "values")
    if len(file.entities) > MAX_ENTITIES:
        raise ProfileError(f"{len(file.entities)} entries; at most {MAX_ENTITIES} are read", "entities")
    if file.title is not None and not (0 < len(file.title) <= _MAX_TITLE and file.title.isprintable()):
        raise ProfileError(f"write 1 to {_MAX_TITLE} printable characters", "title")
    return file


def read_members(document: Any, kind: type[S], where: str) -> S:
    """Read an object as a struct. Raises ProfileError with the path of the member."""
    if not isinstance(document, Mapping):
        raise ProfileError(f"is {describe(document)}; write a table of members", where or "profile")
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in document:
        if name not in known:
            raise ProfileError(_unknown(str(name), known), where)
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise ProfileError(_plainly(message), _join(where, path.strip("`."))) from error


def _unknown(name: str, known: list[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1)
    hint = f"; is it {similar[0]}?" if similar else f"; there are: {', '.join(known)}"
    dotted = " (a key with dots is written in quotes)" if name and "attribute" in known else ""
    return f"there is no member {name!r:.40}{hint}{dotted}"


def _plainly(message: str) -> str:
    """msgspec's words for people who write TOML."""
    return message.replace("Object missing required field", "is missing").replace("Object", "Table")


def _join(where: str, path: str) -> str:
    return f"{where}.{path}" if where and path else where or path


def to_toml(document: Mapping[str, Any]) -> str:
    """Write a profile's members as TOML that reads back as the same."""
    lines: list[str] = []
    tables: list[tuple[str, Mapping[str, Any]]] = []
    for name, value in document.items():
        if isinstance(value, Mapping):
            tables.append((name, value))
        elif value is not None:
            lines.append(f"{_key(name)} = {_inline(value)}")
    for name, table in tables:
        lines += ["", f"[{_key(name)}]"]
        lines += [f"{_key(key)} = {_inline(value)}" for key, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_inline(item) for item in value if item is not None)}]"
    if isinstance(value, int | float):
        return repr(value)
    return _quoted(str(value))


def _key(name: str) -> str:
    return (
        name
        if name and name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
        else _quoted(name)
    )


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's escapes are among its own; it refuses DEL as well."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")
