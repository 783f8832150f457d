"""Which registrations a query is about, which contradict each other (clauses 4.3.6.3, 5.10.2, 5.12)."""

from collections.abc import Iterable

import msgspec
import shapely

from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Instance, Iri, Kind
from context_api.ngsild.query.conditions import Condition
from context_api.ngsild.query.entity import EntityQuery
from context_api.ngsild.query.geo import GeoQuery, GeoRelation, compile_geo_query, read_shape
from context_api.ngsild.query.pattern import compile_id_pattern
from context_api.ngsild.query.predicate import matches as judge
from context_api.ngsild.query.scope import ScopeQuery
from context_api.ngsild.query.temporal import TemporalQuery, TimeProperty, TimeRelation
from context_api.ngsild.query.types import AllOf, TypeIs, TypeSelection
from context_api.ngsild.registration_model import (
    DEFAULT_OPERATIONS,
    PROXIED,
    EntityInfo,
    Information,
    Interval,
    Mode,
    Registration,
)


class RegistrationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question for registrations; all parts that are given must hold."""

    types: TypeSelection | None = None
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None
    attrs: frozenset[Iri] = frozenset()
    """Of which the source may have one; with those that q and the geoquery name."""
    csf: Condition | None = None
    geo: GeoQuery | None = None
    scopes: ScopeQuery | None = None
    temporal: TemporalQuery | None = None
    """None: sources of current data only."""


def matches(registration: Registration, query: RegistrationQuery) -> bool:
    """Whether the source may have something of what is asked for."""
    return (
        any(_matches_information(info, query) for info in registration.information)
        and _matches_time(registration, query.temporal)
        and (query.scopes is None or query.scopes.matches(registration.scopes))
        and (query.geo is None or _matches_place(registration, query.geo))
        and (query.csf is None or judge(query.csf, describe(registration)))
    )


def _matches_information(info: Information, query: RegistrationQuery) -> bool:
    if query.attrs and info.attributes and not info.attributes & query.attrs:
        return False
    if not info.entities:
        return True
    return any(_matches_entity(entity, query) for entity in info.entities)


def _matches_entity(entity: EntityInfo, query: RegistrationQuery) -> bool:
    if query.types is not None and not query.types.matches(entity.types):
        return False
    if (entity.id is None and entity.id_pattern is None) or (not query.ids and query.id_pattern is None):
        return True
    if entity.id is not None:
        if query.ids:
            return entity.id in query.ids
        return query.id_pattern is not None and _has(query.id_pattern, entity.id)
    if query.ids:
        return any(_has(entity.id_pattern or "", each) for each in query.ids)
    return True  # whether two patterns can meet in one id is not decided


def _matches_time(registration: Registration, temporal: TemporalQuery | None) -> bool:
    if temporal is None or temporal.timerel is None:
        return registration.observation_interval is None and registration.management_interval is None
    observed = temporal.timeproperty is TimeProperty.OBSERVED_AT
    interval = registration.observation_interval if observed else registration.management_interval
    return interval is not None and _meets(interval, temporal)


def _meets(interval: Interval, temporal: TemporalQuery) -> bool:
    """Whether the window of the query and the interval have a time in common."""
    at = temporal.time_at or 0
    if temporal.timerel is TimeRelation.BEFORE:
        return interval.start_at <= at
    reaches = interval.end_at is None or interval.end_at >= at
    if temporal.timerel is TimeRelation.AFTER:
        return reaches
    return reaches and interval.start_at <= (temporal.end_time_at or 0)


# What lies in an area may stand so to the query's geometry as soon as the area meets it
_POSSIBLE = frozenset(
    (
        GeoRelation.WITHIN,
        GeoRelation.CONTAINS,
        GeoRelation.OVERLAPS,
        GeoRelation.INTERSECTS,
        GeoRelation.EQUALS,
    )
)


def _matches_place(registration: Registration, query: GeoQuery) -> bool:
    """Whether the location stands so, or may hold locations that do."""
    entity = describe(registration)
    if compile_geo_query(query).matches(entity):
        return True
    if query.relation not in _POSSIBLE:
        return False
    reference = read_shape(query.geometry)
    return any(
        instance.kind is Kind.GEO_PROPERTY and shapely.intersects(read_shape(instance.value), reference)
        for instance in entity.attributes.get(query.geoproperty, ())
    )


def describe(registration: Registration) -> Entity:
    """Give a registration in the form in which queries judge: its members as attributes."""
    attributes = {name: [_as_instance(value)] for name, value in registration.properties.items()}
    members = {
        "endpoint": registration.endpoint,
        "mode": str(registration.mode),
        "operations": list(registration.operations or DEFAULT_OPERATIONS),
        "registrationName": registration.name,
        "description": registration.description,
        "tenant": registration.tenant,
        "contextSourceAlias": registration.alias,
        "refreshRate": registration.refresh_rate,
        "contextSourceInfo": dict(registration.source_info) or None,
    }
    places = {
        "location": registration.location,
        "observationSpace": registration.observation_space,
        "operationSpace": registration.operation_space,
    }
    expand = core_context().expand
    attributes |= {
        expand(name): [Instance(kind=Kind.PROPERTY, value=value)]
        for name, value in members.items()
        if value is not None
    }
    attributes |= {
        expand(name): [Instance(kind=Kind.GEO_PROPERTY, value=value)]
        for name, value in places.items()
        if value is not None
    }
    return Entity(
        id=registration.id,
        types=(expand("ContextSourceRegistration"),),
        attributes=attributes,
        scopes=registration.scopes,
        expires_at=registration.expires_at,
    )


def _as_instance(value: object) -> Instance:
    """A property of a source is a plain value, or an attribute that says its type."""
    if isinstance(value, dict) and value.get("type") == "Property" and "value" in value:
        return Instance(kind=Kind.PROPERTY, value=value["value"])
    if isinstance(value, dict) and value.get("type") == "Relationship" and "object" in value:
        return Instance(kind=Kind.RELATIONSHIP, value=value["object"])
    return Instance(kind=Kind.PROPERTY, value=value)


def find_conflict(registration: Registration, others: Iterable[Registration]) -> Registration | None:
    """Give a registration that does not go together with a new or changed one.

    What is exclusive has no other proxied registration beside it; redirecting ones may overlap.
    """
    for other in others:
        if other.id == registration.id or not {registration.mode, other.mode} <= PROXIED:
            continue
        if registration.mode is Mode.EXCLUSIVE:
            clashes = _covers(other, registration)
        else:
            clashes = other.mode is Mode.EXCLUSIVE and _covers(registration, other)
        if clashes:
            return other
    return None


def _covers(other: Registration, exclusive: Registration) -> bool:
    """Whether a proxied registration has an attribute of an entity that another has for itself."""
    return any(
        (not theirs.attributes or theirs.attributes & info.attributes)
        and (not theirs.entities or any(_takes(one, entity) for one in theirs.entities))
        for info in exclusive.information
        for entity in info.entities
        for theirs in other.information
    )


def _takes(theirs: EntityInfo, entity: EntityInfo) -> bool:
    if theirs.id is not None:
        return theirs.id == entity.id
    if not set(theirs.types) & set(entity.types):
        return False
    return theirs.id_pattern is None or (entity.id is not None and _has(theirs.id_pattern, entity.id))


def held_queries(registration: Registration) -> list[EntityQuery]:
    """Give queries of which none may find a local entity (clause 5.9.2.4)."""
    if registration.mode not in PROXIED:
        return []
    queries = []
    for info in registration.information:
        attrs = tuple(sorted(info.attributes))
        queries += [
            EntityQuery(
                ids=() if one.id is None else (one.id,),
                id_pattern=one.id_pattern if one.id is None else None,
                types=None if registration.mode is Mode.EXCLUSIVE else _all_of(one.types),
                attrs=attrs,
                limit=1,
            )
            for one in info.entities
        ]
        if not info.entities:
            queries.append(EntityQuery(attrs=attrs, limit=1))
    return queries


def _all_of(types: tuple[Iri, ...]) -> TypeSelection:
    return TypeIs(types[0]) if len(types) == 1 else AllOf(tuple(TypeIs(one) for one in types))


def _has(pattern: str, entity_id: str) -> bool:
    return compile_id_pattern(pattern).search(entity_id) is not None
