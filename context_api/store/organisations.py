"""Organisations: whom keys, people, devices and subscriptions belong to, and in which tenants.

They are never forgotten while anything refers to them; whoever is to come in no more is disabled.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.errors import ForeignKeyViolation
from psycopg.rows import TupleRow

from context_api.policy.credentials import OrganisationKind
from context_api.store.audit import Entry, record
from context_api.store.database import Database
from context_api.store.queries import load_queries

TOWN, PUBLIC = "town", "public"
"""Those an installation begins with."""
NAME_MAX = 63
TEXT_MAX = 200
_SQL = load_queries("organisations")


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an organisation."""

    id: int
    name: str
    """Its id for people and paths; devices name it as their owner. It never changes."""
    name_ja: str
    name_en: str
    kind: OrganisationKind
    is_of_every_tenant: bool
    """Whether it is in every tenant, those to come as well."""
    contact: str
    created_at: datetime
    created_by: str
    modified_at: datetime
    disabled_at: datetime | None
    tenants: Sequence[str]
    keys: int
    """Its valid keys."""


class OrganisationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that is to be made."""

    name: str
    kind: OrganisationKind
    name_ja: str = ""
    name_en: str = ""
    contact: str = ""
    tenants: Sequence[str] = ()


class Texts(msgspec.Struct, frozen=True):
    """What may be changed of an organisation besides its tenants."""

    name_ja: str
    name_en: str
    contact: str


class Tenant(msgspec.Struct, frozen=True):
    """A tenant, for lists."""

    name: str
    created_at: datetime


class OrganisationError(Exception):
    """What cannot be done to an organisation.

    OrganisationError
    ├── OrganisationExists   the name is taken
    ├── OrganisationInUse    something refers to it; it can be disabled
    └── TenantsUnknown       there are no such tenants
    """


class OrganisationExists(OrganisationError):
    """The name is taken."""


class OrganisationInUse(OrganisationError):
    """Something refers to it."""


class TenantsUnknown(OrganisationError):
    """There are no such tenants."""


def create_organisation(database: Database, draft: OrganisationDraft, *, by: str) -> Organisation:
    """Make an organisation. Raises OrganisationExists and TenantsUnknown."""
    with database.transaction() as connection:
        _check_tenants(connection, draft.tenants)
        values = {**msgspec.structs.asdict(draft), "by": by}
        row = connection.execute(_SQL["insert_organisation"], values).fetchone()
        if row is None:
            raise OrganisationExists(f"there is an organisation {draft.name!r} already")
        connection.execute(_SQL["add_tenants"], {"id": row[0], "tenants": list(draft.tenants)})
        made = _read(connection, row[0])
        _record(connection, "create", by, None, made)
    return made


def get_organisation(database: Database, name: str) -> Organisation | None:
    """Give the organisation of this name."""
    with database.connection() as connection:
        row = connection.execute(_where("o.name = %s"), [name]).fetchone()
    return None if row is None else _from_row(row)


def get_organisation_by_id(database: Database, organisation_id: int) -> Organisation | None:
    """Give the organisation of this number."""
    with database.connection() as connection:
        row = connection.execute(_where("o.id = %s"), [organisation_id]).fetchone()
    return None if row is None else _from_row(row)


def list_organisations(database: Database) -> list[Organisation]:
    """List all organisations by name."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["select_organisations"] + b" order by o.name")
        return [_from_row(row) for row in rows]


def change_organisation(database: Database, organisation_id: int, texts: Texts, *, by: str) -> Organisation:
    """Change how an organisation is called and reached."""
    with database.transaction() as connection:
        before = _lock(connection, organisation_id)
        values = {"id": organisation_id, **msgspec.structs.asdict(texts)}
        connection.execute(_SQL["update_organisation"], values)
        after = _read(connection, organisation_id)
        _record(connection, "change", by, before, after)
    return after


def set_tenants(
    database: Database, organisation_id: int, tenants: Collection[str], *, by: str
) -> Organisation:
    """Say which tenants an organisation belongs to. Raises TenantsUnknown.

    What its credentials open changes at once; none of them is narrowed or widened itself.
    """
    wanted = sorted(set(tenants))
    with database.transaction() as connection:
        before = _lock(connection, organisation_id)
        _check_tenants(connection, wanted)
        values = {"id": organisation_id, "tenants": wanted}
        connection.execute(_SQL["remove_tenants"], values)
        connection.execute(_SQL["add_tenants"], values)
        after = _read(connection, organisation_id)
        _record(connection, "change", by, before, after)
    return after


