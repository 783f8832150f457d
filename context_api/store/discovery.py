"""What kinds of entities and attributes there are now (clauses 5.7.5 to 5.7.10).

The side tables and the dictionary of `kinds` are asked, not the entities: the cost depends on how many types
and attributes there are; only counts grow with what is counted.
"""

import msgspec

from context_api.ngsild.model import Iri, Kind, Micros
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries
from context_api.store.terms import Terms

_SQL = load_queries("discovery")


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


def get_attributes(database: Database, terms: Terms, access: Access, now: Micros) -> list[Iri]:
    """Give the attributes that entities have, sorted. Raises TermsMissing."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["get_attributes"], [access.tenant_id, pack_time(now)]).fetchall()
    return sorted(terms.iris(number for (number,) in rows))


def get_pairs(database: Database, terms: Terms, access: Access, now: Micros) -> list[tuple[Iri, Iri]]:
    """Give the (type, attribute) pairs that entities have, sorted. Raises TermsMissing."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["get_pairs"], [access.tenant_id, pack_time(now)]).fetchall()
    return sorted((terms.iri(str(type_id)), terms.iri(str(attribute_id))) for type_id, attribute_id in rows)


def describe_type(
    database: Database, terms: Terms, access: Access, type_: Iri, now: Micros
) -> TypeInfo | None:
    """Describe a type; None where no entity is of it. Raises TermsMissing."""
    found = terms.find([type_])
    if not found:
        return None
    number, tenant_id, at = found[0], access.tenant_id, pack_time(now)
    with database.connection() as connection:
        counted = connection.execute(
            _SQL["count_entities_of_type"], [tenant_id, number, number, tenant_id, at, at]
        ).fetchone()
        count = counted[0] if counted is not None else 0
        if not count:
            return None
        rows = connection.execute(_kinds_where(b"p.type_id = %s"), [tenant_id, number, at]).fetchall()
    attributes: dict[Iri, list[Kind]] = {}
    for name, kind in sorted((terms.iri(str(attribute_id)), kind) for _, attribute_id, kind in rows):
        attributes.setdefault(name, []).append(Kind(kind))
    return TypeInfo(count, attributes)


def describe_attribute(
    database: Database, terms: Terms, access: Access, attribute: Iri, now: Micros
) -> AttributeInfo | None:
    """Describe an attribute; None where no entity has it. Raises TermsMissing."""
    found = terms.find([attribute])
    if not found:
        return None
    number, tenant_id, at = found[0], access.tenant_id, pack_time(now)
    with database.connection() as connection:
        rows = connection.execute(_kinds_where(b"p.attribute_id = %s"), [tenant_id, number, at]).fetchall()
        if not rows:
            return None
        key = str(number)
        counted = connection.execute(_SQL["count_instances"], [key, key, tenant_id, number, at]).fetchone()
    return AttributeInfo(
        int(counted[0]) if counted is not None else 0,
        [Kind(kind) for kind in sorted({kind for _, _, kind in rows})],
        sorted({terms.iri(str(type_id)) for type_id, _, _ in rows}),
    )


def _kinds_where(chosen: bytes) -> bytes:
    return _SQL["get_kinds"].replace(b"{chosen}", chosen)
