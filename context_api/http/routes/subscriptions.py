"""Subscriptions (clause 5.8): one counts from its 201 (design, promise 4)."""

import ipaddress
from collections.abc import Sequence

from fastapi import APIRouter
from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import now_micros, read_ld_object, read_query, uri_segment
from context_api.http.negotiation import LD_JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.representation import read_options
from context_api.http.responses import created, ld_response, no_content, page_links
from context_api.http.schemas import SUBSCRIPTION, SUBSCRIPTION_ID
from context_api.http.services import Services
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.subscription import parse_subscription, render_subscription
from context_api.notifications.headers import refuse_header
from context_api.notifications.outbound import OutboundPolicy, OutboundRefused

PREFIX = "/ngsi-ld/v1"
_PATH = {"subscription_id": SUBSCRIPTION_ID}
_HEADERS = ("NGSILD-Tenant", "Link")
_MEDIA_TYPES = ("application/json", "application/ld+json")
_SYS_ATTRS = {
    "options": Parameter(
        description="sysAttrs: createdAt and modifiedAt too",
        schema={"type": "array", "items": {"enum": ["sysAttrs"]}},
        example=["sysAttrs"],
        is_list=True,
    )
}

CREATE = Operation(
    id="createSubscription",
    tag="Subscriptions",
    summary="Subscribe",
    description="Every matching change that commits after the answer is delivered. Clause 5.8.1.",
    body=RequestBody(schema="SubscriptionDraft", example=SUBSCRIPTION),
    answers={201: Answer(description="Created", headers={"Location": "The subscription's path"})},
    errors=(409, 422, 504),
    headers=_HEADERS,
)
LIST = Operation(
    id="listSubscriptions",
    tag="Subscriptions",
    summary="List subscriptions",
    description="In the order of their creation. Clause 5.8.4.",
    accepts=("limit", "offset", "count", "options"),
    overrides=_SYS_ATTRS,
    answers={
        200: Answer(
            description="A page of subscriptions",
            schema="SubscriptionList",
            example=[SUBSCRIPTION],
            media_types=_MEDIA_TYPES,
            headers={"NGSILD-Results-Count": "With count=true"},
        )
    },
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
RETRIEVE = Operation(
    id="retrieveSubscription",
    tag="Subscriptions",
    summary="Retrieve a subscription",
    description="With its status and what became of its notifications. Clause 5.8.3.",
    path_examples=_PATH,
    accepts=("options",),
    overrides=_SYS_ATTRS,
    answers={
        200: Answer(
            description="The subscription",
            schema="Subscription",
            example=SUBSCRIPTION,
            media_types=_MEDIA_TYPES,
        )
    },
    errors=(404, 406, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteSubscription",
    tag="Subscriptions",
    summary="Delete a subscription",
    description="No change that commits after the answer is notified. Clause 5.8.5.",
    path_examples=_PATH,
    answers={204: Answer(description="Deleted")},
    errors=(400, 404),
)


def subscriptions_router(services: Services) -> APIRouter:
    """Make the routes of subscriptions."""
    resource = _Subscriptions(services)
    router = new_router(PREFIX)
    one = "/subscriptions/{subscription_id:segment}"
    add_route(router, "POST", "/subscriptions", resource.create, CREATE)
    add_route(router, "GET", "/subscriptions", resource.list_page, LIST)
    add_route(router, "GET", one, resource.retrieve, RETRIEVE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Subscriptions:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        document, context = await read_ld_object(request, self._services)
        subscription = parse_subscription(document, context, now_micros())
        check_endpoint(self._services.outbound, subscription.notification.endpoint.uri)
        check_receiver_info(subscription.notification.endpoint.receiver_info)
        if subscription.jsonld_context is not None:
            # Fetched now: the notifier takes it from the database and fetches nothing
            contexts = self._services.contexts
            await contexts.of_value(
                subscription.jsonld_context,
                contexts.own_address(request),
                tenant=request.scope["machi.tenant"],
            )
        access = await self._services.access(request, create=True)
        if subscription.jsonld_context is None:
            url = await self._services.contexts.publish(request, access, context.source)
            subscription = structs.replace(subscription, jsonld_context=url)
        store = self._services.store
        await self._services.run(store.create_subscription, access, subscription, context.source)
        return created(f"{PREFIX}/subscriptions", subscription.id)

    async def list_page(self, request: Request) -> Response:
        query = read_query(request, LIST)
        accept = negotiate(request)
        options = read_options(query, ("sysAttrs",))
        limit, offset, count = query.page()
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found, total = await self._services.run(
            self._services.store.list_subscriptions, access, limit=limit, offset=offset
        )
        now = now_micros()
        documents = [
            render_subscription(
                one.subscription, one.state, context, now=now, sys_attrs="sysAttrs" in options
            )
            for one in found
        ]
        links = page_links(
            f"{PREFIX}/subscriptions",
            query.without_page(),
            limit=limit,
            offset=offset,
            has_more=total > offset + limit,
            media_type=LD_JSON,
        )
        headers = {"NGSILD-Results-Count": str(total)} if count else None
        return ld_response(documents, context, accept, headers=headers, links=links)

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        accept = negotiate(request)
        options = read_options(query, ("sysAttrs",))
        subscription_id = uri_segment(request, "subscription_id", "a subscription's id")
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found = await self._services.run(self._services.store.get_subscription, access, subscription_id)
        document = render_subscription(
            found.subscription, found.state, context, now=now_micros(), sys_attrs="sysAttrs" in options
        )
        return ld_response(document, context, accept)

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        subscription_id = uri_segment(request, "subscription_id", "a subscription's id")
        access = await self._services.access(request)
        await self._services.run(self._services.store.delete_subscription, access, subscription_id)
        return no_content()


def check_endpoint(policy: OutboundPolicy, uri: str) -> None:
    """Refuse at once what can never be delivered. Raises BadRequestData.

    Names are not resolved here: what they point to may change, and the notifier checks it at each call.
    """
    pointer = "/notification/endpoint/uri"
    try:
        host = policy.parse(uri).host.strip("[]")
    except OutboundRefused as error:
        raise BadRequestData(f"The endpoint cannot be called: {error}", pointer=pointer) from error
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not policy.permits(address):
        raise BadRequestData(
            "The endpoint's address is not public; an operator can allow its network in MACHI_OUTBOUND_ALLOW",
            pointer=pointer,
        )


def check_receiver_info(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse headers that the notifier would leave out. Raises BadRequestData."""
    for index, pair in enumerate(pairs):
        reason = refuse_header(*pair)
        if reason is not None:
            raise BadRequestData(reason, pointer=f"/notification/endpoint/receiverInfo/{index}")
