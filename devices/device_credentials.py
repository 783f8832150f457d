"""The credentials of a device: secrets that replace one another, and client certificates."""

from collections.abc import Callable, Sequence

import msgspec

from context_api.store import device_credentials as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_credentials import Certificate, Credential, Login, NewSecret, Owner
from context_api.store.devices import DeviceKind, wait_applied
from devices.authority import (
    DEFAULT_DAYS,
    MAX_DAYS,
    Authority,
    create_authority,
    open_authority,
    seal_key,
    sign_request,
)
from devices.credentials import (
    MAX_GATEWAY_SECRETS,
    MAX_SECRETS,
    PREFIX_CHARS,
    broker_hash,
    hash_secret,
    is_secret_right,
    new_secret,
    split_username,
    username_of,
)
from devices.errors import (
    AuthorityUnusable,
    CredentialRefused,
    CredentialUnknown,
    DeviceUnknown,
    InvalidDevice,
)

MAX_OVERLAP_S = 366 * 86_400.0
_MAX_LABEL_CHARS = 100


class IssuedSecret(msgspec.Struct, frozen=True):
    """A new secret at the only moment when its text is known."""

    credential: Credential
    password: str
    generation: int
    """The broker knows it once this is applied."""

    def __repr__(self) -> str:
        return f"IssuedSecret({self.credential.username!r}, {self.credential.prefix!r})"


class IssuedCertificate(msgspec.Struct, frozen=True):
    """A signed certificate, and the one that vouches for it."""

    certificate: Certificate
    pem: str
    authority_pem: str


