"""What a subscription that is being written would match now. Never writes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_ld_object, read_query
from context_api.http.errors import Unavailable
from context_api.http.negotiation import JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.responses import json_response
from context_api.http.services import Services
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import Entity
from context_api.ngsild.represent import to_key_values
from context_api.ngsild.subscription import Subscription, parse_subscription
from context_api.notifications.periodic import query_of
from context_api.store.access import Access
from context_api.store.errors import StoreTimeout
from context_api.store.reading import Page
from context_api.tabular.labels import short_name

PREFIX = "/api/v1"
MAX_SAMPLES = 5
MAX_ATTRIBUTES = 8
"""Of a sample, where the draft watches no attributes."""
PREVIEWS_MAX = 4
"""So many are worked on at the same time by one process: each may look at every entity."""
_RETRY_S = 2
_NOWHERE = {"endpoint": {"uri": "https://preview.invalid/"}}
_SELECTS_NOTHING = ("notification", "id", "expiresAt", "isActive")
"""Members that say nothing of what matches; they may be wrong or missing yet."""

_DRAFT = {
    "type": "Subscription",
    "entities": [{"type": "AirQualityObserved"}],
    "watchedAttributes": ["pm25"],
    "q": "pm25>35",
}
_PREVIEW = {
    "count": 3,
    "samples": [
        {
            "id": "urn:ngsi-ld:AirQualityObserved:aq-001",
            "type": "AirQualityObserved",
            "name": "北口",
            "pm25": 41.2,
        }
    ],
}
PREVIEW = Operation(
    id="previewSubscription",
    tag="Subscriptions",
    summary="Count what a subscription would match now",
    description="A draft of a subscription, of which `notification` and `id` are not looked at: how many"
    " entities are as it asks at this moment, and some of them with the attributes that it watches. `count`"
    " is null where counting takes too long. What is notified is changes: this says of whom, not how often.",
    body=RequestBody(schema="SubscriptionDraftToPreview", example=_DRAFT),
    answers={200: Answer(description="What matches", schema="SubscriptionPreview", example=_PREVIEW)},
    errors=(403, 404, 406, 422, 504),
    headers=("NGSILD-Tenant", "Link"),
)
PREVIEW_SCHEMAS: dict[str, Any] = {
    "SubscriptionDraftToPreview": {"type": "object", "minProperties": 1},
    "SubscriptionPreview": {
        "type": "object",
        "required": ["samples"],
        "properties": {
            "count": {"type": ["integer", "null"], "minimum": 0},
            "samples": {
                "type": "array",
                "maxItems": MAX_SAMPLES,
                "items": {
                    "type": "object",
                    "required": ["id", "type"],
                    "properties": {"id": {"type": "string"}, "type": {"type": ["string", "array"]}},
                },
            },
        },
    },
}


def subscription_preview_router(services: Services) -> APIRouter:
    """Make the route of previews."""
    resource = _Previews(services)
    router = new_router(PREFIX)
    add_route(router, "POST", "/subscriptions/preview", resource.preview, PREVIEW)
    return router


class _Previews:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._running = 0

    async def preview(self, request: Request) -> Response:
        read_query(request, PREVIEW)
        negotiate(request, (JSON,))
        document, context = await read_ld_object(request, self._services)
        draft = parse_subscription(_complete(document), context, now_micros())
        access = await self._services.access(request)
        with self._room():
            page = await self._look(access, draft)
        samples = [_show(one, draft, context) for one in page.items]
        return json_response({"count": page.count, "samples": samples})

    async def _look(self, access: Access, draft: Subscription) -> Page:
        query = query_of(draft, MAX_SAMPLES, count=True)
        try:
            return await self._services.run(self._services.store.query_entities, access, query)
        except StoreTimeout:
            return Page([], None)

    @contextmanager
    def _room(self) -> Iterator[None]:
        if self._running >= PREVIEWS_MAX:
            raise Unavailable("Too many subscriptions are being previewed", retry_after_s=_RETRY_S)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


def _complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Leave what selects, and add what a subscription has to have."""
    kept = {name: value for name, value in document.items() if name not in _SELECTS_NOTHING}
    return {"type": "Subscription", **kept, "notification": _NOWHERE}


def _show(entity: Entity, draft: Subscription, context: Context) -> dict[str, Any]:
    """Write what tells an entity apart: its name, and what is watched."""
    watched = draft.watched_attributes or tuple(entity.attributes)[:MAX_ATTRIBUTES]
    named = {name for name in entity.attributes if short_name(name) == "name"}
    return to_key_values(entity, context, attrs={*watched, *named})
