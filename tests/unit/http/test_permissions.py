"""Route permissions: every route has one, and who lacks it is told which."""

import pytest

from context_api.http.app import create_app
from context_api.http.errors import Forbidden, Unauthorized
from context_api.http.operation import DirectRoute
from context_api.http.permissions import (
    OPERATIONS,
    PERMISSIONS,
    ROLES,
    Permission,
    check_permission,
    refusal,
)
from context_api.http.settings import ApiSettings
from context_api.policy.principal import Principal
from context_api.policy.roles import Role


def scope(role: Role) -> dict[str, object]:
    return {"machi.principal": Principal("key:abcdefgh", role)}


def route_names() -> set[str]:
    settings = ApiSettings(database_url="postgresql:///none", auth=False)
    return {route.name for route in create_app(settings).router.routes if isinstance(route, DirectRoute)}


def test_every_route_has_a_permission_and_every_permission_a_role() -> None:
    names = route_names()
    assert names - set(PERMISSIONS) == set(), "add these to context_api/http/permissions.py"
    assert set(PERMISSIONS) - names == set(), "these routes are gone"
    assert set(ROLES) == set(Permission)
    assert set(OPERATIONS) <= set(Permission)


def test_a_route_that_nobody_listed_is_closed_to_everybody() -> None:
    for role in Role:
        with pytest.raises(Forbidden if role != Role.ANONYMOUS else (Forbidden, Unauthorized)):
            check_permission(scope(role), "notListedAnywhere")


@pytest.mark.parametrize(
    ("operation_id", "open_to"),
    [
        ("retrieveEntity", set(Role)),
        ("health", set(Role)),
        ("createEntity", {Role.ADMINISTRATOR, Role.SERVICE}),
        ("deleteEntity", {Role.ADMINISTRATOR, Role.SERVICE}),
        ("setRetention", {Role.ADMINISTRATOR}),
        ("createGrant", {Role.ADMINISTRATOR}),
        ("explainAccess", {Role.ADMINISTRATOR}),
        ("listDevices", {Role.ADMINISTRATOR, Role.STAFF, Role.OPERATOR}),
        ("listQuarantine", {Role.ADMINISTRATOR}),
    ],
)
def test_roles_open_their_routes_only(operation_id: str, open_to: set[Role]) -> None:
    for role in Role:
        if role in open_to:
            check_permission(scope(role), operation_id)
        else:
            with pytest.raises((Forbidden, Unauthorized)):
                check_permission(scope(role), operation_id)


def test_a_refusal_names_the_permission() -> None:
    refused = refusal(Principal("key:abcdefgh", Role.PARTNER), Permission.GRANTS)
    assert refused.status == 403
    assert refused.detail == "This needs the permission grants, which the role partner does not have"
    assert refusal(Principal("anyone", Role.ANONYMOUS), Permission.GRANTS).status == 401