def set_disabled(
    database: Database, organisation_id: int, *, is_disabled: bool, by: str
) -> Organisation | None:
    """Let nobody of an organisation in any more, or let them in again; None where that is so already.

    Keys and sessions open nothing while it is disabled, subscriptions rest, and nothing is lost.
    """
    with database.transaction() as connection:
        values = {"id": organisation_id, "disabled": is_disabled, "by": by}
        if connection.execute(_SQL["set_disabled"], values).fetchone() is None:
            return None
        after = _read(connection, organisation_id)
        entry = Entry(
            verb="disable" if is_disabled else "enable", kind="organisation", id=after.name, principal=by
        )
        record(connection, entry)
    return after


def delete_organisation(database: Database, organisation_id: int, *, by: str) -> None:
    """Forget an organisation that nothing refers to. Raises OrganisationInUse."""
    with database.transaction() as connection:
        before = _lock(connection, organisation_id)
        owned = connection.execute(_SQL["owned_devices"], [before.name]).fetchone()
        connection.execute(_SQL["delete_tenants"], [organisation_id])
        try:
            if owned is not None and owned[0]:
                raise OrganisationInUse(f"{owned[0]} devices belong to {before.name!r}; disable it instead")
            connection.execute(_SQL["delete_organisation"], [organisation_id])
        except ForeignKeyViolation as error:
            raise OrganisationInUse(
                f"{before.name!r} has, or had, keys, people, grants or subscriptions; disable it instead"
            ) from error
        _record(connection, "delete", by, before, None)


def check_tenants(database: Database, tenants: Collection[str]) -> None:
    """Raise TenantsUnknown where one of these does not exist."""
    with database.connection() as connection:
        _check_tenants(connection, tenants)


def list_tenants(database: Database, names: Collection[str] | None) -> list[Tenant]:
    """List tenants, some or (None) all, by name."""
    chosen = None if names is None else list(names)
    with database.connection() as connection:
        return [Tenant(*row) for row in connection.execute(_SQL["list_tenants"], {"names": chosen})]


def _lock(connection: Connection[TupleRow], organisation_id: int) -> Organisation:
    connection.execute(_SQL["lock_organisation"], [organisation_id])
    return _read(connection, organisation_id)


def _read(connection: Connection[TupleRow], organisation_id: int) -> Organisation:
    row = connection.execute(_where("o.id = %s"), [organisation_id]).fetchone()
    if row is None:
        raise OrganisationError("the organisation is gone")
    return _from_row(row)


def _check_tenants(connection: Connection[TupleRow], tenants: Collection[str]) -> None:
    unknown = [name for (name,) in connection.execute(_SQL["unknown_tenants"], [list(tenants)])]
    if unknown:
        raise TenantsUnknown(f"there is no tenant {', '.join(repr(name) for name in unknown[:5])}")


def _told(one: Organisation) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "nameJa": one.name_ja,
        "nameEn": one.name_en,
        "contact": one.contact,
        "tenants": list(one.tenants),
    }


def _record(
    connection: Connection[TupleRow],
    verb: str,
    by: str,
    before: Organisation | None,
    after: Organisation | None,
) -> None:
    name = before.name if before is not None else after.name if after is not None else ""
    old, new = (None if one is None else _told(one) for one in (before, after))
    if old is not None and new is not None:
        changed = [member for member in new if new[member] != old[member]]
        old, new = ({member: told[member] for member in changed} for told in (old, new))
    record(connection, Entry(verb=verb, kind="organisation", id=name, before=old, after=new, principal=by))


def _where(condition: str) -> bytes:
    return _SQL["select_organisations"] + b" where " + condition.encode()


def _from_row(row: Sequence[Any]) -> Organisation:
    number, name, name_ja, name_en, kind, every, contact, created, by, modified, disabled, tenants, keys = row
    return Organisation(
        id=number,
        name=name,
        name_ja=name_ja,
        name_en=name_en,
        kind=OrganisationKind(kind),
        is_of_every_tenant=every,
        contact=contact,
        created_at=created,
        created_by=by,
        modified_at=modified,
        disabled_at=disabled,
        tenants=tenants,
        keys=keys,
    )
