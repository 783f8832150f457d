"""What a stream asks for: the parameters of a query, read as the subscription they stand for."""

from typing import Any

from context_api.http.parameters import Parameter, Query
from context_api.http.representation import read_representation
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError, OperationNotSupported, TooComplexQuery
from context_api.ngsild.model import Micros
from context_api.ngsild.subscription import Subscription, parse_subscription
from context_api.ngsild.subscription_members import TRIGGERS

FILTER_MAX = 8_192
"""Bytes of a query string."""
_GEO = ("georel", "geometry", "coordinates", "geoproperty")
ACCEPTS = (
    *("type", "id", "idPattern", "attrs", "q", "expandValues", *_GEO, "scopeQ", "notificationTrigger"),
    *("pick", "omit", "lang", "datasetId", "format", "options", "lastEventId"),
)
PARAMETERS = {
    "attrs": Parameter(
        description="Only changes of one of these attributes (watchedAttributes)",
        schema={"type": "array", "items": {"type": "string"}},
        example=["pm25"],
        is_list=True,
    ),
    "notificationTrigger": Parameter(
        description="Which changes; absent: attributeCreated and attributeUpdated",
        schema={"type": "array", "items": {"type": "string", "enum": list(TRIGGERS)}},
        example=["entityCreated", "attributeUpdated"],
    ),
    "lastEventId": Parameter(
        description="As the header Last-Event-ID, which wins: what came after this event first",
        schema={"type": "string", "pattern": "^[0-9]{1,18}$"},
        example="48213",
    ),
}
_NAMES = {"entities": "type", "watchedAttributes": "attrs", "geoQ": "georel", "notification": "pick or omit"}
_NOWHERE = {"uri": "https://stream.invalid/"}


def parse_filter(query: Query, context: Context, now: Micros) -> Subscription:
    """Read the filter of a stream. Raises BadRequestData and others, naming the parameter."""
    try:
        subscription = parse_subscription(_document(query), context, now, default_id="urn:ngsi-ld:Stream:1")
    except NgsiLdError as error:
        raise type(error)(_explain(error)) from error
    if subscription.filters.follows_links:
        raise OperationNotSupported("A q through relationships is not served by streams; subscribe instead")
    return subscription


def check_length(query_string: bytes) -> None:
    """Raise TooComplexQuery for a filter that is too long."""
    if len(query_string) > FILTER_MAX:
        raise TooComplexQuery(f"The filter has {len(query_string)} bytes; at most {FILTER_MAX} are accepted")


def parse_last_event(header: str | None, query: Query) -> int | None:
    """Read after which event to go on; None: with what changes from now on."""
    text = query.text("lastEventId") if header is None else header.strip()
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequestData(
            f"Last-Event-ID is the id of an event of this stream, a number; not {text[:40]!r}"
        )
    return int(text)


def _document(query: Query) -> dict[str, Any]:
    form = read_representation(query)
    notification: dict[str, Any] = {"endpoint": _NOWHERE, "format": str(form.format)}
    if form.sys_attrs:
        notification["sysAttrs"] = True
    for name in ("pick", "omit"):
        if name in query:
            notification[name] = [query.text(name)]
    # With localOnly a subscription may do without entities and watchedAttributes
    document: dict[str, Any] = {"type": "Subscription", "notification": notification, "localOnly": True}
    selector = {
        "type": query.text("type"),
        "id": list(query.items("id")),
        "idPattern": query.text("idPattern"),
    }
    given = {name: value for name, value in selector.items() if value}
    if given:
        document["entities"] = [{"type": "*", **given}]
    lists = {"attrs": "watchedAttributes", "expandValues": "expandValues", "datasetId": "datasetId"}
    document |= {member: list(query.items(name)) for name, member in lists.items() if name in query}
    if "notificationTrigger" in query:
        document["notificationTrigger"] = _triggers(query)
    document |= {name: query.text(name) for name in ("q", "scopeQ", "lang") if name in query}
    geo = {name: query.text(name) for name in _GEO if name in query}
    return document | ({"geoQ": geo} if geo else {})


def _triggers(query: Query) -> list[str]:
    return list(query.items("notificationTrigger"))


def _explain(error: NgsiLdError) -> str:
    """Say which parameter it was: a pointer into the document that nobody sent helps nobody."""
    parts = (error.pointer or "").strip("/").split("/")
    named = next((part for part in reversed(parts) if part in ACCEPTS), _NAMES.get(parts[0]))
    return error.detail if named is None else f"{named}: {error.detail}"
