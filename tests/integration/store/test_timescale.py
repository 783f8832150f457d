"""The store on a TimescaleDB: what touches history is tested there as well as on plain PostgreSQL."""

import pytest

from tests.integration.store.test_apply import (
    test_a_tombstone_keeps_older_readings_out,
    test_history_follows_http_changes,
    test_history_outlives_the_entity,
    test_values_come_back_to_the_digit_from_state_and_history,
)
from tests.integration.store.test_concurrency import test_many_writers_on_the_same_entities
from tests.integration.store.test_ingest import (
    test_a_message_without_a_time_counts_from_its_arrival,
    test_a_redelivery_is_a_duplicate_whether_in_the_same_batch_or_later,
    test_a_value_that_breaks_the_batch_is_isolated,
    test_late_data_is_history_not_news,
    test_redeliveries_without_a_time_are_recognised_by_their_receipt,
    test_the_same_time_with_another_value_corrects_in_the_open,
)
from tests.integration.store.test_migrate import (
    test_each_is_applied_once,
    test_two_at_a_time_apply_each_once,
)
from tests.integration.store.test_temporal import (
    filled,
    test_deletions_have_their_place,
    test_instance_ids_stay_through_corrections,
    test_the_limit_keeps_a_whole_stretch_of_time_and_says_so,
    test_windows_on_observed_at,
    test_windows_on_system_times,
)

__all__ = [
    "filled",
    "test_a_message_without_a_time_counts_from_its_arrival",
    "test_a_redelivery_is_a_duplicate_whether_in_the_same_batch_or_later",
    "test_a_tombstone_keeps_older_readings_out",
    "test_a_value_that_breaks_the_batch_is_isolated",
    "test_deletions_have_their_place",
    "test_each_is_applied_once",
    "test_history_follows_http_changes",
    "test_history_outlives_the_entity",
    "test_instance_ids_stay_through_corrections",
    "test_late_data_is_history_not_news",
    "test_many_writers_on_the_same_entities",
    "test_redeliveries_without_a_time_are_recognised_by_their_receipt",
    "test_the_limit_keeps_a_whole_stretch_of_time_and_says_so",
    "test_the_same_time_with_another_value_corrects_in_the_open",
    "test_two_at_a_time_apply_each_once",
    "test_values_come_back_to_the_digit_from_state_and_history",
    "test_windows_on_observed_at",
    "test_windows_on_system_times",
]

pytestmark = pytest.mark.timescale
