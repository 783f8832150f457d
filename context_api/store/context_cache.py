"""Remote @contexts as they were fetched, kept for all processes; who fetches them is `context_api.http`."""

from typing import Any

import msgspec

from context_api.store.database import Database
from context_api.store.queries import load_queries

MAX_DOCUMENTS = 10_000
_SQL = load_queries("context_cache")


def find_document(database: Database, url: str) -> dict[str, Any] | None:
    """Give the document that was fetched from this URL, an object with an `@context` member."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_document"], {"url": url}).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])


def save_document(database: Database, url: str, document: bytes) -> None:
    """Keep a document; beyond MAX_DOCUMENTS the oldest are dropped, to be fetched again when needed."""
    with database.transaction() as connection:
        connection.execute(_SQL["save_document"], {"url": url, "document": document.decode()})
        connection.execute(_SQL["evict_documents"], {"keep": MAX_DOCUMENTS})
