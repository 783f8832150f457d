"""Secrets and client certificates of a device: issue, list, revoke."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.schemas_credentials import (
    AUTHORITY,
    CERTIFICATE,
    CERTIFICATE_DRAFT,
    CREDENTIAL,
    CREDENTIAL_DRAFT,
    ISSUED_CERTIFICATE,
    ISSUED_CREDENTIAL,
)
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.store.device_credentials import Certificate, Credential
from devices.authority import DEFAULT_DAYS, end_of, fingerprint_of
from devices.device_credentials import DeviceCredentials

PREFIX = "/api/v1"
_JSON_ONLY = (JSON,)
_PATH = {"device_id": "aq-001"}
_SECRET_PATH = {**_PATH, "credential_id": "42"}
_CERTIFICATE_PATH = {**_PATH, "serial": "5b0c2f7a9d3e41c8"}
_MAX_ID = 2**63 - 1
_APPLIED_WAIT_S = 2.0

ISSUE = Operation(
    id="issueCredential",
    tag="Devices",
    summary="Issue a further password",
    description="So that a device can change it without a gap: both are valid until the former is revoked, "
    "or `overlapS` seconds have passed. A device has two at most; a gateway a thousand, one per connection.",
    path_examples=_PATH,
    body=RequestBody(schema="CredentialDraft", example=CREDENTIAL_DRAFT, media_types=_JSON_ONLY),
    answers={
        201: Answer(
            description="Issued",
            schema="IssuedCredential",
            example=ISSUED_CREDENTIAL,
            headers={"Location": "The password's path"},
        )
    },
    errors=(404, 406, 409),
)
LIST = Operation(
    id="listCredentials",
    tag="Devices",
    summary="List a device's valid passwords",
    description="Without the passwords themselves: only hashes are kept.",
    path_examples=_PATH,
    answers={
        200: Answer(
            description="The oldest first", schema="CredentialList", example={"credentials": [CREDENTIAL]}
        )
    },
    errors=(400, 404, 406),
)
REVOKE = Operation(
    id="revokeCredential",
    tag="Devices",
    summary="Revoke a password",
    description="Whoever is connected with it is disconnected, within two seconds.",
    path_examples=_SECRET_PATH,
    answers={204: Answer(description="Revoked")},
    errors=(400, 404),
)
SIGN = Operation(
    id="signCertificate",
    tag="Devices",
    summary="Sign a device's certificate",
    description="The device makes its key and a signing request; the key never leaves it. With the "
    "certificate it connects to the broker's port for certificates (8884), without a password.",
    path_examples=_PATH,
    body=RequestBody(schema="CertificateDraft", example=CERTIFICATE_DRAFT, media_types=_JSON_ONLY),
    answers={
        201: Answer(
            description="Signed",
            schema="IssuedCertificate",
            example=ISSUED_CERTIFICATE,
            headers={"Location": "The certificate's path"},
        )
    },
    errors=(404, 406, 409),
)
LIST_CERTIFICATES = Operation(
    id="listCertificates",
    tag="Devices",
    summary="List a device's valid certificates",
    path_examples=_PATH,
    answers={
        200: Answer(
            description="The oldest first",
            schema="CertificateList",
            example={"certificates": [CERTIFICATE]},
        )
    },
    errors=(400, 404, 406),
)
REVOKE_CERTIFICATE = Operation(
    id="revokeCertificate",
    tag="Devices",
    summary="Revoke a certificate",
    description="It goes on the list that the broker reads; whoever is connected with it is disconnected.",
    path_examples=_CERTIFICATE_PATH,
    answers={204: Answer(description="Revoked")},
    errors=(400, 404),
)
GET_AUTHORITY = Operation(
    id="getBrokerAuthority",
    tag="Devices",
    summary="Get the certificate that devices have to trust",
    description="Of the authority that signs devices' certificates, and the broker's unless yours is set.",
    answers={200: Answer(description="The authority", schema="Authority", example=AUTHORITY)},
    errors=(406, 409),
)


class _SecretDraft(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    label: str | None = None
    overlap_s: float | None = None


class _CertificateDraft(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    csr: str
    days: int = DEFAULT_DAYS
    label: str | None = None


def device_credentials_router(services: Services) -> APIRouter:
    """Make the routes of devices' secrets and certificates."""
    resource = _Credentials(services)
    router = new_router(PREFIX)
    device = "/devices/{device_id:segment}"
    secrets, certificates = f"{device}/credentials", f"{device}/certificates"
    add_route(router, "POST", secrets, resource.issue, ISSUE)
    add_route(router, "GET", secrets, resource.list_secrets, LIST)
    add_route(router, "DELETE", f"{secrets}/{{credential_id:segment}}", resource.revoke, REVOKE)
    add_route(router, "POST", certificates, resource.sign, SIGN)
    add_route(router, "GET", certificates, resource.list_certificates, LIST_CERTIFICATES)
    one = f"{certificates}/{{serial:segment}}"
    add_route(router, "DELETE", one, resource.revoke_certificate, REVOKE_CERTIFICATE)
    add_route(router, "GET", "/broker/authority", resource.get_authority, GET_AUTHORITY)
    return router


