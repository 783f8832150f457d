"""The broker's certificate files: whom it trusts, who is revoked, and its own certificate.

They stand beside the password file, are made from the database, and are replaced like it.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from devices.authority import Authority, create_crl, create_server, is_crl_current, is_server_current
from devices.broker_files import read_text, replace_file
from devices.errors import AuthorityUnusable

_log = logging.getLogger(__name__)


class CertificateFiles(NamedTuple):
    """Where the broker reads them."""

    authority: Path
    revoked: Path
    chain: Path
    key: Path

    @classmethod
    def beside(cls, password_file: Path) -> "CertificateFiles":
        """Their names in the folder of a password file."""
        folder = password_file.parent
        return cls(*(folder / name for name in ("authority.pem", "revoked.crl", "server.pem", "server.key")))

    def are_there(self) -> bool:
        """Whether a broker can be started with them."""
        return all(path.exists() for path in self)


class CertificateWriter:
    """Keeps the files up to date.

    `own` are the certificate chain and key of the operator (PEM); None: a certificate for `names` is made,
    and made anew a month before it ends.
    """

    def __init__(
        self,
        files: CertificateFiles,
        authority: Callable[[], Authority],
        names: Sequence[str],
        own: tuple[Path, Path] | None,
        mode: int,
    ) -> None:
        self.files = files
        self._authority = authority
        self._names = tuple(dict.fromkeys(names))
        self._own = own
        self._mode = mode

    def write(self, revoked: Sequence[tuple[str, datetime]], number: int) -> bool:
        """Bring the files up to date; whether one changed. What is wrong is logged: passwords go on working.

        Raises OSError.
        """
        try:
            authority = self._authority()
            changed = replace_file(self.files.authority, authority.pem, self._mode)
            changed = self._write_revoked(authority, revoked, number) or changed
            return self._write_server(authority) or changed
        except AuthorityUnusable as error:
            _log.error("No certificates", extra={"action": "certificates", "error": error.detail})
            return False

    def _write_revoked(
        self, authority: Authority, revoked: Sequence[tuple[str, datetime]], number: int
    ) -> bool:
        there = read_text(self.files.revoked)
        if there is not None and is_crl_current(there, authority, revoked):
            return False
        return replace_file(self.files.revoked, create_crl(authority, revoked, number), self._mode)

    def _write_server(self, authority: Authority) -> bool:
        files = self.files
        if self._own is not None:
            chain, key = (path.read_text() for path in self._own)
        else:
            there = read_text(files.chain)
            if there is not None and files.key.exists() and is_server_current(there, authority, self._names):
                return False
            chain, key = create_server(authority, self._names)
        changed = replace_file(files.key, key, self._mode)
        return replace_file(files.chain, chain, self._mode) or changed
