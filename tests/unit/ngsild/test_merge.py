"""What each change makes of an entity (clauses 5.6.1 to 5.6.20)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_api.ngsild.changes import (
    AppendAttributes,
    AttributeFragment,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    NotUpdated,
    PartialUpdateAttribute,
    ReplaceAttribute,
    ReplaceEntity,
    Trigger,
    UpdateAttributes,
    UpsertEntity,
)
from context_api.ngsild.errors import AlreadyExists, BadRequestData, ResourceNotFound
from context_api.ngsild.merge import SCOPE, Removed, apply_change
from context_api.ngsild.model import NULL, Attributes, Entity, Instance
from context_api.ngsild.parse import Mode, parse_attribute, parse_attribute_fragment, parse_fragment
from context_api.ngsild.query import TypeIs
from context_api.ngsild.represent import to_normalized
from tests.unit.ngsild.builders import CORE, ROOM, SECOND, T0, applied, name, resulting, room
from tests.unit.ngsild.strategies import attributes, entities

CREATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_CREATED
UPDATED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_UPDATED
DELETED = Trigger.ENTITY_UPDATED | Trigger.ATTRIBUTE_DELETED
T1 = T0 + SECOND


def shown(entity: Entity | None) -> dict[str, Any]:
    """Write an entity without its id, with plain names."""
    assert entity is not None
    document = to_normalized(entity, CORE)
    del document["id"]
    return document


def update(**members: Any) -> UpdateAttributes:
    fragment = parse_fragment(members, CORE, mode=Mode.UPDATE)
    return UpdateAttributes(
        entity_id=ROOM, types=fragment.types, scopes=fragment.scopes, attributes=fragment.attributes
    )


def append(*, overwrite: bool = True, **members: Any) -> AppendAttributes:
    fragment = parse_fragment(members, CORE, mode=Mode.CREATE)
    return AppendAttributes(
        entity_id=ROOM,
        types=fragment.types,
        scopes=fragment.scopes,
        attributes=fragment.attributes,
        overwrite=overwrite,
    )


def merge(
    *, simplified: bool = False, observed_at: int | None = None, lang: str | None = None, **members: Any
) -> MergeEntity:
    fragment = parse_fragment(members, CORE, mode=Mode.MERGE, simplified=simplified)
    return MergeEntity(
        entity_id=ROOM,
        types=fragment.types,
        scopes=fragment.scopes,
        attributes=fragment.attributes,
        expires_at=fragment.expires_at,
        remove_expiry=fragment.remove_expiry,
        observed_at=observed_at,
        lang=lang,
    )


def partial(term: str, document: Any) -> PartialUpdateAttribute:
    fragment = parse_attribute_fragment(name(term), document, CORE)
    return PartialUpdateAttribute(entity_id=ROOM, attribute=name(term), fragment=fragment)


# 5.6.1 Create


def test_create() -> None:
    entity = room(at=0, temperature=21.5)
    transition = applied(None, CreateEntity(entity_id=ROOM, entity=entity))
    after = resulting(transition)
    assert (after.created_at, after.modified_at) == (T1, T1)
    instance = after.attributes[name("temperature")][0]
    assert (instance.value, instance.created_at, instance.modified_at) == (21.5, T1, T1)
    assert transition.outcome.created
    assert transition.outcome.updated == [name("temperature")]
    assert transition.trigger == Trigger.ENTITY_CREATED | Trigger.ATTRIBUTE_CREATED
    [touched] = transition.touched
    assert (touched.before, touched.after) == (None, instance)
    assert entity.created_at == 0  # what came in is not changed


def test_create_without_attributes() -> None:
    transition = applied(None, CreateEntity(entity_id=ROOM, entity=room()))
    assert transition.trigger == Trigger.ENTITY_CREATED
    assert transition.touched == []


def test_create_what_exists() -> None:
    current = room()
    transition = apply_change(current, CreateEntity(entity_id=ROOM, entity=room()), T1, Removed())
    assert isinstance(transition.outcome.error, AlreadyExists)
    assert transition.after is current
    assert (transition.touched, transition.trigger) == ([], Trigger(0))


def test_an_expired_entity_can_be_created_anew() -> None:
    current = room(temperature=1)
    current.expires_at = T1
    transition = applied(current, CreateEntity(entity_id=ROOM, entity=room(temperature=2)))
    assert shown(transition.after) == {"type": "Room", "temperature": {"type": "Property", "value": 2}}
    assert resulting(transition).created_at == T1


# 5.6.18 Replace, 5.6.8 Upsert


def test_replace() -> None:
    current = room(temperature=1, humidity=50, scope="/a")
    transition = applied(
        current, ReplaceEntity(entity_id=ROOM, entity=room(type="Hall", temperature=2, co2=400))
    )
    assert shown(transition.after) == {
        "type": "Hall",
        "temperature": {"type": "Property", "value": 2},
        "co2": {"type": "Property", "value": 400},
    }
    after = resulting(transition)
    assert (after.created_at, after.modified_at) == (T0, T1)
    assert after.attributes[name("temperature")][0].created_at == T0
    assert after.attributes[name("co2")][0].created_at == T1
    assert transition.trigger == CREATED | UPDATED | DELETED
    changes = {one.attribute: (one.before is None, one.after is None) for one in transition.touched}
    assert changes == {
        name("humidity"): (False, True),
        name("temperature"): (False, False),
        name("co2"): (True, False),
    }


def test_replacing_clears_what_expires() -> None:
    current = room(
        temperature={"value": 1, "expiresAt": "2999-01-01T00:00:00Z"}, expiresAt="2999-01-01T00:00:00Z"
    )
    after = resulting(applied(current, ReplaceEntity(entity_id=ROOM, entity=room(temperature=2))))
    assert after.expires_at is None
    assert after.attributes[name("temperature")][0].expires_at is None


def test_upsert() -> None:
    entity = room(type="Hall", temperature=2)
    created = applied(None, UpsertEntity(entity_id=ROOM, entity=entity))
    assert created.outcome.created
    current = room(temperature=1, humidity=50)
    replaced = applied(current, UpsertEntity(entity_id=ROOM, entity=entity))
    assert not replaced.outcome.created
    assert shown(replaced.after) == {"type": "Hall", "temperature": {"type": "Property", "value": 2}}
    updated = applied(current, UpsertEntity(entity_id=ROOM, entity=entity, update=True))
    assert shown(updated.after) == {
        "type": ["Room", "Hall"],
        "temperature": {"type": "Property", "value": 2},
        "humidity": {"type": "Property", "value": 50},
    }


# 5.6.3 Append


def test_an_upsert_may_end_an_entity_in_1970() -> None:
    change = UpsertEntity(entity_id=ROOM, entity=room(expiresAt="1970-01-01T00:00:00Z"), update=True)
    assert resulting(applied(room(temperature=1), change)).expires_at == 0


def test_append_overwrites_instance_by_instance() -> None:
    current = room(temperature=[{"value": 1, "unitCode": "CEL"}, {"value": 2, "datasetId": "urn:d:2"}])
    transition = applied(
        current,
        append(temperature=[{"value": 5}, {"value": 3, "datasetId": "urn:d:3"}], co2=400, type="Hall"),
    )
    assert shown(transition.after) == {
        "type": ["Room", "Hall"],
        "temperature": [
            {"type": "Property", "value": 5},
            {"type": "Property", "value": 2, "datasetId": "urn:d:2"},
            {"type": "Property", "value": 3, "datasetId": "urn:d:3"},
        ],
        "co2": {"type": "Property", "value": 400},
    }
    assert transition.trigger == CREATED | UPDATED
    assert transition.outcome.updated == [name("temperature"), name("co2")]


def test_append_without_overwriting() -> None:
    current = room(temperature=1, scope="/a")
    transition = applied(current, append(overwrite=False, temperature=2, co2=400, scope=["/b", "/a"]))
    assert shown(transition.after) == {
        "type": "Room",
        "scope": ["/a", "/b"],
        "temperature": {"type": "Property", "value": 1},
        "co2": {"type": "Property", "value": 400},
    }
    assert transition.outcome.updated == [name("co2")]
    [refused] = transition.outcome.not_updated
    assert refused.attribute == name("temperature")
    assert "noOverwrite" in refused.reason


def test_append_replaces_the_scope() -> None:
    transition = applied(room(scope="/a"), append(scope="/b"))
    assert resulting(transition).scopes == ("/b",)
    assert transition.trigger == Trigger.ENTITY_UPDATED


# 5.6.2 Update


def test_update_replaces_the_whole_attribute() -> None:
    """Clause 5.5.8, example 2."""
    current = room(temperature={"value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26.535Z"})
    change = update(temperature={"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"})
    assert shown(applied(current, change).after) == {
        "type": "Room",
        "temperature": {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z"},
    }


def test_update_removes_by_null() -> None:
    """Clause 5.5.8, example 3."""
    current = room(temperature=25, humidity=[{"value": 1}, {"value": 2, "datasetId": "urn:d:2"}])
    change = update(
        temperature={"type": "Property", "value": NULL},
        humidity={"value": NULL, "datasetId": "urn:d:2"},
        nowhere=NULL,
    )
    transition = applied(current, change)
    assert shown(transition.after) == {"type": "Room", "humidity": {"type": "Property", "value": 1}}
    assert transition.trigger == DELETED
    assert transition.outcome.updated == [name("temperature"), name("humidity")]
    assert transition.outcome.not_updated == []


def test_update_appends_what_is_unknown() -> None:
    transition = applied(room(), update(co2=400))
    assert shown(transition.after)["co2"] == {"type": "Property", "value": 400}
    assert transition.trigger == CREATED


def test_update_of_a_scope_that_is_not_there() -> None:
    transition = applied(room(temperature=1), update(scope="/b", temperature=2))
    assert resulting(transition).scopes == ()
    assert transition.outcome.not_updated == [
        NotUpdated(SCOPE, "the entity has no scope to be updated; append it")
    ]
    assert resulting(applied(room(scope="/a"), update(scope="/b"))).scopes == ("/b",)


def test_writing_the_same_again_is_history_but_no_news() -> None:
    current = room(temperature={"value": 1, "note": "x"})
    transition = applied(current, update(temperature={"value": 1, "note": "x"}))
    assert transition.trigger == Trigger(0)
    [touched] = transition.touched
    assert not touched.is_change
    assert touched.after is not None
    assert touched.after.modified_at == T1
    for other in ({"value": True, "note": "x"}, {"value": 1.0, "note": "x"}, {"value": 1, "note": "y"}):
        assert applied(current, update(temperature=other)).trigger == UPDATED


# 5.6.17 Merge


def test_merge_keeps_what_is_not_named() -> None:
    """Clause 5.5.12, example 1."""
    current = room(temperature={"value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26.535Z"})
    change = merge(temperature={"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"})
    assert shown(applied(current, change).after)["temperature"] == {
        "type": "Property",
        "value": 100,
        "unitCode": "CEL",
        "observedAt": "2022-03-14T13:00:00Z",
    }


def test_merge_goes_into_values() -> None:
    """Clause 5.5.12, example 2."""
    current = room(address={"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"})
    patch = {"type": "Property", "value": {"street": "Pariser Platz", "country": NULL}}
    assert shown(applied(current, merge(address=patch)).after)["address"] == {
        "type": "Property",
        "value": {"street": "Pariser Platz", "city": "Berlin"},
    }


POINT = {"type": "Point", "coordinates": [139, 35]}


@pytest.mark.parametrize(
    ("attribute", "patch", "expected"),
    [
        ({"value": 1, "unitCode": "CEL"}, {"unitCode": NULL}, {"type": "Property", "value": 1}),
        (
            {"value": 1, "observedAt": "2022-01-01T00:00:00Z"},
            {"observedAt": NULL},
            {"type": "Property", "value": 1},
        ),
        ({"value": 1, "note": "x"}, {"value": 2, "note": NULL}, {"type": "Property", "value": 2}),
        (
            {"value": 1, "note": {"value": "x", "by": "me"}},
            {"note": {"type": "Property", "value": "y"}},
            {
                "type": "Property",
                "value": 1,
                "note": {"type": "Property", "value": "y", "by": {"type": "Property", "value": "me"}},
            },
        ),
        (
            {"value": 1},
            {"value": 1, "note": "new"},
            {"type": "Property", "value": 1, "note": {"type": "Property", "value": "new"}},
        ),
        (
            {"languageMap": {"ja": "駅", "en": "station"}},
            {"type": "LanguageProperty", "languageMap": {"en": NULL, "fr": "gare"}},
            {"type": "LanguageProperty", "languageMap": {"ja": "駅", "fr": "gare"}},
        ),
        (
            {"json": {"a": 1, "b": 2}},
            {"type": "JsonProperty", "json": {"b": NULL, "c": 3}},
            {"type": "JsonProperty", "json": {"a": 1, "c": 3}},
        ),
        ({"value": [1, 2]}, {"value": [3]}, {"type": "Property", "value": [3]}),
        ({"value": {"a": 1}}, {"value": 5}, {"type": "Property", "value": 5}),
        (
            POINT,
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [140, 36]}},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [140, 36]}},
        ),
        (
            POINT,
            {"value": {"coordinates": [140, 36]}},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [140, 36]}},
        ),
        # Objects that name nothing but what the attribute has below it are about that, others are values
        (
            {"value": 1, "note": {"value": "x", "by": "me"}},
            {"note": NULL},
            {"type": "Property", "value": 1},
        ),
        (
            {"value": {"a": 1}, "note": {"value": "x", "by": "me"}},
            {"note": {"by": NULL}},
            {"type": "Property", "value": {"a": 1}, "note": {"type": "Property", "value": "x"}},
        ),
        (
            {"value": {"note": 1, "a": 2}, "note": "x"},
            {"note": NULL},
            {"type": "Property", "value": {"a": 2}, "note": {"type": "Property", "value": "x"}},
        ),
        (
            {"value": 1, "note": "x"},
            {"note": "y", "other": 2},
            {
                "type": "Property",
                "value": {"note": "y", "other": 2},
                "note": {"type": "Property", "value": "x"},
            },
        ),
        (
            {"object": "urn:a:1", "objectType": "A"},
            {"objectType": NULL},
            {"type": "Relationship", "object": "urn:a:1"},
        ),
        (
            {"object": "urn:a:1"},
            {"objectType": ["A", "B"]},
            {"type": "Relationship", "object": "urn:a:1", "objectType": ["A", "B"]},
        ),
        (
            {"languageMap": {"ja": "駅"}},
            ["y", "z"],
            {"type": "LanguageProperty", "languageMap": {"ja": "駅", "@none": ["y", "z"]}},
        ),
        # A type that is given takes the place of the other
        (
            {"value": 1, "unitCode": "CEL"},
            {"type": "Relationship", "object": "urn:a:1"},
            {"type": "Relationship", "object": "urn:a:1"},
        ),
        # A value alone takes the type of what is there
        ({"object": "urn:a:1"}, "urn:a:2", {"type": "Relationship", "object": "urn:a:2"}),
        (
            {"languageMap": {"@none": "x", "ja": "駅"}},
            "y",
            {"type": "LanguageProperty", "languageMap": {"@none": "y", "ja": "駅"}},
        ),
    ],
)
def test_merging_one_attribute(attribute: Any, patch: Any, expected: Any) -> None:
    transition = applied(room(probe=attribute), merge(probe=patch))
    assert shown(transition.after)["probe"] == expected


@pytest.mark.parametrize(
    ("attribute", "patch"),
    [
        ({"object": "urn:a:1"}, 5),
        ({"object": "urn:a:1"}, {"value": 5}),
        ({"languageMap": {"ja": "駅"}}, 5),
        ({"languageMap": {"ja": "駅"}}, {"type": "LanguageProperty", "languageMap": {"ja": NULL}}),
        (POINT, 5),
        (POINT, {"value": {"coordinates": "here"}}),
        (POINT, {"value": {"coordinates": [500, 0]}}),
        ({"valueList": [1]}, 5),
        ({"object": "urn:a:1"}, {"unitCode": "CEL"}),
        ({"object": "urn:a:1"}, {"valueType": "x"}),
        ({"value": 1}, {"objectType": "A"}),
    ],
)
def test_what_does_not_fit_is_not_merged(attribute: Any, patch: Any) -> None:
    current = room(probe=attribute)
    transition = apply_change(current, merge(probe=patch), T1, Removed())
    assert isinstance(transition.outcome.error, BadRequestData)
    assert transition.after is current


def test_merge_removes_attributes_and_instances() -> None:
    current = room(temperature=1, humidity=[{"value": 1}, {"value": 2, "datasetId": "urn:d:2"}])
    transition = applied(
        current, merge(temperature=NULL, humidity={"value": NULL, "datasetId": "urn:d:2"}, nowhere=NULL)
    )
    assert shown(transition.after) == {"type": "Room", "humidity": {"type": "Property", "value": 1}}
    assert transition.trigger == DELETED


def test_merge_appends_what_is_new_without_its_nulls() -> None:
    transition = applied(
        room(), merge(address={"value": {"city": "Berlin", "country": NULL}, "note": NULL}, co2=400)
    )
    assert shown(transition.after) == {
        "type": "Room",
        "address": {"type": "Property", "value": {"city": "Berlin"}},
        "co2": {"type": "Property", "value": 400},
    }
    half = apply_change(room(), merge(location={"value": {"coordinates": [1, 2]}}), T1, Removed())
    assert isinstance(half.outcome.error, BadRequestData)
    other = merge(co2={"type": "GeoProperty", "value": {"coordinates": [1, 2]}})
    assert isinstance(apply_change(room(co2=5), other, T1, Removed()).outcome.error, BadRequestData)
    incomplete = apply_change(room(), merge(co2={"unitCode": "59"}), T1, Removed())
    assert isinstance(incomplete.outcome.error, BadRequestData)


def test_merge_of_types_scope_and_expiry() -> None:
    current = room(scope="/a", expiresAt="2999-01-01T00:00:00Z")
    after = resulting(applied(current, merge(type="Hall", scope="/b", expiresAt="2998-01-01T00:00:00Z")))
    assert after.types == (name("Room"), name("Hall"))
    assert after.scopes == ("/b",)
    assert after.expires_at == 32_440_608_000 * SECOND
    after = resulting(applied(current, merge(scope=NULL, expiresAt=NULL)))
    assert (after.scopes, after.expires_at) == ((), None)
    assert resulting(applied(current, merge(temperature=1))).expires_at == current.expires_at


def test_merge_with_a_common_time_and_language() -> None:
    current = room(
        observed={"value": 1, "observedAt": "2022-01-01T00:00:00Z"},
        timeless=1,
        says={"languageMap": {"en": "yes", "fr": "oui"}},
    )
    change = merge(simplified=True, observed_at=0, lang="en", observed=2, timeless=2, says="no")
    document = shown(applied(current, change).after)
    assert document["observed"]["observedAt"] == "1970-01-01T00:00:00Z"
    assert "observedAt" not in document["timeless"]
    assert document["says"]["languageMap"] == {"en": "no", "fr": "oui"}
    explicit = merge(observed_at=0, observed={"value": 3, "observedAt": "2023-01-01T00:00:00Z"})
    assert shown(applied(current, explicit).after)["observed"]["observedAt"] == "2023-01-01T00:00:00Z"


# 5.6.4 Partial update


def test_partial_update() -> None:
    """Clause 5.5.8, example 1."""
    current = room(temperature={"value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26.535Z"})
    fragment = {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"}
    transition = applied(current, partial("temperature", fragment))
    assert shown(transition.after)["temperature"] == {
        "type": "Property",
        "value": 100,
        "unitCode": "CEL",
        "observedAt": "2022-03-14T13:00:00Z",
    }
    assert transition.trigger == UPDATED
    after = resulting(transition).attributes[name("temperature")][0]
    assert (after.created_at, after.modified_at) == (T0, T1)


def test_partial_update_replaces_values_and_sub_attributes_whole() -> None:
    current = room(probe={"value": {"a": 1, "b": 2}, "note": {"value": "x", "by": "me"}, "gone": 1})
    fragment = {"value": {"b": 3}, "note": {"type": "Property", "value": "y"}, "gone": NULL}
    assert shown(applied(current, partial("probe", fragment)).after)["probe"] == {
        "type": "Property",
        "value": {"b": 3},
        "note": {"type": "Property", "value": "y"},
    }


def test_partial_update_of_an_instance() -> None:
    current = room(probe=[{"value": 1}, {"value": 2, "datasetId": "urn:d:2"}])
    transition = applied(current, partial("probe", {"value": 5, "datasetId": "urn:d:2"}))
    assert [one.value for one in resulting(transition).attributes[name("probe")]] == [1, 5]
    missing = apply_change(current, partial("probe", {"value": 5, "datasetId": "urn:d:3"}), T1, Removed())
    assert isinstance(missing.outcome.error, ResourceNotFound)
    assert "urn:d:3" in missing.outcome.error.detail


def test_partial_update_by_null_deletes() -> None:
    transition = applied(room(probe=1, other=2), partial("probe", {"type": "Property", "value": NULL}))
    assert list(resulting(transition).attributes) == [name("other")]
    assert transition.trigger == DELETED


def test_partial_update_of_sub_attributes_alone() -> None:
    current = room(probe={"value": {"a": 1}, "note": "x", "other": 1})
    after = shown(applied(current, partial("probe", {"note": NULL, "other": {"value": 2}})).after)
    assert after["probe"] == {
        "type": "Property",
        "value": {"a": 1},
        "other": {"type": "Property", "value": 2},
    }


@pytest.mark.parametrize(
    "fragment", [{"type": "Relationship", "object": "urn:a:1"}, {"object": "urn:a:1"}, {"vocab": "x"}]
)
def test_partial_update_cannot_change_the_type(fragment: Any) -> None:
    transition = apply_change(room(probe=1), partial("probe", fragment), T1, Removed())
    assert isinstance(transition.outcome.error, BadRequestData)
    assert transition.outcome.error.pointer == "/type"


@pytest.mark.parametrize(
    ("attribute", "fragment"),
    [
        ({"object": "urn:a:1"}, 5),
        ({"object": "urn:a:1"}, "no uri"),
        ({"object": "urn:a:1"}, ["urn:a:2", 5]),
        ({"languageMap": {"ja": "駅"}}, "x"),
        ({"json": {"a": 1}}, 5),
        ({"json": {"a": 1}}, [1]),
        ({"vocab": "x"}, 5),
        ({"valueList": [1]}, 1e308),
        ({"objectList": ["urn:a:1"]}, 1e308),
        ({"objectList": ["urn:a:1"]}, [5]),
        (POINT, "x"),
    ],
)
def test_a_bare_value_fits_or_is_refused(attribute: Any, fragment: Any) -> None:
    current = room(probe=attribute)
    for change in (partial("probe", fragment), merge(probe=fragment)):
        if isinstance(change, MergeEntity) and fragment == "x" and "languageMap" in attribute:
            continue  # a text is merged into a languageMap
        transition = apply_change(current, change, T1, Removed())
        assert isinstance(transition.outcome.error, BadRequestData)
        assert transition.after is current


@pytest.mark.parametrize(
    ("attribute", "fragment", "expected"),
    [
        ({"vocab": "x"}, "y", {"type": "VocabProperty", "vocab": "y"}),
        ({"vocab": "x"}, ["y", "z"], {"type": "VocabProperty", "vocab": ["y", "z"]}),
        ({"object": "urn:a:1"}, ["urn:a:2"], {"type": "Relationship", "object": ["urn:a:2"]}),
        (
            {"objectList": ["urn:a:1"]},
            ["urn:a:2", "urn:a:3"],
            {"type": "ListRelationship", "objectList": [{"object": "urn:a:2"}, {"object": "urn:a:3"}]},
        ),
    ],
)
def test_a_bare_value_becomes_one_of_the_target_s_type(attribute: Any, fragment: Any, expected: Any) -> None:
    for change in (partial("probe", fragment), merge(probe=fragment)):
        after = resulting(applied(room(probe=attribute), change))
        assert to_normalized(after, CORE)["probe"] == expected
        [instance] = after.attributes[name("probe")]
        if "vocab" in expected:
            words = instance.value if isinstance(instance.value, list) else [instance.value]
            assert all(":" in word for word in words)


@pytest.mark.parametrize("fragment", [{"unitCode": "CEL"}, {"valueType": "x"}])
def test_partial_update_adds_no_member_that_the_type_lacks(fragment: Any) -> None:
    transition = apply_change(room(probe={"object": "urn:a:1"}), partial("probe", fragment), T1, Removed())
    assert isinstance(transition.outcome.error, BadRequestData)
    assert transition.outcome.error.pointer == f"/{next(iter(fragment))}"


# 5.6.19 Replace attribute, 5.6.5 Delete attribute, 5.6.6 Delete entity


def _replace_attribute(document: Any) -> ReplaceAttribute:
    return ReplaceAttribute(
        entity_id=ROOM, attribute=name("probe"), attributes=parse_attribute(name("probe"), document, CORE)
    )


def test_replace_attribute() -> None:
    current = room(probe=[{"value": 1, "unitCode": "CEL"}, {"value": 2, "datasetId": "urn:d:2"}])
    transition = applied(current, _replace_attribute({"type": "Relationship", "object": "urn:a:1"}))
    assert shown(transition.after)["probe"] == [
        {"type": "Relationship", "object": "urn:a:1"},
        {"type": "Property", "value": 2, "datasetId": "urn:d:2"},
    ]
    for absent in (room(), room(probe={"value": 2, "datasetId": "urn:d:2"})):
        failed = apply_change(absent, _replace_attribute(5), T1, Removed())
        assert isinstance(failed.outcome.error, ResourceNotFound)


def _delete_attribute(dataset_id: str = "", *, delete_all: bool = False) -> DeleteAttribute:
    return DeleteAttribute(
        entity_id=ROOM, attribute=name("probe"), dataset_id=dataset_id, delete_all=delete_all
    )


def test_delete_attribute() -> None:
    current = room(probe=[{"value": 1}, {"value": 2, "datasetId": "urn:d:2"}], other=1)
    by_default = applied(current, _delete_attribute())
    assert [one.value for one in resulting(by_default).attributes[name("probe")]] == [2]
    one = applied(current, _delete_attribute("urn:d:2"))
    assert [one.value for one in resulting(one).attributes[name("probe")]] == [1]
    whole = applied(current, _delete_attribute(delete_all=True))
    assert list(resulting(whole).attributes) == [name("other")]
    assert [(touched.dataset_id, touched.after) for touched in whole.touched] == [
        ("", None),
        ("urn:d:2", None),
    ]
    missing = apply_change(current, _delete_attribute("urn:d:3"), T1, Removed())
    assert isinstance(missing.outcome.error, ResourceNotFound)


def test_delete_the_scope() -> None:
    change = DeleteAttribute(entity_id=ROOM, attribute=SCOPE)
    assert resulting(applied(room(scope="/a"), change)).scopes == ()
    assert isinstance(apply_change(room(), change, T1, Removed()).outcome.error, ResourceNotFound)


def test_delete_entity() -> None:
    current = room(temperature=1)
    transition = applied(current, DeleteEntity(entity_id=ROOM))
    assert transition.after is None
    assert transition.trigger == Trigger.ENTITY_DELETED | Trigger.ATTRIBUTE_DELETED
    [touched] = transition.touched
    assert (touched.before, touched.after) == (current.attributes[name("temperature")][0], None)
    assert applied(room(), DeleteEntity(entity_id=ROOM)).trigger == Trigger.ENTITY_DELETED


# All of them

CHANGES: list[Change] = [
    ReplaceEntity(entity_id=ROOM, entity=room()),
    merge(temperature=1),
    append(temperature=1),
    update(temperature=1),
    partial("temperature", {"value": 1}),
    _replace_attribute(1),
    _delete_attribute(),
    DeleteEntity(entity_id=ROOM),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_what_needs_an_entity(change: Change) -> None:
    expired = room(temperature=1)
    expired.expires_at = T1
    for current in (None, expired):
        transition = apply_change(current, change, T1, Removed())
        assert isinstance(transition.outcome.error, ResourceNotFound)
        assert transition.outcome.error.detail == f"the entity {ROOM} does not exist"
        assert transition.after is current


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_the_type_selector_guards(change: Change) -> None:
    current = room(temperature=1, probe=1)
    other = msgspec.structs.replace(change, type_selector=TypeIs(name("Hall")))
    transition = apply_change(current, other, T1, Removed())
    assert isinstance(transition.outcome.error, ResourceNotFound)
    assert transition.after is current
    same = msgspec.structs.replace(change, type_selector=TypeIs(name("Room")))
    assert apply_change(current, same, T1, Removed()).outcome.error is None


def test_expired_instances_count_as_absent() -> None:
    current = room(temperature=1, humidity=2)
    current.attributes[name("temperature")][0].expires_at = T1
    transition = applied(current, append(overwrite=False, temperature=5))
    assert shown(transition.after)["temperature"] == {"type": "Property", "value": 5}
    missing = apply_change(current, partial("temperature", {"value": 5}), T1, Removed())
    assert isinstance(missing.outcome.error, ResourceNotFound)
    assert missing.after is current


def test_an_unknown_change_is_an_internal_error() -> None:
    transition = apply_change(room(), Change(entity_id=ROOM), T1, Removed())
    assert transition.outcome.error is not None
    assert "nobody knows" in str(transition.outcome.error)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    drawn = draw(attributes())
    entity = draw(entities())
    return draw(
        st.sampled_from(
            [
                CreateEntity(entity_id=ROOM, entity=entity),
                ReplaceEntity(entity_id=ROOM, entity=entity),
                UpsertEntity(entity_id=ROOM, entity=entity),
                UpsertEntity(entity_id=ROOM, entity=entity, update=True),
                MergeEntity(entity_id=ROOM, attributes=drawn),
                AppendAttributes(entity_id=ROOM, attributes=drawn, overwrite=draw(st.booleans())),
                UpdateAttributes(entity_id=ROOM, attributes=drawn),
                PartialUpdateAttribute(
                    entity_id=ROOM,
                    attribute=next(iter(drawn), name("alpha")),
                    fragment=AttributeFragment(instances=tuple(next(iter(drawn.values()), []))),
                ),
                DeleteAttribute(entity_id=ROOM, attribute=next(iter(drawn), name("alpha")), delete_all=True),
                DeleteEntity(entity_id=ROOM),
            ]
        )
    )


def _flat(attributes: Attributes) -> dict[tuple[str, str], Instance]:
    return {(term, one.dataset_id): one for term, listed in attributes.items() for one in listed}


@settings(max_examples=150, deadline=None)
@given(st.none() | entities(), changes())
def test_what_comes_in_is_never_changed_and_touched_tells_all(current: Entity | None, change: Change) -> None:
    before = msgspec.msgpack.encode((current, change))
    transition = apply_change(current, change, T1, Removed())
    assert msgspec.msgpack.encode((current, change)) == before
    former = _flat(current.attributes) if current is not None else {}
    latter = _flat(transition.after.attributes) if transition.after is not None else {}
    touched = {(one.attribute, one.dataset_id): one for one in transition.touched}
    for key in former.keys() | latter.keys():
        if key in touched:
            assert touched[key].before == former.get(key)
            assert touched[key].after == latter.get(key)
        else:
            assert former.get(key) is latter.get(key)
    for listed in (transition.after.attributes if transition.after is not None else {}).values():
        assert listed
        assert len({one.dataset_id for one in listed}) == len(listed)
        assert all(one.dataset_id != "" for one in listed[1:])
