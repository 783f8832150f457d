"""@contexts: expansion and compaction by look-up, held against PyLD (clauses 4.4 and 5.5.7)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld

from context_api.ngsild.contexts import (
    CORE_CONTEXT_URL,
    DEFAULT_VOCABULARY,
    Context,
    build_context,
    builtin_document,
    core_context,
    core_context_document,
    flatten_context,
)
from context_api.ngsild.errors import BadRequestData, LdContextNotAvailable
from tests.unit.ngsild.builders import CORE

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"


@pytest.mark.parametrize(
    ("term", "iri"),
    [
        ("temperature", f"{DEFAULT_VOCABULARY}temperature"),
        ("location", f"{NGSI_LD}location"),
        ("description", "http://purl.org/dc/terms/description"),
        ("Point", "https://purl.org/geojson/vocab#Point"),
        ("value", f"{NGSI_LD}hasValue"),
        ("id", "@id"),
        ("type", "@type"),
        ("ngsi-ld:anything", f"{NGSI_LD}anything"),
        ("https://example.org/x", "https://example.org/x"),
        ("urn:ngsi-ld:x", "urn:ngsi-ld:x"),
        ("unknown:x", "unknown:x"),
    ],
)
def test_the_core_expands(term: str, iri: str) -> None:
    assert CORE.expand(term) == iri


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        (f"{DEFAULT_VOCABULARY}temperature", "temperature"),
        (f"{NGSI_LD}location", "location"),
        ("http://purl.org/dc/terms/title", "title"),
        # A default name that is a term of the core: it must not come back as that term
        (f"{DEFAULT_VOCABULARY}status", "ngsi-ld:default-context/status"),
        (f"{NGSI_LD}unheardOf", "ngsi-ld:unheardOf"),
        ("https://example.org/x", "https://example.org/x"),
    ],
)
def test_the_core_compacts(iri: str, name: str) -> None:
    assert CORE.compact(iri) == name


def test_a_users_context() -> None:
    context = build_context(
        [
            {
                "ex": "https://example.org/",
                "Station": "ex:Station",
                "pm": {"@id": "ex:pm25", "@type": "ex:Microgram"},
                "fine": "pm",
                "kind": {"@id": "ex:kind", "@type": "@vocab"},
                "owner": {"@id": "ex:owner", "@type": "@id"},
                "gone": None,
                "ident": "@id",
            }
        ],
        "https://example.org/context.jsonld",
    )
    assert context.source == "https://example.org/context.jsonld"
    assert context.expand("Station") == "https://example.org/Station"
    assert context.expand("fine") == "https://example.org/pm25"
    assert context.expand("ex:other") == "https://example.org/other"
    assert context.expand("ident") == "@id"
    assert context.expand("gone") == f"{DEFAULT_VOCABULARY}gone"
    assert context.compact("https://example.org/pm25") == "pm"
    assert context.compact("https://example.org/other") == "ex:other"
    assert context.expand_value("kind", ["Station", "else"]) == [
        "https://example.org/Station",
        f"{DEFAULT_VOCABULARY}else",
    ]
    assert context.expand_value("owner", "ex:me") == "https://example.org/me"
    assert context.expand_value("owner", "me") == "me"
    assert context.expand_value("pm", "Station") == "Station"
    assert context.expand_value("unknown", {"a": 1}) == {"a": 1}


def test_the_core_is_protected_and_last() -> None:
    context = build_context([{"value": "https://evil.example/v", "location": None, "Property": "x:y"}], [])
    assert context.expand("value") == f"{NGSI_LD}hasValue"
    assert context.expand("location") == f"{NGSI_LD}location"
    assert context.expand("Property") == f"{NGSI_LD}Property"


def test_later_parts_win_and_vocab_holds_from_where_it_stands() -> None:
    context = build_context([{"a": "https://one.example/a"}, {"a": "https://two.example/a"}], [])
    assert context.expand("a") == "https://two.example/a"
    context = build_context([{"@vocab": "https://vocab.example/#"}], [])
    assert context.expand("zone") == "https://vocab.example/#zone"
    assert context.compact("https://vocab.example/#zone") == "zone"
    assert context.expand("location") == f"{NGSI_LD}location"


def test_arrays_nested_documents_and_builtin_urls() -> None:
    city = builtin_document("/ngsi-ld/v1/jsonldContexts/city")
    assert city is not None
    context = build_context(
        [{"@context": [CORE_CONTEXT_URL, [{"a": "x:a"}, ["/ngsi-ld/v1/jsonldContexts/city"]]]}], []
    )
    assert context.expand("a") == "x:a"
    assert context.expand("pm25") == "https://smartdatamodels.org/dataModel.Environment/pm25"


def test_a_url_that_was_not_loaded() -> None:
    with pytest.raises(LdContextNotAvailable) as caught:
        build_context([{"@context": ["https://example.org/c.jsonld"]}], [])
    assert "https://example.org/c.jsonld" in caught.value.detail


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        ({"a": {"@id": "x:a", "@context": {}}}, "scoped"),
        ({"a": "b", "b": "a"}, "defined by itself"),
        ({"a": "a:b"}, "defined by itself"),
        ({"a": "nowhere"}, "no IRI"),
        ({"a": 5}, "string, an object or null"),
        ({"a": ["x:y"]}, "string, an object or null"),
        ({"a": {"@id": 5}}, "string"),
        ({"a": {"@id": "@context"}}, "@context"),
        ({"a": {"@id": "x:y", "@type": 5}}, "@type"),
        ({"a": {"@id": "x:y", "@type": "@list"}}, "@type"),
        ({"a": {"@id": "x:y", "@container": "@never"}}, "@container"),
        ({"a": {"@id": "x:y", "@prefix": "yes"}}, "@prefix"),
        ({"a": {"@id": "x:y", "@nonsense": 1}}, "@nonsense"),
        ({"a": {"@reverse": "x:y"}}, "@reverse"),
        ({"@id": "x:y"}, "cannot be defined"),
        ({"": "x:y"}, "cannot be defined"),
        ({"@vocab": 5}, "@vocab"),
        ({"@import": "https://example.org/c"}, "@import"),
        ({"@base": 5}, "@base"),
        ({"@version": 1.0}, "@version"),
        ({"@language": ["ja"]}, "@language"),
        ({"@protected": "yes"}, "@protected"),
    ],
)
def test_what_is_no_context(document: dict[str, Any], hint: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        build_context([document], [])
    assert hint in caught.value.detail


@pytest.mark.parametrize("value", [None, 5, "", [None], [5], True])
def test_what_a_context_member_cannot_be(value: Any) -> None:
    with pytest.raises(BadRequestData):
        list(flatten_context(value))


def test_deep_nesting_is_bounded() -> None:
    nested: Any = {"a": "x:a"}
    for _ in range(100):
        nested = [nested]
    with pytest.raises(BadRequestData):
        list(flatten_context(nested))


def test_long_chains_of_definitions_are_bounded() -> None:
    chain = {f"a{number}": f"a{number + 1}" for number in range(5000)}
    with pytest.raises(BadRequestData, match="by way of"):
        build_context([chain], [])
    with pytest.raises(BadRequestData, match="at most"):
        build_context([{f"a{number}": "x:y" for number in range(30_000)}], [])


def test_what_strangers_send_is_not_remembered_without_end() -> None:
    context = Context("x", {}, DEFAULT_VOCABULARY)
    for number in range(20_000):
        assert context.expand(f"n{number}") == f"{DEFAULT_VOCABULARY}n{number}"
    assert len(context._expanded) <= 10_000


@pytest.mark.parametrize("minor", range(3, 10))
def test_every_core_url_is_built_in(minor: int) -> None:
    document = builtin_document(f"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.{minor}.jsonld")
    assert document == core_context_document(f"v1.{minor}")
    assert document is not None
    assert document["@context"]["location"] == "ngsi-ld:location"
    assert ("VocabProperty" in document["@context"]) == (minor >= 8)


def test_other_urls_are_not_built_in() -> None:
    assert builtin_document("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld") is not None
    for url in (
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.2.jsonld",
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.10.jsonld",
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld.txt",
        "https://example.org/ngsi-ld-core-context-v1.9.jsonld",
    ):
        assert builtin_document(url) is None


_TERMS = st.sampled_from(["alpha", "beta", "gamma", "ex", "other", "Station", "zone"])
_TARGETS = st.sampled_from(
    ["https://example.org/", "https://example.org/Station", "ex:gamma", "https://other.example/#", "urn:x:y"]
)
_DEFINITIONS = st.dictionaries(
    _TERMS, st.one_of(_TARGETS, st.builds(lambda iri: {"@id": iri}, _TARGETS)), max_size=6
)


@given(_DEFINITIONS, st.lists(st.one_of(_TERMS, st.sampled_from(["ex:a", "beta:b", "urn:q:r"])), min_size=1))
def test_names_expand_as_pyld_expands_them(definitions: dict[str, Any], names: list[str]) -> None:
    if "ex" in definitions and "ex:" in str(definitions["ex"]):
        return  # defined by itself: refused by both
    context = build_context([definitions], [])
    vocabulary = {"@vocab": DEFAULT_VOCABULARY}
    for text in names:
        expanded = jsonld.expand(
            {"@context": [definitions, vocabulary], "@id": "urn:a", text: {"@id": "urn:b"}}
        )
        iris = [key for key in expanded[0] if key != "@id"]
        assert iris == [context.expand(text)]


@given(_DEFINITIONS, st.sampled_from(["Station", "gamma", "unheard", "deep/er"]))
def test_what_is_compacted_expands_to_the_same(definitions: dict[str, Any], tail: str) -> None:
    if "ex" in definitions and "ex:" in str(definitions["ex"]):
        return
    context = build_context([definitions], [])
    for start in ("https://example.org/", "https://other.example/#", DEFAULT_VOCABULARY, "urn:x:"):
        iri = f"{start}{tail}"
        assert context.expand(context.compact(iri)) == iri


def test_the_core_context_is_made_once() -> None:
    assert core_context() is core_context()
    assert core_context().source == CORE_CONTEXT_URL


def test_what_names_do_not_depend_on_is_passed_over() -> None:
    keywords = {"@version": 1.1, "@base": "https://example.org/", "@language": None, "@protected": True}
    context = build_context([{**keywords, "a": "x:y"}], [])
    assert context.expand("a") == "x:y"


def test_the_names_of_the_core_have_precedence_in_compaction_too() -> None:
    place = "https://uri.etsi.org/ngsi-ld/location"
    context = build_context([{"p": place, "position": place}], [])
    assert context.expand("p") == context.expand("position") == place
    assert context.compact(place) == "location"


def test_what_a_client_makes_up_is_remembered_within_bounds() -> None:
    context = build_context([{"a": "x:y"}], [])
    for number in range(5_000):
        assert context.compact(context.expand(f"name{number}")) == f"name{number}"
    assert context.expand("n" * 1_000).endswith("n" * 1_000)
    for known in (context._expanded, context._compacted):
        assert len(known) <= context.size + 250
        assert max(map(len, known)) <= 300
