"""Grants in the database, and the rights that come of them."""

from typing import Any

import pytest

from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.policy.grant import Grant, Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Rights
from context_api.policy.roles import Role
from context_api.store import grants
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.grants import GrantTerms
from context_api.store.rights import RightsCache, load_rights
from tests.integration.store.town import ask

READ, HISTORY, WRITE = Operation.READ, Operation.HISTORY, Operation.WRITE
ROOM, GUEST = "https://example.org/Room", "https://example.org/guest"
AREA = {"type": "Polygon", "coordinates": [[[139.0, 35.0], [140.0, 35.0], [140.0, 36.0], [139.0, 35.0]]]}


def organisation(database: Database, name: str = "acme", kind: str = "partner") -> int:
    [(key,)] = ask(
        database,
        "insert into organisation (name, kind, every_tenant) values (%s, %s, true) returning id",
        name,
        kind,
    )
    return int(key)


def terms(*operations: Operation, **members: Any) -> GrantTerms:
    return GrantTerms(operations=operations or (READ,), **members)


def rights(database: Database, access: Access, role: Role, organisation: int | None = None) -> Rights:
    with database.connection() as connection:
        found = load_rights(connection, access.tenant_id, Principal("key:abcdefgh", role, organisation))
    assert found is not None
    return found


def described(grant: Grant) -> tuple[object, ...]:
    return grant.id, grant.operations, grant.types, grant.attributes, grant.personal


def test_an_administrator_has_the_whole_tenant(database: Database, access: Access) -> None:
    with database.connection() as connection:
        assert load_rights(connection, access.tenant_id, Principal("key:a", Role.ADMINISTRATOR)) is None


def test_a_grant_comes_back_as_it_was_given(database: Database, access: Access) -> None:
    acme = organisation(database)
    given = terms(
        READ,
        HISTORY,
        types=(ROOM,),
        attributes=(GUEST,),
        scopes="/a/#",
        area=AREA,
        valid_from=1_000_000,
        valid_until=4_000_000_000_000_000,
        history_from=2_000_000,
        personal=True,
        label="a test",
    )
    stored = grants.create_grant(database, access, given, organisation="acme")
    assert (stored.organisation, stored.key, stored.terms) == ("acme", None, given)
    [grant] = rights(database, access, Role.PARTNER, acme).grants
    assert described(grant) == (stored.id, {READ, HISTORY}, {ROOM}, {GUEST}, True)
    assert grant.scopes is not None
    assert grant.scopes.matches(("/a/b",))
    assert grant.area is not None
    assert grant.area.bounds == (139.0, 35.0, 140.0, 36.0)
    assert (grant.valid_from, grant.valid_until) == (1_000_000, 4_000_000_000_000_000)
    assert grant.history_from == 2_000_000


def test_grants_are_of_one_tenant_and_one_organisation(
    database: Database, access: Access, store: Any
) -> None:
    acme, other = organisation(database), organisation(database, "other")
    elsewhere = store.tenant("elsewhere", create=True)
    grants.create_grant(database, access, terms(), organisation="acme")
    assert rights(database, access, Role.PARTNER, acme).allows(READ)
    assert not rights(database, elsewhere, Role.PARTNER, acme).allows(READ)
    assert not rights(database, access, Role.PARTNER, other).allows(READ)
    assert not rights(database, access, Role.PARTNER, None).allows(READ)


def test_what_the_public_has_everybody_has(database: Database, access: Access) -> None:
    grants.create_grant(database, access, terms(READ, types=(ROOM,)), organisation="public")
    for role in (Role.ANONYMOUS, Role.PARTNER, Role.SERVICE, Role.OPERATOR):
        assert [one.types for one in rights(database, access, role).grants] == [{ROOM}], role


def test_writing_counts_for_services_only(database: Database, access: Access) -> None:
    acme = organisation(database)
    grants.create_grant(database, access, terms(READ, WRITE), organisation="acme")
    assert rights(database, access, Role.SERVICE, acme).allows(WRITE)
    partner = rights(database, access, Role.PARTNER, acme)
    assert partner.allows(READ)
    assert not partner.allows(WRITE)


def test_staff_read_all_but_what_is_personal(database: Database, access: Access) -> None:
    grants.put_personal(database, access, ROOM, (GUEST,))
    staff = rights(database, access, Role.STAFF, 1)
    assert staff.marks == {ROOM: {GUEST}}
    assert (staff.allows(READ), staff.allows(HISTORY), staff.allows(WRITE)) == (True, True, False)
    assert not staff.hides_nothing(READ, 0)
    grants.put_personal(database, access, ROOM, ())
    assert rights(database, access, Role.STAFF, 1).hides_nothing(READ, 0)


