"""@contexts as resources of a tenant (clause 5.13): hosted ones, and the cached ones that it has used.

Documents of the cache are shared, since a URL means the same to everybody; who has used one is not.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.queries import load_queries

CHANNEL = "machi_contexts"
"""Notified with the URL or local id of a @context that changed or went."""
MAX_HOSTED = 10_000
"""@contexts that a tenant may keep here, implicitly created ones included."""

CACHED, HOSTED, IMPLICIT = "Cached", "Hosted", "ImplicitlyCreated"
KINDS = (CACHED, HOSTED, IMPLICIT)

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OWN_PATH = re.compile(rf"https?://[^/?#]+/ngsi-ld/v1/jsonldContexts/({_UUID.pattern})/?")
_SQL = load_queries("contexts")


class ContextEntry(msgspec.Struct, frozen=True):
    """What is known of a stored @context."""

    local_id: str
    kind: str
    url: str | None
    """Where a cached one came from."""
    created_at: Micros
    used_at: Micros | None
    expires_at: Micros | None


def find_local_id(url: str) -> str | None:
    """Give the local id in a URL of the form in which this API serves hosted @contexts.

    Whatever host it names: an id is unique, and one installation answers to several names.
    """
    match = _OWN_PATH.fullmatch(url)
    return None if match is None else match[1]


def add_context(database: Database, access: Access, document: bytes) -> str:
    """Keep a @context and give its local id. Raises BadRequestData above MAX_HOSTED."""
    return _add(database, access, HOSTED, document, None)


def add_implicit_context(database: Database, access: Access, document: bytes) -> str:
    """Keep a @context that a request brought along and give its local id; the same one is kept once."""
    digest = hashlib.blake2b(document, digest_size=32).digest()
    with database.connection() as connection:
        row = connection.execute(_SQL["find_implicit"], [access.tenant_id, digest]).fetchone()
    return str(row[0]) if row is not None else _add(database, access, IMPLICIT, document, digest)


def find_hosted_document(database: Database, local_id: str, tenant: str | None) -> dict[str, Any] | None:
    """Give a hosted document of a tenant by its name; None as the tenant is for our own processes only."""
    if not _UUID.fullmatch(local_id):
        return None
    with database.connection() as connection:
        row = connection.execute(_SQL["find_hosted_document"], [local_id, tenant, tenant]).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])


def list_contexts(database: Database, access: Access, kind: str | None = None) -> list[ContextEntry]:
    """Give the tenant's @contexts in the order in which it came by them."""
    with database.connection() as connection:
        rows = connection.execute(
            _SQL["list_entries"], [access.tenant_id, access.tenant_id], binary=True
        ).fetchall()
    return [entry for entry in map(_entry, rows) if kind is None or entry.kind == kind]


def find_context(database: Database, access: Access, name: str) -> ContextEntry | None:
    """Give the entry of a local id, or of the URL of a cached one."""
    tenant_id = access.tenant_id
    with database.connection() as connection:
        if _UUID.fullmatch(name):
            found = connection.execute(_SQL["find_by_id"], [tenant_id, name, tenant_id, name], binary=True)
        else:
            found = connection.execute(_SQL["find_by_url"], [tenant_id, name], binary=True)
        row = found.fetchone()
    return None if row is None else _entry(row)


def delete_context(database: Database, access: Access, entry: ContextEntry) -> None:
    """Delete a hosted @context, or let the tenant forget a cached one; tells all processes."""
    with database.transaction() as connection:
        if entry.url is None:
            connection.execute(_SQL["delete_hosted"], [access.tenant_id, entry.local_id])
        else:
            connection.execute(_SQL["forget_use"], [access.tenant_id, entry.url])
            connection.execute(_SQL["drop_unused"], [entry.url])
        connection.execute(_SQL["notify_changed"], [entry.url or entry.local_id])
        record_act(connection, access, "delete", "context", entry.url or entry.local_id)


def note_uses(database: Database, tenant: str, urls: Sequence[str]) -> bool:
    """Note that a tenant, by its name, uses cached documents; False where there is nothing to note it of."""
    with database.connection() as connection:
        return connection.execute(_SQL["note_uses"], [list(urls), tenant]).rowcount > 0


def _add(database: Database, access: Access, kind: str, document: bytes, digest: bytes | None) -> str:
    with database.transaction() as connection:
        connection.execute(_SQL["lock_tenant"], [access.tenant_id])
        counted = connection.execute(_SQL["count_hosted"], [access.tenant_id]).fetchone()
        if counted is not None and counted[0] >= MAX_HOSTED:
            raise BadRequestData(f"the tenant keeps {MAX_HOSTED} @contexts already; delete some first")
        row = connection.execute(
            _SQL["add_hosted"], [access.tenant_id, kind, document.decode(), digest]
        ).fetchone()
        if row is not None and kind == HOSTED:
            record_act(connection, access, "create", "context", str(row[0]))
    return str(row[0]) if row is not None else ""


def _entry(row: TupleRow) -> ContextEntry:
    return ContextEntry(*row)
