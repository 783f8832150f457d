"""Entities of every shape, for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from context_api.ngsild.model import DEFAULT_DATASET, NULL, Attributes, Entity, Instance, Kind
from tests.unit.ngsild.builders import ROOM, SECOND, T0, name

TERMS = ("alpha", "beta", "気温", "LAeq_d", "delta")

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters, max_size=8).filter(lambda text: text != NULL)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
keys = st.sampled_from(
    ["a", "street", "type", "value", "coordinates", "object", "@type", "observedAt", "x y"]
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)
values = json_values.filter(lambda value: value is not None)
uris = st.sampled_from(["urn:a:1", "urn:a:2", "https://example.org/x?y#z", "urn:川:1"])
positions = st.tuples(st.floats(-180, 180, allow_nan=False), st.floats(-90, 90, allow_nan=False)).map(list)
geometries = st.one_of(
    st.builds(lambda at: {"type": "Point", "coordinates": at}, positions),
    st.builds(
        lambda line: {"type": "LineString", "coordinates": line},
        st.lists(positions, min_size=2, max_size=4),
    ),
)
words = st.sampled_from([name("open"), name("closed"), "urn:v:1", "https://uri.etsi.org/ngsi-ld/Property"])
language_maps = st.dictionaries(
    st.sampled_from(["ja", "en", "@none"]), st.one_of(texts, st.lists(texts, max_size=2)), min_size=1
)
raw_json = st.one_of(
    st.dictionaries(keys, json_values, max_size=3), st.lists(st.dictionaries(keys, json_values, max_size=2))
)
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.PROPERTY: values,
    Kind.RELATIONSHIP: st.one_of(uris, st.lists(uris, min_size=1, max_size=3)),
    Kind.GEO_PROPERTY: geometries,
    Kind.LANGUAGE_PROPERTY: language_maps,
    Kind.JSON_PROPERTY: raw_json,
    Kind.VOCAB_PROPERTY: st.one_of(words, st.lists(words, min_size=1, max_size=2)),
    Kind.LIST_PROPERTY: st.lists(json_values, max_size=3),
    Kind.LIST_RELATIONSHIP: st.lists(uris, max_size=3),
}
times = st.integers(T0 - 10 * SECOND, T0 + 10 * SECOND)


@st.composite
def instances(draw: st.DrawFn, depth: int = 0, dataset_id: str = DEFAULT_DATASET) -> Instance:
    """Draw an instance of any type, with sub-attributes."""
    kind = draw(st.sampled_from(list(Kind)))
    with_unit = kind in {Kind.PROPERTY, Kind.LIST_PROPERTY}
    with_type = kind in {Kind.PROPERTY, Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP}
    sub: Attributes | None = None
    if depth < 2 and draw(st.booleans()):
        sub = draw(attributes(depth=depth + 1)) or None
    return Instance(
        kind=kind,
        value=draw(_VALUES[kind]),
        observed_at=draw(st.none() | times),
        dataset_id=dataset_id,
        unit_code=draw(st.none() | st.just("CEL")) if with_unit else None,
        value_type=draw(st.none() | words) if with_type else None,
        sub=sub,
    )


@st.composite
def attributes(draw: st.DrawFn, depth: int = 0, max_size: int = 3) -> Attributes:
    """Draw a map of attributes, some of them with several instances."""
    terms = draw(st.lists(st.sampled_from(TERMS), unique=True, max_size=max_size))
    drawn: Attributes = {}
    for term in terms:
        datasets = draw(
            st.lists(st.sampled_from(["", "urn:d:1", "urn:d:2"]), unique=True, min_size=1, max_size=2)
        )
        drawn[name(term)] = [draw(instances(depth, dataset_id)) for dataset_id in sorted(datasets)]
    return drawn


@st.composite
def entities(draw: st.DrawFn) -> Entity:
    """Draw an entity as it is read from a document."""
    return Entity(
        id=ROOM,
        types=tuple(draw(st.lists(st.sampled_from([name("Room"), "urn:t:1"]), unique=True, min_size=1))),
        scopes=tuple(draw(st.lists(st.sampled_from(["/a", "/a/b"]), unique=True, max_size=2))),
        attributes=draw(attributes()),
        created_at=T0,
        modified_at=T0,
    )
