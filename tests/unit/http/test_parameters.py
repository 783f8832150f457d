"""Query parameters: each is served, refused by name, or unknown; none is ignored."""

import pytest

from context_api.http.parameters import LATER_ENTITIES, Query, parse_query
from context_api.http.representation import (
    TEMPORAL_FORMATS,
    Format,
    Representation,
    read_options,
    read_representation,
)
from context_api.ngsild.errors import (
    BadRequestData,
    InvalidRequest,
    NgsiLdError,
    OperationNotSupported,
    TooManyResults,
)

ACCEPTS = ("id", "type", "limit", "offset", "count", "options", "format", "idPattern")


def query(text: str) -> Query:
    return parse_query(text.encode(), ACCEPTS, LATER_ENTITIES)


def test_lists_come_by_commas_or_by_repetition() -> None:
    assert query("id=a,b&id=c").items("id") == ("a", "b", "c")
    assert query("id=a%2Cb").items("id") == ("a", "b")
    assert query("").items("id") == ()
    assert query("type=%E7%A9%BA+x").text("type") == "空 x"


@pytest.mark.parametrize("name", ["entityMap", "entityMapLifetime"])
def test_what_ngsi_ld_has_and_we_do_not_is_refused_by_name(name: str) -> None:
    with pytest.raises(OperationNotSupported, match=name):
        query(f"{name}=x")


@pytest.mark.parametrize(
    ("text", "error", "part"),
    [
        ("foo=1", InvalidRequest, "'foo' is unknown here; accepted: count, format, id"),
        ("type=a&type=b", InvalidRequest, "type is given twice"),
        ("type=%FF", InvalidRequest, "UTF-8"),
        ("type=a%00", BadRequestData, "U+0000"),
        ("&".join(["id=x"] * 2000), InvalidRequest, "more than 1100 parameters"),
    ],
)
def test_wrong_queries_are_refused(text: str, error: type[NgsiLdError], part: str) -> None:
    with pytest.raises(error) as caught:
        query(text)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (20, 0, False)),
        ("limit=5&offset=10&count=true", (5, 10, True)),
        ("limit=0&count=true", (0, 0, True)),
        ("limit=1000", (1000, 0, False)),
    ],
)
def test_pages_are_read(text: str, expected: tuple[int, int, bool]) -> None:
    assert query(text).page() == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("limit=0", BadRequestData),
        ("limit=-1", BadRequestData),
        ("limit=1.5", BadRequestData),
        ("limit=", BadRequestData),
        ("limit=%D9%A3", BadRequestData),
        ("limit=1001", TooManyResults),
        ("limit=" + "9" * 50, BadRequestData),
        ("offset=-5", BadRequestData),
        ("count=yes", InvalidRequest),
    ],
)
def test_wrong_pages_are_refused(text: str, error: type[NgsiLdError]) -> None:
    with pytest.raises(error):
        query(text).page()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Representation(Format.NORMALIZED, False)),
        ("options=keyValues", Representation(Format.KEY_VALUES, False)),
        ("options=simplified,sysAttrs", Representation(Format.KEY_VALUES, True)),
        ("options=sysAttrs&options=concise", Representation(Format.CONCISE, True)),
        ("options=keyValues&format=concise", Representation(Format.CONCISE, False)),
        ("format=simplified", Representation(Format.KEY_VALUES, False)),
    ],
)
def test_representations_are_read(text: str, expected: Representation) -> None:
    assert read_representation(query(text)) == expected


def test_wrong_representations_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="'pretty'"):
        read_representation(query("options=pretty"))
    with pytest.raises(InvalidRequest, match="exclude each other"):
        read_representation(query("options=keyValues,concise"))
    with pytest.raises(InvalidRequest, match="'temporalValues'"):
        read_representation(query("options=temporalValues"))
    assert read_representation(query("options=temporalValues"), TEMPORAL_FORMATS).format == "temporalValues"
    assert read_representation(query("options=simplified"), TEMPORAL_FORMATS).format == "temporalValues"
    assert (
        read_representation(query("format=aggregatedValues"), TEMPORAL_FORMATS).format == "aggregatedValues"
    )
    with pytest.raises(InvalidRequest, match="noOverwrite"):
        read_options(query("options=keyValues"), ("noOverwrite",))
