"""Grants and personal marks in the database; every change is noticed by all processes (migration 0033)."""

from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData, ResourceNotFound, TooManyResults
from context_api.ngsild.model import Iri, Micros
from context_api.policy.grant import Operation
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

MAX_GRANTS = 5_000
"""Of one tenant."""
MAX_TYPE_POLICIES = 5_000
_SQL = load_queries("grants")


class GrantTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant gives, in expanded names; see `policy.grant.Grant`."""

    operations: tuple[Operation, ...]
    types: tuple[Iri, ...] = ()
    attributes: tuple[Iri, ...] = ()
    scopes: str | None = None
    """A scope query as it was written."""
    area: dict[str, Any] | None = None
    """GeoJSON."""
    valid_from: Micros | None = None
    valid_until: Micros | None = None
    history_from: Micros | None = None
    personal: bool = False
    label: str = ""


class StoredGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant with whom it is given to: an organisation by its name, or one key by its prefix."""

    id: int
    organisation: str | None
    key: str | None
    terms: GrantTerms
    created_at: Micros
    created_by: str
    modified_at: Micros


class TypePolicy(msgspec.Struct, frozen=True):
    """What a town has settled about the data of a type."""

    type: Iri
    personal: tuple[Iri, ...]
    modified_at: Micros
    modified_by: str


def create_grant(
    database: Database,
    access: Access,
    terms: GrantTerms,
    *,
    organisation: str | None = None,
    key: str | None = None,
) -> StoredGrant:
    """Grant something to an organisation, or to one key.

    Raises BadRequestData where the tenant knows no such organisation or key, TooManyResults above MAX_GRANTS.
    """
    with database.transaction() as connection:
        organisation_id = _find_holder(connection, access, organisation, key)
        counted = connection.execute(_SQL["count_grants"], [access.tenant_id]).fetchone()
        if counted is not None and counted[0] >= MAX_GRANTS:
            raise TooManyResults(f"A tenant has {MAX_GRANTS} grants at most; remove some that have ended")
        given = _pack(access, terms) | {"organisation": organisation_id, "key": key, "by": access.principal}
        row = connection.execute(_SQL["insert_grant"], given).fetchone()
        if row is None:
            raise RuntimeError("BUG: an insert returned no row")
        made = _get(connection, access, row[0])
        record_act(connection, access, "create", "grant", str(made.id), after=_recorded(made))
        return made


def update_grant(database: Database, access: Access, grant_id: int, terms: GrantTerms) -> StoredGrant:
    """Give what is granted other terms; to whom stays. Raises ResourceNotFound."""
    with database.transaction() as connection:
        connection.execute(_SQL["lock_grant"], [access.tenant_id, grant_id])
        former = _get(connection, access, grant_id)
        connection.execute(_SQL["update_grant"], _pack(access, terms) | {"id": grant_id})
        changed = _get(connection, access, grant_id)
        before, after = _recorded(former), _recorded(changed)
        record_act(connection, access, "change", "grant", str(grant_id), before=before, after=after)
        return changed


def delete_grant(database: Database, access: Access, grant_id: int) -> None:
    """Take a grant back. Raises ResourceNotFound."""
    with database.transaction() as connection:
        connection.execute(_SQL["lock_grant"], [access.tenant_id, grant_id])
        former = _get(connection, access, grant_id)
        connection.execute(_SQL["delete_grant"], [access.tenant_id, grant_id])
        record_act(connection, access, "delete", "grant", str(grant_id), before=_recorded(former))


def get_grant(database: Database, access: Access, grant_id: int) -> StoredGrant:
    """Raises ResourceNotFound."""
    with database.connection() as connection:
        return _get(connection, access, grant_id)


def list_grants(
    database: Database,
    access: Access,
    *,
    organisation: str | None = None,
    key: str | None = None,
    limit: int = 100,
    after: int = 0,
) -> list[StoredGrant]:
    """Give grants of the tenant in the order of creation; `after` an id continues a list."""
    asked = {"tenant": access.tenant_id, "id": None, "organisation": organisation, "key": key}
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["select_grants"], asked | {"limit": limit, "after": after}, binary=True
        ).fetchall()
    return [_from_row(row) for row in rows]


