"""Subscription documents (clauses 5.2.12 to 5.2.15 and 5.8.1)."""

import json
from typing import Any

import pytest

from context_api.ngsild.changes import Trigger
from context_api.ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from context_api.ngsild.query import AnyOf, TypeIs, parse_q
from context_api.ngsild.subscription import (
    Endpoint,
    EntitySelector,
    NotificationFormat,
    Notifying,
    Subscription,
    SubscriptionState,
    parse_subscription,
    render_subscription,
    subscription_from_json,
    subscription_to_json,
)
from context_api.ngsild.subscription_endpoint import MASK
from tests.unit.ngsild.builders import CORE, SECOND, T0, name

ID = "urn:ngsi-ld:Subscription:1"
URI = "https://partner.example/hook?x=1"


def document(**members: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": URI}},
        **members,
    }


def parsed(**members: Any) -> Subscription:
    return parse_subscription(document(**members), CORE, T0)


FULL = document(
    subscriptionName="air",
    description="what changes in the air",
    entities=[
        {"type": "Room,(Hall;Special)", "id": "urn:r:1"},
        {"type": "*", "id": ["urn:r:2", "urn:r:3"]},
        {"type": "Room", "idPattern": "^urn:.*"},
    ],
    watchedAttributes=["temperature", "https://example.org/co2"],
    notificationTrigger=["entityCreated", "attributeUpdated"],
    isActive=True,
    expiresAt="2999-01-01T00:00:00Z",
    jsonldContext="https://example.org/context.jsonld",
    notification={
        "attributes": ["temperature"],
        "format": "keyValues",
        "sysAttrs": True,
        "endpoint": {
            "uri": URI,
            "accept": "application/ld+json",
            "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}, {"key": "X-A", "value": ""}],
            "timeout": 5000,
            "cooldown": 1.5,
        },
    },
)


def test_a_full_subscription() -> None:
    assert parse_subscription(FULL, CORE, T0) == Subscription(
        id=ID,
        name="air",
        description="what changes in the air",
        entities=(
            EntitySelector(
                types=parse_subscription(FULL, CORE, T0).entities[0].types,
                ids=("urn:r:1",),
            ),
            EntitySelector(ids=("urn:r:2", "urn:r:3")),
            EntitySelector(types=TypeIs(name("Room")), id_pattern="^urn:.*"),
        ),
        watched_attributes=(name("temperature"), "https://example.org/co2"),
        triggers=int(Trigger.ENTITY_CREATED | Trigger.ATTRIBUTE_UPDATED),
        is_active=True,
        expires_at=32_472_144_000 * SECOND,
        jsonld_context="https://example.org/context.jsonld",
        notification=Notifying(
            attributes=(name("temperature"),),
            format=NotificationFormat.KEY_VALUES,
            sys_attrs=True,
            endpoint=Endpoint(
                uri=URI,
                accept="application/ld+json",
                receiver_info=(("Authorization", "Bearer x"), ("X-A", "")),
                timeout_ms=5000,
                cooldown_ms=1.5,
            ),
        ),
    )
    selection = parse_subscription(FULL, CORE, T0).entities[0].types
    assert isinstance(selection, AnyOf)
    assert selection.matches((name("Room"),))
    assert not selection.matches((name("Hall"),))


def test_what_is_stored_is_read_back() -> None:
    for one in (parse_subscription(FULL, CORE, T0), parsed()):
        stored = subscription_to_json(one)
        assert subscription_from_json(stored) == one
        assert subscription_from_json(stored.decode()) == one
        assert subscription_from_json(json.loads(stored)) == one


def test_what_is_served_is_what_was_given() -> None:
    served = render_subscription(parse_subscription(FULL, CORE, T0), SubscriptionState(), CORE, now=T0)
    assert served["notification"]["endpoint"]["receiverInfo"][0] == {"key": "Authorization", "value": MASK}
    served["notification"]["endpoint"]["receiverInfo"][0]["value"] = "Bearer x"
    assert served == {**FULL, "status": "active"}


