"""The API's own TLS, by real handshakes."""

import datetime
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from context_api.http.app import create_app
from context_api.http.server import make_config
from context_api.http.settings import ApiSettings
from context_api.http.tls import TlsFiles
from tests.integration.http.conftest import Serve

_YEAR = datetime.timedelta(days=365)


def _write(folder: Path, name: str) -> TlsFiles:
    """A certificate that its own key signed, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEAR)
        .not_valid_after(now + _YEAR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(folder / "chain.pem", folder / "key.pem")
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _shake_hands(port: int, context: ssl.SSLContext) -> tuple[str, str, bytes]:
    """Common name of the server's certificate, version of TLS, and the head of the answer to GET /healthz."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        der = secured.getpeercert(binary_form=True)
        assert der is not None
        shown = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        secured.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := secured.recv(65_536):
            answer += piece
        return str(shown[0].value), secured.version() or "", answer


def _trusting(files: TlsFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


def test_the_api_speaks_tls_and_says_to_stay_there(
    settings: ApiSettings, serve: Serve, tmp_path: Path
) -> None:
    files = _write(tmp_path, "first")
    port = serve(replace(settings, tls_files=files)).base_url.port
    assert port is not None
    name, version, answer = _shake_hands(port, _trusting(files))
    assert (name, version) == ("first", "TLSv1.3")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Strict-Transport-Security: max-age=31536000" in answer


def test_a_renewed_certificate_counts_at_once(settings: ApiSettings, serve: Serve, tmp_path: Path) -> None:
    files = _write(tmp_path, "first")
    port = serve(replace(settings, tls_files=files)).base_url.port
    assert port is not None
    files.key.write_text("half written")
    old = _trusting(files)
    assert _shake_hands(port, old)[0] == "first"
    _write(tmp_path, "renewed")
    assert _shake_hands(port, _trusting(files))[0] == "renewed"


def test_old_versions_of_tls_are_refused(settings: ApiSettings, serve: Serve, tmp_path: Path) -> None:
    files = _write(tmp_path, "first")
    port = serve(replace(settings, tls_files=files)).base_url.port
    assert port is not None
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = _trusting(files)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            context.minimum_version = context.maximum_version = version
        with pytest.raises(ssl.SSLError):
            _shake_hands(port, context)


def test_plain_http_is_not_understood_there(settings: ApiSettings, serve: Serve, tmp_path: Path) -> None:
    port = serve(replace(settings, tls_files=_write(tmp_path, "first"))).base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" not in plain.recv(1_000)


def test_a_certificate_that_cannot_be_used_is_said_at_the_start(
    settings: ApiSettings, tmp_path: Path
) -> None:
    given = replace(settings, tls_files=TlsFiles(tmp_path / "none.pem", tmp_path / "none.key"))
    with pytest.raises(FileNotFoundError):
        make_config(create_app(given), given)
