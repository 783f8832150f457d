"""Makes the physical indexes what the declared ones say, without standing in any writer's way.

One of N workers does it at a time (a session's advisory lock). CREATE INDEX CONCURRENTLY that was interrupted
leaves an index that is not valid: it is dropped and built anew. Indexes that nothing declares are dropped.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.attribute_indexes import belongs, key_expressions
from context_api.store.database import connect
from context_api.store.errors import StoreError, is_transient, wrapped_errors
from context_api.store.queries import load_queries

RETRY_S = 600
"""After this time one that failed is tried again."""
_BUILDER_LOCK = 0x6D61_6962_6C

_SQL = load_queries("attribute_indexes")
_log = logging.getLogger(__name__)


class _Declared(NamedTuple):
    id: int
    tenant_id: int
    attribute_id: int
    type_id: int | None
    state: str
    is_due: bool

    @property
    def names(self) -> tuple[str, str]:
        """The ordered index of keys, and the one of those that have several."""
        return f"entity_attribute_{self.id:d}_key", f"entity_attribute_{self.id:d}_keys"


def maintain_indexes(url: str, stop: threading.Event) -> str:
    """Build what is missing and drop what is in excess, until done or stopped; says what it did.

    Raises StoreError where the database cannot be used; what was begun is taken up by the next call.
    """
    with connect(url) as connection, wrapped_errors(), _cancelled_by(connection, stop):
        locked = connection.execute(_SQL["try_lock_builder"], [_BUILDER_LOCK]).fetchone()
        if locked != (True,):
            return ""  # another worker is at it
        try:
            dropped = _drop_excess(connection)
            built = _build_missing(connection, stop)
        finally:
            with suppress(psycopg.Error):
                connection.execute(_SQL["unlock_builder"], [_BUILDER_LOCK])
    return f"built {built}, dropped {dropped}" if built or dropped else ""


def _drop_excess(connection: Connection[TupleRow]) -> int:
    declared = {one.id for one in _declared(connection)}
    rows = connection.execute(_SQL["get_physical"]).fetchall()
    names = [name for name, number, is_whole in rows if number not in declared or not is_whole]
    for name in names:
        connection.execute(f"drop statistics if exists machi.{name}_stat".encode())
        connection.execute(f"drop index concurrently if exists machi.{name}".encode())
    return len(names)


def _build_missing(connection: Connection[TupleRow], stop: threading.Event) -> int:
    there = {name for name, _, is_whole in connection.execute(_SQL["get_physical"]).fetchall() if is_whole}
    count = 0
    for one in _declared(connection):
        if stop.is_set():
            break
        is_whole = there.issuperset(one.names)
        if (one.state == "ready" and is_whole) or (one.state == "failed" and not one.is_due):
            continue
        count += _build(connection, one, there)
    return count


def _build(connection: Connection[TupleRow], one: _Declared, there: set[str]) -> bool:
    """Build one index; a failure that is its own is noted with its reason. Raises StoreError otherwise."""
    _set_state(connection, one, "building")
    try:
        with wrapped_errors():
            _create(connection, one, there)
    except StoreError as error:
        if connection.closed or (is_transient(error) and error.sqlstate == "57014"):
            raise
        _log.warning("Index failed", extra={"action": "index", "index": one.id, "error": str(error)})
        _set_state(connection, one, "failed", str(error))
        return False
    _set_state(connection, one, "ready")
    return True


def _create(connection: Connection[TupleRow], one: _Declared, there: set[str]) -> None:
    key, keys = key_expressions(one.attribute_id)
    about = belongs(one.tenant_id, one.type_id).encode()
    name, name_of_many = (each.encode() for each in one.names)
    create = b"create index concurrently if not exists %b on machi.entity "
    if one.names[0] not in there:
        connection.execute(
            create % name + b"using btree ((%b), id) where %b and %b is not null" % (key, about, key)
        )
    if one.names[1] not in there:
        connection.execute(
            create % name_of_many + b"using gin ((%b)) where %b and %b is not null" % (keys, about, keys)
        )
    # The planner does not look at the statistics of a partial index: without these it takes one equality for
    # as rare as another.
    for each, expression in ((name, key), (name_of_many, keys)):
        connection.execute(
            b"create statistics if not exists machi.%b_stat on (%b) from machi.entity" % (each, expression)
        )
    connection.execute("analyze machi.entity, machi.entity_type")
    attribute = str(one.attribute_id)
    connection.execute(_SQL["record_living"], [one.attribute_id, one.tenant_id, attribute])


def _set_state(
    connection: Connection[TupleRow], one: _Declared, state: str, reason: str | None = None
) -> None:
    connection.execute(_SQL["set_state"], [state, reason, state, state, RETRY_S, one.id])


def _declared(connection: Connection[TupleRow]) -> list[_Declared]:
    return [_Declared._make(row) for row in connection.execute(_SQL["get_declared"]).fetchall()]


@contextmanager
def _cancelled_by(connection: Connection[TupleRow], stop: threading.Event) -> Iterator[None]:
    """Cancel the statement that runs when `stop` is set: a large index takes minutes."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            if stop.is_set():
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=5)

    watcher = threading.Thread(target=watch, name="index-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
