"""What a payload would become by a profile, before anything goes live. Never writes."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.routes.profiles import PREFIX, bad_profile
from context_api.http.schemas_profiles import PREVIEW, PREVIEW_REQUEST
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.store.access import Access
from devices.preview import PreviewError
from devices.preview_request import PreviewDesk
from devices.preview_view import describe_preview
from devices.profile import ProfileError

_JSON_ONLY = (JSON,)

RUN = Operation(
    id="previewProfile",
    tag="Devices",
    summary="Preview what a payload becomes",
    description="Decodes and maps it as the bridge would, and answers the entities it would make. The payload"
    " is given, or a message of the quarantine, or the latest one there of a device. Nothing is written.",
    body=RequestBody(schema="PreviewRequest", example=PREVIEW_REQUEST, media_types=_JSON_ONLY),
    answers={200: Answer(description="What it would become", schema="Preview", example=PREVIEW)},
    errors=(404, 406),
)


def profile_preview_router(services: Services) -> APIRouter:
    """Make the route of previews."""
    resource = _Previews(services)
    router = new_router(PREFIX)
    add_route(router, "POST", "/profiles/preview", resource.run, RUN)
    return router


class _Previews:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, request: Request) -> Response:
        read_query(request, RUN)
        negotiate(request, _JSON_ONLY)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        access = await self._services.access(request)
        return json_response(await self._services.run(self._preview, access, document))

    def _preview(self, access: Access, document: Any) -> dict[str, Any]:
        desk = PreviewDesk(self._services.database)
        try:
            return describe_preview(desk.preview(access, document))
        except PreviewError as error:
            raise BadRequestData(error.detail, pointer=f"/{error.member}") from error
        except ProfileError as error:
            raise bad_profile(error, document.get("profile"), "/profile") from error
