"""Who has to wait before the next password or code is looked at (see identity.waiting)."""

import hmac
import math
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from context_api.http.errors import TooManyRequests
from context_api.identity.secrets import keyed_text, new_token
from context_api.identity.waiting import Whose, bucket_of, network_of
from context_api.store.database import Database
from context_api.store.login_failures import begin_attempt, forgive_attempt

_PURPOSE = "known browser"
_ACCOUNTS_MAX = 5
"""Accounts that one browser is known for; a shared one forgets the others."""
Run = Callable[..., Awaitable[Any]]


class Attempt(NamedTuple):
    """One that is being looked at: where it was counted."""

    forgotten: tuple[int, ...]
    """After a success these begin anew."""
    taken_back: tuple[int, ...]
    """Of these a success takes back itself only: they count others' failures, too."""


class Attempts:
    """Counts; all of an installation's processes share the counts."""

    def __init__(self, database: Database, secret: bytes, run: Run) -> None:
        self._database = database
        self._secret = secret
        self._run = run

    async def begin(self, name: str, address: str, known: str | None) -> Attempt:
        """Count an attempt to log in as `name`. Raises TooManyRequests where it comes too soon."""
        nonce = self._read_known(known, name)
        if nonce is not None:
            return await self._begin({Whose.KNOWN: f"{nonce} {name}"})
        network = network_of(address)
        texts = {Whose.ACCOUNT_AT_ADDRESS: f"{name} {network}", Whose.ACCOUNT: name, Whose.ADDRESS: network}
        return await self._begin(texts)

    async def begin_code(self, account_id: int) -> Attempt:
        """Count a one-time code. Raises TooManyRequests where it comes too soon."""
        return await self._begin({Whose.CODE: str(account_id)})

    async def forgive(self, attempt: Attempt) -> None:
        """It was right."""
        await self._run(forgive_attempt, self._database, attempt.forgotten, attempt.taken_back)

    def make_known(self, known: str | None, name: str) -> str:
        """Write the mark of a browser that has logged in as `name`; it goes on counting for others."""
        nonce, marks = self._split(known)
        mark = self._mark(nonce, name)
        marks = [mark, *(one for one in marks if one != mark)][:_ACCOUNTS_MAX]
        return ".".join((nonce, *marks))

    async def _begin(self, texts: dict[Whose, str]) -> Attempt:
        buckets = {whose: bucket_of(self._secret, whose, text) for whose, text in texts.items()}
        rules = {bucket: whose.value[1] for whose, bucket in buckets.items()}
        wait = await self._run(begin_attempt, self._database, rules)
        if wait > 0:
            raise TooManyRequests(
                f"Too many wrong attempts; the next one counts in {math.ceil(wait)} s",
                retry_after_s=math.ceil(wait),
            )
        own = tuple(
            bucket for whose, bucket in buckets.items() if whose not in (Whose.ACCOUNT, Whose.ADDRESS)
        )
        return Attempt(own, tuple(bucket for bucket in buckets.values() if bucket not in own))

    def _read_known(self, known: str | None, name: str) -> str | None:
        """Give the browser's number where it is known for this name."""
        if known is None:
            return None
        nonce, marks = self._split(known)
        expected = self._mark(nonce, name).encode()
        return nonce if any(hmac.compare_digest(expected, mark.encode()) for mark in marks) else None

    def _split(self, known: str | None) -> tuple[str, list[str]]:
        if known is None or len(known) > 1_000 or not known.isascii():
            return new_token(), []
        nonce, *marks = known.split(".")
        return nonce, marks[:_ACCOUNTS_MAX]

    def _mark(self, nonce: str, name: str) -> str:
        return keyed_text(self._secret, _PURPOSE, f"{nonce} {name}")
