"""Groups whose unknown devices may wait, and the devices that wait for approval."""

import asyncio
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.responses import json_response, no_content
from context_api.http.routes.waiting_description import (
    APPROVE,
    DEFAULT_LIMIT,
    DELETE_GROUP,
    LIST,
    LIST_GROUPS,
    MAX_LIMIT,
    PUT_GROUP,
    REJECT,
)
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.time import format_datetime, parse_datetime
from context_api.store.waiting import Group, WaitingDevice
from devices.model import Registered
from devices.waiting import Approval, GroupDraft, WaitingRoom

_JSON_ONLY = (JSON,)
_APPLIED_WAIT_S = 2.0
_STATES = ("waiting", "approved", "rejected")
_ONCE = {"Cache-Control": "no-store"}
_Draft = TypeVar("_Draft")


def waiting_router(services: Services) -> APIRouter:
    """Make the routes of groups and waiting devices."""
    resource = _Waiting(services)
    router = new_router("/api/v1")
    group, one = "/device-groups/{group_id:segment}", "/waiting-devices/{group_id:segment}/{name:segment}"
    add_route(router, "GET", "/device-groups", resource.list_groups, LIST_GROUPS)
    add_route(router, "PUT", group, resource.put_group, PUT_GROUP)
    add_route(router, "DELETE", group, resource.delete_group, DELETE_GROUP)
    add_route(router, "GET", "/waiting-devices", resource.list_page, LIST)
    add_route(router, "POST", f"{one}/approve", resource.approve, APPROVE)
    add_route(router, "POST", f"{one}/reject", resource.reject, REJECT)
    return router


class _Waiting:
    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _room(self) -> WaitingRoom:
        services = self._services
        return WaitingRoom(services.database, services.devices, services.ingestion.quarantine)

    async def list_groups(self, request: Request) -> Response:
        read_query(request, LIST_GROUPS)
        negotiate(request, _JSON_ONLY)
        access = await self._services.access(request)
        groups = await self._services.run(self._room.list_groups, access)
        return json_response({"groups": [describe_group(group) for group in groups]})

    async def put_group(self, request: Request) -> Response:
        read_query(request, PUT_GROUP)
        negotiate(request, _JSON_ONLY)
        group_id = segment(request, "group_id")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = _convert(document, GroupDraft)
        expires_at = None
        if draft.expires_at is not None:
            expires_at = parse_datetime(draft.expires_at, pointer="/expiresAt")
        access = await self._services.access(request)
        group, registered = await self._services.run(
            self._room.put_group, access, group_id, draft, expires_at
        )
        answer = describe_group(group)
        if registered is not None:
            answer["mqtt"] = await self._credentials(registered)
        return json_response(answer, status=200 if registered is None else 201, headers=_ONCE)

    async def delete_group(self, request: Request) -> Response:
        read_query(request, DELETE_GROUP)
        group_id = segment(request, "group_id")
        access = await self._services.access(request)
        await self._services.run(self._room.remove_group, access, group_id)
        return no_content()

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = query.integer("limit", default=DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT) or DEFAULT_LIMIT
        state = query.text("state") or "waiting"
        if state not in _STATES:
            raise BadRequestData(f"state is one of {', '.join(_STATES)}, not {state[:40]!r}")
        gateway, _, name = (query.text("after") or "").partition("/")
        access = await self._services.access(request)
        found = await self._services.run(
            self._room.list_waiting,
            access,
            gateway=query.text("group"),
            state=state,
            after=(gateway, name),
            limit=limit,
        )
        following = {"next": f"{found[-1].gateway}/{found[-1].name}"} if len(found) == limit else {}
        return json_response({"devices": [describe_waiting(one) for one in found], **following})

    async def approve(self, request: Request) -> Response:
        read_query(request, APPROVE)
        negotiate(request, _JSON_ONLY)
        group_id, name = segment(request, "group_id"), segment(request, "name")
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        approval = _convert(document, Approval)
        access = await self._services.access(request)
        approved = await self._services.run(self._room.approve, access, group_id, name, approval)
        device = approved.registered.device
        answer: dict[str, Any] = {"id": device.id, "entityId": device.entity_id}
        if approved.registered.credentials is not None:
            answer["mqtt"] = await self._credentials(approved.registered)
        return json_response(answer | {"replayed": approved.replayed}, status=201, headers=_ONCE)

    async def reject(self, request: Request) -> Response:
        read_query(request, REJECT)
        negotiate(request, _JSON_ONLY)
        group_id, name = segment(request, "group_id"), segment(request, "name")
        access = await self._services.access(request)
        discarded = await self._services.run(self._room.reject, access, group_id, name)
        return json_response({"discarded": discarded})

    async def _credentials(self, registered: Registered) -> dict[str, Any]:
        """Write credentials, once the broker knows them (or a moment has passed)."""
        credentials = registered.credentials
        is_active = not self._services.settings.auth or await asyncio.to_thread(
            self._services.devices.wait_applied, registered.generation, _APPLIED_WAIT_S
        )
        shown: dict[str, Any] = {"active": is_active}
        if credentials is not None:
            topic = credentials.topic.replace("/+/", "/{device}/")
            shown |= {
                "username": credentials.username,
                "password": credentials.password,
                "topic": topic,
            }
        if self._services.settings.mqtt_url is not None:
            shown["url"] = self._services.settings.mqtt_url
        return shown


def describe_group(group: Group) -> dict[str, Any]:
    """Write a group as it is served; never its key."""
    return {
        "id": group.id,
        "adapter": group.adapter,
        "application": group.application,
        "profile": group.profile,
        "prefix": group.prefix,
        "maxDevices": group.max_devices,
        "expiresAt": None if group.expires_at is None else _time(group.expires_at),
        "createdAt": _time(group.created_at),
        "devices": {"waiting": group.waiting, "approved": group.approved, "rejected": group.rejected},
    }


def describe_waiting(waiting: WaitingDevice) -> dict[str, Any]:
    """Write one that waits, with the first message that is kept of it."""
    shown: dict[str, Any] = {
        "group": waiting.gateway,
        "name": waiting.name,
        "state": waiting.state,
        "profile": waiting.profile,
        "messages": waiting.messages,
        "bytes": waiting.size,
        "firstSeen": _time(waiting.first_seen),
        "lastSeen": _time(waiting.last_seen),
        "sample": None if waiting.sample is None else waiting.sample.decode("utf-8", "replace"),
    }
    return shown if waiting.device_id is None else {**shown, "deviceId": waiting.device_id}


def _convert(document: Any, kind: type[_Draft]) -> _Draft:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        pointer = "/" + path.strip("`.").partition("[")[0].replace(".", "/")
        raise BadRequestData(text, pointer=pointer if path else "") from error


def _time(moment: datetime) -> str:
    return format_datetime(round(moment.timestamp() * 1e6))