def test_defaults() -> None:
    subscription = parsed()
    assert subscription.effective_triggers == Trigger.ATTRIBUTE_CREATED | Trigger.ATTRIBUTE_UPDATED
    assert subscription.is_active is None
    assert subscription.notification == Notifying(endpoint=Endpoint(uri=URI))
    assert render_subscription(subscription, SubscriptionState(), CORE, now=T0) == {
        **document(),
        "notificationTrigger": ["attributeCreated", "attributeUpdated"],
        "status": "active",
        "notification": {"format": "normalized", "endpoint": {"uri": URI, "accept": "application/json"}},
    }


def test_an_id_is_made_up_where_there_is_none() -> None:
    without = document()
    del without["id"]
    first, second = (parse_subscription(without, CORE, T0).id for _ in range(2))
    assert first.startswith("urn:ngsi-ld:Subscription:")
    assert first != second
    assert parse_subscription(without, CORE, T0, default_id="urn:s:7").id == "urn:s:7"


def test_entity_updated_stands_for_the_attribute_triggers() -> None:
    subscription = parsed(notificationTrigger=["entityUpdated"])
    assert subscription.effective_triggers == (
        Trigger.ENTITY_UPDATED
        | Trigger.ATTRIBUTE_CREATED
        | Trigger.ATTRIBUTE_UPDATED
        | Trigger.ATTRIBUTE_DELETED
    )
    served = render_subscription(subscription, SubscriptionState(), CORE, now=T0)
    assert served["notificationTrigger"] == ["entityUpdated"]


def test_what_the_broker_says_of_itself_is_passed_over() -> None:
    endpoint = {"endpoint": {"uri": URI}, "timesSent": 5, "status": "failed"}
    subscription = parsed(status="expired", createdAt="x", notification=endpoint)
    assert subscription == parsed()


def test_harmless_defaults_are_taken() -> None:
    explicit = {"endpoint": {"uri": URI}, "showChanges": False, "join": "@none"}
    assert parsed(notification=explicit) == parsed()


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (SubscriptionState(), "active"),
        (SubscriptionState(is_active=False), "paused"),
    ],
)
def test_status(state: SubscriptionState, status: str) -> None:
    subscription = parsed(isActive=True, expiresAt="2999-01-01T00:00:00Z")
    served = render_subscription(subscription, state, CORE, now=T0)
    assert (served["status"], served["isActive"]) == (status, state.is_active)
    expired = render_subscription(subscription, state, CORE, now=32_472_144_000 * SECOND)
    assert expired["status"] == "expired"
    paused = render_subscription(parsed(isActive=False), SubscriptionState(), CORE, now=T0)
    assert (paused["status"], paused["isActive"]) == ("paused", False)


def test_what_became_of_notifications() -> None:
    state = SubscriptionState(
        times_sent=3,
        times_failed=1,
        last_notification=T0 + 2 * SECOND,
        last_success=T0 + 2 * SECOND,
        last_failure=T0 + SECOND,
        created_at=T0,
        modified_at=T0,
    )
    served = render_subscription(parsed(), state, CORE, now=T0, sys_attrs=True)
    assert served["createdAt"] == "2026-09-21T14:13:20Z"
    notification = served["notification"]
    del notification["endpoint"], notification["format"]
    assert notification == {
        "status": "ok",
        "timesSent": 3,
        "timesFailed": 1,
        "lastNotification": "2026-09-21T14:13:22Z",
        "lastSuccess": "2026-09-21T14:13:22Z",
        "lastFailure": "2026-09-21T14:13:21Z",
    }
    state.last_failure = T0 + 3 * SECOND
    assert render_subscription(parsed(), state, CORE, now=T0)["notification"]["status"] == "failed"


