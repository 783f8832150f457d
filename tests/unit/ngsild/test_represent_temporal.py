"""Representations of history (clauses 4.5.6 to 4.5.9)."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.language import parse_languages
from context_api.ngsild.model import NULL, Instance, Kind, Micros
from context_api.ngsild.query import TimeProperty
from context_api.ngsild.represent_temporal import TemporalForm, TemporalStyle, write_history
from context_api.ngsild.temporal import SCOPE, History, Track
from context_api.ngsild.temporal_times import format_times
from context_api.ngsild.time import format_datetime, parse_datetime
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name

HEAD = {"id": ROOM, "type": "Room"}
FIRST_YEAR, LAST_YEAR = parse_datetime("0001-01-01T00:00:00Z"), parse_datetime("9999-12-31T23:59:59.999999Z")
NORMALIZED = TemporalForm()
VALUES = TemporalForm(style=TemporalStyle.VALUES)


def _track(values: list[Any], **members: Any) -> Track:
    """A track of numbers, one a minute from T0."""
    given: dict[str, Any] = {
        "attribute": name("probe"),
        "dataset_id": "",
        "kind": Kind.PROPERTY,
        "unit_code": None,
        "id_prefix": "urn:ngsi-ld:Instance:7-",
        "times": [T0 + number * 60 * SECOND for number in range(len(values))],
    }
    return Track(values=values, **(given | members))


def _written(*tracks: Track, form: TemporalForm = NORMALIZED, **members: Any) -> Any:
    history = History(id=ROOM, types=(name("Room"),), tracks=list(tracks), **members)
    written = write_history(history, CORE, form)
    return None if written is None else msgspec.json.decode(written)


def _one(instance: Instance, form: TemporalForm = NORMALIZED, **members: Any) -> Any:
    track = _track([None], others={0: instance}, unobserved=frozenset((0,)), **members)
    return _written(track, form=form)["probe"]


def test_numbers_normalized() -> None:
    assert _written(_track([1.5, 2], unit_code="CEL")) == {
        **HEAD,
        "probe": [
            {
                "type": "Property",
                "value": 1.5,
                "unitCode": "CEL",
                "observedAt": "2026-09-21T14:13:20Z",
                "instanceId": f"urn:ngsi-ld:Instance:7-{T0}",
            },
            {
                "type": "Property",
                "value": 2,
                "unitCode": "CEL",
                "observedAt": "2026-09-21T14:14:20Z",
                "instanceId": f"urn:ngsi-ld:Instance:7-{T0 + 60 * SECOND}",
            },
        ],
    }


def test_integers_stay_integers() -> None:
    written = write_history(History(id=ROOM, types=(name("Room"),), tracks=[_track([2, 2.0])]), CORE, VALUES)
    assert written is not None
    assert b'[[2,"2026-09-21T14:13:20Z"],[2.0,' in written


def test_deletions() -> None:
    gone = _track([1.5, None], deleted={1: T0 + 3 * SECOND}, unobserved=frozenset((1,)))
    assert _written(gone)["probe"][1] == {
        "type": "Property",
        "value": NULL,
        "instanceId": f"urn:ngsi-ld:Instance:7-{T0 + 60 * SECOND}",
        "deletedAt": "2026-09-21T14:13:23Z",
    }
    language = _track([None], kind=Kind.LANGUAGE_PROPERTY, deleted={0: T0}, unobserved=frozenset((0,)))
    assert _written(language)["probe"][0]["languageMap"] == {"@none": NULL}
    by_deletion = TemporalForm(style=TemporalStyle.VALUES, timeproperty=TimeProperty.DELETED_AT)
    assert _written(language, form=by_deletion)["probe"] == {
        "type": "LanguageProperty",
        "languageMaps": [[{"languageMap": {"@none": NULL}}, "2026-09-21T14:13:20Z"]],
    }


def test_system_times() -> None:
    track = _track([1.5, 2.5], recorded=[T0 + SECOND, T0 + 2 * SECOND], modified=[None, T0 + 90 * SECOND])
    form = TemporalForm(sys_attrs=True)
    written = _written(track, form=form, created_at=T0, deleted_at=T0 + SECOND)
    assert (written["createdAt"], written["deletedAt"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:13:21Z")
    [one, two] = written["probe"]
    assert (one["createdAt"], one["modifiedAt"]) == ("2026-09-21T14:13:21Z", "2026-09-21T14:13:21Z")
    assert (two["createdAt"], two["modifiedAt"]) == ("2026-09-21T14:13:22Z", "2026-09-21T14:14:50Z")
    moved = _track([1.5], recorded=[T0 + SECOND], moved={T0: "5-1"})
    [slow] = _written(moved, form=form)["probe"]
    assert (slow["createdAt"], slow["instanceId"]) == ("2026-09-21T14:13:21Z", "urn:ngsi-ld:Instance:7-5-1")


def test_temporal_values_by_another_time() -> None:
    track = _track([1.5, 2], recorded=[T0 + SECOND, T0 + 2 * SECOND], modified=[None, T0 + 90 * SECOND])

    def times(timeproperty: TimeProperty) -> list[str]:
        form = TemporalForm(style=TemporalStyle.VALUES, timeproperty=timeproperty)
        return [pair[1] for pair in _written(track, form=form)["probe"]["values"]]

    assert times(TimeProperty.CREATED_AT) == ["2026-09-21T14:13:21Z", "2026-09-21T14:13:22Z"]
    assert times(TimeProperty.MODIFIED_AT) == ["2026-09-21T14:13:21Z", "2026-09-21T14:14:50Z"]


def test_concise() -> None:
    form = TemporalForm(style=TemporalStyle.CONCISE)
    instance_id = f"urn:ngsi-ld:Instance:7-{T0}"
    assert _one(Instance(value="x"), form) == [{"value": "x", "instanceId": instance_id}]
    assert _written(_track([1.5]), form=form)["probe"] == [
        {"value": 1.5, "observedAt": "2026-09-21T14:13:20Z", "instanceId": instance_id}
    ]


def test_temporal_values_of_every_type() -> None:
    kinds: dict[Kind, tuple[Any, str, Any]] = {
        Kind.RELATIONSHIP: ("urn:a:1", "objects", "urn:a:1"),
        Kind.LANGUAGE_PROPERTY: ({"ja": "駅"}, "languageMaps", {"languageMap": {"ja": "駅"}}),
        Kind.JSON_PROPERTY: ({"a": 1}, "jsons", {"json": {"a": 1}}),
        Kind.VOCAB_PROPERTY: (name("open"), "vocabs", {"vocab": "open"}),
        Kind.LIST_PROPERTY: ([1], "valueLists", [1]),
        Kind.LIST_RELATIONSHIP: (["urn:a:1"], "objectLists", ["urn:a:1"]),
        Kind.GEO_PROPERTY: (
            {"type": "Point", "coordinates": [1, 2]},
            "values",
            {"type": "Point", "coordinates": [1, 2]},
        ),
    }
    for kind, (value, member, written) in kinds.items():
        document = _one(Instance(kind=kind, value=value), VALUES)
        assert document[member] == [[written, "2026-09-21T14:13:20Z"]]


def test_temporal_values_keep_datasets_apart() -> None:
    other = _track([5], dataset_id="urn:d:1")
    assert _written(_track([1.5]), other, form=VALUES)["probe"] == [
        {"type": "Property", "values": [[1.5, "2026-09-21T14:13:20Z"]]},
        {"type": "Property", "datasetId": "urn:d:1", "values": [[5, "2026-09-21T14:13:20Z"]]},
    ]


def test_what_lies_behind_the_page_is_an_empty_array() -> None:
    assert _written(_track([]))["probe"] == []
    assert _written(_track([]), form=VALUES)["probe"] == {"type": "Property", "values": []}


def test_scopes_are_properties_with_times_or_plain_where_history_does_not_know_them() -> None:
    changes = _track(
        [None, None],
        attribute=SCOPE,
        others={0: Instance(value=["/a"], observed_at=T0), 1: Instance(value=["/a", "/b"], observed_at=T0)},
    )
    [one, two] = _written(changes, scopes=("/ignored",))["scope"]
    assert (one["type"], one["value"], one["observedAt"]) == ("Property", "/a", "2026-09-21T14:13:20Z")
    assert two["value"] == ["/a", "/b"]
    gone = _track([None], attribute=SCOPE, deleted={0: T0}, unobserved=frozenset((0,)))
    assert _written(gone)["scope"][0]["value"] == []
    assert _written(scopes=("/a",))["scope"] == "/a"


def test_languages() -> None:
    form = TemporalForm(languages=parse_languages("ja"))
    [written] = _one(Instance(kind=Kind.LANGUAGE_PROPERTY, value={"ja": "駅", "en": "station"}), form)
    assert (written["type"], written["value"], written["lang"]) == ("Property", "駅", "ja")


@given(st.lists(st.integers(FIRST_YEAR, LAST_YEAR), max_size=20))
def test_times_are_written_as_each_alone(times: list[Micros]) -> None:
    assert format_times(times) == [format_datetime(each) for each in times]


@given(
    st.lists(
        st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    ),
    st.sampled_from((None, "CEL", 'a"b')),
    st.sampled_from(("", "urn:d:1")),
    st.booleans(),
    st.sampled_from(TemporalStyle),
)
def test_the_fast_way_writes_what_the_slow_way_does(
    values: list[Any], unit: str | None, dataset_id: str, sys_attrs: bool, style: TemporalStyle
) -> None:
    recorded = [T0 + number for number in range(len(values))]
    plain = _track(values, unit_code=unit, dataset_id=dataset_id, recorded=recorded)
    others = {position: plain.instance(position) for position in range(len(values))}
    slow = _track(values, unit_code=unit, dataset_id=dataset_id, recorded=recorded, others=others)
    form = TemporalForm(style=style, sys_attrs=sys_attrs)
    assert repr(_written(plain, form=form)["probe"]) == repr(
        _reordered(_written(slow, form=form), plain, form)
    )


def _reordered(slow: Any, plain: Track, form: TemporalForm) -> Any:
    """The slow way may order members otherwise: give its members in the order of the fast one's."""
    fast = _written(plain, form=form)["probe"]
    probe = slow["probe"]
    if not isinstance(probe, list):
        return {key: probe[key] for key in fast}
    return [{key: one[key] for key in other} for one, other in zip(probe, fast, strict=True)]
