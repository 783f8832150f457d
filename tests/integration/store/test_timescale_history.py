"""History on a TimescaleDB: aggregates, late values and bulk loads, in chunks and in compressed ones."""

from collections.abc import Callable

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.access import Access
from context_api.store.aggregates_refresh import refresh_aggregates
from context_api.store.backfill import BackfillOutcome, HistoryValue
from context_api.store.budget import Budget
from context_api.store.columnstore import compress_before, read_compressed
from context_api.store.database import Database
from context_api.store.features import read_features
from context_api.store.store import Store
from tests.integration.store.test_aggregates_refresh import (
    owner,
    read,
    refresh,
    test_a_correction_and_a_deletion_are_in_the_answer_at_once,
    test_a_late_value_is_in_the_answer_at_once,
    test_ready_aggregates_and_values_agree,
    test_what_was_there_before_is_aggregated_too,
)
from tests.integration.store.test_backfill import (
    SERIES,
    test_a_load_that_was_interrupted_ends_with_the_same_rows,
    test_another_value_at_the_same_time_is_a_correction,
    test_values_are_loaded_once_however_often,
)
from tests.integration.store.town import DAY, SECOND, T0

__all__ = [
    "owner",
    "refresh",
    "test_a_correction_and_a_deletion_are_in_the_answer_at_once",
    "test_a_late_value_is_in_the_answer_at_once",
    "test_a_load_that_was_interrupted_ends_with_the_same_rows",
    "test_another_value_at_the_same_time_is_a_correction",
    "test_ready_aggregates_and_values_agree",
    "test_values_are_loaded_once_however_often",
    "test_what_was_there_before_is_aggregated_too",
]

pytestmark = pytest.mark.timescale

HOUR = 3600 * SECOND


def test_a_load_into_compressed_chunks_goes_chunk_by_chunk(
    store: Store,
    access: Access,
    database: Database,
    owner: Connection[TupleRow],
    refresh: Callable[[int], object],
) -> None:
    """Half the hours first; compressed; then all of them, some with another value."""
    if not read_features(owner).has_compression:
        pytest.skip("the server's TimescaleDB is the Apache edition")
    first = [HistoryValue(0, T0 - i * HOUR, float(i)) for i in range(0, 1000, 2)]
    assert store.backfill(access, SERIES, first) == BackfillOutcome(500, 0, 0)
    refresh_aggregates(owner, T0 + HOUR)
    compressed = compress_before(owner, T0 + 30 * DAY, Budget(60))
    assert compressed == read_compressed(owner).compressed >= 6
    everything = [HistoryValue(0, T0 - i * HOUR, -1.0 if i % 100 == 0 else float(i)) for i in range(1000)]
    assert store.backfill(access, SERIES, everything) == BackfillOutcome(500, 490, 10)
    assert store.backfill(access, SERIES, everything) == BackfillOutcome(0, 1000, 0)
    late = read(database, T0 - 41 * DAY, T0 + HOUR, "PT0S")
    refresh(T0 + HOUR)
    again = read(database, T0 - 41 * DAY, T0 + HOUR, "PT0S")
    assert (late.rows[0].count, late.rows[0].minimum) == (985, -1.0)
    assert (again.rows[0].count, again.rows[0].minimum) == (985, -1.0)
    assert "raw" in late.source
    assert "daily" in again.source
    assert compress_before(owner, T0 + 30 * DAY, Budget(60)) == compressed
