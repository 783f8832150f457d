"""What a partner sees of a subscription and does about it."""

import asyncio
from typing import Any, TypeVar

import msgspec
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_document, read_query, segment, subscription_segment
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Operation, add_route, new_router
from context_api.http.ownership import may_subscribe, owner_sight
from context_api.http.parameters import Query
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.responses import json_response
from context_api.http.routes import deliveries_description as described
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData, Conflict, NgsiLdError
from context_api.ngsild.model import Micros
from context_api.ngsild.time import format_datetime, parse_datetime
from context_api.notifications.delivery import MessageError
from context_api.notifications.trial import Trier
from context_api.store import deliveries_again as again
from context_api.store import deliveries_view as view
from context_api.store.access import Access
from context_api.store.deliveries import State
from context_api.store.deliveries_view import DeliveryView, Overview
from context_api.store.owners import Sight

PREFIX = "/api/v1"
_T = TypeVar("_T")
_JSON_ONLY = (JSON,)
_TESTS_MAX = 4
_STATE_NAMES = {State(number): name for name, number in described.STATES.items()}


_NOT_ACTIVE = {
    "disabled": "its organisation is disabled, or not in the tenant any more: it rests until that is undone",
    "denied": "nothing is granted to its organisation for the operation subscribe: nothing is matched",
    "expired": "it has expired",
}


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    """A body that must not hold more than is understood."""


class _ReplayOrder(_Order):
    ids: list[int] | None = None


class _CatchUpOrder(_Order):
    since: str | None = None
    sequence: int | None = None
    cursor: str | None = None


class _PauseOrder(_Order):
    reason: str = "paused by its owner"


class _Settings(_Order, rename="camel"):
    waiting_limit: int | msgspec.UnsetType | None = msgspec.UNSET


def deliveries_router(services: Services) -> APIRouter:
    """Make the routes of a subscription's deliveries."""
    resource = _Deliveries(services)
    router = new_router(PREFIX)
    one = "/subscriptions/{subscription_id:segment}"
    for method, path, endpoint, operation in (
        ("GET", "/subscriptions", resource.list_page, described.LIST),
        ("GET", one, resource.get, described.OVERVIEW_OF),
        ("PATCH", one, resource.change, described.CHANGE),
        ("GET", f"{one}/deliveries", resource.deliveries, described.DELIVERIES),
        ("GET", f"{one}/dead-letters", resource.dead_letters, described.DEAD_LETTERS),
        ("POST", f"{one}/dead-letters/replay", resource.replay, described.REPLAY),
        ("GET", f"{one}/dead-letters/{{delivery_id:segment}}", resource.dead_letter, described.DEAD_LETTER),
        ("POST", f"{one}/catch-up", resource.catch_up, described.CATCH_UP),
        ("POST", f"{one}/test", resource.test, described.TEST),
        ("POST", f"{one}/pause", resource.pause, described.PAUSE),
        ("POST", f"{one}/resume", resource.resume, described.RESUME),
        ("GET", f"{one}/statistics", resource.statistics, described.STATISTICS),
    ):
        add_route(router, method, path, endpoint, operation)
    return router


