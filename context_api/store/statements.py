"""What a town says of the data of an entity type: what it is called, what for, under which licence, and
which of its attributes count people.
"""

from typing import Any

import msgspec

from context_api.ngsild.errors import TooManyResults
from context_api.ngsild.model import Iri
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.grants import MAX_TYPE_POLICIES
from context_api.store.queries import load_queries

_SQL = load_queries("statements")


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every text may be absent; without a licence the installation's counts."""

    title_ja: str | None = None
    title_en: str | None = None
    purpose_ja: str | None = None
    purpose_en: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    attribution: str | None = None
    counts: tuple[Iri, ...] = ()
    """Attributes that count people."""
    smallest_count: int | None = None
    """The public sees no smaller ones; None: all."""


def list_statements(database: Database, access: Access, type_: Iri | None = None) -> dict[Iri, Statement]:
    """Give what is said, by type; of one type, or of all."""
    with database.connection() as connection:
        rows = connection.execute(_SQL["list_statements"], {"tenant": access.tenant_id, "type": type_})
        return {row[0]: Statement(**dict(zip(_NAMES, _values(row), strict=True))) for row in rows}


def put_statement(database: Database, access: Access, type_: Iri, said: Statement) -> None:
    """Say this of a type, and nothing else. Raises TooManyResults."""
    with database.transaction() as connection:
        counted = connection.execute(_SQL["count_statements"], [access.tenant_id]).fetchone()
        if counted is not None and counted[0] >= MAX_TYPE_POLICIES:
            raise TooManyResults(f"A tenant settles {MAX_TYPE_POLICIES} types at most")
        given = msgspec.structs.asdict(said)
        named = {"tenant": access.tenant_id, "type": type_, "by": access.principal}
        connection.execute(_SQL["put_statement"], given | named | {"counts": list(said.counts)})
        after: dict[str, Any] = msgspec.to_builtins(said)
        record_act(connection, access, "change", "data-statement", type_, after=after)


_NAMES = tuple(field.name for field in msgspec.structs.fields(Statement))


def _values(row: tuple[Any, ...]) -> list[Any]:
    *texts, counts, smallest = row[1:]
    return [*texts, tuple(counts), smallest]
