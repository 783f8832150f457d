"""Messages of devices by HTTP: push, webhooks of network servers, the doors of the FIWARE IoT Agents."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.types import MAX_PAYLOAD_BYTES, DecodeError
from context_api.http.auth import choose_tenant
from context_api.http.calls import now_micros, read_query, segment
from context_api.http.doors import Presented, Speaker, read_credentials
from context_api.http.errors import Forbidden, Unauthorized
from context_api.http.ingestion import Pushed, client_host, reason_of
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.parameters import Query
from context_api.http.responses import json_response
from context_api.http.routes.ingest_description import FIWARE, FIWARE_ATTRIBUTE, FIWARE_GET, PUSH
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.policy.roles import Role
from context_api.store.deliveries_in import DeliveryKind, QuarantineReason
from devices.errors import DeviceUnknown
from devices.push import Push, UnfitPush, direct_topic, find_sender, gateway_topic, is_gateway, with_time

_JSON_ONLY = (JSON,)
_ADAPTERS = {"json": "iotagent_json", "d": "ultralight"}
_KEY_MAX = 255
_COUNTED = ("stored", "duplicate", "corrected", "ignored", "quarantined")


def ingest_router(services: Services) -> APIRouter:
    """Make the routes that messages come in by."""
    resource = _Ingest(services)
    router = new_router()
    add_route(router, "POST", "/api/v1/ingest/{device_id:segment}", resource.push, PUSH)
    for door, operation in FIWARE.items():
        add_route(router, "POST", f"/iot/{door}", resource.fiware, operation)
    for door, operation in FIWARE_ATTRIBUTE.items():
        add_route(router, "POST", f"/iot/{door}/attrs/{{attribute:segment}}", resource.fiware, operation)
    add_route(router, "GET", "/iot/d", resource.fiware_get, FIWARE_GET)
    return router


class _Ingest:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def push(self, request: Request) -> Response:
        query = read_query(request, PUSH)
        negotiate(request, _JSON_ONLY)
        device_id = segment(request, "device_id")
        receipt_key = _idempotency_key(request)
        speaker = await self._admit(request, device_id)
        payload = await self._services.bodies.read_bytes(request, MAX_PAYLOAD_BYTES)
        push = _tell(speaker, payload, query)._replace(
            receipt_key=receipt_key, sensor=_sensor(request.headers.get("x-sensor"))
        )
        return _answer(await self._services.ingestion.take(speaker, push))

    async def fiware(self, request: Request) -> Response:
        door = request.url.path.split("/")[2]
        attribute = "attribute" in request.path_params
        query = read_query(request, (FIWARE_ATTRIBUTE if attribute else FIWARE)[door])
        negotiate(request, _JSON_ONLY)
        last = segment(request, "attribute") if attribute else None
        speaker = await self._admit_application(request, query, _ADAPTERS[door])
        payload = await self._services.bodies.read_bytes(request, MAX_PAYLOAD_BYTES)
        return await self._take_fiware(speaker, query, payload, last)

    async def fiware_get(self, request: Request) -> Response:
        query = read_query(request, FIWARE_GET)
        negotiate(request, _JSON_ONLY)
        speaker = await self._admit_application(request, query, _ADAPTERS["d"])
        payload = _required(query, "d").encode()
        return await self._take_fiware(speaker, query, payload, None)

    async def _take_fiware(
        self, speaker: Speaker, query: Query, payload: bytes, attribute: str | None
    ) -> Response:
        time = query.text("t")
        try:
            topic = gateway_topic(speaker.device, _required(query, "i"), attribute)
            payload = payload if time is None else with_time(speaker.device.adapter, payload, time)
        except UnfitPush as error:
            raise BadRequestData(str(error)) from error
        push = Push(topic, payload, now_micros(), speaker.device.id)
        return _answer(await self._services.ingestion.take(speaker, push))

    async def _admit(self, request: Request, device_id: str) -> Speaker:
        shown = await self._shown(request)
        tenant: str = request.scope["machi.tenant"]  # among those that a key opens
        doors = self._services.ingestion.doors
        if shown is None and not doors.is_open:
            raise Unauthorized("Send the device's own user name and password (Basic), or a key (Bearer)")
        asked = None if shown is not None and shown.is_key else shown
        if doors.is_open:
            asked = None
        found = doors.recall(tenant, device_id, asked)
        if found is None:
            found = await self._services.run(doors.find, tenant, device_id, asked, client_host(request))
        if shown is not None and shown.is_key:
            await self._check_owner(request, found)
        return found

    async def _admit_application(self, request: Request, query: Query, adapter: str) -> Speaker:
        shown = await self._shown(request)
        doors = self._services.ingestion.doors
        doors.check_presented(shown)
        application = _required(query, "k")
        found = await self._services.run(
            doors.find_application, application, adapter, shown, client_host(request)
        )
        if shown is not None and shown.is_key:
            choose_tenant(request.scope["machi.principal"], found.device.tenant)
            await self._check_owner(request, found)
        return found

    async def _check_owner(self, request: Request, found: Speaker) -> None:
        """Refuse an operator's key for a device that is not its organisation's: to it, there is none such."""
        access = await self._services.device_access(request)
        if access.devices_of not in (None, found.device.owner):
            raise DeviceUnknown(f"There is no device {found.device.id!r:.80}")

    async def _shown(self, request: Request) -> Presented | None:
        """Read who calls; an API key is checked here and now."""
        if self._services.ingestion.doors.is_open:
            return None
        shown = read_credentials(request)
        if shown is not None and shown.is_key:
            principal = await self._services.admit(request)
            if principal.role not in (Role.ADMINISTRATOR, Role.OPERATOR):
                raise Forbidden("This key may not push messages")
        return shown


def _tell(speaker: Speaker, payload: bytes, query: Query) -> Push:
    """Give the message that a request stands for."""
    device, named, now = speaker.device, query.text("device"), now_micros()
    try:
        if not is_gateway(device):
            if named is not None:
                raise UnfitPush(f"{device.id} is no gateway: leave out the parameter device")
            return Push(direct_topic(device, speaker.gateway), payload, now, device.id)
        name = named or find_sender(device.adapter, payload)
        return Push(gateway_topic(device, name, query.text("event")), payload, now, device.id)
    except DecodeError as error:
        topic = f"http/{device.tenant}/{device.id}"
        return Push(topic, payload, now, device.id, fault=QuarantineReason(error.reason, error.detail))
    except UnfitPush as error:
        raise BadRequestData(str(error)) from error


def _answer(pushed: Pushed) -> Response:
    """Say what was committed: 200, or 202 where somebody has to look at it first."""
    outcome, delivery = pushed.outcome, pushed.delivery
    counts = {name: getattr(outcome, name) for name in _COUNTED}
    answer: dict[str, Any] = {
        "result": outcome.kind.name.lower(),
        "device": delivery.device_id or None,
        "values": {"received": sum(counts.values()), **counts},
    }
    reason = reason_of(pushed)
    if reason is not None:
        answer |= {"reason": reason.reason, "detail": reason.detail}
    elif delivery.ignored is not None:
        answer["reason"] = delivery.ignored
    kept = outcome.kind is DeliveryKind.QUARANTINED
    return json_response(answer, status=202 if kept else 200, headers={"Cache-Control": "no-store"})


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= _KEY_MAX or not key.isprintable():
        raise BadRequestData(f"Idempotency-Key has 1 to {_KEY_MAX} printable characters")
    return key


def _sensor(header: str | None) -> str | None:
    return None if header is None else header.strip()[:_KEY_MAX]


def _required(query: Query, name: str) -> str:
    text = query.text(name)
    if text is None:
        raise BadRequestData(f"The parameter {name} is missing")
    return text
