"""Password hashes: argon2id, in few threads of low priority: a flood of logins slows nobody but logins."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import Argon2Error, InvalidHashError

from context_api.http.errors import Unavailable
from context_api.identity.passwords import LENGTH_MAX, normalise

T = TypeVar("T")
MEMORY_KIB = 65_536
ROUNDS = 3
"""RFC 9106's second choice (section 4) in one lane: 64 MiB, and 0.16 s of a processor where we measured."""
THREADS = 1
WAITING_MAX = 16
"""Logins that may wait for a thread; further ones are told to come back."""
_NICENESS = 10
_ARGON2 = Argon2(
    time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


def hash_password(password: str) -> str:
    """Hash a password; takes tenths of a second."""
    return _ARGON2.hash(normalise(password))


class Hashing:
    """Hashes in threads of its own."""

    def __init__(self, *, threads: int = THREADS, waiting_max: int = WAITING_MAX) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password", initializer=_be_nice)
        self._waiting_max = waiting_max
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password. Raises Unavailable where too many wait."""
        return await self._run(lambda: hash_password(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Compare a password with its hash; without one the same work is done, and it is wrong.

        Raises Unavailable where too many wait.
        """
        return await self._run(lambda: self._verify(stored, password))

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with parameters that are not today's."""
        return _ARGON2.check_needs_rehash(stored)

    def close(self) -> None:
        """Let who waits go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> bool:
        if len(password) > LENGTH_MAX:
            return False
        if stored is None:
            if self._nobodys is None:
                self._nobodys = hash_password("nobody has this password")
            stored, is_anybodys = self._nobodys, False
        else:
            is_anybodys = True
        try:
            return _ARGON2.verify(stored, normalise(password)) and is_anybodys
        except (Argon2Error, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._waiting_max:
            raise Unavailable("Too many people are logging in; try again", retry_after_s=3)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _be_nice() -> None:
    """Let everything else go first; Linux knows a niceness per thread."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
