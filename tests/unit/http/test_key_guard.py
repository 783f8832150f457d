"""Keys at the gate: what is remembered, for how long, and how a wrong one is told apart."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.datastructures import Headers

from context_api.http import key_guard
from context_api.http.errors import Unauthorized
from context_api.http.key_guard import KeyGuard
from context_api.policy.credentials import OrganisationKind
from context_api.policy.roles import Role
from context_api.store.key_texts import make_secret
from context_api.store.keys import ApiKey

NOW = datetime.now(UTC)


def a_key(prefix: str, **more: Any) -> ApiKey:
    known: dict[str, Any] = {
        "prefix": prefix,
        "role": Role.PARTNER,
        "label": "",
        "created_at": NOW,
        "revoked_at": None,
        "expires_at": None,
        "successor": None,
        "last_used_at": NOW,
        "created_by": "system",
        "organisation_id": 7,
        "organisation": "kita",
        "kind": OrganisationKind.PARTNER,
        "is_of_every_tenant": False,
        "disabled_at": None,
        "organisation_tenants": ["north"],
        "own_tenants": None,
    }
    return ApiKey(**(known | more))


class Shelf:
    """Stands in for the database: keys by text, and who was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.asked: list[str] = []
        self.used: list[str] = []
        monkeypatch.setattr(key_guard, "read_secret", self.read)
        monkeypatch.setattr(key_guard, "note_use", lambda _, prefix: self.used.append(prefix))
        self.executor = ThreadPoolExecutor(4)
        self.guard = KeyGuard(None, b"", self.executor)  # type: ignore[arg-type]

    def read(self, _: Any, __: bytes, text: str) -> ApiKey | None:
        self.asked.append(text)
        return self.keys.get(text)

    def add(self, **more: Any) -> str:
        made = make_secret()
        self.keys[made.text] = a_key(made.prefix, **more)
        return made.text

    async def check(self, text: str) -> Any:
        return await self.guard.authenticate(Headers({"authorization": f"Bearer {text}"}), {})


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(key_guard, "CACHE_SECONDS", 1_000.0)
    made = Shelf(monkeypatch)
    yield made
    made.executor.shutdown()


def test_a_key_is_looked_up_once_however_many_ask(shelf: Shelf) -> None:
    text = shelf.add()

    async def ask() -> list[Any]:
        return await asyncio.gather(*(shelf.check(text) for _ in range(50)))

    found = asyncio.run(ask())
    assert {(one.role, one.organisation, one.tenants) for one in found} == {
        (Role.PARTNER, 7, frozenset({"north"}))
    }
    assert shelf.asked == [text]


def test_what_changed_is_asked_anew_and_only_that(shelf: Shelf) -> None:
    one, other = shelf.add(), shelf.add()

    async def ask() -> None:
        await shelf.check(one)
        await shelf.check(other)
        shelf.guard.forget(one.split("_")[1])
        await shelf.check(one)
        await shelf.check(other)
        shelf.guard.forget()
        await shelf.check(other)

    asyncio.run(ask())
    assert shelf.asked == [one, other, one, other]


def test_an_answer_older_than_a_change_is_not_remembered(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is read, then revoked, then the reading comes back: it must not count any longer."""
    text = shelf.add()

    async def ask() -> None:
        loop = asyncio.get_running_loop()

        def read_slowly(database: Any, secret: bytes, wanted: str) -> ApiKey | None:
            found = shelf.read(database, secret, wanted)
            loop.call_soon_threadsafe(shelf.guard.forget, text.split("_")[1])
            return found

        monkeypatch.setattr(key_guard, "read_secret", read_slowly)
        await shelf.check(text)
        monkeypatch.setattr(key_guard, "read_secret", shelf.read)
        shelf.keys.clear()
        with pytest.raises(Unauthorized):
            await shelf.check(text)

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"revoked_at": NOW}, "was revoked"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "expired at"),
        ({"disabled_at": NOW}, "organisation that is disabled"),
    ],
)
def test_a_void_key_is_told_why(shelf: Shelf, state: dict[str, Any], said: str) -> None:
    text = shelf.add(**state)
    for _ in range(3):
        with pytest.raises(Unauthorized, match=said):
            asyncio.run(shelf.check(text))
    assert shelf.asked == [text]


def test_a_mistyped_key_is_not_looked_up(shelf: Shelf) -> None:
    text = shelf.add()
    for position in range(len("machi_"), len(text)):
        if text[position] == "_":
            continue
        wrong = text[:position] + ("a" if text[position] != "a" else "b") + text[position + 1 :]
        with pytest.raises(Unauthorized, match="mistyped"):
            asyncio.run(shelf.check(wrong))
    assert shelf.asked == []


@pytest.mark.parametrize("header", ["Basic abc", "Bearer eyJhbGciOi.x.y", "Bearer ", "machi_x", ""])
def test_other_credentials_are_left_to_others(shelf: Shelf, header: str) -> None:
    found = asyncio.run(shelf.guard.authenticate(Headers({"authorization": header}), {}))
    assert found is None
    assert asyncio.run(shelf.guard.authenticate(Headers({}), {})) is None


def test_a_use_is_noted_once_a_minute(shelf: Shelf) -> None:
    fresh = shelf.add(last_used_at=datetime.now(UTC) - timedelta(seconds=30))
    stale = shelf.add(last_used_at=datetime.now(UTC) - timedelta(seconds=61))
    never = shelf.add(last_used_at=None)
    for text in (fresh, stale, never):
        asyncio.run(shelf.check(text))
    shelf.executor.shutdown()
    assert sorted(shelf.used) == sorted(text.split("_")[1] for text in (stale, never))


def test_what_is_remembered_is_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_guard, "CACHE_ENTRIES", 3)
    texts = [shelf.add() for _ in range(5)]
    unknown = [make_secret().text for _ in range(20)]

    async def ask() -> None:
        for text in texts[:3]:
            await shelf.check(text)
        for text in unknown:  # guesses push out no key that is right
            with pytest.raises(Unauthorized):
                await shelf.check(text)
        shelf.asked.clear()
        for text in texts:
            await shelf.check(text)

    asyncio.run(ask())
    assert shelf.asked == texts[3:]
    assert len(shelf.guard._known) == 3
    assert len(shelf.guard._void) == 3
