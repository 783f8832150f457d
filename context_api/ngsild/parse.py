"""Documents -> entities and fragments, in expanded names (clauses 4.5, 5.4 and 5.5.4).

Normalized and concise attributes may be mixed in one document. What breaks a rule raises BadRequestData with
the place (a JSON pointer), the rule and what would be right. Times that the broker sets itself (createdAt,
modifiedAt, deletedAt, instanceId) are passed over where a client sends them back.
"""

from typing import Any

import msgspec

from context_api.ngsild.attribute_parser import AttributeParser, Mode
from context_api.ngsild.changes import AttributeFragment
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Attributes, Entity, Iri, Micros
from context_api.ngsild.names import check_uri, escape, expand_name, read_scopes, shown
from context_api.ngsild.time import parse_datetime

__all__ = [
    "Fragment",
    "Mode",
    "parse_attribute",
    "parse_attribute_fragment",
    "parse_attribute_name",
    "parse_entity",
    "parse_fragment",
]

MAX_ATTRIBUTES = 5_000

_KEYWORDS = {"@id": "id", "@type": "type", "@context": "@context"}
_MEMBERS = frozenset(("id", "type", "scope", "expiresAt", "@context"))
_SYSTEM_MEMBERS = frozenset(("createdAt", "modifiedAt", "deletedAt"))
# Core terms of attribute instances: no attribute can have such a name (clause 4.5.1)
_CORE_MEMBERS = """
datasetId instanceId observedAt unitCode createdAt modifiedAt deletedAt expiresAt scope hasObjectType
hasValueType hasPreviousValue hasPreviousObject hasPreviousLanguageMap hasPreviousJson hasPreviousVocab
hasPreviousValueList hasPreviousObjectList entityIdSealed entityTypeSealed
"""
_NO_ATTRIBUTES = frozenset(f"https://uri.etsi.org/ngsi-ld/{name}" for name in _CORE_MEMBERS.split())


class Fragment(msgspec.Struct, kw_only=True):
    """What an entity fragment (clause 5.4) names; the members that it leaves out are None or empty."""

    types: tuple[Iri, ...] = ()
    scopes: tuple[str, ...] | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    expires_at: Micros | None = None
    remove_expiry: bool = False


def parse_entity(document: Any, context: Context, *, now: Micros) -> Entity:
    """Read an entity that is to be created or replaced; NGSI-LD Null is refused everywhere in it.

    An expiresAt that has passed is not: such an entity is over as soon as it is written (clause 4.22).
    """
    members = _sort_members(document, context)
    if "id" not in members.own:
        raise BadRequestData("an entity needs an id", pointer="/id")
    if "type" not in members.own:
        raise BadRequestData("an entity needs a type", pointer="/type")
    scope = members.own.get("scope")
    expires_at = members.own.get("expiresAt")
    return Entity(
        id=check_uri(members.own["id"], "an entity's id", "/id"),
        types=read_types(members.own["type"], context),
        scopes=read_scopes(scope, "/scope") if scope is not None else (),
        attributes=_read_attributes(members, context, Mode.CREATE),
        created_at=now,
        modified_at=now,
        expires_at=parse_datetime(expires_at, pointer="/expiresAt") if expires_at is not None else None,
    )


def parse_fragment(
    document: Any,
    context: Context,
    *,
    mode: Mode = Mode.UPDATE,
    simplified: bool = False,
    entity_id: str | None = None,
) -> Fragment:
    """Read an entity fragment; an id in it is that of the target, `entity_id` (clause 5.4).

    `Mode.CREATE` refuses NGSI-LD Null (append), `Mode.UPDATE` takes it in the place of an attribute (update),
    `Mode.MERGE` anywhere, and attributes need not be complete then (merge). With `simplified`, every member
    is a value in simplified representation (options=keyValues of a merge).
    """
    if isinstance(document, dict) and not document:
        raise BadRequestData("the fragment is empty", pointer="")
    members = _sort_members(document, context)
    _check_target(members.own.get("id"), entity_id)
    fragment = Fragment(attributes=_read_attributes(members, context, mode, simplified))
    if "type" in members.own:
        fragment.types = read_types(members.own["type"], context)
    scope = members.own.get("scope")
    if scope == NULL and mode is not Mode.CREATE:
        fragment.scopes = ()
    elif scope is not None:
        fragment.scopes = read_scopes(scope, "/scope")
    expires_at = members.own.get("expiresAt")
    if expires_at == NULL and mode is not Mode.CREATE:
        fragment.remove_expiry = True
    elif expires_at is not None:
        fragment.expires_at = parse_datetime(expires_at, pointer="/expiresAt")
    return fragment


