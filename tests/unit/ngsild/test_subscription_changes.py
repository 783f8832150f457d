"""Updates of subscriptions, and what goes in comes out (clauses 5.5.8 and 5.8.2)."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.contexts import build_context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.model import NULL
from context_api.ngsild.subscription import (
    Subscription,
    SubscriptionState,
    change_subscription,
    parse_fragment,
    parse_subscription,
    render_subscription,
    subscription_from_json,
    subscription_to_json,
)
from context_api.ngsild.subscription_endpoint import MASK, mask_uri, parse_mqtt_uri
from tests.unit.ngsild.builders import CORE, T0

ID = "urn:ngsi-ld:Subscription:1"
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)
SECONDS = st.one_of(st.integers(1, 10**6), st.floats(0.25, 1e6))
ENDPOINTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "uri": st.sampled_from(["http://a.example/", "mqtt://user@b.example:1/x/y", "mqtts://c.example/%3F"]),
        "accept": st.sampled_from(["application/json", "application/ld+json", "application/geo+json"]),
    },
    optional={
        "receiverInfo": st.just([{"key": "X-A", "value": "b"}]),
        "notifierInfo": st.just([{"key": "MQTT-QoS", "value": "2"}]),
        "timeout": SECONDS,
        "cooldown": SECONDS,
    },
)
NOTIFICATIONS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {"endpoint": ENDPOINTS, "format": st.sampled_from(["normalized", "concise"])},
        optional={
            "attributes": NAMES,
            "sysAttrs": st.just(True),
            "showChanges": st.just(True),
        },
    ),
    st.fixed_dictionaries(
        {
            "endpoint": ENDPOINTS,
            "format": st.sampled_from(["simplified", "keyValues"]),
            "join": st.sampled_from(["flat", "inline"]),
            "joinLevel": st.integers(2, 10),
            "pick": st.just(["id", "a", "b{id,c{d}}"]),
        },
        optional={"omit": st.just(["e"])},
    ),
)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "subscriptionName": st.text(alphabet="abc 東", max_size=5),
    "description": st.text(alphabet="abc 東", max_size=5),
    "entities": st.sampled_from(
        [[{"type": "A"}], [{"type": "*", "id": ["urn:a:1", "urn:a:2"]}, {"type": "B", "idPattern": "x"}]]
    ),
    "notificationTrigger": st.just(["entityCreated", "attributeDeleted"]),
    "q": st.sampled_from(["a>5", 'b=="x";!c', "c{d}>1", "a==%225%22"]),
    "geoQ": st.just({"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": [1, 2]}),
    "scopeQ": st.sampled_from(["/a/#", "/b"]),
    "throttling": SECONDS,
    "isActive": st.booleans(),
    "expiresAt": st.just("2999-01-01T00:00:00Z"),
    "jsonldContext": st.just("https://example.org/c.jsonld"),
    "lang": st.sampled_from(["ja", "en;q=0.5, *"]),
    "datasetId": st.just(["@none", "urn:d:1"]),
    "ngsildConformance": st.just("1.6"),
    "jsonKeys": NAMES,
    "csf": st.just("a>5"),
    "localOnly": st.booleans(),
    "splitEntities": st.booleans(),
}
ALWAYS = {"watchedAttributes": NAMES, "notification": NOTIFICATIONS}
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"id": st.just(ID), "type": st.just("Subscription"), **ALWAYS}, optional=MEMBERS
)
FRAGMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.one_of(values, st.sampled_from([NULL, None])) for name, values in MEMBERS.items()},
        **ALWAYS,
    },
).filter(bool)


def served(subscription: Subscription) -> dict[str, Any]:
    """What a GET answers, without what nobody gave."""
    document = render_subscription(subscription, SubscriptionState(), CORE, now=T0)
    del document["status"]
    return document


def expected(document: dict[str, Any]) -> dict[str, Any]:
    defaults = {"notificationTrigger": ["attributeCreated", "attributeUpdated"]}
    return {**defaults, **document}


@settings(deadline=None)
@given(DOCUMENTS)
def test_what_is_given_is_served_and_kept(document: dict[str, Any]) -> None:
    subscription = parse_subscription(copy.deepcopy(document), CORE, T0)
    assert served(subscription) == expected(document)
    assert subscription_from_json(subscription_to_json(subscription)) == subscription
    again = parse_subscription(served(subscription), CORE, T0)
    assert served(again) == served(subscription)


@settings(deadline=None)
@given(DOCUMENTS, FRAGMENTS)
def test_an_update_is_a_merge_of_members(document: dict[str, Any], fragment: dict[str, Any]) -> None:
    current = parse_subscription(document, CORE, T0)
    changed = change_subscription(current, parse_fragment(fragment, CORE, T0))
    removed = {name for name, value in fragment.items() if value in (NULL, None)}
    merged = {name: value for name, value in {**document, **fragment}.items() if name not in removed}
    assert served(changed) == expected(merged)
    assert changed == parse_subscription(merged, CORE, T0)


@settings(deadline=None)
@given(DOCUMENTS)
def test_what_was_served_can_be_sent_back_and_changes_nothing(document: dict[str, Any]) -> None:
    current = parse_subscription(document, CORE, T0)
    fragment = parse_fragment(served(current), CORE, T0)
    changed = change_subscription(current, fragment)
    assert served(changed) == served(current)


def simple(**members: Any) -> Subscription:
    document = {
        "type": "Subscription",
        "entities": [{"type": "A"}],
        "notification": {"endpoint": {"uri": "http://a.example/"}},
        **members,
    }
    return parse_subscription(document, CORE, T0, default_id=ID)


def test_names_of_an_update_mean_what_they_mean_in_its_context() -> None:
    context = build_context([{"a": "https://example.org/a"}], "https://example.org/c")
    current = simple(watchedAttributes=["a"], q="a>1")
    changed = change_subscription(current, parse_fragment({"watchedAttributes": ["a"]}, context, T0))
    assert changed.watched_attributes == ("https://example.org/a",)
    assert changed.filters == current.filters


@pytest.mark.parametrize(
    ("given", "fragment", "pointer"),
    [
        ({}, {"id": "urn:other:1"}, "/id"),
        ({}, {"type": NULL}, "/type"),
        ({}, {"notification": None}, "/notification"),
        ({}, {"colour": 1}, "/colour"),
        ({}, {"temporalQ": {}}, "/temporalQ"),
        ({}, {"entities": NULL}, ""),
        ({"throttling": 5}, {"timeInterval": 5}, "/throttling"),
        ({"watchedAttributes": ["a"]}, {"timeInterval": 5}, "/watchedAttributes"),
        ({"timeInterval": 5}, {"watchedAttributes": ["a"]}, "/watchedAttributes"),
        ({"timeInterval": 5}, {"entities": NULL}, "/entities"),
        ({"q": "a>1"}, {"expandValues": "a"}, "/expandValues"),
        ({"q": "a==b", "expandValues": "a"}, {"q": "a==c"}, "/q"),
    ],
)
def test_rules_hold_after_an_update_too(
    given: dict[str, Any], fragment: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(BadRequestData) as caught:
        change_subscription(simple(**given), parse_fragment(fragment, CORE, T0))
    assert caught.value.pointer == pointer


SECRET = "Zq7-hidden-word-4711"


def endpoint(**members: Any) -> dict[str, Any]:
    return {"notification": {"endpoint": {"uri": "https://a.example/in", **members}}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (endpoint(secrets=[SECRET]), endpoint(uri="https://a.example:443/other", secrets=[MASK])),
        (
            endpoint(receiverInfo=[{"key": "Authorization", "value": SECRET}]),
            endpoint(receiverInfo=[{"key": "X-A", "value": "1"}, {"key": "Authorization", "value": MASK}]),
        ),
        (endpoint(uri=f"mqtt://u:{SECRET}@h.example/a"), endpoint(uri=f"mqtt://u:{MASK}@h.example:1883/b")),
        (endpoint(uri=f"mqtt://u:{SECRET}@@h.example/a"), endpoint(uri=f"mqtt://u:{MASK}@h.example/b")),
    ],
)
def test_masks_stand_for_what_is_stored(first: dict[str, Any], second: dict[str, Any]) -> None:
    current = simple(**first)
    assert SECRET not in str(served(current))
    changed = change_subscription(current, parse_fragment(second, CORE, T0))
    assert SECRET in str(changed)
    assert MASK not in str(changed)
    assert SECRET not in str(served(changed))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (None, endpoint(secrets=[MASK])),
        (endpoint(secrets=[SECRET]), endpoint(secrets=[SECRET, MASK])),
        (endpoint(secrets=[SECRET]), endpoint(uri="https://b.example/in", secrets=[MASK])),
        (endpoint(secrets=[SECRET]), endpoint(uri="http://a.example/in", secrets=[MASK])),
        (endpoint(), endpoint(receiverInfo=[{"key": "Authorization", "value": MASK}])),
        (endpoint(uri=f"mqtt://u:{SECRET}@h.example/a"), endpoint(uri=f"mqtt://v:{MASK}@h.example/a")),
        (endpoint(uri="mqtt://u@h.example/a"), endpoint(uri=f"mqtt://u:{MASK}@h.example/a")),
    ],
)
def test_masks_stand_for_nothing_else(first: dict[str, Any] | None, second: dict[str, Any]) -> None:
    with pytest.raises(BadRequestData) as caught:
        if first is None:
            simple(**second)
        else:
            change_subscription(simple(**first), parse_fragment(second, CORE, T0))
    assert MASK in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("mqtt://h.example/a", ("mqtt", "h.example", 1883, "a", None, None)),
        ("MQTTS://H.example/a/b", ("mqtts", "h.example", 8883, "a/b", None, None)),
        ("mqtt://u:p%40@[::1]:99//a/", ("mqtt", "::1", 99, "/a/", "u", "p@")),
        ("mqtt://u@h/%3F%E6%B0%B4", ("mqtt", "h", 1883, "?水", "u", None)),
    ],
)
def test_mqtt_uris(uri: str, address: tuple[Any, ...]) -> None:
    assert parse_mqtt_uri(uri) == address


@settings(deadline=None)
@given(st.text(alphabet="mqt:/@[]%?#.+a1 水", max_size=20))
def test_no_mqtt_uri_surprises(text: str) -> None:
    uri = f"mqtt://u:{SECRET}@{text}"
    try:
        parse_mqtt_uri(uri)
    except ValueError as error:
        assert SECRET not in str(error)
    else:
        assert SECRET not in mask_uri(uri)
    try:
        served(simple(**endpoint(uri=uri)))
    except NgsiLdError as error:
        assert SECRET not in str(error)
