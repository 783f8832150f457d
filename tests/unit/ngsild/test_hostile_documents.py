"""Whatever JSON is sent: it is read, or refused as NGSI-LD refuses, and nothing else happens."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.contexts import build_context
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import NULL
from context_api.ngsild.parse import (
    Mode,
    parse_attribute,
    parse_attribute_fragment,
    parse_entity,
    parse_fragment,
)
from context_api.ngsild.query import parse_temporal_query, parse_type_selection
from context_api.ngsild.subscription import parse_subscription
from tests.unit.ngsild.builders import CORE, ROOM, T0, name

MEMBERS = """
id type @id @type @context scope expiresAt value object languageMap json vocab valueList objectList unitCode
datasetId observedAt valueType objectType coordinates dataset entities notification endpoint uri idPattern
watchedAttributes notificationTrigger receiverInfo key attributes format location ngsildproof entityIdSealed
@vocab @container @value a b
"""
TEXTS = st.sampled_from(
    [
        *(NULL, "", "Property", "Relationship", "GeoProperty", "LanguageProperty", "JsonProperty", "Point"),
        *("VocabProperty", "ListProperty", "ListRelationship", "Subscription", ROOM, "2026-01-01T00:00:00Z"),
        *("http://a.example/", "keyValues", "@none", "@id", "attributeUpdated", "(", "x y", "\0"),
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(MEMBERS.split()), inner, max_size=4),
    ),
    max_leaves=12,
)


def _is_read_or_refused(read: Any, *arguments: Any, **options: Any) -> None:
    try:
        read(*arguments, **options)
    except NgsiLdError as error:
        assert error.detail


@settings(deadline=None, max_examples=300)
@given(JSON, st.sampled_from(list(Mode)), st.booleans())
def test_entities_and_fragments(document: Any, mode: Mode, simplified: bool) -> None:
    _is_read_or_refused(parse_entity, document, CORE, now=T0)
    _is_read_or_refused(parse_entity, {"id": ROOM, "type": "Room", "probe": document}, CORE, now=T0)
    _is_read_or_refused(parse_fragment, document, CORE, mode=mode, simplified=simplified)
    _is_read_or_refused(parse_attribute, name("probe"), document, CORE)
    _is_read_or_refused(parse_attribute_fragment, name("probe"), document, CORE)


@settings(deadline=None, max_examples=200)
@given(JSON)
def test_contexts(document: Any) -> None:
    _is_read_or_refused(build_context, [{"@context": document}], [])


@settings(deadline=None, max_examples=200)
@given(JSON)
def test_subscriptions(document: Any) -> None:
    _is_read_or_refused(parse_subscription, document, CORE, T0)
    if isinstance(document, dict):
        valid = {
            "type": "Subscription",
            "entities": [{"type": "A"}],
            "notification": {"endpoint": {"uri": "http://a.example/"}},
        }
        _is_read_or_refused(parse_subscription, {**valid, **document}, CORE, T0)
        _is_read_or_refused(parse_subscription, {**valid, "notification": document}, CORE, T0)


@given(st.text(st.sampled_from("AB;,|()* :/"), max_size=20))
def test_type_selections(text: str) -> None:
    _is_read_or_refused(parse_type_selection, text, CORE)


@given(st.dictionaries(st.sampled_from(["timerel", "timeAt", "endTimeAt", "lastN", "timeproperty"]), JSON))
def test_temporal_queries(parameters: dict[str, Any]) -> None:
    _is_read_or_refused(parse_temporal_query, parameters)
