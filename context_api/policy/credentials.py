"""What credentials may open and who may hand them out: nobody gives more than they have."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from context_api.policy.principal import Principal
from context_api.policy.roles import Role

DEFAULT_TENANT = "default"


class OrganisationKind(StrEnum):
    """What an organisation is to the town."""

    TOWN = "town"
    """The town itself, or one of several that share an installation."""
    OPERATOR = "operator"
    """Puts up devices and looks after them."""
    PARTNER = "partner"
    """Uses what the town grants it."""
    PUBLIC = "public"
    """Everybody: its grants are the open data. It has no credentials."""


ROLES_OF: Mapping[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.TOWN: frozenset(
        {Role.ADMINISTRATOR, Role.STAFF, Role.OPERATOR, Role.PARTNER, Role.SERVICE}
    ),
    OrganisationKind.OPERATOR: frozenset({Role.OPERATOR, Role.PARTNER, Role.SERVICE}),
    OrganisationKind.PARTNER: frozenset({Role.PARTNER, Role.SERVICE}),
    OrganisationKind.PUBLIC: frozenset(),
}
"""Roles that the credentials of an organisation may have."""

GIVES: Mapping[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role) - {Role.ANONYMOUS},
    Role.STAFF: frozenset(),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.PARTNER}),
    Role.PARTNER: frozenset({Role.PARTNER}),
    Role.SERVICE: frozenset(),
    Role.ANONYMOUS: frozenset(),
}
"""Roles that a principal may give to others of its organisation. A service may be granted writes, so that
only administrators make one; staff share their organisation with administrators, and make none."""


def bound_tenants(
    role: Role, *, every_tenant: bool, organisation: Collection[str], own: Collection[str] | None
) -> frozenset[str] | None:
    """Give the tenants that a credential opens; None: every one, those to come as well.

    `own` are those it is narrowed to (None: all of its organisation's), which never add to `organisation`.
    Every tenant is for administrators only: others of such an organisation open the default one, or those
    named.
    """
    if not every_tenant:
        named = frozenset(organisation)
        return named if own is None else named & frozenset(own)
    if own is not None:
        return frozenset(own)
    return None if role is Role.ADMINISTRATOR else frozenset({DEFAULT_TENANT})


def covers(principal: Principal, tenants: Collection[str] | None) -> bool:
    """Whether a principal opens all of these tenants; None stands for every one."""
    if principal.tenants is None:
        return True
    return tenants is not None and principal.tenants.issuperset(tenants)


def may_manage(
    principal: Principal, organisation: int, *, every_tenant: bool, tenants: Collection[str]
) -> bool:
    """Whether a principal looks after an organisation: its contact, tenants, keys and invitations.

    The installation's administrators look after all; administrators of some tenants after their own
    organisation, and after those that are in no other tenant than these.
    """
    if principal.role is not Role.ADMINISTRATOR:
        return False
    if principal.runs_installation or principal.organisation == organisation:
        return True
    return not every_tenant and bool(tenants) and covers(principal, tenants)
