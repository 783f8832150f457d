"""Secrets and their hashes. That mosquitto accepts them is tested in tests/integration/devices."""

import base64

from devices.credentials import (
    Service,
    broker_hash,
    hash_secret,
    is_secret_right,
    new_credential,
    new_secret,
    service_hash,
)
from devices.model import Credentials


def test_secrets_are_long_and_different() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(
        len(secret) == 32 and set(secret) <= set("abcdefghijklmnopqrstuvwxyz234567") for secret in secrets
    )


def test_known_hash() -> None:
    """An entry that mosquitto_passwd 2.0.11 wrote for the password "secret"."""
    salt = base64.b64decode("Ld0tH6XtKY2w+bNa")
    assert broker_hash("secret", salt=salt, iterations=101) == (
        "$7$101$Ld0tH6XtKY2w+bNa$"
        "hv1Sfx28oxi5DxVpuUg1EcwkN2xEz1fUwo/ccHLn7ZLr0shM5XW9A3qn4J6ydFbq8D/DaDruPGw64IOZkaV7WQ=="
    )


def test_verifier_needs_the_key() -> None:
    verifier = hash_secret("s", b"key")
    assert is_secret_right("s", verifier, b"key")
    assert not is_secret_right("S", verifier, b"key")
    assert not is_secret_right("s", verifier, b"other")
    assert len(hash_secret("s", b"k" * 100)) == 32
    assert hash_secret("s", b"k" * 100) != hash_secret("s", b"k" * 101)


def test_a_credential_holds_no_secret() -> None:
    credential = new_credential("t/d", "topsecret", b"key")
    assert "topsecret" not in repr(credential)
    assert "topsecret" not in repr(Credentials("t/d", "topsecret", "topic"))


def test_a_services_hash_stays_the_same() -> None:
    service = Service("machi-bridge", "p", ())
    assert service_hash(service) == service_hash(service)
    assert service_hash(service) != service_hash(Service("machi-worker", "p", ()))
