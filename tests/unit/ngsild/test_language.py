"""The language filter (clause 4.15)."""

import copy

import pytest
from hypothesis import given, settings

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.language import LocalizedInstance, choose_language, localize, parse_languages
from context_api.ngsild.model import Attributes, Entity, Kind
from context_api.ngsild.represent import to_concise, to_key_values, to_normalized
from tests.unit.ngsild.builders import CORE, room
from tests.unit.ngsild.strategies import entities


@pytest.mark.parametrize(
    ("text", "tags", "chosen"),
    [
        ("fr", ["en", "fr"], "fr"),
        ("FR", ["en", "fr"], "fr"),
        ("fr;q=0.2,nl;q=0.9", ["fr", "nl"], "nl"),
        ("nl-BE", ["fr", "nl"], "nl"),
        ("zh-Hant-TW", ["en", "zh-Hant"], "zh-Hant"),
        ("zh-a-bbb", ["en", "zh"], "zh"),
        ("en", ["de", "en-US"], "en-US"),
        ("e", ["de", "en"], "de"),
        ("fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5", ["de", "en"], "en"),
        ("pt", ["de", "@none", "en"], "@none"),
        ("pt", ["de", "en"], "de"),
        ("*", ["de", "en"], "de"),
        ("de;q=0, en", ["de", "en"], "en"),
        ("de,en", ["en", "de"], "de"),
    ],
)
def test_a_language_is_chosen(text: str, tags: list[str], chosen: str) -> None:
    assert choose_language(tags, parse_languages(text)) == chosen


@pytest.mark.parametrize(
    "text", ["", "!", "en;", "en;q=2", "en;q=x", "en,,fr", "en;r=1", ",".join(["a"] * 51)]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_languages(text)


def test_a_language_property_becomes_a_property() -> None:
    street = {
        "languageMap": {"ja": "通り", "en": ["street", "road"]},
        "note": {"languageMap": {"@none": "x"}},
    }
    entity = localize(room(street=street), parse_languages("en"))
    assert to_normalized(entity, CORE)["street"] == {
        "type": "Property",
        "value": ["street", "road"],
        "lang": "en",
        "note": {"type": "Property", "value": "x", "lang": "@none"},
    }
    assert to_concise(entity, CORE)["street"]["lang"] == "en"
    assert to_key_values(entity, CORE)["street"] == ["street", "road"]
    assert to_key_values(localize(room(street=street), parse_languages("ja")), CORE)["street"] == "通り"


@settings(max_examples=50, deadline=None)
@given(entities())
def test_only_language_properties_change_and_the_entity_never(entity: Entity) -> None:
    before = copy.deepcopy(entity)
    localized = localize(entity, parse_languages("ja,*;q=0.1"))
    assert entity == before
    _compare(entity.attributes, localized.attributes)


def _compare(former: Attributes, latter: Attributes) -> None:
    assert former.keys() == latter.keys()
    for term, instances in former.items():
        for old, new in zip(instances, latter[term], strict=True):
            if old.kind is Kind.LANGUAGE_PROPERTY:
                assert isinstance(new, LocalizedInstance)
                assert new.value == old.value[new.lang]
                assert new.dataset_id == old.dataset_id
            else:
                assert (new.kind, new.value, new.unit_code) == (old.kind, old.value, old.unit_code)
            _compare(old.sub or {}, new.sub or {})
