"""What became of notifications, counted per subscription and hour in the transaction that decides it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from math import ceil, log2
from typing import Any, Protocol

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.store.queries import load_queries

_SQL = load_queries("deliveries")

LATENCY_STEPS = 60
"""Kinds of delivery_stat from 0 to here are deliveries by their latency, see `latency_of_step`."""
FAILED = 100
_STEPS_PER_DOUBLING = 3
_KINDS_OF_STATES = 200
"""This plus a state: how many rows came to it."""


class State(IntEnum):
    """What became of an outbox row; the number is what the store keeps."""

    WAITING = 0
    DELIVERED = 1
    DEAD_LETTERED = 2
    CANCELLED = 3
    COALESCED = 4


class Attempted(Protocol):
    """What is counted of an attempt."""

    @property
    def attempted(self) -> bool: ...
    @property
    def state(self) -> State: ...
    @property
    def error(self) -> str | None: ...


def step_of_latency(seconds: float) -> int:
    """The step of a latency: three to a doubling, from a millisecond on."""
    return min(LATENCY_STEPS, max(0, ceil(log2(max(seconds, 1e-6) * 1_000) * _STEPS_PER_DOUBLING)))


def latency_of_step(step: int) -> float:
    """The longest latency of a step, in seconds."""
    return float(2 ** (step / _STEPS_PER_DOUBLING) / 1_000)


def kind_of_state(state: State) -> int:
    """The kind of delivery_stat that counts rows that came to a state."""
    return _KINDS_OF_STATES + int(state)


class Counts:
    """What one transaction adds to the counters and statistics of each subscription."""

    def __init__(self) -> None:
        self._states: dict[int, dict[State, int]] = defaultdict(lambda: defaultdict(int))
        self._sent: dict[int, int] = defaultdict(int)
        self._failed: dict[int, int] = defaultdict(int)
        self._errors: dict[int, str] = {}
        self._stats: dict[tuple[int, int], int] = defaultdict(int)

    def add_attempts(self, key: int, results: Sequence[Attempted]) -> None:
        """Requests that were made for a subscription."""
        for result in results:
            if not result.attempted:
                continue
            self._sent[key] += 1
            if result.state is not State.DELIVERED:
                self._failed[key] += 1
                self._stats[key, FAILED] += 1
                self._errors[key] = result.error or "failed"

    def add_states(self, changed: Iterable[Sequence[Any]]) -> None:
        """Rows of (subscription key, new state, seconds that a delivery took)."""
        for key, number, seconds in changed:
            state = State(number)
            self._states[key][state] += 1
            if state is State.DELIVERED:
                self._stats[key, step_of_latency(seconds or 0.0)] += 1
            elif state is not State.WAITING:
                self._stats[key, kind_of_state(state)] += 1

    def write(self, connection: Connection[TupleRow]) -> None:
        """Add everything, in the order of the keys, so that two transactions cannot wait for each other."""
        keys = sorted(self._states.keys() | self._sent.keys())
        if not keys:
            return
        connection.execute(
            _SQL["add_to_counters"],
            {
                "subscription_keys": keys,
                "delivered": self._column(keys, State.DELIVERED),
                "coalesced": self._column(keys, State.COALESCED),
                "dead_lettered": self._column(keys, State.DEAD_LETTERED),
                "cancelled": self._column(keys, State.CANCELLED),
                "sent": [self._sent[key] for key in keys],
                "failed": [self._failed[key] for key in keys],
                "errors": [self._errors.get(key) for key in keys],
            },
        )
        if self._stats:
            stats = sorted(self._stats)
            connection.execute(
                _SQL["add_to_stats"],
                {
                    "subscription_keys": [key for key, _ in stats],
                    "kinds": [kind for _, kind in stats],
                    "counts": [self._stats[one] for one in stats],
                },
            )

    def _column(self, keys: Sequence[int], state: State) -> list[int]:
        return [self._states[key][state] for key in keys]
