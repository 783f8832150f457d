"""Which URL stands for a @context in a Link header."""

from typing import Any

import pytest

from context_api.ngsild.contexts import CITY_CONTEXT_URL, CORE_CONTEXT_URL, build_context, core_context
from context_api.notifications.contexts import link_of

TERMS = {"@context": {"t": "https://partner.example/t"}}


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://partner.example/c.jsonld", "https://partner.example/c.jsonld"),
        (["https://partner.example/c.jsonld"], "https://partner.example/c.jsonld"),
        (CITY_CONTEXT_URL, f"https://machi.example{CITY_CONTEXT_URL}"),
        (["https://partner.example/c.jsonld", CORE_CONTEXT_URL], None),
        (TERMS["@context"], None),
        ([TERMS["@context"]], None),
        ([], None),
    ],
)
def test_only_a_context_with_one_url_can_be_linked(source: Any, link: str | None) -> None:
    assert link_of(build_context([TERMS], source), "https://machi.example") == link


def test_the_core_context_is_linked_by_its_own_url() -> None:
    assert link_of(core_context(), "https://machi.example") == CORE_CONTEXT_URL
