"""Representations of history (clauses 4.5.6 to 4.5.9)."""

from typing import Any

from context_api.ngsild.model import NULL, Instance, Kind
from context_api.ngsild.query import TimeProperty
from context_api.ngsild.represent_temporal import to_temporal
from context_api.ngsild.temporal import TemporalEntity, TemporalInstance
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, name


def _instance(number: int, instance: Instance, **times: Any) -> TemporalInstance:
    return TemporalInstance(
        instance_id=f"urn:ngsi-ld:Instance:{number}",
        instance=instance,
        at=instance.observed_at or T0 + number * SECOND,
        recorded_at=T0 + number * SECOND,
        **times,
    )


def _history(*instances: TemporalInstance) -> TemporalEntity:
    return TemporalEntity(
        id=ROOM, types=(name("Room"),), scopes=("/a",), series={name("probe"): [*instances]}
    )


HEAD = {"id": ROOM, "type": "Room", "scope": "/a"}
ONE = _instance(1, Instance(value=1.5, unit_code="CEL", observed_at=T0))
TWO = _instance(2, Instance(value=2, observed_at=T0 + 60 * SECOND), modified_at=T0 + 90 * SECOND)
GONE = _instance(3, Instance(value=2), deleted_at=T0 + 3 * SECOND)


def test_normalized() -> None:
    assert to_temporal(_history(ONE, TWO, GONE), CORE) == {
        **HEAD,
        "probe": [
            {
                "type": "Property",
                "value": 1.5,
                "unitCode": "CEL",
                "observedAt": "2026-09-21T14:13:20Z",
                "instanceId": "urn:ngsi-ld:Instance:1",
            },
            {
                "type": "Property",
                "value": 2,
                "observedAt": "2026-09-21T14:14:20Z",
                "instanceId": "urn:ngsi-ld:Instance:2",
            },
            {
                "type": "Property",
                "value": NULL,
                "instanceId": "urn:ngsi-ld:Instance:3",
                "deletedAt": "2026-09-21T14:13:23Z",
            },
        ],
    }


def test_system_times() -> None:
    [one, two, _] = to_temporal(_history(ONE, TWO, GONE), CORE, sys_attrs=True)["probe"]
    assert (one["createdAt"], one["modifiedAt"]) == ("2026-09-21T14:13:21Z", "2026-09-21T14:13:21Z")
    assert (two["createdAt"], two["modifiedAt"]) == ("2026-09-21T14:13:22Z", "2026-09-21T14:14:50Z")
    entity = _history()
    entity.created_at, entity.deleted_at = T0, T0 + SECOND
    assert to_temporal(entity, CORE, sys_attrs=True) == {
        **HEAD,
        "createdAt": "2026-09-21T14:13:20Z",
        "deletedAt": "2026-09-21T14:13:21Z",
        "probe": [],
    }
    assert to_temporal(entity, CORE) == {**HEAD, "probe": []}


def test_concise() -> None:
    plain = _instance(4, Instance(value="x"))
    assert to_temporal(_history(plain), CORE, concise=True)["probe"] == [
        {"value": "x", "instanceId": "urn:ngsi-ld:Instance:4"}
    ]


def test_temporal_values() -> None:
    assert to_temporal(_history(ONE, TWO, GONE), CORE, temporal_values=True) == {
        **HEAD,
        "probe": {
            "type": "Property",
            "values": [
                [1.5, "2026-09-21T14:13:20Z"],
                [2, "2026-09-21T14:14:20Z"],
                [NULL, "2026-09-21T14:13:23Z"],
            ],
        },
    }


def test_temporal_values_by_another_time() -> None:
    history = _history(ONE, TWO)

    def times(timeproperty: TimeProperty) -> list[str]:
        document = to_temporal(history, CORE, temporal_values=True, timeproperty=timeproperty)
        return [pair[1] for pair in document["probe"]["values"]]

    assert times(TimeProperty.CREATED_AT) == ["2026-09-21T14:13:21Z", "2026-09-21T14:13:22Z"]
    assert times(TimeProperty.MODIFIED_AT) == ["2026-09-21T14:13:21Z", "2026-09-21T14:14:50Z"]
    gone = to_temporal(_history(GONE), CORE, temporal_values=True, timeproperty=TimeProperty.DELETED_AT)
    assert gone["probe"]["values"] == [[NULL, "2026-09-21T14:13:23Z"]]


def test_temporal_values_of_every_type() -> None:
    kinds: dict[Kind, tuple[Any, str, Any]] = {
        Kind.RELATIONSHIP: ("urn:a:1", "objects", "urn:a:1"),
        Kind.LANGUAGE_PROPERTY: ({"ja": "駅"}, "languageMaps", {"languageMap": {"ja": "駅"}}),
        Kind.JSON_PROPERTY: ({"a": 1}, "jsons", {"json": {"a": 1}}),
        Kind.VOCAB_PROPERTY: (name("open"), "vocabs", {"vocab": "open"}),
        Kind.LIST_PROPERTY: ([1], "valueLists", [1]),
        Kind.LIST_RELATIONSHIP: (["urn:a:1"], "objectLists", ["urn:a:1"]),
    }
    for kind, (value, member, written) in kinds.items():
        history = _history(_instance(1, Instance(kind=kind, value=value)))
        document = to_temporal(history, CORE, temporal_values=True)
        assert document["probe"][member] == [[written, "2026-09-21T14:13:21Z"]]


def test_temporal_values_keep_datasets_apart() -> None:
    other = _instance(2, Instance(value=5, dataset_id="urn:d:1"))
    document = to_temporal(_history(ONE, other), CORE, temporal_values=True)
    assert document["probe"] == [
        {"type": "Property", "values": [[1.5, "2026-09-21T14:13:20Z"]]},
        {"type": "Property", "datasetId": "urn:d:1", "values": [[5, "2026-09-21T14:13:22Z"]]},
    ]


def test_a_deleted_language_property() -> None:
    gone = _instance(1, Instance(kind=Kind.LANGUAGE_PROPERTY, value={"ja": "駅"}), deleted_at=T0)
    assert to_temporal(_history(gone), CORE)["probe"] == [
        {
            "type": "LanguageProperty",
            "languageMap": {"@none": NULL},
            "instanceId": "urn:ngsi-ld:Instance:1",
            "deletedAt": "2026-09-21T14:13:20Z",
        }
    ]
