"""EntityTemporal documents -> instances in expanded names (clauses 4.5.6 to 4.5.8 and 5.2.20).

An attribute is an instance or an array of them, any number for one datasetId. NGSI-LD Null in the place of a
value stands for a deletion (clause 5.5.4).
"""

from typing import Any

import msgspec

from context_api.ngsild.attribute_parser import AttributeParser, Mode, looks_like_attribute
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Attributes, Instance, Iri, Micros
from context_api.ngsild.names import check_uri, escape, read_scopes, shown
from context_api.ngsild.parse import MAX_ATTRIBUTES, parse_attribute_name, read_types
from context_api.ngsild.temporal import SCOPE
from context_api.ngsild.temporal_scopes import scope_instance
from context_api.ngsild.time import parse_datetime

_KEYWORDS = {"@id": "id", "@type": "type"}
_MEMBERS = frozenset(("id", "type", "scope", "expiresAt"))
_NO_ATTRIBUTES = frozenset(("@context", "createdAt", "modifiedAt", "deletedAt"))


class TemporalFragment(msgspec.Struct, kw_only=True):
    """What an EntityTemporal, or a fragment of one, names."""

    id: str | None = None
    types: tuple[Iri, ...] = ()
    attributes: Attributes = msgspec.field(default_factory=dict)
    """Attribute -> instances; scopes are instances of `SCOPE`, deletions are told by `is_deletion`."""
    expires_at: Micros | None = None


def is_deletion(instance: Instance) -> bool:
    """Whether an instance says that the attribute was deleted."""
    value = instance.value
    return value in (NULL, [NULL], {"@none": NULL})


def parse_temporal_entity(document: Any, context: Context) -> TemporalFragment:
    """Read an EntityTemporal; it has an id and a type. Raises BadRequestData."""
    fragment = parse_temporal_fragment(document, context, is_whole=True)
    if fragment.id is None:
        raise BadRequestData("an entity needs an id", pointer="/id")
    if not fragment.types:
        raise BadRequestData("an entity needs a type", pointer="/type")
    return fragment


def parse_temporal_fragment(document: Any, context: Context, *, is_whole: bool = False) -> TemporalFragment:
    """Read a fragment, in which an id is not looked at. Raises BadRequestData."""
    if not isinstance(document, dict):
        raise BadRequestData(f"an entity is a JSON object, not {shown(document)}", pointer="")
    fragment = TemporalFragment()
    attributes: dict[str, Any] = {}
    for key, value in document.items():
        name = _KEYWORDS.get(key, key)
        if name in _MEMBERS:
            _read_member(fragment, name, value, context, is_whole=is_whole)
        elif name not in _NO_ATTRIBUTES:
            attributes[key] = value
    if len(attributes) > MAX_ATTRIBUTES:
        raise BadRequestData(f"an entity has at most {MAX_ATTRIBUTES} attributes", pointer="")
    parser = AttributeParser(context, Mode.UPDATE)
    for key, value in attributes.items():
        name, instances = _read_attribute(key, value, context, parser)
        if name in fragment.attributes:
            raise BadRequestData(f"two members stand for the attribute {name}", pointer=f"/{escape(key)}")
        fragment.attributes[name] = instances
    if not is_whole and not fragment.attributes and not fragment.types:
        raise BadRequestData("the fragment is empty", pointer="")
    return fragment


def parse_temporal_instance(name: Iri, document: Any, context: Context) -> Instance:
    """Read what is to replace one instance: it alone, or as the one item of the attribute (clause 5.6.14)."""
    inner = document
    if isinstance(document, dict):
        members = {key: value for key, value in document.items() if key != "@context"}
        if len(members) == 1:
            [(key, value)] = members.items()
            if context.expand(key) == name:
                inner = value
        elif "@context" in document:
            inner = members
    if isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    if inner is None or inner in ({}, []):
        raise BadRequestData("the instance is empty", pointer="")
    return _read_one(name, inner, AttributeParser(context, Mode.UPDATE), "")


def _read_member(
    fragment: TemporalFragment, name: str, value: Any, context: Context, *, is_whole: bool
) -> None:
    if name == "id":
        fragment.id = check_uri(value, "an entity's id", "/id") if is_whole else None
    elif name == "type":
        fragment.types = read_types(value, context)
    elif name == "scope":
        fragment.attributes[SCOPE] = _read_scopes(value)
    else:
        fragment.expires_at = parse_datetime(value, pointer="/expiresAt")


def _read_attribute(
    key: str, value: Any, context: Context, parser: AttributeParser
) -> tuple[Iri, list[Instance]]:
    pointer = f"/{escape(key)}"
    try:
        name = parse_attribute_name(key, context)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer) from error
    if isinstance(value, list) and any(map(looks_like_attribute, value)):
        return name, [_read_one(name, each, parser, f"{pointer}/{index}") for index, each in enumerate(value)]
    return name, [_read_one(name, value, parser, pointer)]


def _read_one(name: Iri, value: Any, parser: AttributeParser, pointer: str) -> Instance:
    if name == SCOPE:
        return _read_scope(value, pointer)
    instances = parser.parse(name, value, pointer)
    if len(instances) != 1:
        raise BadRequestData("one instance is due here", pointer=pointer)
    return instances[0]


def _read_scopes(value: Any) -> list[Instance]:
    """Read scopes: plain ones, or Properties with the times from which on they are valid."""
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [_read_scope(each, f"/scope/{index}") for index, each in enumerate(value)]
    return [_read_scope(value, "/scope")]


def _read_scope(value: Any, pointer: str) -> Instance:
    if not isinstance(value, dict):
        return scope_instance(read_scopes(value, pointer), None)
    if value.get("type", "Property") != "Property" or "value" not in value:
        raise BadRequestData("in a history, a scope is a Property with a value", pointer=pointer)
    at = value.get("observedAt")
    observed_at = None if at is None else parse_datetime(at, pointer=f"{pointer}/observedAt")
    if value["value"] in (NULL, [NULL], []):
        return Instance(value=NULL, observed_at=observed_at)
    return scope_instance(read_scopes(value["value"], f"{pointer}/value"), observed_at)
