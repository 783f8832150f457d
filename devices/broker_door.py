"""What a broker that asks us is told (EMQX: HTTP authentication and authorisation)."""

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509

from context_api.store import device_credentials as store
from context_api.store.database import Database
from context_api.store.device_credentials import Speaker
from devices.authority import fingerprint_of
from devices.broker_rules import Action, Allowed, is_allowed, read_rules, rules_of
from devices.credentials import Service, hash_secret, split_username
from devices.device_credentials import find_login


class Attempt(NamedTuple):
    """A client that wants to connect, as the broker describes it."""

    client_id: str
    username: str
    password: str
    common_name: str | None = None
    """Of the certificate that the broker has checked; then no password is asked for."""
    certificate: str | None = None
    """That certificate (PEM), where the broker passes it on."""


class Admitted(NamedTuple):
    """Who comes in, what they may do, and until when (seconds since 1970; None: until it is revoked)."""

    rules: Sequence[Allowed]
    expires_at: int | None = None


class BrokerDoor:
    """Answers from the database; call it in a thread. `services` are the users that are no devices."""

    def __init__(self, database: Database, hash_key: bytes, services: Sequence[Service]) -> None:
        self._database = database
        self._hash_key = hash_key
        self._services = {service.username: service for service in services}

    def admit(self, attempt: Attempt) -> Admitted | None:
        """Let a client in, or None. A device's client id is its user name: so nobody takes another's session,
        and a credential has one connection. Raises StoreUnavailable.
        """
        service = self._services.get(attempt.username)
        if service is not None:
            is_right = hmac.compare_digest(service.password.encode(), attempt.password.encode())
            return Admitted(read_rules(service.rules)) if is_right else None
        if attempt.client_id != attempt.username:
            return None
        if attempt.common_name is not None and attempt.common_name == attempt.username:
            return self._admit_certificate(attempt)
        return self._admit_secret(attempt)

    def may(self, username: str, action: Action, topic: str) -> bool:
        """Whether a client that came in may do this. Raises StoreUnavailable."""
        service = self._services.get(username)
        if service is not None:
            return is_allowed(read_rules(service.rules), action, topic)
        speaker = self._speaker(username)
        return speaker is not None and is_allowed(rules_of(speaker), action, topic)

    def _admit_secret(self, attempt: Attempt) -> Admitted | None:
        login = find_login(self._database, attempt.username, attempt.password, self._hash_key)
        if login is None or login.username != attempt.username:
            hash_secret(attempt.password, self._hash_key)  # a name that is none takes as long as one that is
            return None
        speaker = Speaker(login.tenant, login.device_id, login.kind, login.adapter, login.application)
        return Admitted(rules_of(speaker), login.expires_at)

    def _admit_certificate(self, attempt: Attempt) -> Admitted | None:
        named = split_username(attempt.username)
        if named is None:
            return None
        valid = store.find_certificates(self._database, *named, attempt.username)
        if attempt.certificate is not None:
            valid = [one for one in valid if one.fingerprint == _fingerprint(attempt.certificate)]
        speaker = self._speaker(attempt.username) if valid else None
        if speaker is None:
            return None
        ends = max(one.not_after for one in valid)
        return Admitted(rules_of(speaker), int(ends.timestamp()))

    def _speaker(self, username: str) -> Speaker | None:
        named = split_username(username)
        if named is None or "\0" in username:
            return None
        return store.find_speaker(self._database, *named, username)


def _fingerprint(certificate: str) -> str | None:
    try:
        return fingerprint_of(certificate)
    except (ValueError, x509.InvalidVersion):
        return None
