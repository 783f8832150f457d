"""Secrets that replace one another, and certificates: what is kept, and what the broker is told."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cryptography import x509

from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_credentials import (
    expire_credentials,
    list_broker_users,
    list_kicks,
    mark_kicked,
)
from devices import device_credentials
from devices.broker_files import render_broker_files
from devices.credentials import PREFIX_CHARS
from devices.device_credentials import DeviceCredentials
from devices.errors import (
    AuthorityUnusable,
    CredentialRefused,
    CredentialUnknown,
    DeviceUnknown,
    InvalidDevice,
)
from devices.model import DeviceDraft
from devices.registry import DeviceRegistry
from tests.support.certificates import signing_request

KEY = b"the secret of the installation"


@pytest.fixture
def registry(database: Database) -> DeviceRegistry:
    return DeviceRegistry(database, hash_key=KEY)


@pytest.fixture
def credentials(database: Database) -> DeviceCredentials:
    return DeviceCredentials(database, hash_key=KEY)


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, options="-c search_path=machi") as connection:
        connection.execute(statement.encode())


def test_two_secrets_open_the_same_device_until_one_is_revoked(
    registry: DeviceRegistry, credentials: DeviceCredentials, access: Access, database: Database
) -> None:
    first = registry.register(access, DeviceDraft(id="a", profile="noise")).credentials
    assert first is not None
    second = credentials.issue(access, "a", label="new firmware")
    assert (first.username, second.credential.username) == ("default/a", "v1/default/a")
    for username, password in (
        ("default/a", first.password),
        ("v1/default/a", second.password),
        ("default/a", second.password),  # a door of ours needs no second name
    ):
        assert registry.verify(username, password) == ("default", "a")
    assert registry.verify("v1/default/a", first.password) is None
    listed = credentials.list_secrets(access, "a")
    assert [(one.number, one.prefix, one.label) for one in listed] == [
        (1, first.password[:PREFIX_CHARS], None),
        (2, second.password[:PREFIX_CHARS], "new firmware"),
    ]
    assert listed[1].last_used_at is not None
    assert [name for name, _ in list_broker_users(database).hashes] == ["default/a", "v1/default/a"]
    with pytest.raises(CredentialRefused, match="2 valid secrets"):
        credentials.issue(access, "a")

    generation = credentials.revoke(access, "a", listed[0].id)
    assert generation == second.generation + 1
    assert registry.verify("default/a", first.password) is None
    assert registry.verify("default/a", second.password) == ("default", "a")
    assert [(kick.source, kick.username) for kick in list_kicks(database, 10)] == [("secret", "default/a")]
    mark_kicked(database, list_kicks(database, 10))
    assert list_kicks(database, 10) == []
    with pytest.raises(CredentialUnknown):
        credentials.revoke(access, "a", listed[0].id)
    assert credentials.issue(access, "a").credential.username == "default/a", "the free name is used again"


def test_a_former_secret_ends_when_the_overlap_is_over(
    registry: DeviceRegistry, credentials: DeviceCredentials, access: Access, database: Database
) -> None:
    first = registry.register(access, DeviceDraft(id="a", profile="noise")).credentials
    assert first is not None
    assert expire_credentials(database) is None
    issued = credentials.issue(access, "a", overlap_s=3600)
    old, new = credentials.list_secrets(access, "a")
    assert new.expires_at is None
    assert old.expires_at is not None
    assert timedelta(minutes=59) < old.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    left_s = expire_credentials(database)
    assert left_s is not None and 3500 < left_s <= 3600
    assert registry.verify("default/a", first.password) is not None

    _execute(database.url, "update device_credential set expires_at = now() where expires_at is not null")
    assert registry.verify("default/a", first.password) is None, "expired at once, whoever looks"
    assert [name for name, _ in list_broker_users(database).hashes] == ["v1/default/a"]
    assert expire_credentials(database) is None
    users = list_broker_users(database)
    assert users.generation == issued.generation + 1, "the broker is told"
    assert [kick.username for kick in list_kicks(database, 10)] == ["default/a"]


def test_who_may_have_how_many(
    registry: DeviceRegistry,
    credentials: DeviceCredentials,
    access: Access,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.register(access, DeviceDraft(id="site", kind="gateway", adapter="tasmota", application="hall"))
    registry.register(access, DeviceDraft(id="plug", profile="noise", gateway="site"))
    monkeypatch.setattr(device_credentials, "MAX_GATEWAY_SECRETS", 3)
    names = [credentials.issue(access, "site", label=f"plug {n}").credential.username for n in (2, 3)]
    assert names == ["default/site~2", "default/site~3"]
    with pytest.raises(CredentialRefused, match="3 valid secrets"):
        credentials.issue(access, "site")
    acl = render_broker_files(list_broker_users(database), []).acl
    for name in ("default/site", *names):
        assert f"\nuser {name}\ntopic write tele/hall/+/+\n" in acl
    for call in (credentials.issue, credentials.list_secrets, credentials.list_certificates):
        with pytest.raises(DeviceUnknown):
            call(access, "nobody")
    with pytest.raises(CredentialRefused, match="gateway 'site'"):
        credentials.issue(access, "plug")
    with pytest.raises(CredentialRefused, match="gateway 'site'"):
        credentials.sign(access, "plug", signing_request()[1])
    other = Access("other", access.tenant_id + 1, "x")
    with pytest.raises(DeviceUnknown):
        credentials.issue(other, "site")
    for wrong, field in (({"label": ""}, "label"), ({"overlap_s": -1.0}, "overlapS")):
        with pytest.raises(InvalidDevice) as caught:
            credentials.issue(access, "site", **wrong)
        assert caught.value.field == field


def test_a_certificate_carries_the_devices_own_name_and_no_other(
    registry: DeviceRegistry, credentials: DeviceCredentials, access: Access, database: Database
) -> None:
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    issued = credentials.sign(access, "a", signing_request("default/b")[1], days=30, label="station 7")
    read = x509.load_pem_x509_certificate(issued.pem.encode())
    assert read.subject.rfc4514_string() == "CN=default/a"
    authority = x509.load_pem_x509_certificate(issued.authority_pem.encode())
    read.verify_directly_issued_by(authority)
    assert issued.authority_pem == credentials.authority().pem, "one authority, whoever asks"
    assert issued.authority_pem == DeviceCredentials(database, hash_key=KEY).authority().pem
    usage = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in usage] == ["1.3.6.1.5.5.7.3.2"]  # clientAuth
    assert read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    [listed] = credentials.list_certificates(access, "a")
    assert (listed.serial, listed.username) == (f"{read.serial_number:x}", "default/a")
    assert timedelta(days=29) < listed.not_after - datetime.now(UTC) <= timedelta(days=30)
    with pytest.raises(CredentialUnknown):
        credentials.revoke_certificate(access, "a", "abc")
    credentials.revoke_certificate(access, "a", listed.serial.upper())
    assert credentials.list_certificates(access, "a") == []
    assert [serial for serial, _ in list_broker_users(database).revoked] == [listed.serial]
    assert [(kick.source, kick.key) for kick in list_kicks(database, 9)] == [("certificate", listed.serial)]


def test_a_retired_devices_certificates_are_revoked(
    registry: DeviceRegistry, credentials: DeviceCredentials, access: Access, database: Database
) -> None:
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    serial = credentials.sign(access, "a", signing_request()[1]).certificate.serial
    registry.retire(access, "a")
    assert [one for one, _ in list_broker_users(database).revoked] == [serial]
    registry.register(access, DeviceDraft(id="a", profile="noise"))
    assert credentials.list_certificates(access, "a") == []
    assert [one for one, _ in list_broker_users(database).revoked] == [serial]


def test_another_secret_does_not_open_the_authority(
    registry: DeviceRegistry, credentials: DeviceCredentials, access: Access, database: Database
) -> None:
    made = credentials.authority()
    assert made.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is True
    with pytest.raises(AuthorityUnusable, match="MACHI_SECRET"):
        DeviceCredentials(database, hash_key=b"another secret of more bytes").authority()
