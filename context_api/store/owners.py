"""Whose subscriptions are, and what their owners see: they are matched and told with those rights."""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.model import Entity, Micros
from context_api.policy.grant import Grant, Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Rights
from context_api.policy.roles import Role
from context_api.store.access import TOWN, Access, Owner
from context_api.store.rights import load_rights

ADMINISTRATOR = str(Role.ADMINISTRATOR)


class Sight:
    """What somebody sees for one operation: a view for matching, shared by all who see the same."""

    __slots__ = ("__weakref__", "operation", "rights")

    def __init__(self, rights: Rights, operation: Operation) -> None:
        self.rights = rights
        self.operation = operation

    def __call__(self, entity: Entity, now: Micros) -> Entity | None:
        """Give the entity as it is seen; None: it is not there for them."""
        return self.rights.view(entity, self.operation, now)

    @property
    def signature(self) -> tuple[Any, ...]:
        """Equal where the same is seen."""
        marks, floors = frozenset(self.rights.marks.items()), frozenset(self.rights.floors.items())
        return self.operation, marks, floors, tuple([_describe(one) for one in self.rights.grants])


def _describe(grant: Grant) -> tuple[Any, ...]:
    return (
        grant.operations,
        grant.types,
        repr(grant.scopes),
        grant.entities,
        None if grant.area is None else grant.area.wkb,
        grant.attributes,
        grant.valid_from,
        grant.valid_until,
        grant.history_from,
        grant.personal,
        grant.is_public,
    )


def sight_of(rights: Rights | None, operation: Operation) -> Sight | None:
    """Give the view of some rights; None: everything is seen."""
    return None if rights is None else Sight(rights, operation)


def as_principal(owner: Owner) -> Principal:
    """Give whom an owner is judged as: its organisation, without what a single key was granted."""
    return Principal(f"organisation:{owner.organisation}", Role(owner.role), owner.organisation)


def owner_of(access: Access) -> Owner:
    """Give whose it is what this access makes."""
    return access.owner or TOWN


def narrowed(access: Access) -> dict[str, object]:
    """Give the parameters of the condition that every statement about owned rows carries."""
    return {"organisation": None if access.owner is None else access.owner.organisation}


def load_sights(
    connection: Connection[TupleRow], tenant_id: int, owners: Iterable[Owner], known: Mapping[Owner, Sight]
) -> dict[Owner, Sight]:
    """Give what owners may be notified of, administrators left out: they see everything.

    One that is `known` stays itself where it sees what it saw.
    """
    found: dict[Owner, Sight] = {}
    for owner in {one for one in owners if one.role != ADMINISTRATOR}:
        rights = load_rights(connection, tenant_id, as_principal(owner))
        if rights is not None:
            sight = Sight(rights, Operation.SUBSCRIBE)
            former = known.get(owner)
            is_same = former is not None and former.signature == sight.signature
            found[owner] = former if former is not None and is_same else sight
    return found
