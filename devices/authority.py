"""The authority that signs certificates: of devices, and of our own broker.

Private keys of devices are never here: a device makes its key, sends a signing request (PKCS #10, RFC 2986)
and gets a certificate (RFC 5280). Of the request only the public key counts; the name is ours to give.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devices.errors import AuthorityUnusable, InvalidDevice

MAX_CSR_CHARS = 16_384
MAX_COMMON_NAME = 64
"""ub-common-name of RFC 5280."""
MAX_DAYS = 3_650
DEFAULT_DAYS = 730
SERVER_DAYS = 397
CRL_DAYS = 30
_AUTHORITY_DAYS = 7_300
_BACKDATED = timedelta(hours=1)
"""Clocks of small devices are late now and then."""
_NONCE_BYTES = 12
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = (2_048, 4_096)
_PERSON = b"machi-authority"

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Authority(NamedTuple):
    """A certificate and its key; the key is shown nowhere."""

    certificate: x509.Certificate
    key: SigningKey

    @property
    def pem(self) -> str:
        """The certificate, as devices and the broker trust it."""
        return _pem(self.certificate)

    def __repr__(self) -> str:
        return f"Authority({self.certificate.subject.rfc4514_string()!r})"


class Signed(NamedTuple):
    """A certificate that was just signed."""

    pem: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


def create_authority() -> Authority:
    """Make an authority that signs itself: P-256, for twenty years, for no other authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Machi"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Machi authority {secrets.token_hex(4)}"),
        ]
    )
    now = _now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=_AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def read_authority(certificate: bytes, key: bytes) -> Authority:
    """Read an authority of the operator's own (PEM). Raises AuthorityUnusable."""
    try:
        read = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuthorityUnusable(f"The authority's certificate or key cannot be read: {error}") from error
    if not isinstance(private, SigningKey):
        raise AuthorityUnusable("The authority's key is neither RSA nor of an elliptic curve nor Ed25519")
    if _public_bytes(read.public_key()) != _public_bytes(private.public_key()):
        raise AuthorityUnusable("The authority's key does not belong to its certificate")
    try:
        may_sign = read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        may_sign = False
    if not may_sign:
        raise AuthorityUnusable("The authority's certificate is none of an authority (CA:TRUE is missing)")
    return Authority(read, private)


def seal_key(authority: Authority, secret: bytes) -> bytes:
    """Give the key in a form that only the installation's secret opens."""
    plain = authority.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = ChaCha20Poly1305(_sealing_key(secret)).encrypt(nonce, plain, authority.pem.encode())
    return nonce + sealed


def open_authority(certificate: str, sealed_key: bytes, secret: bytes) -> Authority:
    """Read what `seal_key` gave. Raises AuthorityUnusable where the secret is another one."""
    nonce, sealed = sealed_key[:_NONCE_BYTES], sealed_key[_NONCE_BYTES:]
    try:
        plain = ChaCha20Poly1305(_sealing_key(secret)).decrypt(nonce, sealed, certificate.encode())
    except InvalidTag as error:
        raise AuthorityUnusable(
            "The authority's key was sealed with another MACHI_SECRET: set the former one again"
        ) from error
    key = serialization.load_der_private_key(plain, password=None)
    if not isinstance(key, SigningKey):
        raise AuthorityUnusable("The authority's key is of no kind that we make")
    return Authority(x509.load_pem_x509_certificate(certificate.encode()), key)


