"""Profiles: how the values of a kind of device become attributes; built in, or a town's own in versions."""

import functools
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.schemas_profiles import PROFILE, PROFILE_DRAFT, PROFILE_SUMMARY
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.time import format_datetime
from devices.profile import Profile, ProfileError
from devices.profile_registry import KnownProfile, ProfileRegistry, export_toml, pointer_of

PREFIX = "/api/v1"
TOML = "application/toml"
_PATH = {"name": "yard-gauge"}
_JSON_ONLY = (JSON,)
_MAX_VERSION = 2**31 - 1
_VERSION = Parameter(
    description="That version instead of the latest",
    schema={"type": "integer", "minimum": 1, "maximum": _MAX_VERSION},
    example=1,
)

LIST = Operation(
    id="listProfiles",
    tag="Devices",
    summary="List device profiles",
    description="The tenant's own and the built-in ones, by name, with the devices that are bound to each.",
    answers={
        200: Answer(description="The profiles", schema="ProfileList", example={"profiles": [PROFILE_SUMMARY]})
    },
    errors=(400, 404, 406),
)
CREATE = Operation(
    id="createProfile",
    tag="Devices",
    summary="Write a profile",
    description="Version 1. A fault is answered with the member it is in and how to mend it.",
    body=RequestBody(schema="ProfileDraft", example=PROFILE_DRAFT, media_types=_JSON_ONLY),
    answers={
        201: Answer(
            description="Written",
            schema="Profile",
            example=PROFILE,
            headers={"Location": "The profile's path"},
        )
    },
    errors=(404, 406, 409),
)
GET = Operation(
    id="getProfile",
    tag="Devices",
    summary="Get a profile",
    description=f"With `Accept: {TOML}` as a file for `machi profile apply`.",
    path_examples=_PATH,
    accepts=("version",),
    overrides={"version": _VERSION},
    answers={200: Answer(description="The profile", schema="Profile", example=PROFILE)},
    errors=(400, 403, 404, 406),
)
UPDATE = Operation(
    id="updateProfile",
    tag="Devices",
    summary="Write a new version of a profile",
    description="Devices that are bound to the profile use it at once, those bound to `name@version` do not."
    " A document that says what the latest version says makes no new one. With a member `version`, it must"
    " be the latest: else somebody wrote one meanwhile (409).",
    path_examples=_PATH,
    body=RequestBody(schema="ProfileDraft", example=PROFILE_DRAFT, media_types=_JSON_ONLY),
    answers={200: Answer(description="The latest version", schema="Profile", example=PROFILE)},
    errors=(404, 406, 409),
)
DELETE = Operation(
    id="deleteProfile",
    tag="Devices",
    summary="Delete a profile",
    description="With all its versions; 409 while devices are bound to it.",
    path_examples=_PATH,
    answers={204: Answer(description="Deleted")},
    errors=(400, 404, 409),
)
VERSIONS = Operation(
    id="listProfileVersions",
    tag="Devices",
    summary="List the versions of a profile",
    description="The latest first; the newest hundred are kept, and those that a device is bound to.",
    path_examples=_PATH,
    answers={
        200: Answer(
            description="The versions",
            schema="ProfileVersions",
            example={
                "versions": [
                    {
                        "name": "yard-gauge",
                        "version": 1,
                        "writtenAt": "2026-11-23T09:00:00Z",
                        "writtenBy": "k",
                    }
                ]
            },
        )
    },
    errors=(400, 404, 406),
)


def profiles_router(services: Services) -> APIRouter:
    """Make the routes of profiles."""
    resource = _Profiles(services)
    router = new_router(PREFIX)
    one = "/profiles/{name:segment}"
    add_route(router, "GET", "/profiles", resource.list_all, LIST)
    add_route(router, "POST", "/profiles", resource.create, CREATE)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PUT", one, resource.update, UPDATE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    add_route(router, "GET", f"{one}/versions", resource.list_versions, VERSIONS)
    return router


class _Profiles:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        access = await self._services.access(request)
        found = await self._services.run(self._registry().list_all, access)
        return json_response({"profiles": [summarise(one) for one in found]})

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        negotiate(request, _JSON_ONLY)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        access = await self._services.access(request, create=True)
        call = functools.partial(_refusing, self._registry().create, access, document, document=document)
        made: KnownProfile = await self._services.run(call)
        location = location_of(f"{PREFIX}/profiles", made.profile.name)
        return json_response(describe(made), status=201, headers={"Location": location})

    async def get(self, request: Request) -> Response:
        query = read_query(request, GET)
        accept = negotiate(request, (JSON, TOML))
        version = query.integer("version", default=None, minimum=1, maximum=_MAX_VERSION)
        name = segment(request, "name")
        access = await self._services.access(request)
        found = await self._services.run(self._registry().get, access, name, version)
        if accept == TOML:
            return Response(export_toml(found), media_type=f"{TOML}; charset=utf-8")
        return json_response(describe(found))

    async def update(self, request: Request) -> Response:
        read_query(request, UPDATE)
        negotiate(request, _JSON_ONLY)
        name = segment(request, "name")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        access = await self._services.access(request)
        call = functools.partial(
            _refusing, self._registry().update, access, name, document, document=document
        )
        known, _ = await self._services.run(call)
        return json_response(describe(known))

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        name = segment(request, "name")
        access = await self._services.access(request)
        await self._services.run(self._registry().delete, access, name)
        return no_content()

    async def list_versions(self, request: Request) -> Response:
        read_query(request, VERSIONS)
        negotiate(request, _JSON_ONLY)
        name = segment(request, "name")
        access = await self._services.access(request)
        found = await self._services.run(self._registry().list_versions, access, name)
        return json_response({"versions": [{**summarise(one), "document": one.document} for one in found]})

    def _registry(self) -> ProfileRegistry:
        return ProfileRegistry(self._services.database)


def _refusing(call: Any, *args: Any, document: Any) -> Any:
    """Call, and answer a profile's fault with the place of the member."""
    try:
        return call(*args)
    except ProfileError as error:
        raise bad_profile(error, document) from error


def bad_profile(error: ProfileError, document: Any, prefix: str = "") -> BadRequestData:
    """Give the fault of a profile as the API answers it."""
    return BadRequestData(str(error), pointer=prefix + pointer_of(error, document))


def summarise(known: KnownProfile) -> dict[str, Any]:
    """Write a profile without its document."""
    profile = known.profile
    return {
        "name": profile.name,
        "version": profile.version,
        "latest": known.latest,
        "title": profile.title,
        "entityType": profile.entity_type,
        "builtIn": known.is_built_in,
        "devices": known.devices,
        "expectedIntervalS": profile.expected_interval_s,
        "codec": profile.codec,
        "validation": profile.validation,
        "fields": _fields(profile),
        "hints": list(profile.hints),
        "writtenAt": None if known.written_at is None else format_datetime(known.written_at),
        "writtenBy": known.written_by,
    }


def _fields(profile: Profile) -> list[Mapping[str, Any]]:
    return [
        {"key": each.key, "attribute": each.attribute, "unitCode": each.unit_code}
        for each in profile.fields.values()
    ]


def describe(known: KnownProfile) -> dict[str, Any]:
    """Write a profile as it is served."""
    return {**summarise(known), "document": known.document}