class DeviceCredentials:
    """Secrets and certificates of all tenants' devices; every call names its tenant by an `Access`.

    `hash_key` is the installation's secret. `read_authority` gives the operator's own authority; None: one is
    made when it is first needed, and kept in the database.
    """

    def __init__(
        self,
        database: Database,
        *,
        hash_key: bytes,
        read_authority: Callable[[], Authority] | None = None,
    ) -> None:
        self._database = database
        self._hash_key = hash_key
        self._read_authority = read_authority

    def issue(
        self, access: Access, device_id: str, *, label: str | None = None, overlap_s: float | None = None
    ) -> IssuedSecret:
        """Make a further secret. With `overlap_s` the others end after so many seconds, else when revoked.

        Raises DeviceUnknown, InvalidDevice (label, overlapS), CredentialRefused (no further secret).
        """
        _check_label(label)
        if overlap_s is not None and not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise InvalidDevice("overlapS", f"The overlap is 0 to {MAX_OVERLAP_S:.0f} seconds")
        password = new_secret()

        def make(owner: Owner, valid: Sequence[Credential]) -> NewSecret:
            return self._make(access, device_id, owner, valid, password)

        self._owner(access, device_id)
        issued = store.issue_credential(
            self._database, access, device_id, make, label=label, overlap_s=overlap_s
        )
        if issued is None:
            raise _unknown(device_id)
        return IssuedSecret(issued.credential, password, issued.generation)

    def list_secrets(self, access: Access, device_id: str) -> list[Credential]:
        """List the valid secrets of a device. Raises DeviceUnknown."""
        self._owner(access, device_id)
        return store.list_credentials(self._database, access, device_id)

    def revoke(self, access: Access, device_id: str, credential_id: int) -> int:
        """Make one secret void; the credential generation. Raises DeviceUnknown, CredentialUnknown."""
        self._owner(access, device_id)
        generation = store.revoke_credential(self._database, access, device_id, credential_id)
        if generation is None:
            raise CredentialUnknown(f"{device_id!r:.80} has no valid secret {credential_id}")
        return generation

    def sign(
        self, access: Access, device_id: str, csr: str, *, days: int = DEFAULT_DAYS, label: str | None = None
    ) -> IssuedCertificate:
        """Sign a device's key. Raises DeviceUnknown, InvalidDevice (csr, days, label), CredentialRefused,
        AuthorityUnusable.
        """
        _check_label(label)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidDevice("days", f"A certificate is valid for 1 to {MAX_DAYS} days")
        _check_speaks(device_id, self._owner(access, device_id))
        authority = self.authority()
        name = username_of(access.tenant, device_id)
        signed = sign_request(authority, csr, name, days)
        values = {**signed._asdict(), "username": name, "label": label}
        certificate = store.insert_certificate(self._database, access, device_id, values)
        return IssuedCertificate(certificate, signed.pem, authority.pem)

    def list_certificates(self, access: Access, device_id: str) -> list[Certificate]:
        """List the valid certificates of a device. Raises DeviceUnknown."""
        self._owner(access, device_id)
        return store.list_certificates(self._database, access, device_id)

    def revoke_certificate(self, access: Access, device_id: str, serial: str) -> int:
        """Revoke a certificate; the credential generation. Raises DeviceUnknown, CredentialUnknown."""
        self._owner(access, device_id)
        generation = store.revoke_certificate(self._database, access, device_id, serial.lower())
        if generation is None:
            raise CredentialUnknown(f"{device_id!r:.80} has no valid certificate {serial!r:.80}")
        return generation

    def authority(self) -> Authority:
        """Return who signs; made at the first call. Raises AuthorityUnusable."""
        if self._read_authority is not None:
            return self._read_authority()
        if not self._hash_key:
            raise AuthorityUnusable("An authority needs the installation's secret: set MACHI_SECRET")
        kept = store.get_authority(self._database)
        if kept is None:
            made = create_authority()
            store.insert_authority(self._database, made.pem, seal_key(made, self._hash_key))
            kept = store.get_authority(self._database)
        if kept is None:
            raise RuntimeError("BUG: an authority was kept and is not there")
        return open_authority(*kept, self._hash_key)

    def wait_applied(self, generation: int, timeout_s: float = 2.0) -> bool:
        """Wait until the broker has loaded a credential generation; False after `timeout_s`."""
        return wait_applied(self._database, generation, timeout_s)

    def _owner(self, access: Access, device_id: str) -> Owner:
        owner = store.get_owner(self._database, access, device_id)
        if owner is None:
            raise _unknown(device_id)
        return owner

    def _make(
        self, access: Access, device_id: str, owner: Owner, valid: Sequence[Credential], password: str
    ) -> NewSecret:
        """Give the new secret the lowest number that is free."""
        _check_speaks(device_id, owner)
        is_gateway = owner.kind is DeviceKind.GATEWAY
        most = MAX_GATEWAY_SECRETS if is_gateway else MAX_SECRETS
        taken = {credential.number for credential in valid}
        number = next((one for one in range(1, most + 1) if one not in taken), None)
        if number is None:
            raise CredentialRefused(f"{device_id!r:.80} has {most} valid secrets: revoke one first")
        return NewSecret(
            username_of(access.tenant, device_id, number, is_gateway=is_gateway),
            hash_secret(password, self._hash_key),
            broker_hash(password),
            password[:PREFIX_CHARS],
            number,
        )


def find_login(database: Database, username: str, secret: str, hash_key: bytes) -> Login | None:
    """Return the valid secret of a user name that this is, and note its use; None where there is none such.

    Under a device's first name each of its secrets counts: a door of ours needs no names to tell them apart.
    """
    named = split_username(username)
    if named is None or "\0" in username:
        return None
    found = None
    for login in store.find_logins(database, *named):
        if username in (login.username, f"{login.tenant}/{login.device_id}") and is_secret_right(
            secret, login.verifier, hash_key
        ):
            found = login
    if found is not None and found.is_use_news:
        store.mark_used(database, found.id)
    return found


def _check_speaks(device_id: str, owner: Owner) -> None:
    if owner.gateway is not None:
        raise CredentialRefused(
            f"{device_id!r:.80} speaks through the gateway {owner.gateway!r:.80}: the credentials are its"
        )


def _check_label(label: str | None) -> None:
    if label is not None and not (0 < len(label) <= _MAX_LABEL_CHARS and label.isprintable()):
        raise InvalidDevice("label", f"A label has 1 to {_MAX_LABEL_CHARS} printable characters")


def _unknown(device_id: str) -> DeviceUnknown:
    return DeviceUnknown(f"There is no device {device_id!r:.80}")
