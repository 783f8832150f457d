"""Names, URIs and scopes (clauses 4.5.1, 4.6.2 and 4.18)."""

import pytest

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.names import expand_name, is_uri, read_scopes
from tests.unit.ngsild.builders import CORE, DEFAULT_VOCABULARY


@pytest.mark.parametrize(
    "text",
    [
        "urn:ngsi-ld:Room:1",
        "https://example.org/rooms/1?a=b#c",
        "urn:ngsi-ld:Ciudad:París",
        "urn:ngsi-ld:河川:空堀川",
        "FlowObserved:BFO-NCE-MNCA-SP-001",
        "urn:a:b%20c",
        "x:[::1]",
    ],
)
def test_uris_and_iris(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "room1",
        ":room",
        "1urn:a",
        "urn:",
        "urn:a b",
        "urn:a\n",
        "urn:<a>",
        'urn:"a"',
        "urn:{a}",
        "urn:a|b",
        "urn:a\\b",
        "urn:a^b",
        "urn:a`b",
        "ürn:a",
        *(f"urn:A{chr(code)}B" for code in (0x202E, 0x200B, 0xFEFF, 0x2028, 0xA0, 0xFE0F, 0xE0100, 0xFDD0)),
        *(f"urn:A{chr(code)}B" for code in (0xFFFE, 0x115F, 0x3164, 0xFFA0, 0x2800, 0x7F, 0x85, 0xE000)),
        "urn:" + "a" * 3000,
        None,
        5,
    ],
)
def test_no_uris(text: object) -> None:
    assert not is_uri(text)


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("temperature", f"{DEFAULT_VOCABULARY}temperature"),
        ("LAeq_d", f"{DEFAULT_VOCABULARY}LAeq_d"),
        ("výška_1", f"{DEFAULT_VOCABULARY}výška_1"),
        ("気温", f"{DEFAULT_VOCABULARY}気温"),
        ("location", "https://uri.etsi.org/ngsi-ld/location"),
        ("ngsi-ld:location", "https://uri.etsi.org/ngsi-ld/location"),
        ("https://example.org/a-b", "https://example.org/a-b"),
        ("unknown:name", "unknown:name"),
    ],
)
def test_names_are_expanded(text: str, iri: str) -> None:
    assert expand_name(text, CORE, "a name") == iri


@pytest.mark.parametrize(
    "text", ["", "my attr", "9a", "_a", "a-b", "a.b", ".", "..", "a/b", "a:", "@x", None, 3]
)
def test_no_names(text: object) -> None:
    with pytest.raises(BadRequestData) as caught:
        expand_name(text, CORE, "a name", "/here")
    assert caught.value.pointer == "/here"


def test_scopes_are_read_as_given_without_repetitions() -> None:
    assert read_scopes("/Madrid/Gardens/ParqueNorte", "/scope") == ("/Madrid/Gardens/ParqueNorte",)
    assert read_scopes(["Madrid", "/東京/東村山", "Madrid"], "/scope") == ("Madrid", "/東京/東村山")


@pytest.mark.parametrize(
    "value", ["9bad", "/a//b", "a-b", "urn:ngsi-ld:null", ["/ok", "9bad"], [], "", "/", "/a/", 5, None, {}]
)
def test_no_scopes(value: object) -> None:
    with pytest.raises(BadRequestData):
        read_scopes(value, "/scope")
