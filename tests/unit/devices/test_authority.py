"""The authority: what it signs, what it refuses, and the files that a broker reads of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from devices.authority import (
    Authority,
    create_authority,
    create_crl,
    create_server,
    is_crl_current,
    is_server_current,
    open_authority,
    read_authority,
    seal_key,
    sign_request,
)
from devices.broker_certificates import CertificateFiles, CertificateWriter
from devices.errors import AuthorityUnusable, InvalidDevice
from tests.support.certificates import signing_request

NAMES = ("localhost", "machi.example.jp", "127.0.0.1", "::1")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return create_authority()


def _key(authority: Authority) -> bytes:
    return authority.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_the_sealed_key_opens_with_the_same_secret_and_certificate_only(authority: Authority) -> None:
    sealed = seal_key(authority, b"s" * 100)
    assert open_authority(authority.pem, sealed, b"s" * 100).pem == authority.pem
    assert _key(authority)[40:80] not in sealed
    with pytest.raises(AuthorityUnusable):
        open_authority(authority.pem, sealed, b"s" * 101)
    with pytest.raises(AuthorityUnusable):
        open_authority(create_authority().pem, sealed, b"s" * 100)
    assert "PRIVATE" not in repr(authority)


def test_an_operators_authority_is_read_and_a_wrong_one_refused(authority: Authority) -> None:
    read = read_authority(authority.pem.encode(), _key(authority))
    assert read.pem == authority.pem
    other = create_authority()
    key, request = signing_request()
    device = sign_request(authority, request, "default/a", 1)
    for certificate, private, said in (
        (authority.pem, _key(other), "does not belong"),
        (device.pem, key.encode(), "CA:TRUE"),
        ("rubbish", _key(authority), "cannot be read"),
        (authority.pem, b"rubbish", "cannot be read"),
    ):
        with pytest.raises(AuthorityUnusable, match=said):
            read_authority(certificate.encode(), private)


def test_a_certificate_never_outlives_its_authority_and_its_serial_is_unique(authority: Authority) -> None:
    request = signing_request()[1]
    signed = [sign_request(authority, request, "default/a", 100_000) for _ in range(3)]
    assert len({one.serial for one in signed}) == 3
    assert all(one.not_after <= authority.certificate.not_valid_after_utc for one in signed)


def test_a_key_that_is_weak_is_refused(authority: Authority) -> None:
    with pytest.raises(InvalidDevice, match="2048 to 4096"):
        sign_request(authority, signing_request(bits=1024)[1], "default/a", 1)


def test_a_request_that_was_tampered_with_is_refused(authority: Authority) -> None:
    request = signing_request()[1]
    body = request.splitlines()
    body[2] = body[2][:10] + ("A" if body[2][10] != "A" else "B") + body[2][11:]
    with pytest.raises(InvalidDevice):
        sign_request(authority, "\n".join(body), "default/a", 1)


def test_the_brokers_own_certificate_names_its_names_until_it_is_old(authority: Authority) -> None:
    chain, _ = create_server(authority, NAMES)
    assert is_server_current(chain, authority, NAMES)
    assert not is_server_current(chain, authority, NAMES[:-1])
    assert not is_server_current(chain, create_authority(), NAMES)
    assert not is_server_current("rubbish", authority, NAMES)
    usage = x509.load_pem_x509_certificate(chain.encode()).extensions
    purposes = usage.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one.dotted_string for one in purposes] == ["1.3.6.1.5.5.7.3.1"]  # serverAuth: no client's


def test_the_list_of_revoked_ones_is_made_anew_when_it_differs(authority: Authority) -> None:
    when = datetime.now(UTC) - timedelta(hours=1)
    text = create_crl(authority, [("ff", when), ("1a", when)], 7)
    assert is_crl_current(text, authority, [("1a", when), ("ff", when)])
    assert not is_crl_current(text, authority, [("ff", when)])
    assert not is_crl_current(text, create_authority(), [("1a", when), ("ff", when)])
    assert not is_crl_current("rubbish", authority, [])


def test_the_files_of_the_operator_are_handed_to_the_broker(authority: Authority, tmp_path: Path) -> None:
    files = CertificateFiles.beside(tmp_path / "passwords")
    own = (tmp_path / "chain.pem", tmp_path / "key.pem")
    for path, text in zip(own, create_server(create_authority(), ["town.example"]), strict=True):
        path.write_text(text)
    writer = CertificateWriter(files, lambda: authority, NAMES, own, 0o600)
    assert writer.write([], 1) is True
    assert writer.write([], 1) is False
    assert files.chain.read_text() == own[0].read_text()
    assert files.key.read_text() == own[1].read_text()
    assert files.key.stat().st_mode & 0o777 == 0o600
    own[0].write_text(own[0].read_text() + "\n")
    assert writer.write([], 1) is True, "a renewed certificate is handed on"


def test_an_authority_that_cannot_be_used_does_not_stop_the_passwords(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> Authority:
        raise AuthorityUnusable("no key")

    files = CertificateFiles.beside(tmp_path / "passwords")
    writer = CertificateWriter(files, read, NAMES, None, 0o600)
    assert writer.write([], 1) is False
    assert not files.are_there()
    assert "No certificates" in caplog.text
