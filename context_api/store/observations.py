"""Instances of history as observation rows, and back.

`value` holds numbers, for aggregates; `body` holds what value and series cannot give back exactly:
null        a float of the series' kind and unit, without sub-attributes: nearly every reading
0           the same, but an integer
{…}         members of `Instance`: v (if `value` is not it), k and u (if not the series'), y, x, s
"""

import re
import sys
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Instance, Kind, Micros
from context_api.store.codec import encode_storable, instance_members, restore_sub, storable
from context_api.store.terms import Terms

INTEGER = b"0"
_EXACT_LIMIT = 2**53
_LARGEST = sys.float_info.max
_INSTANCE_ID = re.compile(r"urn:ngsi-ld:Instance:([0-9]{1,10})-(-?[0-9]{1,18})")


class Series(NamedTuple):
    """A series' identity and the metadata of its first instance."""

    id: int
    kind: int
    unit_code: str | None


class Content(NamedTuple):
    """What an observation says, apart from its system times."""

    value: float | None
    body: bytes | None
    has_observed_at: bool
    is_deleted: bool = False


def encode_observation(terms: Terms, instance: Instance, series: Series) -> tuple[float | None, bytes | None]:
    """Give `value` and `body` of an instance. Raises TermsMissing, StoreRefused."""
    value = instance.value
    kind = type(value)
    if (
        (kind is float or kind is int)
        and instance.unit_code == series.unit_code
        and instance.kind == series.kind
        and instance.sub is None
        and instance.value_type is None
        and instance.expires_at is None
    ):
        if kind is float:
            if -_LARGEST <= value <= _LARGEST:
                return value, None
        elif -_EXACT_LIMIT <= value <= _EXACT_LIMIT:
            return float(value), INTEGER
    return _encode_body(terms, instance, series)


def _encode_body(terms: Terms, instance: Instance, series: Series) -> tuple[float | None, bytes | None]:
    number = _number(instance.value)
    members = instance_members(terms, instance)
    if number is None or type(instance.value) is not float:
        members["v"] = storable(instance.value)
    if instance.kind != series.kind:
        members["k"] = int(instance.kind)
    if instance.unit_code != series.unit_code:
        members["u"] = instance.unit_code
    return number, encode_json_members(members)


def encode_deletion(former: Instance, series: Series) -> bytes | None:
    """Give the `body` of a deletion: which kind of attribute ended, where the series does not say so."""
    return None if former.kind == series.kind else encode_json_members({"k": int(former.kind)})


def encode_json_members(members: dict[str, Any]) -> bytes | None:
    """Write a body whose values are storable; nothing to say is None."""
    return encode_storable(members) if members else None


def _number(value: Any) -> float | None:
    """Give the double nearest to a number; None for what is none, and for integers no double comes near."""
    if type(value) is float:
        storable(value)  # refuses what is not finite
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def decode_observation(  # noqa: PLR0917
    terms: Terms,
    value: float | None,
    body: bytes | None,
    series: Series,
    dataset_id: str,
    observed_at: Micros | None,
) -> Instance:
    """Read an instance back. Raises TermsMissing."""
    instance = Instance(
        kind=Kind(series.kind),
        value=value,
        unit_code=series.unit_code,
        dataset_id=dataset_id,
        observed_at=observed_at,
    )
    if body is None:
        return instance
    if body == INTEGER:
        instance.value = None if value is None else int(value)
        return instance
    members = msgspec.json.decode(body)
    instance.kind = Kind(members.get("k", series.kind))
    instance.value = members.get("v", value)
    instance.unit_code = members.get("u", series.unit_code)
    instance.value_type = members.get("y")
    instance.expires_at = members.get("x")
    if "s" in members:
        instance.sub = msgspec.convert(members["s"], dict[str, list[Instance]])
        restore_sub(terms, instance)
    return instance


def same_content(one: Content, other: Content) -> bool:
    """Whether two observations of one series and time say the same, to the digit and kind of number."""
    return (
        one.value == other.value
        and one.has_observed_at == other.has_observed_at
        and one.is_deleted == other.is_deleted
        and (one.body == other.body or canonical(one.body) == canonical(other.body))
    )


def canonical(body: bytes | None) -> bytes | None:
    """Give a body in one spelling: jsonb orders keys and writes numbers its own way."""
    return None if body is None else msgspec.json.encode(msgspec.json.decode(body), order="sorted")


def instance_id(series_id: int, at: Micros) -> str:
    """Name an instance of history by its series and original time, for good."""
    return f"urn:ngsi-ld:Instance:{series_id}-{at}"


def parse_instance_id(text: str) -> tuple[int, Micros]:
    """Read an instance id back. Raises BadRequestData."""
    match = _INSTANCE_ID.fullmatch(text)
    if match is None:
        raise BadRequestData(f"{text!r} is not an instanceId of this broker")
    return int(match[1]), int(match[2])
