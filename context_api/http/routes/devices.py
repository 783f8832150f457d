"""Devices: registering, finding, editing, retiring; other hardware; what became of their messages."""

import asyncio
import re
from typing import Any, cast, get_args

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.parameters import Query
from context_api.http.responses import json_response, location_of, no_content
from context_api.http.routes.devices_description import (
    CHANGES,
    DEFAULT_RADIUS_M,
    EDIT,
    GET,
    JSON_ONLY,
    LIST,
    MAX_RADIUS_M,
    PATCH_TYPES,
    REGISTER,
    REPLACE_HARDWARE,
    RETIRE,
)
from context_api.http.routes.devices_view import (
    describe,
    describe_changes,
    describe_counters,
    describe_findings,
    describe_hardware,
    describe_registered,
)
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Micros
from context_api.ngsild.time import parse_datetime
from context_api.store.access import Access
from context_api.store.device_listing import MAX_OFFSET, SORT_KEYS, Box, Near, SortKey
from context_api.store.devices import DeviceState
from context_api.store.findings import list_findings
from devices.draft import draft_from_json, hardware_from_json
from devices.model import Device, DeviceFilter, DeviceKind, Registered

PREFIX = "/api/v1"
_APPLIED_WAIT_S = 2.0
_WAITING_MAX = 64
_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1_000
_MAX_NUMBER = 2**31 - 1
_STATES: tuple[str, ...] = get_args(DeviceState)
_KINDS = {"device": DeviceKind.DEVICE, "gateway": DeviceKind.GATEWAY}
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def devices_router(services: Services) -> APIRouter:
    """Make the routes of devices."""
    resource = _Devices(services)
    router = new_router(PREFIX)
    one = "/devices/{device_id:segment}"
    add_route(router, "POST", "/devices", resource.register, REGISTER)
    add_route(router, "GET", "/devices", resource.list_page, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PATCH", one, resource.edit, EDIT)
    add_route(router, "DELETE", one, resource.retire, RETIRE)
    add_route(router, "GET", f"{one}/changes", resource.list_changes, CHANGES)
    add_route(router, "POST", f"{one}/replace-hardware", resource.replace_hardware, REPLACE_HARDWARE)
    return router


class _Devices:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting = 0

    async def register(self, request: Request) -> Response:
        read_query(request, REGISTER)
        negotiate(request, JSON_ONLY)
        document, _ = await read_document(request, self._services, JSON_ONLY)
        draft = draft_from_json(document)
        access = await self._services.device_access(request, create=True)
        registered = await self._services.run(self._services.devices.register, access, draft)
        location = location_of(f"{PREFIX}/devices", registered.device.id)
        return await self._answer(registered, 201, {"Location": location})

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, JSON_ONLY)
        filters = _read_filter(query)
        page = _read_page(query)
        access = await self._services.device_access(request)
        answer = await self._services.run(self._list, access, filters, page)
        return json_response(answer)

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, JSON_ONLY)
        device_id = segment(request, "device_id")
        access = await self._services.device_access(request)
        device = await self._services.run(self._services.devices.get, access, device_id)
        return await self._shown(access, device)

    async def edit(self, request: Request) -> Response:
        read_query(request, EDIT)
        negotiate(request, JSON_ONLY)
        device_id = segment(request, "device_id")
        revision = _read_if_match(request)
        document, _ = await read_document(request, self._services, PATCH_TYPES)
        access = await self._services.device_access(request)
        device = await self._services.run(
            self._services.devices.edit, access, device_id, document, revision=revision
        )
        return await self._shown(access, device)

    async def retire(self, request: Request) -> Response:
        read_query(request, RETIRE)
        device_id = segment(request, "device_id")
        access = await self._services.device_access(request)
        generation = await self._services.run(self._services.devices.retire, access, device_id)
        await self._wait_applied(generation)
        return no_content()

    async def replace_hardware(self, request: Request) -> Response:
        read_query(request, REPLACE_HARDWARE)
        negotiate(request, JSON_ONLY)
        device_id = segment(request, "device_id")
        document, _ = await read_document(request, self._services, JSON_ONLY)
        draft = hardware_from_json(document)
        access = await self._services.device_access(request)
        replaced = await self._services.run(self._services.devices.replace_hardware, access, device_id, draft)
        return await self._answer(replaced, 200, {})

    async def list_changes(self, request: Request) -> Response:
        query = read_query(request, CHANGES)
        negotiate(request, JSON_ONLY)
        device_id = segment(request, "device_id")
        limit = query.integer("limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT)
        before = query.integer("before", default=None, minimum=1, maximum=_MAX_NUMBER)
        access = await self._services.device_access(request)
        page = await self._services.run(
            self._services.devices.list_changes,
            access,
            device_id,
            limit=limit or _DEFAULT_LIMIT,
            before=before,
        )
        return json_response(describe_changes(page))

    def _list(self, access: Access, filters: DeviceFilter, page: "_Page") -> dict[str, Any]:
        devices = self._services.devices
        found = devices.list(access, filters, **msgspec.structs.asdict(page))
        health = devices.health(access, found.devices)
        is_by_id = page.sort == "id" and not page.descending and page.offset == 0
        return {
            "devices": [describe(device, health[device.id]) for device in found.devices],
            "total": found.total,
            "next": found.next_after if is_by_id else None,
        }

    def _inspect(self, access: Access, device: Device) -> dict[str, Any]:
        devices = self._services.devices
        health = devices.health(access, [device])[device.id]
        counters = devices.counters(access, device.id)
        hardware = devices.list_hardware(access, device.id)
        return {
            **describe(device, health),
            **describe_counters(counters),
            "hardware": describe_hardware(hardware),
            "findings": describe_findings(list_findings(self._services.database, access, device.id)),
        }

    async def _shown(self, access: Access, device: Device) -> Response:
        answer = await self._services.run(self._inspect, access, device)
        return json_response(answer, headers={"ETag": _etag(device)})

    async def _answer(self, registered: Registered, status: int, headers: dict[str, str]) -> Response:
        """Answer with credentials, once the broker knows them."""
        is_active = await self._wait_applied(registered.generation)
        answer = describe_registered(registered, self._services.settings.mqtt_url, is_active=is_active)
        headers |= {"Cache-Control": "no-store", "ETag": _etag(registered.device)}
        return json_response(answer, status=status, headers=headers)

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


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    limit: int
    after: str
    offset: int
    sort: SortKey
    descending: bool


def _read_page(query: Query) -> _Page:
    limit = query.integer("limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT)
    offset = query.integer("offset", default=0, minimum=0, maximum=MAX_OFFSET)
    sort = query.text("sort") or "id"
    key = sort.removeprefix("-")
    if key not in SORT_KEYS:
        raise BadRequestData(
            f"The parameter sort is {sort[:40]!r}; it must be one of {', '.join(SORT_KEYS)}, with - before"
            " it for the other way round"
        )
    after = query.text("after") or ""
    if after and (sort != "id" or offset):
        raise BadRequestData("The parameter after is for the order by id, without offset")
    return _Page(
        limit=limit or _DEFAULT_LIMIT,
        after=after,
        offset=offset or 0,
        sort=cast("SortKey", key),
        descending=sort != key,
    )


def _read_filter(query: Query) -> DeviceFilter:
    states = query.items("state")
    for state in states:
        if state not in _STATES:
            raise BadRequestData(f"There is no state {state[:40]!r}; there are: {', '.join(_STATES)}")
    kind = query.text("kind")
    if kind is not None and kind not in _KINDS:
        raise BadRequestData(f"The parameter kind is {kind[:40]!r}; it must be device or gateway")
    return DeviceFilter(
        kind=None if kind is None else _KINDS[kind],
        profile=query.text("profile"),
        gateway=query.text("gateway"),
        owner=query.text("owner"),
        tags=query.items("tag"),
        states=cast("tuple[DeviceState, ...]", states) or None,
        text=query.text("text"),
        seen_after=_read_time(query, "lastSeenAfter"),
        seen_before=_read_time(query, "lastSeenBefore"),
        near=_read_near(query),
        bbox=_read_bbox(query),
        retired=None if "retired" in states else False,
    )


def _read_time(query: Query, name: str) -> Micros | None:
    text = query.text(name)
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except BadRequestData as error:
        raise BadRequestData(f"The parameter {name}: {error.detail}") from error


def _read_near(query: Query) -> Near | None:
    place = _read_numbers(query, "near", "longitude,latitude", 2)
    radius = query.integer("radius", default=None, minimum=1, maximum=MAX_RADIUS_M)
    if place is None:
        if radius is not None:
            raise BadRequestData("The parameter radius is for near, which is not given")
        return None
    _check_place("near", *place)
    return Near(place[0], place[1], float(radius or DEFAULT_RADIUS_M))


def _read_bbox(query: Query) -> Box | None:
    numbers = _read_numbers(query, "bbox", "west,south,east,north", 4)
    if numbers is None:
        return None
    box = Box(*numbers)
    _check_place("bbox", box.west, box.south)
    _check_place("bbox", box.east, box.north)
    if box.west > box.east or box.south > box.north:
        raise BadRequestData("The parameter bbox is west,south,east,north; the smaller numbers stand first")
    return box


def _read_numbers(query: Query, name: str, form: str, count: int) -> list[float] | None:
    text = query.text(name)
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text[:200].split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise BadRequestData(f"The parameter {name} is {text[:80]!r}; it must be {form}, in degrees")
    return numbers


def _check_place(name: str, longitude: float, latitude: float) -> None:
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):  # NaN is not either
        raise BadRequestData(
            f"The parameter {name}: [{longitude}, {latitude}] is not on Earth; the longitude stands first"
        )


def _etag(device: Device) -> str:
    return f'"{device.revision}"'


def _read_if_match(request: Request) -> int | None:
    """Give the revision that an edit is meant for; None: any. Raises BadRequestData."""
    text = request.headers.get("if-match")
    if text is None or text.strip() == "*":
        return None
    match = _ETAG.fullmatch(text.strip())
    if match is None:
        raise BadRequestData(f'If-Match is {text[:40]!r}; it must be the device\'s ETag, such as "3", or *')
    return int(match[1])