def _check_target(given: Any, entity_id: str | None) -> None:
    if entity_id is not None and given is not None and given != entity_id:
        raise BadRequestData(
            f"the fragment's id is {shown(given)}, the target's is {entity_id}", pointer="/id"
        )


def parse_attribute(name: Iri, document: Any, context: Context) -> Attributes:
    """Read the body that replaces an attribute (clause 5.6.19): one instance, or a list of them."""
    _refuse_empty(document)
    return {name: AttributeParser(context, Mode.CREATE).parse(name, document, "")}


def parse_attribute_fragment(name: Iri, document: Any, context: Context) -> AttributeFragment:
    """Read the body of a partial update (clause 5.6.4): the members that it names."""
    _refuse_empty(document)
    return AttributeFragment(
        instances=tuple(AttributeParser(context, Mode.PARTIAL).parse(name, document, ""))
    )


def parse_attribute_name(text: str, context: Context) -> Iri:
    """Expand an attribute's name in a URL, a query or a subscription.

    Raises BadRequestData where it is no name, or that of a member which is no attribute (id, type, scope, …).
    """
    if text in _MEMBERS or text in _KEYWORDS:
        raise BadRequestData(f"{text} is no attribute")
    name = expand_name(text, context, "an attribute's name")
    if name in _NO_ATTRIBUTES:
        raise BadRequestData(f"{text} is no attribute")
    return name


def read_types(value: Any, context: Context, pointer: str = "/type") -> tuple[Iri, ...]:
    """Read the type of an entity, or a list of types, without repetitions."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise BadRequestData("an entity needs a type", pointer=pointer)
    if NULL in listed:
        raise BadRequestData("types are only ever added: none can be removed", pointer=pointer)
    names = (expand_name(one, context, "a type's name", pointer) for one in listed)
    return tuple(dict.fromkeys(names))


class _Members(msgspec.Struct):
    """An entity document, sorted."""

    own: dict[str, Any]
    """id, type, scope, expiresAt."""
    attributes: dict[str, Any]


def _sort_members(document: Any, context: Context) -> _Members:
    if not isinstance(document, dict):
        raise BadRequestData(f"an entity is a JSON object, not {shown(document)}", pointer="")
    members = _Members({}, {})
    for key, value in document.items():
        name = _KEYWORDS.get(key, key)
        if name not in _MEMBERS and name not in _SYSTEM_MEMBERS:
            name = _KEYWORDS.get(context.expand(key), name)  # an alias that the @context defines
        if name in _MEMBERS:
            if name in members.own:
                raise BadRequestData(f"the entity has its {name} twice", pointer=f"/{key}")
            members.own[name] = value
        elif name not in _SYSTEM_MEMBERS:
            members.attributes[key] = value
    if len(members.attributes) > MAX_ATTRIBUTES:
        raise BadRequestData(f"an entity has at most {MAX_ATTRIBUTES} attributes", pointer="")
    return members


def _read_attributes(members: _Members, context: Context, mode: Mode, simplified: bool = False) -> Attributes:
    parser = AttributeParser(context, mode)
    attributes: Attributes = {}
    for key, value in members.attributes.items():
        pointer = f"/{escape(key)}"
        name = expand_name(key, context, "an attribute's name", pointer)
        if name in _NO_ATTRIBUTES:
            raise BadRequestData(f"{key} is a member of attributes, not an attribute", pointer=pointer)
        if name in attributes:
            raise BadRequestData(f"two members stand for the attribute {name}", pointer=pointer)
        parse = parser.parse_simplified if simplified else parser.parse
        attributes[name] = parse(name, value, pointer)
    return attributes


def _refuse_empty(document: Any) -> None:
    if document is None or document in ({}, []):
        raise BadRequestData("the attribute is empty", pointer="")
