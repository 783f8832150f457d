"""Our @context documents against the published ones, term by term."""

import json
from typing import Any

import pytest

from context_api.ngsild.contexts import city_context_document, core_context_document
from context_api.ngsild.contexts.city_terms import GROUPS
from tests.unit.ngsild.builders import find_data


def _published(name: str) -> dict[str, Any]:
    path = find_data("..", "reference", "contexts", name)
    context: dict[str, Any] = json.loads(path.read_text())["@context"]
    return context


@pytest.mark.parametrize("version", ["v1.3", "v1.4", "v1.9"])
def test_the_core_context_term_by_term(version: str) -> None:
    published = _published(f"ngsi-ld-core-context-{version}.jsonld")
    ours = core_context_document(version)["@context"]
    assert ours.keys() == published.keys()
    for term, definition in published.items():
        assert ours[term] == definition, term


@pytest.mark.parametrize("model", ["Environment", "Weather", "Transportation", "Device"])
def test_the_citys_terms_are_the_models(model: str) -> None:
    published = _published(f"smart-data-models-{model}.jsonld")
    namespace, names = next(group for group in GROUPS if f".{model}/" in group[0])
    for term in names.split():
        assert published[term] == f"{namespace}{term}"


def test_the_citys_common_terms_are_the_models() -> None:
    published: dict[str, Any] = {}
    for model in ("Environment", "Weather", "Transportation", "Device"):
        published |= _published(f"smart-data-models-{model}.jsonld")
    namespace, names = GROUPS[0]
    for term in names.split():
        assert published[term] == f"{namespace}{term}"


def test_the_city_has_each_term_once() -> None:
    names = [term for _, group in GROUPS for term in group.split()]
    assert len(names) == len(set(names))
    assert list(city_context_document()["@context"]) == names


@pytest.mark.parametrize("version", ["v1.2", "v1.10", "1.9", ""])
def test_other_versions_do_not_exist(version: str) -> None:
    with pytest.raises(KeyError):
        core_context_document(version)
