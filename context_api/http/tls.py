"""TLS of the API itself, without a proxy before it; a renewed certificate counts at once."""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

log = structlog.get_logger("tls")
_Signature = tuple[tuple[int, int, int], ...]


class TlsFiles(NamedTuple):
    """A certificate with those that lead to its authority, and its key (PEM, without a passphrase)."""

    certificate: Path
    key: Path


class Certificate:
    """The newest certificate that the files hold; each handshake looks whether they changed (two `stat`)."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises OSError and ssl.SSLError for files that are missing or do not fit."""
        self._files = files
        self._signature = _sign(files)
        self._newest = _load(files)
        self.context = _load(files)
        """What the server is given; it hands every handshake to the newest."""
        self.context.sni_callback = self._choose

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        found = _sign(self._files)
        if found is not None and found != self._signature:
            try:
                self._newest = _load(self._files)
            except (OSError, ssl.SSLError) as error:  # one of two files is written: the other follows
                log.warning("certificate_unusable", file=str(self._files.certificate), reason=str(error))
            else:
                self._signature = found
                log.info("certificate_loaded", file=str(self._files.certificate))
        handshake.context = self._newest


def _load(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 and newer with forward secrecy, after Mozilla's intermediate profile."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # TLS 1.3 has its own, all of them good
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(files.certificate, files.key)
    return context


def _sign(files: TlsFiles) -> _Signature | None:
    with suppress(OSError):
        return tuple((found.st_mtime_ns, found.st_ino, found.st_size) for found in map(Path.stat, files))
    return None
