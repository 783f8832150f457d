"""Organisations as those see them who bring people into them: accounts, and providers' words."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from context_api.policy.credentials import ROLES_OF, OrganisationKind, bound_tenants
from context_api.policy.roles import Role
from context_api.store.queries import load_queries

_SQL = load_queries("memberships")


class Membership(NamedTuple):
    """An organisation."""

    id: int
    name: str
    kind: OrganisationKind
    is_of_every_tenant: bool
    tenants: Sequence[str]

    def takes(self, role: Role) -> bool:
        """Whether its people may be of a role."""
        return role in ROLES_OF[self.kind]

    def bound(self, role: Role, own: Collection[str] | None) -> frozenset[str] | None:
        """Give the tenants that one of its people opens; None: every one."""
        return bound_tenants(role, every_tenant=self.is_of_every_tenant, organisation=self.tenants, own=own)


def find_membership(connection: Connection[Any], *, name: str, is_any: bool = False) -> Membership | None:
    """Give an organisation by its name; None where there is none, or (unless `is_any`) it is disabled."""
    values = {"name": name, "any": is_any}
    row = connection.execute(_SQL["find_membership"], values).fetchone()
    if row is None:
        return None
    identifier, named, kind, reaches_all, tenants = row
    return Membership(identifier, named, OrganisationKind(kind), reaches_all, tenants)


def find_tenants(connection: Connection[Any], names: Collection[str]) -> dict[str, int]:
    """Give the ids of those tenants that exist."""
    rows = connection.execute(_SQL["find_tenants"], {"names": sorted(names)}).fetchall()
    return dict(rows)