def test_operators_read_the_entities_of_their_devices(database: Database, access: Access) -> None:
    acme = organisation(database, kind="operator")
    ask(
        database,
        "insert into device (tenant_id, id, kind, adapter, entity_id, owner) values"
        " (1, 'a', 0, 'x', 'urn:a', 'acme'), (1, 'b', 0, 'x', 'urn:b', 'other') returning id",
    )
    [grant] = rights(database, access, Role.OPERATOR, acme).grants
    assert grant.entities == {"urn:a"}
    assert grant.operations == {READ, HISTORY}
    assert rights(database, access, Role.OPERATOR, organisation(database, "none")).grants == ()


def test_a_disabled_organisation_and_an_ended_grant_give_nothing(database: Database, access: Access) -> None:
    acme = organisation(database)
    grants.create_grant(database, access, terms(valid_until=1_000_000), organisation="acme")
    assert rights(database, access, Role.PARTNER, acme).grants == ()
    grants.create_grant(database, access, terms(), organisation="acme")
    assert rights(database, access, Role.PARTNER, acme).allows(READ)
    ask(database, "update organisation set disabled_at = now() where name = 'acme' returning id")
    assert rights(database, access, Role.PARTNER, acme).grants == ()


def test_a_grant_that_cannot_be_read_gives_nothing(database: Database, access: Access) -> None:
    acme = organisation(database)
    grants.create_grant(database, access, terms(scopes="/a", types=(ROOM,)), organisation="acme")
    ask(database, "update access_grant set scopes = ')(' returning id")
    assert rights(database, access, Role.PARTNER, acme).grants == ()


def test_every_change_bumps_the_epoch(database: Database, access: Access) -> None:
    organisation(database)
    epochs = [ask(database, "select epoch from tenant where id = 1")[0][0]]
    stored = grants.create_grant(database, access, terms(), organisation="acme")
    epochs.append(ask(database, "select epoch from tenant where id = 1")[0][0])
    grants.update_grant(database, access, stored.id, terms(HISTORY))
    epochs.append(ask(database, "select epoch from tenant where id = 1")[0][0])
    grants.put_personal(database, access, ROOM, (GUEST,))
    epochs.append(ask(database, "select epoch from tenant where id = 1")[0][0])
    grants.delete_grant(database, access, stored.id)
    epochs.append(ask(database, "select epoch from tenant where id = 1")[0][0])
    assert [one - epochs[0] for one in epochs] == [0, 1, 2, 3, 4]


def test_grants_are_listed_changed_and_removed(database: Database, access: Access, store: Any) -> None:
    organisation(database)
    elsewhere = store.tenant("elsewhere", create=True)
    first = grants.create_grant(database, access, terms(), organisation="acme")
    second = grants.create_grant(database, access, terms(), organisation="public")
    assert [one.id for one in grants.list_grants(database, access)] == [first.id, second.id]
    assert [one.id for one in grants.list_grants(database, access, limit=1, after=first.id)] == [second.id]
    assert [one.id for one in grants.list_grants(database, access, organisation="public")] == [second.id]
    assert grants.list_grants(database, elsewhere) == []
    for refused in (
        lambda: grants.get_grant(database, elsewhere, first.id),
        lambda: grants.update_grant(database, elsewhere, first.id, terms()),
        lambda: grants.delete_grant(database, elsewhere, first.id),
    ):
        with pytest.raises(ResourceNotFound):
            refused()
    grants.delete_grant(database, access, first.id)
    assert [one.id for one in grants.list_grants(database, access)] == [second.id]


def test_who_is_granted_something_must_exist(database: Database, access: Access) -> None:
    for holder in ({"organisation": "nobody"}, {"key": "aaaaaaaa"}):
        with pytest.raises(BadRequestData):
            grants.create_grant(database, access, terms(), **holder)


def test_rights_are_remembered_until_something_changes(database: Database, access: Access) -> None:
    acme = organisation(database)
    principal = Principal("key:abcdefgh", Role.PARTNER, acme)
    cache = RightsCache(database)
    assert cache.recall(access.tenant_id, principal) is None
    first = cache.get(access.tenant_id, principal)
    assert cache.get(access.tenant_id, principal) is first
    assert cache.recall(access.tenant_id, principal) == (first,)
    cache.forget()
    grants.create_grant(database, access, terms(), organisation="acme")
    again = cache.get(access.tenant_id, principal)
    assert again is not None
    assert again.allows(READ)
