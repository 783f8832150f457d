"""Grants as people write and read them: short names, scope queries, GeoJSON, times as text."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.names import expand_name
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.query import parse_scope_query
from context_api.ngsild.query.geo import read_coordinates
from context_api.ngsild.time import format_datetime, parse_datetime
from context_api.policy.grant import Operation
from context_api.store.grants import GrantTerms, StoredGrant, TypePolicy

NAMES_MAX = 500
AREA_TYPES = ("Polygon", "MultiPolygon")
_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=2048)]], Meta(max_length=NAMES_MAX)]


class GrantDraft(msgspec.Struct, forbid_unknown_fields=True, rename="camel", frozen=True, kw_only=True):
    """What is to be granted, as it was written."""

    operations: Annotated[list[Operation], Meta(min_length=1)]
    types: _Names = []
    attributes: _Names = []
    scopes: Annotated[str, Meta(min_length=1)] | None = None
    area: dict[str, Any] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    history_from: str | None = None
    personal: bool = False
    label: Annotated[str, Meta(max_length=500)] = ""


class GrantOrder(GrantDraft, frozen=True, kw_only=True):
    """The same, with whom it is granted to: an organisation or one key."""

    organisation: _Text | None = None
    key: _Text | None = None


class PersonalDraft(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which attributes of a type are personal."""

    personal: _Names


def read_order(document: Any, context: Context) -> tuple[GrantOrder, GrantTerms]:
    """Read a grant that is to be made. Raises BadRequestData."""
    order = _convert(document, GrantOrder)
    if (order.organisation is None) == (order.key is None):
        raise BadRequestData(
            "a grant is for an organisation, by its name, or for one key, by its prefix: give one of the two"
        )
    return order, _terms(order, context)


def read_terms(document: Any, context: Context) -> GrantTerms:
    """Read what a grant is to give from now on. Raises BadRequestData."""
    return _terms(_convert(document, GrantDraft), context)


def read_personal(document: Any, context: Context) -> tuple[Iri, ...]:
    """Read which attributes are personal. Raises BadRequestData."""
    return _attributes(_convert(document, PersonalDraft).personal, context)


def _terms(draft: GrantDraft, context: Context) -> GrantTerms:
    valid_from, valid_until = _time(draft.valid_from, "validFrom"), _time(draft.valid_until, "validUntil")
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise BadRequestData("a grant ends after it begins", pointer="/validUntil")
    if draft.scopes is not None:
        try:
            parse_scope_query(draft.scopes)
        except BadRequestData as error:
            raise BadRequestData(error.detail, pointer="/scopes") from error
    return GrantTerms(
        operations=tuple(one for one in Operation if one in draft.operations),
        types=_unique(expand_name(name, context, "an entity type") for name in draft.types),
        attributes=_attributes(draft.attributes, context),
        scopes=draft.scopes,
        area=None if draft.area is None else _area(draft.area),
        valid_from=valid_from,
        valid_until=valid_until,
        history_from=_time(draft.history_from, "historyFrom"),
        personal=draft.personal,
        label=draft.label,
    )


def _area(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("type") not in AREA_TYPES:
        raise BadRequestData("an area is a Polygon or a MultiPolygon of GeoJSON", pointer="/area/type")
    read_coordinates(value.get("coordinates"))
    geometry = read_geometry({"type": value["type"], "coordinates": value.get("coordinates")}, "/area")
    return {"type": geometry["type"], "coordinates": geometry["coordinates"]}


def _time(text: str | None, name: str) -> Micros | None:
    return None if text is None else parse_datetime(text, pointer=f"/{name}")


def _attributes(names: Iterable[str], context: Context) -> tuple[Iri, ...]:
    return _unique(parse_attribute_name(name, context) for name in names)


def _unique(names: Iterable[Iri]) -> tuple[Iri, ...]:
    return tuple(dict.fromkeys(names))


def _convert(document: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error)) from error


def describe_grant(grant: StoredGrant, compact: Callable[[Iri], str] = str) -> dict[str, Any]:
    """Write a grant; what it does not limit is left out."""
    terms = grant.terms
    times = {
        "validFrom": terms.valid_from,
        "validUntil": terms.valid_until,
        "historyFrom": terms.history_from,
    }
    described: dict[str, Any] = {"id": grant.id}
    described |= {"organisation": grant.organisation} if grant.key is None else {"key": grant.key}
    described["operations"] = list(terms.operations)
    described |= {"types": [compact(one) for one in terms.types]} if terms.types else {}
    described |= {"attributes": [compact(one) for one in terms.attributes]} if terms.attributes else {}
    described |= {} if terms.scopes is None else {"scopes": terms.scopes}
    described |= {} if terms.area is None else {"area": terms.area}
    described |= {name: format_datetime(time) for name, time in times.items() if time is not None}
    return described | {
        "personal": terms.personal,
        "label": terms.label,
        "createdAt": format_datetime(grant.created_at),
        "createdBy": grant.created_by,
        "modifiedAt": format_datetime(grant.modified_at),
    }


def describe_policy(policy: TypePolicy, compact: Callable[[Iri], str] = str) -> dict[str, Any]:
    """Write what is personal in a type."""
    return {
        "type": compact(policy.type),
        "personal": [compact(one) for one in policy.personal],
        "modifiedAt": format_datetime(policy.modified_at),
        "modifiedBy": policy.modified_by,
    }


def unknown_types(terms: GrantTerms, known: Iterable[Iri]) -> list[str]:
    """Warn of types of which there is no entity: a short name may stand for another IRI than was meant."""
    there = frozenset(known)
    return [
        f"there is no entity of the type {one} in this tenant yet: is its @context the right one?"
        for one in terms.types
        if one not in there
    ]
