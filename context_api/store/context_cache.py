"""Remote @contexts as they were fetched, kept for all processes; who fetches them is `context_api.http`."""

from typing import Any

import msgspec

from context_api.ngsild.model import Micros
from context_api.store.database import Database
from context_api.store.queries import load_queries

MAX_DOCUMENTS = 10_000
DEFAULT_LIFETIME_S = 86_400.0
"""For how long a document counts as fresh whose server does not say."""
_SQL = load_queries("context_cache")


def find_document(database: Database, url: str) -> dict[str, Any] | None:
    """Give the document that was fetched from this URL, an object with an `@context` member."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_document"], {"url": url}).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])


def find_expiry(database: Database, url: str) -> Micros | None:
    """Give when a document is to be fetched anew."""
    with database.connection() as connection:
        row = connection.execute(_SQL["find_expiry"], {"url": url}, binary=True).fetchone()
    return None if row is None else row[0]


def save_document(
    database: Database, url: str, document: bytes, *, lifetime_s: float = DEFAULT_LIFETIME_S
) -> None:
    """Keep a document; beyond MAX_DOCUMENTS the oldest are dropped, to be fetched again when needed."""
    with database.transaction() as connection:
        connection.execute(
            _SQL["save_document"], {"url": url, "document": document.decode(), "lifetime_s": lifetime_s}
        )
        connection.execute(_SQL["evict_documents"], {"keep": MAX_DOCUMENTS})


def postpone_expiry(database: Database, url: str, lifetime_s: float) -> None:
    """Let a document that could not be fetched anew go on for a while."""
    with database.connection() as connection:
        connection.execute(_SQL["postpone_expiry"], {"url": url, "lifetime_s": lifetime_s})
