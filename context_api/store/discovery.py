"""What kinds of entities and attributes there are now (clauses 5.7.5 to 5.7.10).

The side tables and the dictionary of `kinds` are asked, not the entities: the cost depends on how many types
and attributes there are; only counts grow with what is counted. Whoever may not see everything is told of
what is in sight: by the same statements with a condition more, or by a `Survey` where SQL cannot tell.
"""

import msgspec

from context_api.ngsild.model import Iri, Kind, Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.granted import Granted, granted_to
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries
from context_api.store.survey import Survey, survey
from context_api.store.terms import Terms
from context_api.store.where import Where

_SQL = load_queries("discovery")
_TYPES = load_queries("reading")["get_types"]
_RECORDED = b"p.attribute_id"


class TypeInfo(msgspec.Struct, frozen=True):
    """What there is of one type."""

    entity_count: int
    attributes: dict[Iri, list[Kind]]
    """Attributes that entities of the type have, each with the attribute types it has there; both sorted."""


class AttributeInfo(msgspec.Struct, frozen=True):
    """What there is of one attribute."""

    instance_count: int
    kinds: list[Kind]
    types: list[Iri]
    """The types of the entities that have it, sorted."""


def get_types(database: Database, terms: Terms, access: Access, now: Micros) -> list[Iri]:
    """Give the types of which there are entities, sorted. Raises TermsMissing, StoreTimeout."""
    granted = granted_to(access, now, terms.find)
    there = None if granted is None else granted.entities()
    if granted is not None and there is not None and not there.exact:
        return sorted(survey(database, terms, access, granted, now).entities)
    sql, given = _with(_TYPES, there)
    tenant_id = access.tenant_id
    with database.connection() as connection:
        rows = connection.execute(sql, [tenant_id, tenant_id, tenant_id, pack_time(now), *given]).fetchall()
    return sorted(terms.iris(number for (number,) in rows))


def get_attributes(database: Database, terms: Terms, access: Access, now: Micros) -> list[Iri]:
    """Give the attributes that entities have, sorted. Raises TermsMissing, StoreTimeout."""
    seen = _Sight(database, terms, access, now)
    if seen.survey is not None:
        return sorted(seen.survey.instances)
    sql, given = _with(_SQL["get_attributes"], seen.recorded)
    with database.connection() as connection:
        rows = connection.execute(sql, [access.tenant_id, pack_time(now), *given]).fetchall()
    return sorted(terms.iris(number for (number,) in rows))


def get_pairs(database: Database, terms: Terms, access: Access, now: Micros) -> list[tuple[Iri, Iri]]:
    """Give the (type, attribute) pairs that entities have, sorted. Raises TermsMissing, StoreTimeout."""
    seen = _Sight(database, terms, access, now)
    if seen.survey is not None:
        return sorted(seen.survey.kinds)
    sql, given = _with(_SQL["get_pairs"], seen.recorded)
    with database.connection() as connection:
        rows = connection.execute(sql, [access.tenant_id, pack_time(now), *given]).fetchall()
    return sorted((terms.iri(str(type_id)), terms.iri(str(attribute_id))) for type_id, attribute_id in rows)


def describe_type(
    database: Database, terms: Terms, access: Access, type_: Iri, now: Micros
) -> TypeInfo | None:
    """Describe a type; None where no entity is of it. Raises TermsMissing, StoreTimeout."""
    found = terms.find([type_])
    if not found:
        return None
    seen = _Sight(database, terms, access, now)
    if seen.survey is not None:
        return _described_type(seen.survey, type_)
    number, tenant_id, at = found[0], access.tenant_id, pack_time(now)
    there = None if seen.granted is None else seen.granted.entities(frozenset((type_,)))
    sql, given = _SQL["count_entities_of_type"], [tenant_id, number, number, tenant_id, at, at]
    if there is not None:
        sql, added = _with(_SQL["count_granted_of_type"], there)
        given = [tenant_id, number, at, *added]
    kinds, guarded = _with(_kinds_where(b"p.type_id = %s"), seen.recorded)
    with database.connection() as connection:
        counted = connection.execute(sql, given).fetchone()
        count = counted[0] if counted is not None else 0
        if not count:
            return None
        rows = connection.execute(kinds, [tenant_id, number, at, *guarded]).fetchall()
    attributes: dict[Iri, list[Kind]] = {}
    for name, kind in sorted((terms.iri(str(attribute_id)), kind) for _, attribute_id, kind in rows):
        attributes.setdefault(name, []).append(Kind(kind))
    return TypeInfo(count, attributes)


def describe_attribute(
    database: Database, terms: Terms, access: Access, attribute: Iri, now: Micros
) -> AttributeInfo | None:
    """Describe an attribute; None where no entity has it. Raises TermsMissing, StoreTimeout."""
    found = terms.find([attribute])
    if not found:
        return None
    seen = _Sight(database, terms, access, now)
    if seen.survey is not None:
        return _described_attribute(seen.survey, attribute)
    number, tenant_id, at = found[0], access.tenant_id, pack_time(now)
    kinds, guarded = _with(_kinds_where(b"p.attribute_id = %s"), seen.recorded)
    there = None if seen.granted is None else seen.granted.sight_of(attribute)
    count, added = _with(_SQL["count_instances"], there)
    with database.connection() as connection:
        rows = connection.execute(kinds, [tenant_id, number, at, *guarded]).fetchall()
        if not rows:
            return None
        key = str(number)
        counted = connection.execute(count, [key, key, tenant_id, number, at, *added]).fetchone()
    return AttributeInfo(
        int(counted[0]) if counted is not None else 0,
        [Kind(kind) for kind in sorted({kind for _, _, kind in rows})],
        sorted({terms.iri(str(type_id)) for type_id, _, _ in rows}),
    )


class _Sight:
    """What is in sight for an access: everything, what a condition says, or what a survey has found."""

    def __init__(self, database: Database, terms: Terms, access: Access, now: Micros) -> None:
        self.granted: Granted | None = granted_to(access, now, terms.find)
        self.recorded: Where | None = None
        self.survey: Survey | None = None
        if self.granted is None:
            return
        self.recorded = self.granted.guard_column(_RECORDED)
        if not self.recorded.exact:
            self.survey = survey(database, terms, access, self.granted, now)


def _described_type(found: Survey, type_: Iri) -> TypeInfo | None:
    if type_ not in found.entities:
        return None
    attributes = {name: sorted(kinds) for (one, name), kinds in sorted(found.kinds.items()) if one == type_}
    return TypeInfo(found.entities[type_], attributes)


def _described_attribute(found: Survey, attribute: Iri) -> AttributeInfo | None:
    if attribute not in found.instances:
        return None
    pairs = {type_: kinds for (type_, name), kinds in found.kinds.items() if name == attribute}
    return AttributeInfo(
        found.instances[attribute], sorted(frozenset[Kind]().union(*pairs.values())), sorted(pairs)
    )


def _with(sql: bytes, condition: Where | None) -> tuple[bytes, tuple[object, ...]]:
    """Put a condition into a statement."""
    if condition is None:
        return sql.replace(b"{granted}", b""), ()
    return sql.replace(b"{granted}", b" and " + condition.sql), condition.parameters


def _kinds_where(chosen: bytes) -> bytes:
    return _SQL["get_kinds"].replace(b"{chosen}", chosen)
