"""Documents give back what was put in: every kind, every number to the digit, every system time."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.model import Entity, Instance, Kind
from context_api.ngsild.transition import Removed, Touched
from context_api.store import codec
from context_api.store.errors import StoreRefused
from context_api.store.terms import Terms, TermsMissing

NAMES = [f"https://uri.etsi.org/ngsi-ld/default-context/name{number}" for number in range(12)]
CREATED, MODIFIED = 1_700_000_000_000_000, 1_700_000_500_000_000


class KnownTerms(Terms):
    """Terms without a database: the twelve names, numbered from 1."""

    def __init__(self, names: Iterable[str] = NAMES) -> None:
        self._keys = {name: str(number) for number, name in enumerate(names, start=1)}
        self._iris = {key: name for name, key in self._keys.items()}


TERMS = KnownTerms()

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=3)
    ),
    max_leaves=6,
)
times = st.integers(min_value=CREATED, max_value=MODIFIED)


def instances(depth: int = 1, dataset_id: str = "") -> st.SearchStrategy[Instance]:
    """Instances as the merge rules make them: system times on the attribute, none on its sub-attributes."""
    sub: st.SearchStrategy[dict[str, list[Instance]] | None] = st.none()
    if depth:
        sub |= st.dictionaries(st.sampled_from(NAMES), instance_lists(depth - 1), min_size=1, max_size=2)
    return st.builds(
        Instance,
        kind=st.sampled_from(Kind),
        value=json_values,
        observed_at=st.none() | times,
        dataset_id=st.just(dataset_id),
        unit_code=st.none() | st.just("CEL"),
        value_type=st.none() | st.just("xsd:date"),
        expires_at=st.none() | times,
        created_at=times if depth else st.none(),
        modified_at=times if depth else st.none(),
        sub=sub,
    )


def instance_lists(depth: int = 1) -> st.SearchStrategy[list[Instance]]:
    default, other = instances(depth), instances(depth, "urn:d:1")
    return st.tuples(default).map(list) | st.tuples(default, other).map(list)


entities = st.builds(
    Entity,
    id=st.just("urn:x:1"),
    types=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
    attributes=st.dictionaries(st.sampled_from(NAMES), instance_lists(), max_size=4),
    scopes=st.sampled_from([(), ("/a", "/b/c")]),
    created_at=st.just(CREATED),
    modified_at=st.just(MODIFIED),
    expires_at=st.none() | times,
)


def row_of(entity: Entity) -> codec.EntityRow:
    return codec.EntityRow(
        id=entity.id,
        types=TERMS.numbers(entity.types),
        scopes=list(entity.scopes),
        fixed=codec.encode_fixed(TERMS, entity),
        live=codec.encode_live(TERMS, entity, codec.live_names(entity)),
        removed=None,
        created_at=entity.created_at,
        modified_at=entity.modified_at,
        expires_at=entity.expires_at,
    )


def exact(value: Any) -> str:
    """Tell 1 from 1.0 and from true."""
    return repr(msgspec.to_builtins(value))


@settings(max_examples=60, deadline=None)
@given(entities)
def test_an_entity_comes_back_from_its_row(entity: Entity) -> None:
    restored = codec.decode_entity(TERMS, row_of(entity))
    assert {name: exact(each) for name, each in restored.attributes.items()} == {
        name: exact(each) for name, each in entity.attributes.items()
    }
    assert (restored.types, restored.scopes, restored.expires_at) == (
        entity.types,
        entity.scopes,
        entity.expires_at,
    )
    assert (restored.created_at, restored.modified_at) == (entity.created_at, entity.modified_at)


@settings(max_examples=60, deadline=None)
@given(entities)
def test_a_change_document_holds_the_entity_and_the_former_instances(entity: Entity) -> None:
    row = row_of(entity)
    touched = [Touched(name, each[0].dataset_id, each[0], None) for name, each in entity.attributes.items()]
    change = codec.decode_change(
        TERMS, codec.encode_change(TERMS, entity, row.fixed, row.live, None, touched)
    )
    assert exact(change.entity.attributes) == exact(codec.decode_entity(TERMS, row).attributes)
    assert change.deleted_at is None
    assert {name: exact(each) for name, each in change.former.items()} == {
        one.attribute: exact({one.dataset_id: one.before}) for one in touched
    }


def test_a_deleted_entity_leaves_its_head_only() -> None:
    entity = Entity(
        id="urn:x:1", types=(NAMES[0],), attributes={NAMES[1]: [Instance(value=1)]}, created_at=CREATED
    )
    document = codec.encode_change(TERMS, entity, b"{}", b"{}", MODIFIED, [])
    change = codec.decode_change(TERMS, document)
    assert (change.deleted_at, change.entity.types, change.entity.attributes) == (MODIFIED, (NAMES[0],), {})


def test_what_follows_from_the_surroundings_is_left_out() -> None:
    live = Instance(value=1.5, observed_at=MODIFIED - 1, created_at=CREATED, modified_at=MODIFIED)
    fixed = Instance(value="x", created_at=CREATED, modified_at=CREATED)
    entity = Entity(
        id="urn:x:1",
        types=(NAMES[0],),
        attributes={NAMES[0]: [live], NAMES[1]: [fixed]},
        created_at=CREATED,
        modified_at=MODIFIED,
    )
    row = row_of(entity)
    assert row.live == b'{"1":[{"v":1.5,"o":%d}]}' % (MODIFIED - 1)
    assert row.fixed == b'{"2":[{"v":"x"}]}'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e15, b"1000000000000000.0"),
        (1e16, b"10000000000000000.0"),
        (-1e16, b"-10000000000000000.0"),
        (1.5, b"1.5"),
        (2**63, b"9223372036854775808"),
        (2**53 + 1, b"9007199254740993"),
        (True, b"true"),
        ({"a": [1e17]}, b'{"a":[100000000000000000.0]}'),
    ],
)
def test_numbers_are_written_so_that_jsonb_keeps_their_kind(value: Any, written: bytes) -> None:
    assert codec.encode_json(value) == written


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("a\0b", r"U\+0000"),
        ({"a\0": 1}, r"U\+0000"),
        ([["\0"]], r"U\+0000"),
        ("\ud800", "lone surrogate"),
        (float("nan"), "nan cannot be stored"),
        ([float("-inf")], "-inf cannot be stored"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(StoreRefused, match=complaint):
        codec.encode_json(value)


def test_a_backslash_u0000_that_is_text_is_no_nul() -> None:
    assert codec.encode_json("\\u0000") == b'"\\\\u0000"'


def test_nul_in_any_member_is_refused() -> None:
    for instance in (Instance(value=1, unit_code="\0"), Instance(value=1, dataset_id="urn:\0")):
        entity = Entity(id="urn:x:1", types=(NAMES[0],), attributes={NAMES[0]: [instance]})
        with pytest.raises(StoreRefused, match=r"U\+0000"):
            codec.encode_fixed(TERMS, entity)


def test_tombstones_come_back() -> None:
    removed = Removed(MODIFIED, {NAMES[0]: {"": CREATED, "urn:d": MODIFIED}})
    assert codec.decode_removed(TERMS, codec.encode_removed(TERMS, removed)) == removed
    assert codec.encode_removed(TERMS, Removed(None, {})) is None
    assert codec.decode_removed(TERMS, None) == Removed(None, {})


def test_an_unknown_name_and_an_unknown_number_ask_to_be_learnt() -> None:
    with pytest.raises(TermsMissing) as name:
        TERMS.key("urn:other")
    assert name.value.iris == {"urn:other"}
    with pytest.raises(TermsMissing) as number:
        TERMS.iri("99")
    assert number.value.keys == {"99"}
