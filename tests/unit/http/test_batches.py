"""What became of a batch, where the database goes away in the middle of it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from context_api.http import batches
from context_api.http.batches import Item, apply_batch
from context_api.http.services import Services
from context_api.ngsild.changes import Change, DeleteEntity, Outcome
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.store.access import Access
from context_api.store.errors import StoreUnavailable

ACCESS = Access("default", 1, "test")


class FakeStore:
    """Deletes what it is told to, in as many calls as it has left."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.sizes: list[int] = []

    def apply(self, _: Access, changes: Sequence[Change]) -> list[Outcome]:
        if len(self.sizes) == self.calls:
            raise StoreUnavailable("gone")
        self.sizes.append(len(changes))
        missing = ResourceNotFound("there is none")
        return [Outcome(error=missing if change.entity_id == "urn:a:0" else None) for change in changes]


class FakeServices:
    """As much of `Services` as a batch uses."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store

    async def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)


def apply(store: FakeStore, items: Sequence[Item]) -> Any:
    services = cast(Services, FakeServices(store))
    return asyncio.run(apply_batch(services, ACCESS, list(items))).describe()


def items(count: int) -> list[Item]:
    deletions = [DeleteEntity(entity_id=f"urn:a:{number}") for number in range(count)]
    listed = [Item(one.entity_id, one) for one in deletions]
    return [*listed, Item("no uri", None, BadRequestData("an entity's id is a URI", pointer=f"/{count}"))]


def test_a_batch_goes_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    store = FakeStore(9)
    result = apply(store, items(5))
    assert store.sizes == [2, 2, 1]
    assert result["success"] == ["urn:a:1", "urn:a:2", "urn:a:3", "urn:a:4"]
    found = [(one["entityId"], one["error"].status, one["error"].pointer) for one in result["errors"]]
    assert found == [("urn:a:0", 404, None), ("no uri", 400, "/5")]


def test_what_was_not_written_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    result = apply(FakeStore(1), items(5))
    assert result["success"] == ["urn:a:1"]
    failed = [(one["entityId"], one["error"].status) for one in result["errors"]]
    assert failed == [("urn:a:0", 404), ("urn:a:2", 503), ("urn:a:3", 503), ("urn:a:4", 503), ("no uri", 400)]


def test_nothing_was_written() -> None:
    with pytest.raises(StoreUnavailable):
        apply(FakeStore(0), items(5))
