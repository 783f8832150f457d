"""A burst that a limit allows passes whole, however few tokens a process holds at first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from context_api.http.errors import TooManyRequests
from context_api.http.limits.bucket import Rate
from context_api.http.limits.limiter import Limiter
from context_api.http.limits.rules import LimitDefaults, Rules
from context_api.http.limits.shared import SharedBuckets
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from deploy.embedded.redis import EmbeddedRedis

PARTNER = Principal("key:abcdefgh", Role.PARTNER, 3)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


async def ask(limiter: Limiter, times: int) -> int:
    """Judge so many requests at the same time; gives how many passed."""

    async def one() -> bool:
        try:
            await limiter.judge(PARTNER, {"path": "/", "method": "GET"})
        except TooManyRequests:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


def make_limiter(server: EmbeddedRedis | None, rate: Rate) -> Limiter:
    limiter = Limiter(Rules(LimitDefaults(key=rate)), CollectorRegistry())
    if server is not None:
        limiter.share_by(SharedBuckets(server.url, "test"))
    return limiter


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_burst_passes_whole_and_no_more(server: EmbeddedRedis, is_shared: bool) -> None:
    async def run() -> tuple[int, int]:
        limiter = make_limiter(server if is_shared else None, Rate(0.001, 100))
        try:
            return await ask(limiter, 60), await ask(limiter, 60)
        finally:
            limiter.close()

    assert asyncio.run(run()) == (60, 40)


def test_what_is_written_costs_few_round_trips(server: EmbeddedRedis) -> None:
    async def run() -> int:
        limiter = make_limiter(server, Rate(100_000, 200_000))
        shared = limiter._shared
        assert shared is not None
        calls, lease = 0, shared.lease

        def counted(wanted: object) -> object:
            nonlocal calls
            calls += 1
            return lease(wanted)  # type: ignore[arg-type]

        shared.lease = counted  # type: ignore[method-assign,assignment]
        for _ in range(100):
            assert await ask(limiter, 100) == 100
        limiter.close()
        return calls

    assert asyncio.run(run()) < 1_000