class _Credentials:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def issue(self, request: Request) -> Response:
        read_query(request, ISSUE)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = _read(document, _SecretDraft)
        access = await self._services.device_access(request)
        issued = await self._services.run(
            self._desk().issue, access, device_id, label=draft.label, overlap_s=draft.overlap_s
        )
        answer = {
            **_describe_secret(issued.credential),
            "password": issued.password,
            "active": await self._applied(issued.generation),
        }
        if self._services.settings.mqtt_url is not None:
            answer["url"] = self._services.settings.mqtt_url
        location = location_of(f"{PREFIX}/devices/{device_id}/credentials", str(issued.credential.id))
        return json_response(answer, status=201, headers={"Location": location, "Cache-Control": "no-store"})

    async def list_secrets(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        access = await self._services.device_access(request)
        found = await self._services.run(self._desk().list_secrets, access, device_id)
        return json_response({"credentials": [_describe_secret(one) for one in found]})

    async def revoke(self, request: Request) -> Response:
        read_query(request, REVOKE)
        device_id, credential_id = segment(request, "device_id"), _number(segment(request, "credential_id"))
        access = await self._services.device_access(request)
        generation = await self._services.run(self._desk().revoke, access, device_id, credential_id)
        await self._applied(generation)
        return no_content()

    async def sign(self, request: Request) -> Response:
        read_query(request, SIGN)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = _read(document, _CertificateDraft)
        access = await self._services.device_access(request)
        issued = await self._services.run(
            self._desk().sign, access, device_id, draft.csr, days=draft.days, label=draft.label
        )
        answer = {
            **_describe_certificate(issued.certificate),
            "certificate": issued.pem,
            "authority": issued.authority_pem,
        }
        location = location_of(f"{PREFIX}/devices/{device_id}/certificates", issued.certificate.serial)
        return json_response(answer, status=201, headers={"Location": location})

    async def list_certificates(self, request: Request) -> Response:
        read_query(request, LIST_CERTIFICATES)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        access = await self._services.device_access(request)
        found = await self._services.run(self._desk().list_certificates, access, device_id)
        return json_response({"certificates": [_describe_certificate(one) for one in found]})

    async def revoke_certificate(self, request: Request) -> Response:
        read_query(request, REVOKE_CERTIFICATE)
        device_id, serial = segment(request, "device_id"), segment(request, "serial")
        access = await self._services.device_access(request)
        generation = await self._services.run(self._desk().revoke_certificate, access, device_id, serial)
        await self._applied(generation)
        return no_content()

    async def get_authority(self, request: Request) -> Response:
        read_query(request, GET_AUTHORITY)
        negotiate(request, _JSON_ONLY)
        authority = await self._services.run(self._desk().authority)
        pem = authority.pem
        answer = {
            "certificate": pem,
            "fingerprint": fingerprint_of(pem),
            "notAfter": _moment(end_of(pem)),
        }
        return json_response(answer)

    def _desk(self) -> DeviceCredentials:
        return self._services.credentials

    async def _applied(self, generation: int) -> bool:
        """Wait until the broker knows of it: then who was revoked is refused, and who is new is let in."""
        if not self._services.settings.auth:
            return True  # nobody is asked for a password
        return await self._services.run(self._desk().wait_applied, generation, _APPLIED_WAIT_S)


def _read(document: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace(".", "/")
        raise BadRequestData(f"The body is not valid: {message}", pointer=pointer) from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _MAX_ID):
        raise ResourceNotFound(f"There is no password {text[:40]}")
    return int(text)


def _describe_secret(credential: Credential) -> dict[str, Any]:
    return {
        "id": str(credential.id),
        "username": credential.username,
        "prefix": credential.prefix,
        "label": credential.label,
        "createdAt": _moment(credential.created_at),
        "expiresAt": _moment(credential.expires_at),
        "lastUsedAt": _moment(credential.last_used_at),
    }


def _describe_certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "serial": certificate.serial,
        "username": certificate.username,
        "fingerprint": certificate.fingerprint,
        "label": certificate.label,
        "notBefore": _moment(certificate.not_before),
        "notAfter": _moment(certificate.not_after),
        "createdAt": _moment(certificate.created_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
