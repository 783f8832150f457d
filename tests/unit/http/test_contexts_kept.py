"""Built @contexts are kept by what they cost, not only by their number."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from context_api.http import contexts
from context_api.http.contexts import ContextRegistry


def test_large_contexts_push_others_out() -> None:
    nothing = cast("Any", None)  # inline @contexts need neither database nor network

    async def fill() -> ContextRegistry:
        with ThreadPoolExecutor(1) as executor:
            registry = ContextRegistry(nothing, executor, nothing, own_address=None)
            small = {"a": "https://example.org/a"}
            await registry.of_value(small)
            for number in range(20):
                large = {f"t{term}": f"https://example.org/{number}/{term}" for term in range(15_000)}
                assert (await registry.of_value(large)).expand("t1") == f"https://example.org/{number}/1"
            assert (await registry.of_value(small)).expand("a") == "https://example.org/a"
            return registry

    registry = asyncio.run(fill())
    held = [one.context.size for one in registry._built.values()]
    assert 5 < len(held) < 15
    assert sum(held) <= contexts._TERMS_MAX
