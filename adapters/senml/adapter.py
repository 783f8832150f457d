"""SenML (RFC 8428), JSON and CBOR: records resolved to readings, one per device and moment. See README.md."""

import base64
import math
from typing import Any, NamedTuple

from adapters.cbor import load_cbor
from adapters.flatten import as_object
from adapters.json_text import load_json
from adapters.senml.labels import CBOR_LABELS, UNITS
from adapters.times import parse_time
from adapters.types import MAX_VALUES, DecodeError, Message, RawReading, RawValue, State, describe
from context_api.ngsild.model import Micros

_RELATIVE_BELOW = 2**28
"""Seconds; smaller times are relative to now (RFC 8428, section 4.5.3)."""
_VERSION = 10
_VALUES = ("v", "vs", "vb", "vd")
_NUMBERS = ("bt", "bv", "bs", "t", "v", "s", "ut")
_TEXTS = ("bn", "bu", "n", "u", "vs", "vd")
_BASES = ("bn", "bt", "bu", "bv", "bs")
_BASE_MEMBERS = frozenset({*_BASES, "bver"})
_KNOWN = frozenset({*_NUMBERS, *_TEXTS, "bver", "vb"})
_SEPARATORS = ":/."
_JSON_STARTS = (b"[", b"{", b"")


class _Record(NamedTuple):
    device: str
    key: str
    observed_at: Micros | None
    value: RawValue


class SenmlAdapter:
    """Keeps no state. The content type is told by the first byte: no SenML pack in CBOR begins like JSON."""

    name = "senml"

    def decode(self, message: Message, state: State) -> tuple[list[RawReading], State]:
        """Return the pack's readings. Raises DecodeError."""
        pack = _load(message.payload)
        if not isinstance(pack, list):
            raise DecodeError("bad-shape", f"a SenML pack is an array of records, not {describe(pack)}")
        if not pack:
            raise DecodeError("no-values", "the pack is empty")
        if len(pack) > MAX_VALUES:
            raise DecodeError("too-many-values", f"{len(pack)} records; at most {MAX_VALUES} are accepted")
        return _gather(_resolve(pack, message.arrived_at)), state


def _load(payload: bytes) -> Any:
    if payload.lstrip()[:1] in _JSON_STARTS:
        return load_json(payload)
    pack = load_cbor(payload)
    if not isinstance(pack, list):
        return pack
    return [dict(map(_labelled, as_object(record, "a record").items())) for record in pack]


def _labelled(member: tuple[Any, Any]) -> tuple[Any, Any]:
    """Data are bytes in CBOR; they become base64 as JSON has it (RFC 8428, section 6)."""
    name, value = _label(member[0]), member[1]
    if name == "vd" and isinstance(value, bytes):
        return name, base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    return name, value


def _label(key: Any) -> Any:
    return CBOR_LABELS.get(key, key) if isinstance(key, int) else key


def _resolve(pack: list[Any], arrived_at: Micros | None) -> list[_Record]:
    """Apply the base members, which hold for a record and those after it (RFC 8428, section 4.1)."""
    base: dict[str, Any] = {}
    resolved: list[_Record] = []
    for number, given in enumerate(pack):
        record = _checked(given, number)
        base.update({name: value for name, value in record.items() if name in _BASES})
        found = [name for name in _VALUES if name in record]
        if len(found) > 1:
            raise DecodeError("bad-shape", f"record {number} has more than one value: {', '.join(found)}")
        if not found and "s" not in record and "bv" not in base and "bs" not in base:
            if any(name in record for name in _BASES):
                continue
            raise DecodeError("bad-shape", f"record {number} has no value")
        if not found and "s" not in record and "n" not in record and record.keys() <= _BASE_MEMBERS:
            continue
        resolved.append(_build(record, base, found, arrived_at))
    if not resolved:
        raise DecodeError("no-values", "no record has a value")
    return resolved


def _checked(given: Any, number: int) -> dict[str, Any]:
    record = as_object(given, f"record {number}")
    for name, value in record.items():
        if isinstance(name, str) and name.endswith("_") and name not in _KNOWN:
            raise DecodeError("bad-shape", f"record {number} needs {name!r:.40} to be understood; it is not")
        if name in _NUMBERS and (type(value) not in (int, float) or not math.isfinite(value)):
            raise DecodeError("bad-shape", f"record {number}: {name} is not a number but {describe(value)}")
        if name in _TEXTS and (not isinstance(value, str) or "\0" in value):
            raise DecodeError("bad-shape", f"record {number}: {name} is not a text but {describe(value)}")
    if "vb" in record and not isinstance(record["vb"], bool):
        raise DecodeError("bad-shape", f"record {number}: vb is not a boolean but {describe(record['vb'])}")
    version = record.get("bver", _VERSION)
    if type(version) is not int or version > _VERSION:
        raise DecodeError(
            "bad-shape", f"record {number} is of version {describe(version)}; {_VERSION} is read"
        )
    return record


def _build(
    record: dict[str, Any], base: dict[str, Any], found: list[str], arrived_at: Micros | None
) -> _Record:
    unit = record.get("u", base.get("bu", ""))
    name = record.get("n", "")
    full = f"{base.get('bn', '')}{name}"
    if not full:
        raise DecodeError("bad-shape", "a record without a name (n or bn)")
    value = record[found[0]] if found else _base_or_sum(record, base)
    if found == ["v"]:
        value = value + base.get("bv", 0)
    observed_at = _time(base.get("bt", 0) + record.get("t", 0), arrived_at)
    device = base.get("bn", "").rstrip(_SEPARATORS)
    return _Record(device, name or unit or "value", observed_at, RawValue(value, UNITS.get(unit)))


def _base_or_sum(record: dict[str, Any], base: dict[str, Any]) -> float:
    """A missing value or sum is zero where its base is there (RFC 8428, section 4.2); the sum comes first."""
    if "s" in record or "bv" not in base:
        total: float = record.get("s", 0) + base.get("bs", 0)
        return total
    only: float = base["bv"]
    return only


def _time(seconds: float, arrived_at: Micros | None) -> Micros | None:
    """Absolute from 2**28 on, else relative to now; zero means now."""
    if seconds == 0:
        return None
    if abs(seconds) >= _RELATIVE_BELOW:
        return parse_time(seconds)
    if arrived_at is None:
        raise DecodeError("bad-time", f"{seconds:g} s from now, but when the message came is not known")
    return arrived_at + round(seconds * 1_000_000)


def _gather(records: list[_Record]) -> list[RawReading]:
    """Put the values of one device and moment together; lon and lat become a location."""
    moments: dict[tuple[str, Micros | None], dict[str, RawValue]] = {}
    for record in records:
        values = moments.setdefault((record.device, record.observed_at), {})
        values[record.key] = record.value
    alone = len({device for device, _ in moments}) == 1
    return [
        RawReading(_with_location(values), None if alone else device, observed_at)
        for (device, observed_at), values in moments.items()
    ]


def _with_location(values: dict[str, RawValue]) -> dict[str, RawValue]:
    longitude, latitude = values.get("lon"), values.get("lat")
    if longitude is None or latitude is None:
        return values
    point = {"type": "Point", "coordinates": [longitude.value, latitude.value]}
    rest = {key: value for key, value in values.items() if key not in ("lon", "lat")}
    return {**rest, "location": RawValue(point)}