def list_type_policies(database: Database, access: Access) -> list[TypePolicy]:
    """Give what is settled in the tenant, by type."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_type_policies"], [access.tenant_id], binary=True).fetchall()
    return [_type_policy(row) for row in rows]


def get_type_policy(database: Database, access: Access, type_: Iri) -> TypePolicy | None:
    """Give what is settled about a type; None where nothing is."""
    with database.connection() as connection:
        row = connection.execute(_SQL["get_type_policy"], [access.tenant_id, type_], binary=True).fetchone()
    return None if row is None else _type_policy(row)


def put_personal(database: Database, access: Access, type_: Iri, names: tuple[Iri, ...]) -> None:
    """Mark these attributes of a type as personal, and no others. Raises TooManyResults."""
    with database.transaction() as connection:
        counted = connection.execute(_SQL["count_type_policies"], [access.tenant_id]).fetchone()
        if counted is not None and counted[0] >= MAX_TYPE_POLICIES:
            raise TooManyResults(f"A tenant settles {MAX_TYPE_POLICIES} types at most")
        row = connection.execute(_SQL["get_type_policy"], [access.tenant_id, type_], binary=True).fetchone()
        given = [access.tenant_id, type_, sorted(set(names)), access.principal]
        connection.execute(_SQL["put_personal"], given)
        before = {"personal": [] if row is None else row[1]}
        after = {"personal": sorted(set(names))}
        record_act(connection, access, "change", "type-policy", type_, before=before, after=after)


def _recorded(grant: StoredGrant) -> dict[str, Any]:
    """Give what the audit trail keeps of a grant."""
    members: dict[str, Any] = msgspec.to_builtins(grant)
    return members


def _find_holder(
    connection: Connection[TupleRow], access: Access, organisation: str | None, key: str | None
) -> int | None:
    if key is not None:
        if connection.execute(_SQL["find_key"], [key, access.tenant_id]).fetchone() is None:
            raise BadRequestData(
                f"no valid key {key!r} opens the tenant {access.tenant}; `machi key list` names them",
                pointer="/key",
            )
        return None
    row = connection.execute(_SQL["find_organisation"], [organisation, access.tenant_id]).fetchone()
    if row is None:
        raise BadRequestData(
            f"no organisation {organisation!r} belongs to the tenant {access.tenant};"
            " `machi organisation list` names them",
            pointer="/organisation",
        )
    found: int = row[0]
    return found


def _pack(access: Access, terms: GrantTerms) -> dict[str, Any]:
    return {
        "tenant": access.tenant_id,
        "operations": [str(one) for one in terms.operations],
        "types": list(terms.types),
        "attributes": list(terms.attributes),
        "scopes": terms.scopes,
        "area": None if terms.area is None else msgspec.json.encode(terms.area).decode(),
        "valid_from": _pack_time(terms.valid_from),
        "valid_until": _pack_time(terms.valid_until),
        "history_from": _pack_time(terms.history_from),
        "personal": terms.personal,
        "label": terms.label,
    }


def _pack_time(micros: Micros | None) -> Any:
    return None if micros is None else pack_time(micros)


def _get(connection: Connection[TupleRow], access: Access, grant_id: int) -> StoredGrant:
    asked = {"tenant": access.tenant_id, "id": grant_id, "organisation": None, "key": None}
    row = connection.execute(_SQL["select_grants"], asked | {"limit": 1, "after": 0}, binary=True).fetchone()
    if row is None:
        raise _unknown(grant_id)
    return _from_row(row)


def _from_row(row: TupleRow) -> StoredGrant:
    (key, organisation, prefix, operations, types, attributes, scopes, area, *rest) = row
    valid_from, valid_until, history_from, personal, label, created_at, created_by, modified_at = rest
    return StoredGrant(
        id=key,
        organisation=organisation,
        key=prefix,
        terms=GrantTerms(
            operations=tuple(Operation(one) for one in operations),
            types=tuple(types),
            attributes=tuple(attributes),
            scopes=scopes,
            area=None if area is None else msgspec.json.decode(area),
            valid_from=valid_from,
            valid_until=valid_until,
            history_from=history_from,
            personal=personal,
            label=label,
        ),
        created_at=created_at,
        created_by=created_by,
        modified_at=modified_at,
    )


def _type_policy(row: TupleRow) -> TypePolicy:
    type_, personal, modified_at, modified_by = row
    return TypePolicy(type_, tuple(personal), modified_at, modified_by)


def _unknown(grant_id: int) -> ResourceNotFound:
    return ResourceNotFound(f"the grant {grant_id} does not exist in this tenant")
