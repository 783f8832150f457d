"""Leases on sessions: one holder at a time, and who lost a session writes no more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from context_api.store import bridge_seats, heartbeat
from context_api.store.bridge_seats import SeatLost, Tenure
from context_api.store.database import Database, open_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def _take(database: Database, holder: str, *, lease_s: float = 60, grace_s: float = 0) -> Tenure | None:
    return bridge_seats.take_seat(database, "s", holder, lease_s=lease_s, grace_s=grace_s)


def test_a_session_has_one_holder_until_its_lease_runs_out(database: Database) -> None:
    assert _take(database, "a") == Tenure("s", 1)
    assert _take(database, "b") is None
    assert _take(database, "a") == Tenure("s", 2)  # it was started anew: its former self is out
    assert _take(database, "a", lease_s=0) == Tenure("s", 3)
    assert _take(database, "b", grace_s=60) is None
    assert _take(database, "b") == Tenure("s", 4)
    [seat] = bridge_seats.list_seats(database)
    assert (seat.client_id, seat.holder, seat.is_subscribed, seat.is_empty) == ("s", "b", False, False)
    assert -61 < seat.free_for_s < 0


def test_of_many_who_want_a_session_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: _take(database, f"bridge-{number}"), range(8)))
    assert len([one for one in taken if one is not None]) == 1


def test_only_the_present_holder_renews_and_releases(database: Database) -> None:
    first = _take(database, "a", lease_s=0)
    second = _take(database, "b")
    assert first is not None
    assert second is not None
    assert bridge_seats.renew_seats(database, "a", [first], lease_s=60) == set()
    bridge_seats.release_seat(database, first, "a", is_empty=True)
    bridge_seats.note_subscribed(database, first)
    [seat] = bridge_seats.list_seats(database)
    assert (seat.holder, seat.is_subscribed, seat.is_empty) == ("b", False, False)
    assert bridge_seats.renew_seats(database, "b", [second], lease_s=60) == {"s"}
    bridge_seats.note_subscribed(database, second)
    bridge_seats.release_seat(database, second, "b", is_empty=True)
    [seat] = bridge_seats.list_seats(database)
    assert (seat.holder, seat.is_subscribed, seat.is_empty) == (None, False, True)


def test_who_lost_a_session_learns_it_within_its_transaction(database: Database) -> None:
    first = _take(database, "a", lease_s=0)
    assert first is not None
    assert _take(database, "b") is not None
    with pytest.raises(SeatLost, match="another bridge serves s now"), database.transaction() as connection:
        bridge_seats.check_held(connection, first)


def test_a_session_is_not_taken_while_its_holder_writes(database: Database) -> None:
    first = _take(database, "a", lease_s=0)
    assert first is not None
    with database.transaction() as connection:
        bridge_seats.check_held(connection, first)
        assert _take(database, "b") is None
        assert bridge_seats.renew_seats(database, "a", [first], lease_s=0) == {"s"}  # a lease is renewed
    assert _take(database, "b") == Tenure("s", 2)


def test_bridges_without_a_session_are_counted(database: Database) -> None:
    for name in ("a", "b", "c"):
        heartbeat.beat(database, "bridge", name, ready=True)
    heartbeat.beat(database, "worker", "w", ready=True)
    assert _take(database, "a") is not None
    assert bridge_seats.count_waiting(database, "a", alive_s=60) == 2
    assert bridge_seats.count_waiting(database, "b", alive_s=60) == 1  # itself it does not count
    assert bridge_seats.count_waiting(database, "a", alive_s=0) == 0
