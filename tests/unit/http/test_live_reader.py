"""The reader of changes: the same ones whether Redis tells them, forgets, doubles or is away."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.http.live import reader as module
from context_api.http.live.fanout import ENTRY_BYTES, Entry, FanoutAway, Row, _cut
from context_api.http.live.reader import DATABASE, REDIS, ChangeReader
from context_api.store.changes import ChangeRow, Page
from context_api.store.errors import StoreFault, StoreUnavailable

TENANTS = (1, 2)


class World:
    """A database and a Redis that do what they are told."""

    def __init__(self) -> None:
        self.rows: list[ChangeRow] = []
        self.settled = 0
        self.streams: dict[int, list[Entry]] = {one: [] for one in TENANTS}
        self.read_up_to: dict[int, int] = {}
        self.is_up = True
        self.is_publisher = False
        self.is_failing = False
        self.wanted: frozenset[int] = frozenset()
        self.pages = 0

    @contextmanager
    def connection(self) -> Iterator[None]:
        yield

    def commit(self, tenant_id: int) -> None:
        self.settled += 1
        self.rows.append(ChangeRow(self.settled, tenant_id, 1, 0, b"x"))

    def publish(self, after: int) -> None:
        """Somebody tells what came after a number, in both streams."""
        for tenant_id, stream in self.streams.items():
            own = [
                Row(row.seq, 1, 0, b"x")
                for row in self.rows
                if row.tenant_id == tenant_id and row.seq > after
            ]
            stream.append(Entry(after, self.settled, own))

    def anchor(self, tenants: Iterable[int]) -> None:
        self._fail()
        self.read_up_to |= {one: len(self.streams[one]) for one in tenants}

    def read(self, tenants: Iterable[int], wait_ms: int) -> list[tuple[int, Entry]]:
        self._fail()
        found = [(one, entry) for one in tenants for entry in self.streams[one][self.read_up_to[one] :]]
        self.read_up_to |= {one: len(self.streams[one]) for one in tenants}
        return found

    def flush(self) -> None:
        for stream in self.streams.values():
            stream.clear()
        self.read_up_to = dict.fromkeys(self.read_up_to, 0)

    def _fail(self) -> None:
        if self.is_failing:
            self.is_up = False
            raise FanoutAway

    def get_changes(self, _: object, tenants: list[int], after: int, until: int) -> Page:
        self.pages += 1
        found = [row for row in self.rows if after < row.seq <= until][:5]
        return Page(found, until if len(found) < 5 else found[-1].seq)


@pytest.fixture
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settled:
        def look(self, connection: object) -> int:
            return world_of_now[0].settled

    monkeypatch.setattr(module, "SettledNumbers", Settled)

    def get_changes(*given: Any) -> Page:
        return world_of_now[0].get_changes(*given)

    monkeypatch.setattr(module, "get_changes", get_changes)
    monkeypatch.setattr(module, "time", CLOCK)


class Clock:
    """Time goes on only where it is told to."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


CLOCK = Clock()
world_of_now: list[World] = []


def started() -> tuple[World, ChangeReader]:
    world = World()
    world_of_now[:] = [world]
    fake: Any = world
    reader = ChangeReader(fake, lambda: fake)
    world.commit(1)
    reader.look()
    for tenant_id in TENANTS:
        assert reader.follow(tenant_id) == 1
    return world, reader


def drain(world: World, reader: ChangeReader) -> tuple[list[int], list[str]]:
    """All there is, and where it came from."""
    seqs: list[int] = []
    sources: list[str] = []
    for _ in range(100):
        look = reader.look()
        seqs += [row.seq for row in look.rows]
        sources += [look.source] * len(look.rows)
        if all(reader.position(one) >= world.settled for one in TENANTS):
            return seqs, sources
    raise AssertionError("it does not get there")