class _Deliveries:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._testing = asyncio.Semaphore(_TESTS_MAX)

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, described.LIST)
        negotiate(request, _JSON_ONLY)
        limit = _limit(query)
        access = await self._services.access(request)
        found = await self._services.run(
            view.list_overviews,
            self._services.database,
            access,
            limit=limit,
            after=query.text("after") or "",
        )
        following = found[-1].id if len(found) == limit else None
        shown = [self._describe(one, await self._sight(access, one)) for one in found]
        return json_response({"subscriptions": shown, "next": following})

    async def get(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.OVERVIEW_OF)
        return await self._overview(access, subscription_id)

    async def change(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.CHANGE)
        order = await self._read(request, _Settings)
        key = await self._key(access, subscription_id)
        if order.waiting_limit is not msgspec.UNSET:
            limit = order.waiting_limit
            if limit is not None and not 0 <= limit <= described.MAX_WAITING:
                raise BadRequestData(
                    f"waitingLimit is a number from 0 to {described.MAX_WAITING}", pointer="/waitingLimit"
                )
            await self._services.run(again.set_waiting_limit, self._services.database, key, limit)
        return await self._overview(access, subscription_id)

    async def deliveries(self, request: Request) -> Response:
        access, subscription_id, query = await self._begin(request, described.DELIVERIES)
        states = [_state(name) for name in query.items("state")]
        return await self._list(access, subscription_id, query, states, "deliveries")

    async def dead_letters(self, request: Request) -> Response:
        access, subscription_id, query = await self._begin(request, described.DEAD_LETTERS)
        return await self._list(access, subscription_id, query, [State.DEAD_LETTERED], "deadLetters")

    async def dead_letter(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.DEAD_LETTER)
        delivery_id = _number(segment(request, "delivery_id"))
        key = await self._key(access, subscription_id)
        database = self._services.database
        entity_id, row = await self._services.run(view.get_dead_letter, database, key, delivery_id)
        async with self._testing:
            notification = await self._trier(request).show(key, entity_id, row)
        return json_response(
            {
                "id": row.id,
                "entityId": entity_id or None,
                "sequence": row.change_seq or None,
                "notification": None if notification is None else _readable(notification),
            }
        )

    async def replay(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.REPLAY)
        order = await self._read(request, _ReplayOrder)
        ids = order.ids
        if ids is not None and not 1 <= len(ids) <= described.MAX_IDS:
            raise BadRequestData(f"ids is a list of 1 to {described.MAX_IDS} numbers", pointer="/ids")
        if any(not 0 <= one <= described.MAX_ID for one in ids or ()):
            raise BadRequestData("ids holds what is no id of a dead letter", pointer="/ids")
        key = await self._key(access, subscription_id)
        count = await self._services.run(again.replay_dead_letters, self._services.database, key, ids)
        return json_response({"replayed": count}, status=202)

    async def catch_up(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.CATCH_UP)
        cursor = _cursor(await self._read(request, _CatchUpOrder))
        services = self._services
        key = await self._key(access, subscription_id)
        overview = await services.run(view.get_overview, services.database, access, subscription_id)
        sight = await self._sight(access, overview)
        if (status := _status(overview, sight, now_micros())) != "active":
            refused = Conflict(f"the subscription is {status}: {_NOT_ACTIVE.get(status, 'resume it first')}")
            raise mark(refused, ProblemCode.SUBSCRIPTION_NOT_ACTIVE)
        stored = await services.run(services.store.get_subscription, access, subscription_id)
        done = await services.run(
            again.catch_up,
            services.database,
            access,
            key,
            stored.subscription,
            cursor,
            decode=services.store.decode_change,
            now=now_micros(),
            waiting_limit=self._waiting_limit(overview),
            sight=sight,
        )
        answer = {"scanned": done.scanned, "queued": done.queued, "next": done.cursor}
        return json_response(answer, status=202)

    async def test(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.TEST)
        key = await self._key(access, subscription_id)
        async with self._testing:
            try:
                tried = await self._trier(request).send(key)
            except MessageError as error:
                raise Conflict(f"no notification can be written: {error}") from error
        return json_response(
            {
                "delivered": tried.delivered,
                "status": tried.status,
                "error": tried.error,
                "requestMs": tried.duration_ms,
                "isSample": tried.is_sample,
                "headers": tried.headers,
                "notification": _readable(tried.body),
            }
        )

    async def pause(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.PAUSE)
        reason = (await self._read(request, _PauseOrder)).reason
        if not 1 <= len(reason) <= 500 or not reason.isprintable():
            raise BadRequestData("reason is one line of 1 to 500 characters", pointer="/reason")
        key = await self._key(access, subscription_id)
        await self._services.run(again.pause, self._services.database, access, key, reason)
        return await self._overview(access, subscription_id)

    async def resume(self, request: Request) -> Response:
        access, subscription_id, _ = await self._begin(request, described.RESUME)
        key = await self._key(access, subscription_id)
        await self._services.run(again.resume, self._services.database, access, key)
        return await self._overview(access, subscription_id)

    async def statistics(self, request: Request) -> Response:
        access, subscription_id, query = await self._begin(request, described.STATISTICS)
        hours = query.integer("hours", default=24, minimum=1, maximum=described.MAX_HOURS) or 24
        services = self._services
        overview = await services.run(view.get_overview, services.database, access, subscription_id)
        found = await services.run(view.get_statistics, services.database, overview.key, hours)
        return json_response(
            {
                "hours": [_describe_hour(hour) for hour in found.hours],
                "latencyMs": {
                    f"p{percent}": round(seconds * 1e3, 1) for percent, seconds in found.latency_s.items()
                },
                "waiting": max(0, overview.waiting),
                "oldestWaiting": _time(found.oldest_waiting),
            }
        )

    async def _begin(self, request: Request, operation: Operation) -> tuple[Access, str, Query]:
        query = read_query(request, operation)
        negotiate(request, _JSON_ONLY)
        subscription_id = subscription_segment(request)
        return await self._services.access(request), subscription_id, query

    async def _read(self, request: Request, kind: type[_T]) -> _T:
        document, _ = await read_document(request, self._services, _JSON_ONLY)
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            raise BadRequestData(f"The body is not valid: {error}", pointer="") from error

    async def _key(self, access: Access, subscription_id: str) -> int:
        return await self._services.run(view.find_key, self._services.database, access, subscription_id)

    async def _overview(self, access: Access, subscription_id: str) -> Response:
        found = await self._services.run(view.get_overview, self._services.database, access, subscription_id)
        return json_response(self._describe(found, await self._sight(access, found)))

    async def _sight(self, access: Access, overview: Overview) -> Sight | None:
        return await owner_sight(self._services, access.tenant_id, overview.owner)

    async def _list(
        self, access: Access, subscription_id: str, query: Query, states: list[State], name: str
    ) -> Response:
        limit = _limit(query)
        before = query.integer("before", default=None, minimum=1, maximum=described.MAX_ID)
        key = await self._key(access, subscription_id)
        found = await self._services.run(
            view.list_deliveries, self._services.database, key, limit=limit, before=before, states=states
        )
        following = found[-1].id if len(found) == limit else None
        return json_response({name: [_describe_delivery(one) for one in found], "next": following})

    def _trier(self, request: Request) -> Trier:
        settings = self._services.settings
        return Trier(
            self._services.database,
            self._services.outbound,
            public_url=(settings.public_url or str(request.base_url)).rstrip("/"),
            mail_server=settings.mail_server,
        )

    def _waiting_limit(self, overview: Overview) -> int:
        most = self._services.settings.waiting_per_subscription
        return most if overview.waiting_limit is None else min(most, overview.waiting_limit)

    def _describe(self, overview: Overview, sight: Sight | None) -> dict[str, Any]:
        rests_until = overview.endpoint_rests_until
        state = "resting" if rests_until else "failing" if overview.endpoint_failures else "ok"
        return {
            "id": overview.id,
            "organisation": overview.organisation,
            "status": (status := _status(overview, sight, now_micros())),
            "reason": _NOT_ACTIVE.get(status, overview.status_reason),
            "counts": {
                "matched": overview.matched,
                "delivered": overview.delivered,
                "coalesced": overview.coalesced,
                "waiting": overview.waiting,
                "deadLettered": overview.dead_lettered,
                "cancelled": overview.cancelled,
            },
            "deadLettersNotKept": overview.not_kept,
            "waitingLimit": self._waiting_limit(overview),
            "overLimitAt": _time(overview.over_limit_at),
            "lastSuccess": _time(overview.last_success),
            "lastFailure": _time(overview.last_failure),
            "lastError": overview.last_error,
            "endpoint": {
                "state": state,
                "failuresInARow": overview.endpoint_failures,
                "restsUntil": _time(rests_until),
            },
        }


