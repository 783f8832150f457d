"""Hashes of passwords: how they are made, and that a flood of logins is bounded."""

import asyncio
import threading

import pytest

from context_api.http.errors import Unavailable
from context_api.http.login.hashing import Hashing, hash_password


def test_hashing_is_bounded_and_of_low_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    hashing = Hashing(threads=1, waiting_max=3)

    async def flood() -> list[str]:
        monkeypatch.setattr(hashing, "_verify", lambda *_: gate.wait(60))
        waiting = [asyncio.ensure_future(hashing.verify("x", "y")) for _ in range(3)]
        await asyncio.sleep(0)
        refused = []
        for _ in range(2):
            try:
                await hashing.verify("x", "y")
            except Unavailable as error:
                refused.append(error.headers["Retry-After"])
        gate.set()
        await asyncio.gather(*waiting)
        return refused

    assert asyncio.run(flood()) == ["3", "3"]
    hashing.close()


def test_hashes_say_how_they_were_made() -> None:
    hashed = hash_password("が lantern")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    hashing = Hashing()
    other_form = "か\u3099 lantern"  # the same letter as another keyboard sends it

    async def check() -> list[bool]:
        return [
            await hashing.verify(hashed, other_form),
            await hashing.verify(hashed, "か lantern"),
            await hashing.verify(None, "が lantern"),
            await hashing.verify("not a hash", "x"),
        ]

    assert asyncio.run(check()) == [True, False, False, False]
    assert hashing.is_outdated("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA")
    hashing.close()
