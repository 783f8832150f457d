"""What a caller may do about organisations and keys: pure, over what the store knows of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from context_api.http.access.drafts import KeyOrder
from context_api.http.errors import Forbidden
from context_api.http.problem_codes import ProblemCode, mark
from context_api.ngsild.errors import BadRequestData
from context_api.policy.credentials import (
    GIVES,
    ROLES_OF,
    OrganisationKind,
    bound_tenants,
    covers,
    may_manage,
)
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.keys import ApiKey, KeyDraft
from context_api.store.organisations import Organisation

MINUTE = timedelta(minutes=1)


def manages(principal: Principal, organisation: Organisation) -> bool:
    """Whether a caller looks after an organisation."""
    return may_manage(
        principal,
        organisation.id,
        every_tenant=organisation.is_of_every_tenant,
        tenants=organisation.tenants,
    )


def sees(principal: Principal, organisation: Organisation) -> bool:
    """Whether a caller may know that an organisation exists."""
    return principal.organisation == organisation.id or manages(principal, organisation)


def is_own(principal: Principal, key: ApiKey) -> bool:
    """Whether a caller came in with this very key."""
    return principal.name == f"key:{key.prefix}"


def looks_after(principal: Principal, key: ApiKey) -> bool:
    """Whether a caller may do with a key whatever can be done: it opens nothing that they do not open."""
    managed = may_manage(
        principal,
        key.organisation_id,
        every_tenant=key.is_of_every_tenant,
        tenants=key.organisation_tenants,
    )
    return managed and covers(principal, key.tenants)


def sees_key(principal: Principal, key: ApiKey) -> bool:
    """Whether a caller may know of a key: those who can give keys know those of their organisation."""
    if is_own(principal, key) or looks_after(principal, key):
        return True
    is_colleague = principal.organisation == key.organisation_id and bool(GIVES[principal.role])
    return is_colleague and principal.role is not Role.ADMINISTRATOR


def may_revoke(principal: Principal, key: ApiKey) -> bool:
    """Whether a caller may make a key void: their own, and those that they could have given."""
    gave = (
        principal.organisation == key.organisation_id
        and key.role in GIVES[principal.role]
        and covers(principal, key.tenants)
    )
    return is_own(principal, key) or looks_after(principal, key) or gave


def may_rotate(principal: Principal, key: ApiKey) -> bool:
    """Whether a caller may have a key in the place of another: single keys may have been granted more."""
    return is_own(principal, key) or looks_after(principal, key)


def plan_key(
    principal: Principal, organisation: Organisation, order: KeyOrder, expires_at: datetime | None
) -> KeyDraft:
    """Say what key is to be made. Raises BadRequestData for what no key may be, Forbidden for what the
    caller may not give: a role beside their own, or a tenant that they do not open themselves.
    """
    role = check_role(organisation, order.role)
    if not manages(principal, organisation):
        is_own_house = principal.organisation == organisation.id
        if not is_own_house or role not in GIVES[principal.role]:
            refused = Forbidden(
                f"The role {principal.role} cannot give the role {role} in {organisation.name}"
            )
            raise mark(refused, ProblemCode.NOT_YOURS)
    return KeyDraft(
        organisation_id=organisation.id,
        role=role,
        tenants=choose_tenants(principal, organisation, role, order.tenants),
        label=order.label,
        expires_at=expires_at,
        created_by=principal.name,
    )


def check_role(organisation: Organisation, role: Role) -> Role:
    """Give a role that the organisation's credentials may have. Raises BadRequestData."""
    roles = ROLES_OF[organisation.kind]
    if role not in roles:
        told = ", ".join(sorted(roles)) or "none: it has no credentials"
        raise BadRequestData(
            f"In an organisation of the kind {organisation.kind} there is no {role}; there is: {told}",
            pointer="/role",
        )
    return role


def first_role(organisation: Organisation) -> Role:
    """Give the role that an organisation's first key usually has."""
    return Role.OPERATOR if organisation.kind is OrganisationKind.OPERATOR else Role.PARTNER


def choose_tenants(
    principal: Principal, organisation: Organisation, role: Role, asked: Sequence[str] | None
) -> list[str] | None:
    """Give what a credential is narrowed to; None: to whatever its organisation opens.

    Raises BadRequestData for tenants the organisation is not in, Forbidden for those the caller does not
    open.
    """
    if asked is not None and not organisation.is_of_every_tenant:
        strange = sorted(set(asked) - set(organisation.tenants))
        if strange:
            raise BadRequestData(
                f"{organisation.name} does not belong to the tenant {strange[0]!r}", pointer="/tenants"
            )
    opened = bound_tenants(
        role, every_tenant=organisation.is_of_every_tenant, organisation=organisation.tenants, own=asked
    )
    if not covers(principal, opened):
        refused = Forbidden(
            "You can give tenants that you open yourself, and no others; name them in tenants"
        )
        raise mark(refused, ProblemCode.NOT_YOURS)
    if opened is not None and not opened:
        raise BadRequestData(
            f"{organisation.name} belongs to no tenant yet, so that a key would open nothing",
            pointer="/tenants",
        )
    if principal.runs_installation and asked is None and not organisation.is_of_every_tenant:
        return None
    return None if opened is None else sorted(opened)


def choose_end(
    expires_at: datetime | None, days: int | None, *, default: int, longest: int, now: datetime
) -> datetime:
    """Give when a key ends. Raises BadRequestData for both ways at once, for the past and for too long."""
    if expires_at is not None and days is not None:
        raise BadRequestData("Give expiresAt or days, not both", pointer="/days")
    latest = now + timedelta(days=longest)
    end = now + timedelta(days=default if days is None else days) if expires_at is None else expires_at
    if end <= now:
        raise BadRequestData("A key ends in the future", pointer="/expiresAt")
    if end > latest + MINUTE:
        told = f"{latest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise BadRequestData(
            f"A key lasts {longest} days at most (MACHI_KEY_DAYS_MAX), until {told}", pointer="/expiresAt"
        )
    return end
