"""Subscriptions (clause 5.8): one counts from its 201 (design, promise 4)."""

import asyncio
import ipaddress

from fastapi import APIRouter
from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import PATCH_TYPES, now_micros, read_ld_object, read_query, subscription_segment
from context_api.http.negotiation import LD_JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.ownership import check_owner, may_subscribe, owner_sight
from context_api.http.parameters import Parameter
from context_api.http.preferences import read_preferences
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.representation import read_options
from context_api.http.responses import created, ld_response, no_content, page_links
from context_api.http.schemas_subscriptions import SUBSCRIPTION, SUBSCRIPTION_ID
from context_api.http.services import Services
from context_api.ngsild.alert import SUBSCRIPTION_PREFIX, is_feeding
from context_api.ngsild.downgrade import parse_version
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.subscription import (
    Endpoint,
    SubscriptionState,
    change_subscription,
    parse_fragment,
    parse_subscription,
    render_subscription,
)
from context_api.ngsild.subscription_endpoint import parse_mqtt_uri
from context_api.notifications.headers import refuse_header
from context_api.notifications.outbound import OutboundPolicy, OutboundRefused
from context_api.store.access import Access
from context_api.store.subscriptions import StoredSubscription

PREFIX = "/ngsi-ld/v1"
LOOK_S = 0.02
LOOKS = 15
"""A retrieval waits for notifications under way for so many times `LOOK_S` seconds."""
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
UPDATE = Operation(
    id="updateSubscription",
    tag="Subscriptions",
    summary="Update a subscription",
    description="Each member takes the place of the former one; null removes it. Clause 5.8.2.",
    path_examples=_PATH,
    body=RequestBody(
        schema="SubscriptionFragment",
        example={"notificationTrigger": ["entityUpdated"], "expiresAt": "2030-01-01T00:00:00Z"},
        media_types=PATCH_TYPES,
    ),
    answers={204: Answer(description="Updated: changes that commit after the answer are matched by it")},
    errors=(404, 422, 504),
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
    add_route(router, "PATCH", one, resource.update, UPDATE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Subscriptions:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        document, context = await read_ld_object(request, self._services)
        subscription = parse_subscription(document, context, now_micros())
        if is_feeding(subscription.id):
            raise BadRequestData(
                f"ids that begin with {SUBSCRIPTION_PREFIX} belong to alarm rules", pointer="/id"
            )
        check_endpoint(self._services.outbound, subscription.notification.endpoint)
        await self._fetch_context(request, subscription.jsonld_context)
        access = await self._services.access(request, create=True)
        await check_owner(self._services, access)
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
                one.subscription,
                await self._state(access, one),
                context,
                now=now,
                sys_attrs="sysAttrs" in options,
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
        headers = _apply_preference(request)
        if count:
            headers["NGSILD-Results-Count"] = str(total)
        return ld_response(documents, context, accept, headers=headers, links=links)

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        accept = negotiate(request)
        options = read_options(query, ("sysAttrs",))
        subscription_id = subscription_segment(request)
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found = await self._find(access, subscription_id)
        document = render_subscription(
            found.subscription,
            await self._state(access, found),
            context,
            now=now_micros(),
            sys_attrs="sysAttrs" in options,
        )
        return ld_response(document, context, accept, headers=_apply_preference(request))

    async def update(self, request: Request) -> Response:
        read_query(request, UPDATE)
        document, context = await read_ld_object(request, self._services, PATCH_TYPES)
        subscription_id = subscription_segment(request)
        fragment = parse_fragment(document, context, now_micros())
        notification = fragment.fields.get("notification")
        if notification is not None:
            check_endpoint(self._services.outbound, notification.endpoint)
        await self._fetch_context(request, fragment.fields.get("jsonld_context"))
        access = await self._services.access(request)
        is_active = fragment.fields["is_active"] is not False if "is_active" in fragment.fields else None
        await self._services.run(
            self._services.store.update_subscription,
            access,
            subscription_id,
            lambda current: change_subscription(current, fragment),
            is_active=is_active,
        )
        return no_content()

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        subscription_id = subscription_segment(request)
        access = await self._services.access(request)
        await self._services.run(self._services.store.delete_subscription, access, subscription_id)
        return no_content()

    async def _state(self, access: Access, one: StoredSubscription) -> SubscriptionState:
        """Give how it stands: one of which nothing is told, for its owner's sake, is shown as paused."""
        sight = await owner_sight(self._services, access.tenant_id, one.owner)
        if may_subscribe(sight) and not one.is_disabled:
            return one.state
        return structs.replace(one.state, is_active=False)

    async def _find(self, access: Access, subscription_id: str) -> StoredSubscription:
        """Give a subscription; notifications under way are waited for a moment, so that it tells of them."""
        run, store = self._services.run, self._services.store
        found = await run(store.get_subscription, access, subscription_id)
        for _ in range(LOOKS):
            if not await run(store.is_sending, found.key):
                break
            await asyncio.sleep(LOOK_S)
        return await run(store.get_subscription, access, subscription_id)

    async def _fetch_context(self, request: Request, url: str | None) -> None:
        """Have a @context at hand: the notifier takes it from the database and fetches nothing."""
        if url is not None:
            contexts = self._services.contexts
            await contexts.of_value(url, contexts.own_address(request), tenant=request.scope["machi.tenant"])


def check_endpoint(policy: OutboundPolicy, endpoint: Endpoint) -> None:
    """Refuse at once what can never be delivered. Raises BadRequestData, which shows no secret.

    Names are not resolved here: what they point to may change, and the notifier checks it at each call.
    """
    pointer = "/notification/endpoint/uri"
    if endpoint.is_mail:
        return  # handed to the operator's own mail server
    if endpoint.is_mqtt:
        _check_address(policy, parse_mqtt_uri(endpoint.uri).host, pointer)
        return
    try:
        host = policy.parse(endpoint.uri).host
    except OutboundRefused as error:
        raise BadRequestData(f"The endpoint cannot be called: {error}", pointer=pointer) from error
    _check_address(policy, host, pointer)
    for index, pair in enumerate(endpoint.receiver_info):
        reason = refuse_header(*pair)
        if reason is not None:
            raise BadRequestData(reason, pointer=f"/notification/endpoint/receiverInfo/{index}")


def _apply_preference(request: Request) -> dict[str, str]:
    """Confirm an earlier version that is asked for: it has subscriptions no differently (4.3.6.8)."""
    wanted = read_preferences(request).get("ngsi-ld")
    known = wanted is not None and parse_version(wanted) is not None
    return {"Preference-Applied": f"ngsi-ld={wanted}"} if known else {}


def _check_address(policy: OutboundPolicy, host: str, pointer: str) -> None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return
    if not policy.permits(address):
        refused = BadRequestData(
            "The endpoint's address is not public; an operator can allow its network in MACHI_OUTBOUND_ALLOW",
            pointer=pointer,
        )
        raise mark(refused, ProblemCode.ENDPOINT_REFUSED)
