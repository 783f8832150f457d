"""Templates of messages: what they fill in, and what they may not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.template import MAX_TEMPLATE_CHARS, parse_template

ENTITY = {
    "id": "urn:ngsi-ld:AirQualityObserved:aq-001",
    "type": "AirQualityObserved",
    "name": {"type": "Property", "value": "市役所"},
    "pm25": {"type": "Property", "value": 35.04, "observedAt": "2026-11-23T00:00:00Z", "unitCode": "GQ"},
    "temperature": 18.4,
    "refDevice": {"type": "Relationship", "object": "urn:ngsi-ld:Device:aq-001"},
    "many": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d:2"}],
    "list": {"type": "Property", "value": ["a", True, None]},
    "address": {"type": "Property", "value": {"city": "東村山"}},
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("no place", "no place"),
        ("{{ name }} {{pm25|round(1)}} {{ pm25.unitCode }}", "市役所 35.0 GQ"),
        ("{{ pm25.observedAt | jst }}", "2026-11-23 09:00"),
        ("{{ temperature }} { } {{ id }}", "18.4 { } urn:ngsi-ld:AirQualityObserved:aq-001"),
        ("{{ refDevice }}", "urn:ngsi-ld:Device:aq-001"),
        ("{{ many }}", "1"),
        ("{{ list }}", "a, true, —"),
        ("{{ address.value.city }}", "東村山"),
        ("{{ nothing }}{{ nothing.at.all }}", "——"),
        ("{{ nothing | default(none) }}", "none"),
        ("{{ name | round(2) | jst }}", "市役所"),
        ("{{ pm25 | round }}", "35"),
    ],
)
def test_render(template: str, expected: str) -> None:
    assert parse_template(template, "/t").render(ENTITY) == expected


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        ("{% for x in y %}{{ x }}{% endfor %}", "no loops"),
        ("${7*7}", "no loops"),
        ("{{ 7 * 7 }}", "names no member"),
        ("{{ a.__class__() }}", "names no member"),
        ("{{ }}", "names no member"),
        ("{{ a", "come in pairs"),
        ("a }}", "come in pairs"),
        ("{{ a | upper }}", "is no filter"),
        ("{{ a | round(99) }}", "is no filter"),
        ("{{ a | default() }}", "is no filter"),
        ("x" * (MAX_TEMPLATE_CHARS + 1), "at most 4000 characters"),
        ("{{ a }}" * 101, "at most 100 places"),
    ],
)
def test_refused(template: str, detail: str) -> None:
    with pytest.raises(BadRequestData, match=detail) as caught:
        parse_template(template, "/notification/endpoint/notifierInfo/0/value")
    assert caught.value.pointer == "/notification/endpoint/notifierInfo/0/value"


@given(st.text(st.sampled_from("{}|().%$ a1.jst round"), max_size=60))
def test_any_template_is_read_or_refused(template: str) -> None:
    try:
        parsed = parse_template(template, "/t")
    except BadRequestData:
        return
    assert len(parsed.render(ENTITY)) <= len(template) + 500 * len(parsed.places)