def _status(overview: Overview, sight: Sight | None, now: Micros) -> str:
    if overview.expires_at is not None and overview.expires_at <= now:
        return "expired"
    if not overview.is_active:
        return "paused"
    if overview.is_disabled:
        return "disabled"
    return "active" if may_subscribe(sight) else "denied"


def _describe_delivery(one: DeliveryView) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": _STATE_NAMES[one.state],
        "kind": "periodic" if one.kind else "change",
        "entityId": one.entity_id or None,
        "sequence": one.sequence or None,
        "createdAt": format_datetime(one.created_at),
        "settledAt": _time(one.settled_at),
        "latencyMs": None if one.latency_s is None else round(one.latency_s * 1_000),
        "requestMs": one.duration_ms,
        "attempts": one.attempts,
        "status": one.status,
        "error": one.error,
        "replayed": one.replayed,
    }


def _describe_hour(hour: view.Hour) -> dict[str, Any]:
    return {
        "at": format_datetime(hour.at),
        "delivered": hour.delivered,
        "failedAttempts": hour.failed,
        "deadLettered": hour.dead_lettered,
        "coalesced": hour.coalesced,
        "cancelled": hour.cancelled,
    }


def _time(at: Micros | None) -> str | None:
    return None if at is None else format_datetime(at)


def _limit(query: Query) -> int:
    limit = query.integer("limit", default=described.DEFAULT_LIMIT, minimum=1, maximum=described.MAX_LIMIT)
    return limit or described.DEFAULT_LIMIT


def _state(name: str) -> State:
    if name not in described.STATES:
        known = ", ".join(described.STATES)
        raise BadRequestData(f"The state {name[:40]!r} is unknown; there are {known}")
    return State(described.STATES[name])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= described.MAX_ID):
        raise BadRequestData("the id of a dead letter is a number")
    return int(text)


def _cursor(order: _CatchUpOrder) -> str:
    given = [one for one in (order.since, order.sequence, order.cursor) if one is not None]
    if len(given) != 1:
        raise BadRequestData("give one of since, sequence and cursor", pointer="")
    if order.cursor is not None:
        return order.cursor
    if order.sequence is not None:
        if not 0 <= order.sequence <= described.MAX_ID:
            raise BadRequestData("sequence is a number from 0 on", pointer="/sequence")
        return again.begin_after(order.sequence)
    try:
        return again.begin_at_time(max(0, parse_datetime(order.since or "")))
    except (NgsiLdError, ValueError) as error:
        raise BadRequestData(f"since is no DateTime: {error}", pointer="/since") from error


def _readable(body: bytes) -> Any:
    """A notification as it is sent: JSON, or the text that a template made."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode()
