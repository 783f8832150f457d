"""Buckets that all processes share, in Redis: leased by the slice, several in one round trip."""

import hashlib
import math
import os
import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from context_api.http.limits.bucket import Rate, Taken

TIMEOUT_S = 0.25
"""How long a request waits for a Redis that does not answer, once: then this process counts for itself."""
_WORKERS_S = 15.0
_SCRIPT = files(__package__).joinpath("lease.lua").read_text("utf-8")


class Wanted(NamedTuple):
    """Tokens that are asked for."""

    subject: str
    rate: Rate
    tokens: int


class SharedAway(Exception):
    """Redis cannot be used at the moment."""


class SharedBuckets:
    """The buckets of an installation. Used by one thread at a time."""

    def __init__(self, url: str, identity: str) -> None:
        digest = hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()
        self._prefix = f"machi:limits:{{{digest}}}"
        self._me = os.urandom(8).hex()
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._lease = self._redis.register_script(_SCRIPT)

    def lease(self, wanted: Sequence[Wanted]) -> list[Taken]:
        """Take tokens. Raises SharedAway."""
        keys = [f"{self._prefix}:{one.subject}" for one in wanted]
        arguments = [number for one in wanted for number in (one.rate.per_second, one.rate.burst, one.tokens)]
        try:
            answer: Any = self._lease(keys=keys, args=arguments)
        except (redis.RedisError, OSError) as error:
            raise SharedAway(str(error)) from error
        return [_taken(*answer[index : index + 3]) for index in range(0, len(answer), 3)]

    def count_workers(self) -> int:
        """Say that this process is at work; gives how many are. Raises SharedAway."""
        now, name = time.time(), f"{self._prefix}:workers"
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.zadd(name, {self._me: now})
                pipeline.zremrangebyscore(name, "-inf", now - _WORKERS_S)
                pipeline.zcard(name)
                pipeline.pexpire(name, int(_WORKERS_S * 1_000))
                return max(1, int(pipeline.execute()[2]))
        except (redis.RedisError, OSError) as error:
            raise SharedAway(str(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _taken(granted: int, left: int, wait_ms: int) -> Taken:
    return Taken(granted, left / 1_000, math.inf if wait_ms < 0 else wait_ms / 1_000)
