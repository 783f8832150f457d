"""Deleting all that is kept of an entity or a device, with proof: for requests of persons, and of owners."""

from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.responses import json_response, location_of
from context_api.http.schemas_privacy import (
    ERASURE,
    ERASURE_COUNTS,
    ERASURE_DRAFT,
    ERASURE_SUBJECTS,
    ERASURE_VERDICT,
)
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.names import check_uri
from context_api.ngsild.time import format_datetime
from context_api.store.access import Access
from context_api.store.erasure import MAX_SUBJECTS, Erasures, Proof, Subjects
from devices.erasing import retire_all, subjects_of

PREFIX = "/api/v1"
_JSON_ONLY = (JSON,)
_PATH = {"erasure": "1"}
_MAX_ID = 2**62
_PAGE = 100

ERASE = Operation(
    id="erase",
    tag="Privacy",
    summary="Delete all that is kept of entities or devices",
    description=(
        "State, history with corrections and aggregates, changes, notifications, alarms; of a device, which"
        " is retired, its messages in quarantine, its record and the history of that too. Nobody is notified."
        " The answer is the proof: what was there, and what is left, counted afterwards; it names nobody."
        " Backups are not touched. With dryRun it only counts."
    ),
    body=RequestBody(schema="ErasureDraft", example=ERASURE_DRAFT, media_types=_JSON_ONLY),
    answers={
        200: Answer(description="Counted (dryRun)", schema="ErasureFound", example={"found": ERASURE_COUNTS}),
        201: Answer(
            description="Deleted; the proof",
            schema="Erasure",
            example=ERASURE,
            headers={"Location": "The proof"},
        ),
    },
    errors=(400, 403, 404, 406),
)
LIST = Operation(
    id="listErasures",
    tag="Privacy",
    summary="List the proofs of deletion",
    description="The newest first.",
    accepts=("limit", "before"),
    overrides={"before": Parameter(description="Proofs older than this one", example="2")},
    answers={200: Answer(description="The proofs", schema="ErasureList", example={"erasures": [ERASURE]})},
    errors=(400, 403, 404, 406),
)
GET = Operation(
    id="getErasure",
    tag="Privacy",
    summary="Get a proof of deletion",
    path_examples=_PATH,
    answers={200: Answer(description="The proof", schema="Erasure", example=ERASURE)},
    errors=(400, 403, 404, 406),
)
VERIFY = Operation(
    id="verifyErasure",
    tag="Privacy",
    summary="Verify a proof of deletion",
    description="Whether it is about these entities and devices, is as it was written, and still holds.",
    path_examples=_PATH,
    body=RequestBody(schema="ErasureSubjects", example=ERASURE_SUBJECTS, media_types=_JSON_ONLY),
    answers={200: Answer(description="The verdict", schema="ErasureVerdict", example=ERASURE_VERDICT)},
    errors=(400, 403, 404, 406),
)


class _Subjects(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    entities: list[str] = []
    devices: list[str] = []


class _Draft(_Subjects, forbid_unknown_fields=True, rename="camel", kw_only=True):
    reason: str
    dry_run: bool = False


_Kind = TypeVar("_Kind", bound=_Subjects)


def erasures_router(services: Services) -> APIRouter:
    """Make the routes of erasures."""
    resource = _Erasures(services)
    router = new_router(PREFIX)
    one = "/erasures/{erasure:segment}"
    add_route(router, "POST", "/erasures", resource.erase, ERASE)
    add_route(router, "GET", "/erasures", resource.list_all, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "POST", f"{one}/verify", resource.verify, VERIFY)
    return router


class _Erasures:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def erase(self, request: Request) -> Response:
        read_query(request, ERASE)
        negotiate(request, _JSON_ONLY)
        draft = await self._read(request, _Draft)
        if not draft.reason.strip() or len(draft.reason) > 500:
            raise BadRequestData("reason says in 1 to 500 characters why", pointer="/reason")
        access = await self._services.access(request)
        subjects = await self._subjects(access, draft)
        if draft.dry_run:
            found = await self._services.run(self._desk().count, access, subjects)
            return json_response({"found": found})
        services = self._services
        await services.run(retire_all, services.database, services.devices, access, subjects.devices)
        proof = await self._services.run(self._desk().erase, access, subjects, draft.reason)
        location = location_of(f"{PREFIX}/erasures", str(proof.id))
        return json_response(self._describe(access, proof), status=201, headers={"Location": location})

    async def list_all(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = query.integer("limit", default=_PAGE, minimum=1, maximum=_PAGE)
        before = query.integer("before", default=None, minimum=1, maximum=_MAX_ID)
        access = await self._services.access(request)
        list_proofs = self._desk().list_proofs
        found = await self._services.run(list_proofs, access, limit=limit or _PAGE, before=before)
        return json_response({"erasures": [self._describe(access, proof) for proof in found]})

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        access = await self._services.access(request)
        return json_response(self._describe(access, await self._find(request, access)))

    async def verify(self, request: Request) -> Response:
        read_query(request, VERIFY)
        negotiate(request, _JSON_ONLY)
        draft = await self._read(request, _Subjects)
        access = await self._services.access(request)
        proof = await self._find(request, access)
        subjects = await self._subjects(access, draft)
        found = await self._services.run(self._desk().count, access, subjects)
        verdict = {
            "isAboutThem": self._desk().is_about(access, proof, subjects),
            "isSealed": self._desk().is_sealed(access, proof),
            "found": found,
        }
        return json_response(verdict)

    async def _read(self, request: Request, kind: type[_Kind]) -> _Kind:
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        try:
            draft = msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            raise BadRequestData(str(error)) from error
        if not 1 <= len(draft.entities) + len(draft.devices) <= MAX_SUBJECTS:
            raise BadRequestData(f"entities and devices are 1 to {MAX_SUBJECTS} ids together")
        for index, entity_id in enumerate(draft.entities):
            check_uri(entity_id, "an entity's id", f"/entities/{index}")
        return draft

    async def _subjects(self, access: Access, draft: _Subjects) -> Subjects:
        """What an erasure is about; a device stands for its entities as well. Raises DeviceUnknown."""
        database = self._services.database
        return await self._services.run(subjects_of, database, access, draft.entities, draft.devices)

    async def _find(self, request: Request, access: Access) -> Proof:
        text = segment(request, "erasure")
        if not (text.isascii() and text.isdigit() and int(text[:20]) <= _MAX_ID):
            raise ResourceNotFound(f"There is no erasure {text[:40]}")
        return await self._services.run(self._desk().get, access, int(text))

    def _describe(self, access: Access, proof: Proof) -> dict[str, Any]:
        return {
            "id": str(proof.id),
            "at": format_datetime(round(proof.at.timestamp() * 1e6)),
            "principal": proof.principal,
            "reason": proof.reason,
            "subjects": len(proof.subjects),
            "erased": proof.erased,
            "remaining": proof.remaining,
            "isSealed": self._desk().is_sealed(access, proof),
        }

    def _desk(self) -> Erasures:
        services = self._services
        return Erasures(services.database, services.store, services.settings.installation_secret)
