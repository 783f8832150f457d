"""What credentials open, and who may hand them out: no chain of gifts widens anything."""

from hypothesis import given
from hypothesis import strategies as st

from context_api.http.auth import choose_tenant
from context_api.http.errors import Forbidden
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

NAMES = st.sampled_from(["default", "north", "south", "east"])
SETS = st.frozensets(NAMES)
PRINCIPALS = st.builds(
    Principal,
    st.just("key:x"),
    st.sampled_from(Role),
    st.integers(1, 3) | st.none(),
    SETS | st.none(),
)


@given(role=st.sampled_from(Role), every=st.booleans(), house=SETS, own=SETS | st.none())
def test_a_credential_opens_no_more_than_its_organisation(
    role: Role, every: bool, house: frozenset[str], own: frozenset[str] | None
) -> None:
    opened = bound_tenants(role, every_tenant=every, organisation=house, own=own)
    if opened is None:
        assert every
        assert own is None
        assert role is Role.ADMINISTRATOR
    else:
        assert every or opened <= house
        assert own is None or opened <= own


@given(principal=PRINCIPALS, named=NAMES | st.none() | st.just("nosuch"))
def test_a_request_is_about_a_tenant_that_the_credential_opens(
    principal: Principal, named: str | None
) -> None:
    try:
        tenant = choose_tenant(principal, named)
    except Forbidden:
        assert principal.tenants is not None
        assert named not in principal.tenants or not principal.tenants
    except BadRequestData:
        assert named is None
        assert principal.tenants is not None
        assert len(principal.tenants) > 1
        assert "default" not in principal.tenants
    else:
        assert principal.tenants is None or tenant in principal.tenants
        assert named in (None, tenant)


@given(principal=PRINCIPALS, number=st.integers(1, 3), every=st.booleans(), tenants=SETS)
def test_who_manages_an_organisation_opens_its_tenants_or_is_of_it(
    principal: Principal, number: int, every: bool, tenants: frozenset[str]
) -> None:
    if may_manage(principal, number, every_tenant=every, tenants=tenants):
        assert principal.role is Role.ADMINISTRATOR
        assert principal.organisation == number or principal.tenants is None or not every
        assert principal.organisation == number or covers(principal, tenants)


def test_nobody_gives_a_role_above_their_own() -> None:
    rank = [Role.ANONYMOUS, Role.PARTNER, Role.SERVICE, Role.OPERATOR, Role.STAFF, Role.ADMINISTRATOR]
    for role, given_roles in GIVES.items():
        assert all(rank.index(one) <= rank.index(role) for one in given_roles)
    assert set(GIVES) == set(Role)


def test_only_the_town_has_administrators_and_the_public_has_nobody() -> None:
    assert {kind for kind, roles in ROLES_OF.items() if Role.ADMINISTRATOR in roles} == {
        OrganisationKind.TOWN
    }
    assert not ROLES_OF[OrganisationKind.PUBLIC]
    assert all(Role.ANONYMOUS not in roles for roles in ROLES_OF.values())
