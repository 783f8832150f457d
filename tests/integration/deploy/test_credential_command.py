"""`machi device credential …` and `machi device certificate …` on a real database, without a broker."""

from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner, Result

from context_api.store.database import open_database
from context_api.store.store import Store
from deploy.cli import app
from deploy.errors import CommandError, UsageError
from devices import device_credentials
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.support.certificates import signing_request


@pytest.fixture(autouse=True)
def _device(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(device_credentials, "wait_applied", lambda *_: False)
    database = open_database(database_url)
    DeviceRegistry(database).register(Store(database).tenant("default"), DeviceDraft(id="a", profile="noise"))
    database.close()


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["device", *arguments])


def test_a_password_is_issued_listed_and_revoked() -> None:
    issued = machi("credential", "issue", "a", "--overlap", "7d", "--label", "new firmware")
    assert issued.exit_code == 0, issued.output
    password = issued.output.split("password   ")[1].split()[0]
    assert len(password) == 32
    assert "user name  v1/default/a\n" in issued.output
    assert "The broker does not know it yet" in issued.output
    listed = machi("credential", "list", "a").output.splitlines()
    assert len(listed) == 2
    assert "default/a" in listed[0] and "until" in listed[0]
    assert f"v1/default/a  {password[:6]}…" in listed[1] and listed[1].endswith("new firmware")
    assert password not in "".join(listed)
    number = listed[0].split()[0]
    assert machi("credential", "revoke", "a", number).output.startswith(f"Password {number} of a is void.")
    assert len(machi("credential", "list", "a").output.splitlines()) == 1


def test_a_certificate_is_signed_listed_and_revoked(tmp_path: Path) -> None:
    request = tmp_path / "a.csr"
    request.write_text(signing_request()[1])
    signed = machi("certificate", "sign", "a", str(request), "--days", "30")
    certificate = x509.load_pem_x509_certificate(signed.output.encode())
    authority = machi("certificate", "authority")
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.output.encode()))
    [line] = machi("certificate", "list", "a").output.splitlines()
    serial = f"{certificate.serial_number:x}"
    assert line.startswith(f"{serial}  default/a  ")
    assert "is revoked" in machi("certificate", "revoke", "a", serial).output
    assert machi("certificate", "list", "a").output == ""


def test_what_is_asked_wrongly_is_said(tmp_path: Path) -> None:
    for arguments, kind, said in (
        (("credential", "issue", "nobody"), CommandError, "no device 'nobody'"),
        (("credential", "issue", "a", "--overlap", "soon"), UsageError, "write 10s"),
        (("credential", "revoke", "a", "999999"), CommandError, "no valid secret 999999"),
        (("certificate", "sign", "a", str(tmp_path / "none")), CommandError, "cannot be read"),
        (("certificate", "revoke", "a", "ff"), CommandError, "no valid certificate 'ff'"),
    ):
        result = machi(*arguments)
        assert isinstance(result.exception, kind), (arguments, result.output)
        assert said in str(result.exception)
