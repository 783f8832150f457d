"""What can go wrong between us and the database, named by what the caller does next.

StoreError
├── StoreUnavailable   retry later: the database is away, full or too busy; nothing is known to be written
│   └── StoreTimeout   one statement took longer than the statement timeout
├── StoreConflict      a serialisation failure or deadlock; the store retries these itself
├── StoreRefused       this row is bad: isolate it, quarantine it, never retry it unchanged
└── StoreFault         a mistake of ours (wrong SQL, wrong schema): nothing is written, a person has to look
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests


class StoreError(Exception):
    """The store could not do what it was asked."""

    def __init__(self, detail: str | None = None, *, sqlstate: str | None = None) -> None:
        super().__init__(detail or self.__doc__)
        self.sqlstate = sqlstate


class StoreUnavailable(StoreError):
    """The database cannot be used at the moment."""


class StoreTimeout(StoreUnavailable):
    """The statement took longer than the statement timeout."""


class StoreConflict(StoreError):
    """Two transactions got into each other's way."""


class StoreRefused(StoreError):
    """The database does not accept this value."""


class StoreFault(StoreError):
    """The store itself is at fault."""


# SQLSTATE classes and codes, the longest prefix decides. What is not listed is a fault of ours.
_BY_SQLSTATE: dict[str, type[StoreError]] = {
    "08": StoreUnavailable,  # connection exception
    "21": StoreRefused,  # cardinality violation
    "22": StoreRefused,  # data exception
    "23": StoreRefused,  # integrity constraint violation
    "25006": StoreUnavailable,  # read-only: the server is a standby, a failover is under way
    "28": StoreUnavailable,  # wrong credentials: an operator repairs them, the data waits
    "3D": StoreUnavailable,  # the database does not exist (yet)
    "40": StoreConflict,
    "53": StoreUnavailable,  # disk full, out of memory, too many connections
    "54": StoreRefused,  # program limit: row too big for an index, too deep
    "55": StoreUnavailable,  # lock not available, object in use
    "57": StoreUnavailable,  # operator intervention: shutdown, crash, cannot connect now
    "57014": StoreTimeout,  # query cancelled
    "58": StoreUnavailable,  # system error: I/O
}


def classify(error: psycopg.Error) -> type[StoreError]:
    """Decide, by SQLSTATE only, what a driver error means to the caller."""
    sqlstate = error.sqlstate
    if sqlstate is None:
        # The driver's own errors: a value it cannot send is the row's fault, all else is the connection's.
        return StoreRefused if isinstance(error, psycopg.DataError) else StoreUnavailable
    return _BY_SQLSTATE.get(sqlstate) or _BY_SQLSTATE.get(sqlstate[:2]) or StoreFault


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed later, unchanged."""
    if isinstance(error, psycopg.Error):
        return issubclass(classify(error), StoreUnavailable | StoreConflict)
    return isinstance(error, StoreUnavailable | StoreConflict)


@contextmanager
def wrapped_errors() -> Iterator[None]:
    """Let no driver error out: each becomes a StoreError, with the driver's as its cause."""
    try:
        yield
    except (PoolTimeout, PoolClosed, TooManyRequests) as error:
        raise StoreUnavailable(f"No database connection is free: {error}") from error
    except (struct.error, UnicodeEncodeError) as error:
        raise StoreRefused(f"A value cannot be written for the database: {error}") from error
    except psycopg.Error as error:
        raise classify(error)(str(error).strip() or None, sqlstate=error.sqlstate) from error
