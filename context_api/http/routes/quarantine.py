"""The quarantine: what could not be understood, why, and a second chance for it."""

import base64
from collections import Counter
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_document, read_query, segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import add_route, new_router
from context_api.http.parameters import Query
from context_api.http.responses import json_response
from context_api.http.routes.quarantine_description import (
    COUNT,
    DEFAULT_LIMIT,
    DISCARD,
    GET,
    LIST,
    MAX_ID,
    REPLAY,
)
from context_api.http.services import Services
from context_api.ngsild.changes import Reading
from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime, parse_datetime
from context_api.store import quarantine as store
from context_api.store.access import Access
from context_api.store.deliveries_in import Delivery
from context_api.store.quarantine import Kept, QuarantineFilter
from devices.quarantine import MAX_REPLAYED, QuarantineDesk, Replayed

_JSON_ONLY = (JSON,)
_PREFIX = "/api/v1/quarantine"


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a replay or a discard."""

    ids: tuple[int, ...] = ()
    device: str | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None
    after: int = 0
    limit: int = MAX_REPLAYED

    @property
    def filters(self) -> QuarantineFilter:
        """Raises BadRequestData."""
        return QuarantineFilter(
            device_id=self.device,
            reason=self.reason,
            since=_time(self.since, "since"),
            until=_time(self.until, "until"),
        )


def quarantine_router(services: Services) -> APIRouter:
    """Make the routes of the quarantine."""
    resource = _Quarantine(services)
    router = new_router()
    add_route(router, "GET", _PREFIX, resource.list_page, LIST)
    add_route(router, "GET", f"{_PREFIX}/reasons", resource.count, COUNT)
    add_route(router, "POST", f"{_PREFIX}/replay", resource.replay, REPLAY)
    add_route(router, "POST", f"{_PREFIX}/discard", resource.discard, DISCARD)
    add_route(router, "GET", f"{_PREFIX}/{{message_id:segment}}", resource.get, GET)
    return router


class _Quarantine:
    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _desk(self) -> QuarantineDesk:
        return self._services.ingestion.quarantine

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, _JSON_ONLY)
        limit = query.integer("limit", default=DEFAULT_LIMIT, minimum=1, maximum=1_000)
        before = query.integer("before", default=None, minimum=1, maximum=MAX_ID)
        filters = _read_filters(query)
        access = await self._services.access(request)
        found = await self._services.run(
            store.list_messages,
            self._services.database,
            access,
            filters,
            limit=limit or DEFAULT_LIMIT,
            before=before,
        )
        return json_response({"messages": [describe(message) for message in found]})

    async def count(self, request: Request) -> Response:
        query = read_query(request, COUNT)
        negotiate(request, _JSON_ONLY)
        filters = _read_filters(query)
        access = await self._services.access(request)
        database = self._services.database
        reasons = await self._services.run(store.count_reasons, database, access, filters)
        dropped = await self._services.run(store.list_dropped, database, access)
        return json_response(describe_counts(reasons, dropped))

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, _JSON_ONLY)
        text = segment(request, "message_id")
        access = await self._services.access(request)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        found = await self._services.run(self._desk.inspect, access, number)
        if found is None:
            raise ResourceNotFound(f"There is no quarantined message {text[:40]!r}")
        return json_response(inspected(*found))

    async def replay(self, request: Request) -> Response:
        read_query(request, REPLAY)
        negotiate(request, _JSON_ONLY)
        selection = await self._selection(request)
        filters = selection.filters
        access = await self._services.access(request)
        if selection.ids:
            report = await self._services.run(self._desk.replay, access, selection.ids)
        else:
            report = await self._services.run(
                self._desk.replay_matching, access, filters, after=selection.after, limit=selection.limit
            )
        counts = Counter(one.result for one in report.messages)
        return json_response(
            {
                "counts": dict(sorted(counts.items())),
                "messages": [_describe_replayed(one) for one in report.messages],
                "next": report.last_id if report.has_more else None,
            }
        )

    async def discard(self, request: Request) -> Response:
        read_query(request, DISCARD)
        negotiate(request, _JSON_ONLY)
        selection = await self._selection(request)
        filters = selection.filters
        access = await self._services.access(request)
        following: int | None = None
        ids = selection.ids
        if not ids:
            ids, following = await self._services.run(self._find, access, selection, filters)
        discarded = await self._services.run(store.discard, self._services.database, access, ids)
        return json_response({"discarded": discarded, "next": following})

    def _find(
        self, access: Access, selection: Selection, filters: QuarantineFilter
    ) -> tuple[tuple[int, ...], int | None]:
        found = store.list_oldest(
            self._services.database, access, filters, limit=selection.limit + 1, after=selection.after
        )
        ids = tuple(one.id for one in found[: selection.limit])
        return ids, ids[-1] if len(found) > len(ids) else None

    async def _selection(self, request: Request) -> Selection:
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        try:
            selection = msgspec.convert(document, Selection)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$")
            raise BadRequestData(text, pointer="/" + path.strip("`.").partition("[")[0]) from error
        named = (selection.device, selection.reason, selection.since, selection.until)
        if bool(selection.ids) == any(one is not None for one in named):
            raise BadRequestData(
                "Give either ids, or at least one of device, reason, since, until", pointer=""
            )
        if len(selection.ids) > MAX_REPLAYED or not all(0 < one <= MAX_ID for one in selection.ids):
            raise BadRequestData(f"ids has at most {MAX_REPLAYED} numbers above 0", pointer="/ids")
        if not 0 < selection.limit <= MAX_REPLAYED:
            raise BadRequestData(f"limit is 1 to {MAX_REPLAYED}", pointer="/limit")
        if not 0 <= selection.after <= MAX_ID:
            raise BadRequestData("after is the `next` of a former answer", pointer="/after")
        for member in ("device", "reason"):
            if "\0" in (getattr(selection, member) or ""):
                raise BadRequestData("The character U+0000 cannot be stored", pointer=f"/{member}")
        return selection


def describe(message: Kept) -> dict[str, Any]:
    """Write a message as it is served."""
    try:
        payload, encoding = message.payload.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        payload, encoding = base64.b64encode(message.payload).decode(), "base64"
    return {
        "id": message.id,
        "deviceId": message.device_id,
        "topic": message.topic,
        "payload": payload,
        "payloadEncoding": encoding,
        "payloadSize": message.payload_size,
        "reason": message.reason,
        "detail": message.detail,
        "values": message.value_count,
        "arrivedAt": format_datetime(message.arrived_at),
        "replayedAt": None if message.replayed_at is None else format_datetime(message.replayed_at),
        "outcome": message.outcome,
    }


def inspected(message: Kept, delivery: Delivery) -> dict[str, Any]:
    """Write a message and what it would become."""
    now: dict[str, Any] = {
        "result": "stored"
        if delivery.readings
        else "ignored"
        if delivery.quarantine is None
        else "quarantined",
        "values": delivery.values,
        "readings": [_describe_reading(one) for one in delivery.readings],
    }
    if delivery.quarantine is not None:
        now |= {"reason": delivery.quarantine.reason, "detail": delivery.quarantine.detail}
    elif delivery.ignored is not None:
        now["reason"] = delivery.ignored
    return {
        **describe(message),
        "payloadHex": message.payload.hex(),
        "isComplete": len(message.payload) == message.payload_size,
        "retained": message.retained,
        "now": now,
    }


def describe_counts(reasons: list[store.ReasonCount], dropped: list[store.Dropped]) -> dict[str, Any]:
    """Write the counts by reason."""
    return {
        "reasons": [
            {
                "reason": one.reason,
                "messages": one.messages,
                "devices": one.devices,
                "bytes": one.bytes,
                "firstAt": format_datetime(one.first_at),
                "lastAt": format_datetime(one.last_at),
            }
            for one in reasons
        ],
        "dropped": [
            {
                "reason": one.reason,
                "cause": one.cause,
                "messages": one.messages,
                "bytes": one.bytes,
                "lastAt": format_datetime(one.last_at),
            }
            for one in dropped
        ],
    }


def _describe_reading(reading: Reading) -> dict[str, Any]:
    """Short names: what the profile made of the values, for people."""
    attributes: dict[str, Any] = {}
    for name, instances in reading.attributes.items():
        for instance in instances:
            shown: dict[str, Any] = {"value": instance.value}
            if instance.unit_code is not None:
                shown["unitCode"] = instance.unit_code
            if instance.observed_at is not None:
                shown["observedAt"] = format_datetime(instance.observed_at)
            attributes[name.rpartition("/")[2]] = shown
    return {"entityId": reading.entity_id, "attributes": attributes}


def _describe_replayed(one: Replayed) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": one.id, "deviceId": one.device_id, "result": one.result}
    if one.reason is not None:
        shown["reason"] = one.reason
    if one.detail is not None:
        shown["detail"] = one.detail
    return shown


def _read_filters(query: Query) -> QuarantineFilter:
    return QuarantineFilter(
        device_id=query.text("device"),
        reason=query.text("reason"),
        since=_time(query.text("since"), "since"),
        until=_time(query.text("until"), "until"),
        replayed=query.flag("replayed"),
    )


def _time(text: str | None, name: str) -> Micros | None:
    try:
        return None if text is None else parse_datetime(text)
    except BadRequestData as error:
        raise BadRequestData(f"{name}: {error.detail}") from error