def _endpoint(**members: Any) -> dict[str, Any]:
    return {"notification": {"endpoint": {"uri": URI, **members}}}


def _notification(**members: Any) -> dict[str, Any]:
    return {"notification": {"endpoint": {"uri": URI}, **members}}


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"id": "no uri"}, "/id"),
        ({"id": 5}, "/id"),
        ({"type": "Subscriptions"}, "/type"),
        ({"surprise": 1}, "/surprise"),
        ({"entities": []}, "/entities"),
        ({"entities": {}}, "/entities"),
        ({"entities": [5]}, "/entities/0"),
        ({"entities": [{}]}, "/entities/0/type"),
        ({"entities": [{"id": "urn:a:1"}]}, "/entities/0/type"),
        ({"entities": [{"type": 5}]}, "/entities/0/type"),
        ({"entities": [{"type": "A", "id": "no uri"}]}, "/entities/0/id"),
        ({"entities": [{"type": "A", "id": []}]}, "/entities/0/id"),
        ({"entities": [{"type": "A", "idPattern": "("}]}, "/entities/0/idPattern"),
        ({"entities": [{"type": "A", "extra": 1}]}, "/entities/0/extra"),
        ({"watchedAttributes": []}, "/watchedAttributes"),
        ({"watchedAttributes": "temperature"}, "/watchedAttributes"),
        ({"watchedAttributes": [5]}, "/watchedAttributes/0"),
        ({"watchedAttributes": ["a", "id"]}, "/watchedAttributes/1"),
        ({"watchedAttributes": ["a b"]}, "/watchedAttributes/0"),
        ({"notificationTrigger": []}, "/notificationTrigger"),
        ({"notificationTrigger": ["sometimes"]}, "/notificationTrigger"),
        ({"notificationTrigger": [5]}, "/notificationTrigger"),
        ({"isActive": "yes"}, "/isActive"),
        ({"expiresAt": "2000-01-01T00:00:00Z"}, "/expiresAt"),
        ({"expiresAt": "soon"}, "/expiresAt"),
        ({"subscriptionName": 5}, "/subscriptionName"),
        ({"jsonldContext": "no url"}, "/jsonldContext"),
        ({"notification": 5}, "/notification"),
        ({"notification": {}}, "/notification/endpoint"),
        (_notification(attributes=[]), "/notification/attributes"),
        (_notification(attributes=["scope"]), "/notification/attributes/0"),
        (_notification(format="pretty"), "/notification/format"),
        (_notification(format=5), "/notification/format"),
        (_notification(sysAttrs=1), "/notification/sysAttrs"),
        (_notification(surprise=1), "/notification/surprise"),
        (_endpoint(uri=None), "/notification/endpoint/uri"),
        (_endpoint(uri="ftp://example.org/"), "/notification/endpoint/uri"),
        (_endpoint(uri="http:///path"), "/notification/endpoint/uri"),
        (_endpoint(accept="text/plain"), "/notification/endpoint/accept"),
        (_endpoint(timeout=0), "/notification/endpoint/timeout"),
        (_endpoint(timeout=True), "/notification/endpoint/timeout"),
        (_endpoint(cooldown="1"), "/notification/endpoint/cooldown"),
        (_endpoint(receiverInfo=[]), "/notification/endpoint/receiverInfo"),
        (_endpoint(receiverInfo=[{"key": "a"}]), "/notification/endpoint/receiverInfo/0"),
        (
            _endpoint(receiverInfo=[{"key": "a b", "value": "x"}]),
            "/notification/endpoint/receiverInfo/0/key",
        ),
        (
            _endpoint(receiverInfo=[{"key": "a", "value": "x\r\nb: c"}]),
            "/notification/endpoint/receiverInfo/0/value",
        ),
        (
            _endpoint(receiverInfo=[{"key": "a", "value": 5}]),
            "/notification/endpoint/receiverInfo/0/value",
        ),
    ],
)
def test_what_is_refused(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parsed(**members)
    assert caught.value.pointer == pointer
    assert type(caught.value) is BadRequestData


@pytest.mark.parametrize("missing", ["type", "notification", "entities"])
def test_what_is_missing(missing: str) -> None:
    without = document()
    del without[missing]
    with pytest.raises(BadRequestData):
        parse_subscription(without, CORE, T0)


@pytest.mark.parametrize("value", [None, [], 5, {}])
def test_what_is_no_subscription(value: Any) -> None:
    with pytest.raises(NgsiLdError):
        parse_subscription(value, CORE, T0)


def test_watched_attributes_alone_suffice() -> None:
    without = document(watchedAttributes=["temperature"])
    del without["entities"]
    assert parse_subscription(without, CORE, T0).entities == ()


def test_patterns_are_bounded() -> None:
    with pytest.raises(TooComplexQuery):
        parsed(entities=[{"type": "A", "idPattern": "(a+)+"}])


FILTERS: dict[str, Any] = {
    "q": "temperature>20;gender==Male",
    "expandValues": ["gender"],
    "geoQ": {"georel": "near;maxDistance==500", "geometry": "Point", "coordinates": [139.47, 35.75]},
    "scopeQ": "/Tokyo/#,/Osaka",
}


def test_filters_are_kept_and_served() -> None:
    subscription = parsed(**FILTERS)
    assert subscription_from_json(subscription_to_json(subscription)) == subscription
    served = render_subscription(subscription, SubscriptionState(), CORE, now=T0)
    assert {member: served[member] for member in FILTERS} == FILTERS
    elsewhere = {"georel": "near;minDistance==0.5", "geoproperty": "observationSpace"}
    geo = FILTERS["geoQ"] | elsewhere
    served = render_subscription(parsed(geoQ=geo), SubscriptionState(), CORE, now=T0)
    assert served["geoQ"] == geo
    assert parsed(geoQ=geo | {"coordinates": "[139.47, 35.75]"}) == parsed(geoQ=geo)


@pytest.mark.parametrize(
    ("members", "pointer", "error"),
    [
        ({"q": "a=="}, "/q", BadRequestData),
        ({"q": 5}, "/q", BadRequestData),
        ({"q": ""}, "/q", BadRequestData),
        ({"q": 'a~="(x+)+"'}, "/q", TooComplexQuery),
        ({"q": "a{b==1"}, "/q", BadRequestData),
        ({"expandValues": "1x"}, "/q", BadRequestData),
        ({"expandValues": [1]}, "/expandValues", BadRequestData),
        ({"scopeQ": "//"}, "/scopeQ", BadRequestData),
        ({"geoQ": 1}, "/geoQ", BadRequestData),
        ({"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [1, 2]}}, "/geoQ", BadRequestData),
        ({"geoQ": FILTERS["geoQ"] | {"geoproperty": 1}}, "/geoQ", BadRequestData),
        ({"geoQ": FILTERS["geoQ"] | {"more": 1}}, "/geoQ", BadRequestData),
    ],
)
def test_wrong_filters_are_pointed_at(
    members: dict[str, Any], pointer: str, error: type[NgsiLdError]
) -> None:
    with pytest.raises(error) as caught:
        parsed(**({"q": "a"} | members))
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("name==%22Eiffel%20Tower%22", 'name=="Eiffel Tower"'),
        ('name=="Eiffel%20Tower"', 'name=="Eiffel Tower"'),
        ("a%3E%3D5%3Bb", "a>=5;b"),
        ('a=="50%"', 'a=="50%"'),
        ('a=="%ff"', 'a=="%ff"'),
    ],
)
def test_q_may_be_percent_encoded(q: str, meant: str) -> None:
    subscription = parsed(q=q)
    assert subscription.filters.q == parse_q(meant, CORE)
    assert render_subscription(subscription, SubscriptionState(), CORE, now=T0)["q"] == q
