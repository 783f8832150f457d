"""Devices: registration with credentials, and what became of their messages."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.schemas import DEVICE, DEVICE_DRAFT, REGISTERED
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.time import format_datetime
from context_api.store.counters import DeviceCounters
from devices.model import Device, DeviceDraft, DeviceFilter, DeviceKind, Registered

PREFIX = "/api/v1"
_APPLIED_WAIT_S = 2.0
_WAITING_MAX = 64
_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1_000
_PATH = {"device_id": "aq-001"}
_JSON_ONLY = (JSON,)
_COUNTED = ("received", "stored", "duplicate", "corrected", "ignored", "quarantined")

REGISTER = Operation(
    id="registerDevice",
    tag="Devices",
    summary="Register a device",
    description="The answer holds the MQTT credentials, this once. They open only the device's own topic.",
    body=RequestBody(schema="DeviceDraft", example=DEVICE_DRAFT, media_types=_JSON_ONLY),
    answers={
        201: Answer(
            description="Registered",
            schema="RegisteredDevice",
            example=REGISTERED,
            headers={"Location": "The device's path"},
        )
    },
    errors=(406, 409),
)
LIST = Operation(
    id="listDevices",
    tag="Devices",
    summary="List devices",
    description="By id; `next` is the `after` of the next page.",
    accepts=("limit", "after", "text", "profile"),
    answers={
        200: Answer(
            description="A page of devices",
            schema="DeviceList",
            example={"devices": [DEVICE], "total": 1, "next": None},
        )
    },
    errors=(403, 404, 406),
)
GET = Operation(
    id="getDevice",
    tag="Devices",
    summary="Get a device and its counters",
    description="received = stored + duplicate + corrected + ignored + quarantined, for messages and values.",
    path_examples=_PATH,
    answers={200: Answer(description="The device", schema="Device", example=DEVICE)},
    errors=(400, 404, 406),
)
RETIRE = Operation(
    id="retireDevice",
    tag="Devices",
    summary="Retire a device",
    description="Its credentials are void at once; its entity and history stay.",
    path_examples=_PATH,
    answers={204: Answer(description="Retired")},
    errors=(400, 404),
)


def devices_router(services: Services) -> APIRouter:
    """Make the routes of devices."""
    resource = _Devices(services)
    router = new_router(PREFIX)
    one = "/devices/{device_id:segment}"
    add_route(router, "POST", "/devices", resource.register, REGISTER)
    add_route(router, "GET", "/devices", resource.list_page, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "DELETE", one, resource.retire, RETIRE)
    return router


class _Devices:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting = 0

    async def register(self, request: Request) -> Response:
        read_query(request, REGISTER)
        negotiate(request, _JSON_ONLY)
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        draft = _draft(document)
        access = await self._services.access(request, create=True)
        registered = await self._services.run(self._services.devices.register, access, draft)
        is_active = await self._wait_applied(registered.generation)
        answer = _registered(registered, self._services.settings.mqtt_url, is_active=is_active)
        location = location_of(f"{PREFIX}/devices", registered.device.id)
        return json_response(answer, status=201, headers={"Location": location, "Cache-Control": "no-store"})

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = query.integer("limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT)
        filters = DeviceFilter(profile=query.text("profile"), text=query.text("text"))
        access = await self._services.access(request)
        page = await self._services.run(
            self._services.devices.list,
            access,
            filters,
            limit=limit or _DEFAULT_LIMIT,
            after=query.text("after") or "",
        )
        return json_response(
            {
                "devices": [describe(device) for device in page.devices],
                "total": page.total,
                "next": page.next_after,
            }
        )

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        access = await self._services.access(request)
        device = await self._services.run(self._services.devices.get, access, device_id)
        counters = await self._services.run(self._services.store.get_device_counters, access, device_id)
        return json_response({**describe(device), **_describe_counters(counters)})

    async def retire(self, request: Request) -> Response:
        read_query(request, RETIRE)
        device_id = segment(request, "device_id")
        access = await self._services.access(request)
        generation = await self._services.run(self._services.devices.retire, access, device_id)
        await self._wait_applied(generation)
        return no_content()

    async def _wait_applied(self, generation: int) -> bool:
        """Wait until the broker knows of it, so that the credentials work when the answer arrives."""
        if not self._services.settings.auth:
            return True  # nobody is asked for a password
        if self._waiting >= _WAITING_MAX:
            return False
        self._waiting += 1
        try:
            return await asyncio.to_thread(self._services.devices.wait_applied, generation, _APPLIED_WAIT_S)
        finally:
            self._waiting -= 1


def _draft(document: Any) -> DeviceDraft:
    try:
        return msgspec.convert(document, DeviceDraft)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace("[...]", "/0").replace("[", "/").replace("]", "").replace(".", "/")
        raise BadRequestData(f"The device is not valid: {message}", pointer=pointer) from error


def describe(device: Device) -> dict[str, Any]:
    """Write a device as it is served; never its credentials."""
    return {
        "id": device.id,
        "kind": "gateway" if device.kind is DeviceKind.GATEWAY else "device",
        "profile": device.profile,
        "entityId": device.entity_id,
        "name": device.name,
        "location": device.location,
        "static": device.static,
        "expectedIntervalS": device.expected_interval_s,
        "adapter": device.adapter,
        "application": device.application,
        "gateway": device.gateway,
        "gatewayDevice": device.gateway_device,
        "createdAt": format_datetime(device.created_at),
        "modifiedAt": format_datetime(device.modified_at),
    }


def _describe_counters(counters: Sequence[DeviceCounters]) -> dict[str, Any]:
    """Write the counters; a device that never spoke has none."""
    found = msgspec.structs.asdict(counters[0]) if counters else {}
    last_seen = found.get("last_seen")
    return {
        "messages": {name: found.get(f"messages_{name}", 0) for name in _COUNTED},
        "values": {name: found.get(f"values_{name}", 0) for name in (*_COUNTED, "late")},
        "possibleRepeats": found.get("possible_repeats", 0),
        "lastSeen": None if last_seen is None else format_datetime(last_seen),
    }


def _registered(registered: Registered, mqtt_url: str | None, *, is_active: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": registered.device.id, "entityId": registered.device.entity_id}
    credentials = registered.credentials
    if credentials is not None:
        answer["mqtt"] = {
            "username": credentials.username,
            "password": credentials.password,
            "topic": credentials.topic,
            "active": is_active,
        }
        if mqtt_url is not None:
            answer["mqtt"]["url"] = mqtt_url
    return answer
