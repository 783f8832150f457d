"""Anchors of the audit trail: the ends of its chains, noted in a file outside the database.

Whoever owns the database can rewrite a whole chain so that it fits itself again. It then no longer fits what
was noted before, as long as the file (or a copy of it, or the log) is out of the same hands. Each line is
signed with the installation's secret, so that nobody notes an end that never was.
"""

import hashlib
import hmac
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from context_api.store.audit_chain import Anchor
from context_api.store.audit_reading import Head, list_heads
from context_api.store.database import Database
from deploy.errors import CommandError

_log = logging.getLogger(__name__)
_LINE_MAX = 1_000


class Anchors(NamedTuple):
    """What a file of anchors says."""

    good: list[Anchor]
    unsigned: list[int]
    """The numbers of lines that this installation did not write."""


class AnchorFile:
    """Notes the ends of chains that grew since it noted them last."""

    def __init__(self, path: Path, secret: bytes) -> None:
        self._path = path
        self._secret = secret
        self._noted: dict[int, int] = {}

    def write(self, database: Database) -> str:
        """Append a line per chain that has new entries; says how many."""
        with database.connection() as connection:
            grown = [head for head in list_heads(connection) if self._noted.get(head.chain) != head.number]
        if grown:
            self._append(grown)
        return f"{len(grown)} chains" if grown else ""

    def _append(self, heads: Sequence[Head]) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [sign_line(head, now, self._secret) for head in heads]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b"".join(lines))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for head in heads:
            self._noted[head.chain] = head.number
            said = {
                "action": "audit-anchor",
                "chain": head.chain,
                "number": head.number,
                "hash": head.hash.hex(),
            }
            _log.info("Audit anchored", extra=said)


def sign_line(head: Head, at: str, secret: bytes) -> bytes:
    """Write the end of a chain as a line."""
    said: dict[str, Any] = {"at": at, "chain": head.chain, "hash": head.hash.hex(), "number": head.number}
    return msgspec.json.encode(said | {"mac": _mac(said, secret)}, order="sorted") + b"\n"


def read_anchors(path: Path, secret: bytes) -> Anchors:
    """Read a file of anchors. Raises CommandError where it cannot be read."""
    anchors = Anchors([], [])
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                anchor = _read_line(line, secret)
                if anchor is None:
                    anchors.unsigned.append(number)
                else:
                    anchors.good.append(anchor)
    except OSError as error:
        raise CommandError(f"The anchors in {path} cannot be read: {error.strerror}.") from error
    return anchors


def _read_line(line: bytes, secret: bytes) -> Anchor | None:
    try:
        said = msgspec.json.decode(line[:_LINE_MAX], type=dict[str, Any])
        mac = said.pop("mac")
        anchor = Anchor(int(said["chain"]), int(said["number"]), bytes.fromhex(said["hash"]))
    except (msgspec.DecodeError, KeyError, ValueError, TypeError):
        return None
    return anchor if isinstance(mac, str) and hmac.compare_digest(mac, _mac(said, secret)) else None


def _mac(said: dict[str, Any], secret: bytes) -> str:
    key = hashlib.blake2b(secret, person=b"machi-anchor").digest()
    return hmac.new(key, msgspec.json.encode(said, order="sorted"), hashlib.sha256).hexdigest()