def sign_request(authority: Authority, request: str, name: str, days: int) -> Signed:
    """Sign a device's public key under the name that we give it. Raises InvalidDevice for a bad request."""
    if len(name) > MAX_COMMON_NAME:
        raise InvalidDevice(
            "csr",
            f"A certificate names {name!r:.160}, and such a name has at most {MAX_COMMON_NAME} characters "
            "(RFC 5280): use a password, or a shorter id",
        )
    key = _requested_key(request)
    now = _now()
    not_after = min(now + timedelta(days=days), authority.certificate.not_valid_after_utc)
    span = (now - _BACKDATED, not_after)
    signed = _sign(authority, name, key, span=span, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    return _describe(signed)


def create_server(authority: Authority, names: Sequence[str]) -> tuple[str, str]:
    """Make a certificate for our own broker: (chain, key), PEM. `names` are host names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = _now()
    span = (now - _BACKDATED, now + timedelta(days=SERVER_DAYS))
    purpose = ExtendedKeyUsageOID.SERVER_AUTH
    signed = _sign(authority, "machi-broker", key.public_key(), span=span, purpose=purpose, names=names)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _pem(signed) + authority.pem, private.decode()


def is_server_current(chain: str, authority: Authority, names: Sequence[str]) -> bool:
    """Whether a broker's certificate is of this authority, names these names, and lasts a month more."""
    try:
        found = x509.load_pem_x509_certificate(chain.encode())
        found.verify_directly_issued_by(authority.certificate)
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # whatever is wrong with it: it is made anew
        return False
    named = {str(entry.value) for entry in alternative}
    return found.not_valid_after_utc - _now() > timedelta(days=30) and named == set(names)


def create_crl(authority: Authority, revoked: Sequence[tuple[str, datetime]], number: int) -> str:
    """Make the list of revoked certificates (serial, when), PEM. Same content, same number."""
    now = _now()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - _BACKDATED)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(when)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(authority.key, _digest(authority.key))
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def is_crl_current(text: str, authority: Authority, revoked: Sequence[tuple[str, datetime]]) -> bool:
    """Whether a list holds exactly these certificates, is of this authority, and is younger than a day."""
    try:
        found = x509.load_pem_x509_crl(text.encode())
        public = authority.certificate.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            is_ours = found.is_signature_valid(public)
        else:
            is_ours = False
    except ValueError:
        return False
    listed = {entry.serial_number for entry in found}
    is_young = _now() - found.last_update_utc < timedelta(days=1) + _BACKDATED
    return is_ours and is_young and listed == {int(serial, 16) for serial, _ in revoked}


def fingerprint_of(pem: str) -> str:
    """Give the SHA-256 of a certificate, hexadecimal."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def end_of(pem: str) -> datetime:
    """Give the end of a certificate. Raises ValueError for what is none."""
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc


def _requested_key(request: str) -> CertificatePublicKeyTypes:
    """The public key of a signing request, whose sender has the private one."""
    if len(request) > MAX_CSR_CHARS:
        raise InvalidDevice("csr", f"A signing request has at most {MAX_CSR_CHARS} characters")
    try:
        parsed = x509.load_pem_x509_csr(request.encode())
        is_valid = parsed.is_signature_valid
        key = parsed.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidDevice(
            "csr", "This is no signing request: send PKCS #10 as PEM (-----BEGIN CERTIFICATE REQUEST-----)"
        ) from error
    if not is_valid:
        raise InvalidDevice("csr", "The signing request is not signed by its own key")
    if isinstance(key, rsa.RSAPublicKey) and _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise InvalidDevice("csr", "The key is RSA of 2048 to 4096 bits, P-256, P-384, P-521 or Ed25519")


def _sign(
    authority: Authority,
    name: str,
    key: CertificatePublicKeyTypes,
    *,
    span: tuple[datetime, datetime],
    purpose: x509.ObjectIdentifier,
    names: Sequence[str] = (),
) -> x509.Certificate:
    issuer = authority.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_issuer_identifier(issuer), critical=False)
    )
    if names:
        alternative = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(authority.key, _digest(authority.key))


def _issuer_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        own = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _describe(certificate: x509.Certificate) -> Signed:
    return Signed(
        _pem(certificate),
        f"{certificate.serial_number:x}",
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _digest(key: SigningKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _sealing_key(secret: bytes) -> bytes:
    key = secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()
    return hashlib.blake2b(b"", key=key, digest_size=32, person=_PERSON).digest()


def _public_bytes(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