@pytest.mark.usefixtures("_no_database")
def test_what_is_published_is_not_asked_for() -> None:
    world, reader = started()
    reader.look()  # it begins to listen
    world.publish(1)
    drain(world, reader)
    asked = world.pages
    for number in range(20):
        world.commit(1 + number % 2)
        world.publish(world.settled - 1)
    seqs, sources = drain(world, reader)
    assert (seqs, set(sources), world.pages) == (list(range(2, 22)), {REDIS}, asked)


@pytest.mark.usefixtures("_no_database")
def test_a_gap_is_filled_from_the_database() -> None:
    world, reader = started()
    reader.look()
    world.publish(1)
    drain(world, reader)
    for _ in range(3):
        world.commit(1)
    world.flush()
    world.commit(2)
    world.publish(world.settled - 1)
    seqs, sources = drain(world, reader)
    assert (seqs, set(sources)) == ([2, 3, 4, 5], {DATABASE})
    world.commit(1)
    world.publish(world.settled - 1)
    assert drain(world, reader) == ([6], [REDIS])


@pytest.mark.usefixtures("_no_database")
@pytest.mark.parametrize("error", [ValueError("redis://:secret@x"), StoreFault("permission denied")])
def test_without_a_redis_that_can_be_used_the_database_is_read(error: Exception) -> None:
    world, reader = started()

    def connect() -> Any:
        raise error

    reader = ChangeReader(reader._database, connect)
    reader.look()
    reader.follow(1)
    world.commit(1)
    assert [row.seq for row in reader.look().rows] == [2]
    assert reader.fanout is None


@pytest.mark.usefixtures("_no_database")
def test_a_database_that_is_away_is_asked_again() -> None:
    _, reader = started()
    answers: list[Any] = [StoreUnavailable("away")]

    def connect() -> Any:
        if answers:
            raise answers.pop()
        return world_of_now[0]

    reader = ChangeReader(reader._database, connect)
    with pytest.raises(StoreUnavailable):
        reader.look()
    reader.look()
    assert reader.fanout is not None


STEPS = st.lists(
    st.sampled_from(
        ["commit 1", "commit 2", "look", "tell new", "tell much", "flush", "away", "back", "lead", "silence"]
    ),
    max_size=60,
)


@pytest.mark.usefixtures("_no_database")
@settings(deadline=None, max_examples=300)
@given(steps=STEPS)
def test_whatever_happens_every_change_is_given_once_and_in_order(steps: list[str]) -> None:
    world, reader = started()
    told = world.settled
    got: list[tuple[int, int]] = []
    for step in steps:
        if step.startswith("commit"):
            world.commit(int(step[-1]))
        elif step == "look":
            got += [(row.tenant_id, row.seq) for row in reader.look().rows]
        elif step.startswith("tell"):
            world.publish(told if step == "tell new" else max(0, told - 7))
            told = world.settled
        elif step == "flush":
            world.flush()
        elif step == "silence":
            CLOCK.now += 10
        elif step == "lead":
            world.is_publisher = not world.is_publisher
        else:
            world.is_failing = step == "away"
            world.is_up = not world.is_failing
    for _ in range(60):
        CLOCK.now += 0.5
        got += [(row.tenant_id, row.seq) for row in reader.look().rows]
    for tenant_id in TENANTS:
        own = [seq for tenant, seq in got if tenant == tenant_id]
        assert own == [row.seq for row in world.rows if row.tenant_id == tenant_id and row.seq > 1]


def test_entries_are_cut_and_what_is_too_large_is_left_out() -> None:
    small, large = b"x" * (ENTRY_BYTES // 3), b"x" * (ENTRY_BYTES + 1)
    rows = [Row(seq, 1, 0, large if seq == 15 else small) for seq in range(11, 20)]
    entries = _cut(10, 30, rows)
    assert [(one.after, one.until, [row.seq for row in one.rows]) for one in entries] == [
        (10, 13, [11, 12, 13]),
        (13, 14, [14]),
        (15, 18, [16, 17, 18]),
        (18, 30, [19]),
    ]
    assert _cut(10, 30, []) == [Entry(10, 30, [])]
    assert [(one.after, one.until) for one in _cut(10, 30, [Row(20, 1, 0, large)])] == [(10, 19), (20, 30)]
