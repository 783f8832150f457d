"""Retry or give up is decided by SQLSTATE, in one place."""

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from context_api.store.errors import (
    StoreConflict,
    StoreError,
    StoreFault,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
    classify,
    is_transient,
    wrapped_errors,
)


def driver_error(sqlstate: str) -> psycopg.Error:
    kind: type[psycopg.Error] = type("Error", (psycopg.DatabaseError,), {"sqlstate": sqlstate})
    return kind("what the server said")


@pytest.mark.parametrize(
    ("sqlstate", "expected", "transient"),
    [
        ("08006", StoreUnavailable, True),
        ("57P01", StoreUnavailable, True),
        ("57014", StoreTimeout, True),
        ("53100", StoreUnavailable, True),
        ("28P01", StoreUnavailable, True),
        ("25006", StoreUnavailable, True),
        ("25P02", StoreFault, False),
        ("40001", StoreConflict, True),
        ("40P01", StoreConflict, True),
        ("22P05", StoreRefused, False),
        ("23505", StoreRefused, False),
        ("54000", StoreRefused, False),
        ("42601", StoreFault, False),
        ("XX000", StoreFault, False),
    ],
)
def test_the_sqlstate_decides(sqlstate: str, expected: type[StoreError], transient: bool) -> None:
    error = driver_error(sqlstate)
    assert classify(error) is expected
    assert is_transient(error) is transient
    with pytest.raises(expected, match="what the server said") as caught, wrapped_errors():
        raise error
    assert caught.value.sqlstate == sqlstate
    assert is_transient(caught.value) is transient


def test_without_a_sqlstate_a_value_is_refused_and_all_else_waits() -> None:
    assert classify(psycopg.DataError("cannot dump")) is StoreRefused
    assert classify(psycopg.OperationalError("connection lost")) is StoreUnavailable
    assert classify(psycopg.InterfaceError("closed")) is StoreUnavailable


def test_an_exhausted_pool_is_unavailable_and_other_errors_pass() -> None:
    with pytest.raises(StoreUnavailable), wrapped_errors():
        raise PoolTimeout("no connection in time")
    with pytest.raises(KeyError), wrapped_errors():
        raise KeyError("ours")
    assert not is_transient(KeyError("ours"))
