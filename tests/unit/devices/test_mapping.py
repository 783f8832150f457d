"""What a profile makes of values: words, units, ranges, times, places, ids, data models; hostile ones too."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.registry import get_adapter
from adapters.types import Message
from context_api.ngsild.model import Instance
from devices.catalog import built_in_profiles, expander_of
from devices.datamodel import modelled_types, rules_of
from devices.entity_ids import EntityIdError, parse_template
from devices.ingest import REASONS, ingest
from devices.model import Ingested, Source
from devices.profile import Profile, ProfileError
from devices.profile_build import build_profile, parse_profile
from devices.profile_file import to_toml
from devices.schema_check import JsonSchema
from devices.units import UnitError, conversion

_AT = 1_795_392_000_000_000
_JST_NOON = _AT + 3 * 3_600_000_000
"""Noon of 2026-11-23 in Japan."""


def _profile(values: dict[str, Any], **members: Any) -> Profile:
    document = {"name": "p", "entityType": "Thing", "values": values, **members}
    return build_profile(document, expander_of)


def _source(profile: Profile) -> Source:
    return Source(
        tenant="town",
        tenant_id=1,
        device_id="d-1",
        device_name="d-1",
        adapter=get_adapter("native", zone=profile.zone),
        profile=profile,
        entity_id=profile.entity_id("d-1", "town", {"zone": "north"}),
        static={},
        device_static={"zone": "north"},
    )


def _ingest(profile: Profile, payload: Any, *, retain: bool = False) -> Ingested:
    message = Message("machi/v1/town/d-1/up", orjson.dumps(payload), retain=retain)
    return ingest(message, _source(profile), _AT + 86_400_000_000)


def _found(profile: Profile, payload: Any) -> dict[str, list[Instance]]:
    ingested = _ingest(profile, payload)
    assert ingested.quarantine is None, ingested.quarantine
    return {
        name.rpartition("/")[2]: held
        for reading in ingested.readings
        for name, held in reading.attributes.items()
    }


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ({"map": {"OPEN": "open", "0": "closed"}}, "OPEN", "open"),
        ({"map": {"OPEN": "open", "0": "closed"}}, 0, "closed"),
        ({"map": {"OPEN": "open", "0": "closed"}}, 0.0, "closed"),
        ({"map": {"OPEN": "open"}, "ignoreCase": True}, "Open", "open"),
        ({"map": {"true": 1, "false": 0}}, True, 1),
        ({"map": {"a": "b"}, "otherwise": "keep"}, "c", "c"),
        ({"accepts": "numeric"}, " 12.50 ", 12.5),
        ({"accepts": "numeric"}, "-3", -3),
        ({"scale": 0.1, "offset": -40}, 655, 25.5),
        ({"unitCode": "CEL", "payloadUnit": "FAH"}, 68, 20.0),
        ({"unitCode": "CEL", "payloadUnit": "FAH", "scale": 0.1}, 680, 20.0),
        ({"unitCode": "KGM", "payloadUnit": "MC"}, 12.3, 1.23e-8),
        ({"unitCode": "CEL"}, {"value": 293.15, "unitCode": "KEL"}, 20.0),
        ({"unitCode": "C62", "payloadUnit": "P1"}, {"value": 0.5, "unitCode": "C62"}, 0.5),
        ({"unitCode": "CEL", "offset": -0.5}, {"value": 68, "unitCode": "FAH"}, 19.5),
        ({"accepts": "any"}, ["a", {"b": 1}], ["a", {"b": 1}]),
        ({"min": 0, "max": 10}, 10, 10),
    ],
)
def test_values(field: dict[str, Any], value: Any, expected: Any) -> None:
    [instance] = _found(_profile({"x": {"attribute": "x", **field}}), {"x": value})["x"]
    assert instance.value == expected
    assert type(instance.value) is type(expected)
    assert instance.unit_code == field.get("unitCode")


@pytest.mark.parametrize(
    ("field", "value", "reason", "detail"),
    [
        ({"min": 0}, -1, "out-of-range", "'x' is -1, below 0"),
        ({"max": 20, "unitCode": "CEL", "payloadUnit": "FAH"}, 70, "out-of-range", "21.1111111111, above 20"),
        ({"map": {"a": 1}}, "b", "unknown-word", "'x' is 'b'; the profile's map has a"),
        ({"map": {"a": 1}}, {"a": 1}, "unknown-word", "an object"),
    ],
)
@pytest.mark.parametrize("outside", ["value", "message"])
def test_a_faulty_value_leaves_alone_or_takes_its_message(
    field: dict[str, Any], value: Any, reason: str, detail: str, outside: str
) -> None:
    profile = _profile({"x": {"attribute": "x", "outside": outside, **field}, "y": {"attribute": "y"}})
    ingested = _ingest(profile, {"x": value, "y": 1, "z": 1})
    assert ingested.quarantine is not None
    assert ingested.quarantine.reason == reason
    assert detail in ingested.quarantine.detail
    [finding] = ingested.findings
    assert (finding.attribute, finding.reason, finding.values) == ("x", reason, 1)
    assert len(ingested.readings) == (1 if outside == "value" else 0)
    assert (ingested.values, ingested.ignored_values) == (3, 1 if outside == "value" else 0)
    alone = _ingest(profile, {"x": value})
    assert (alone.readings, alone.quarantine and alone.quarantine.reason) == ((), reason)


@pytest.mark.parametrize("value", ["1_000", "٣", "0x10", "nan", "inf", "1e999", "", " ", "1" * 40])
def test_texts_that_are_no_numbers(value: str) -> None:
    ingested = _ingest(_profile({"x": {"attribute": "x", "accepts": "numeric"}}), {"x": value})
    assert ingested.quarantine is not None
    assert ingested.quarantine.reason == "bad-value"


def test_units_that_do_not_fit() -> None:
    profile = _profile({"x": {"attribute": "x", "unitCode": "CEL"}})
    ingested = _ingest(profile, {"x": {"value": 1, "unitCode": "MTR"}})
    assert ingested.quarantine is not None
    assert "MTR does not become CEL" in ingested.quarantine.detail
    [kept] = _found(profile, {"x": {"value": 1, "unitCode": "X99"}})["x"]
    assert (kept.value, kept.unit_code) == (1, "X99"), "a unit that we do not know stays with its value"


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("FAH", "CEL", 212, 100),
        ("KEL", "CEL", 273.15, 0),
        ("KMH", "MTS", 36, 10),
        ("HN", "A97", 760, 1013.25),
        ("61", "59", 1500, 1.5),
        ("GP", "GQ", 1, 1000),
        ("H61", "G42", 2, 2000),
        ("D54", "D54", 3, 3),
    ],
)
def test_conversions(source: str, target: str, value: float, expected: float) -> None:
    affine = conversion(source, target)
    assert value * affine.scale + affine.offset == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("source", "target"), [("2N", "C62"), ("GQ", "59"), ("nope", "CEL"), ("CEL", "nope")]
)
def test_conversions_that_are_none(source: str, target: str) -> None:
    with pytest.raises(UnitError):
        conversion(source, target)


def test_nested_values_are_counted_one_by_one() -> None:
    profile = _profile(
        {
            "air.temp": {"attribute": "temperature"},
            "air.list.1.v": {"attribute": "second"},
            "air.gone": {"attribute": "gone"},
        }
    )
    ingested = _ingest(profile, {"air": {"temp": 20, "list": [{"v": 1}, {"v": 2}]}, "x": 1})
    [reading] = ingested.readings
    assert {name.rpartition("/")[2]: held[0].value for name, held in reading.attributes.items()} == {
        "temperature": 20,
        "second": 2,
    }
    assert (ingested.values, ingested.ignored_values, ingested.ignored_keys) == (3, 1, ("x",))
    nothing = _ingest(profile, {"air": {"other": 1}})
    assert nothing.quarantine is not None
    assert nothing.quarantine.reason == "no-known-key"


def test_datasets_stand_beside_each_other_the_default_first() -> None:
    profile = _profile(
        {
            "roof": {"attribute": "t", "datasetId": "urn:x:roof"},
            "a": {"attribute": "t"},
            "b": {"attribute": "t"},
        }
    )
    held = _found(profile, {"roof": 1, "a": 2, "b": 3})["t"]
    assert [(one.dataset_id, one.value) for one in held] == [("", 2), ("urn:x:roof", 1)]


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        ({"key": "ts"}, 1_795_392_000, _AT),
        ({"key": "ts"}, "1795392000", _AT),
        ({"key": "ts", "format": "s"}, 1_795_392_000.5, _AT + 500_000),
        ({"key": "ts", "format": "ms"}, 1_795_392_000_000, _AT),
        ({"key": "ts", "format": "us"}, "1795392000000000", _AT),
        ({"key": "ts"}, "2026-11-23T00:00:00Z", _AT),
        ({"key": "ts", "zone": "Asia/Tokyo"}, "2026-11-23T12:00:00", _JST_NOON),
        ({"key": "ts", "zone": "Asia/Tokyo"}, "2026/11/23 12:00:00", _JST_NOON),
        ({"key": "ts", "zone": "Europe/Berlin"}, "2026-11-23T01:00", _AT),
        ({"key": "ts", "format": "arrival"}, "2026-11-23T00:00:00Z", None),
    ],
)
def test_times(rule: dict[str, Any], given: Any, expected: int | None) -> None:
    profile = _profile({"x": {"attribute": "x"}}, time=rule)
    assert _found(profile, {"x": 1, "ts": given})["x"][0].observed_at == expected
    [reading] = _ingest(profile, [{"x": 1, "ts": given}]).readings
    assert reading.arrived_at == _AT + 86_400_000_000


def test_the_time_of_the_adapter_in_a_zone_and_times_that_are_none() -> None:
    profile = _profile({"x": {"attribute": "x"}}, time={"zone": "Asia/Tokyo"})
    assert _found(profile, {"x": 1, "observedAt": "2026-11-23T12:00:00"})["x"][0].observed_at == _JST_NOON
    keyed = _profile({"x": {"attribute": "x"}}, time={"key": "ts", "format": "ms"})
    wrong: Any
    for wrong in ("noon", [], True, 1e300):
        ingested = _ingest(keyed, {"x": 1, "ts": wrong})
        assert ingested.quarantine is not None
        assert ingested.quarantine.reason == "bad-time"
    retained = _ingest(keyed, {"x": 1, "ts": 1_795_392_000_000}, retain=True)
    assert len(retained.readings) == 1, "a retained message with a time of its own is a reading"


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (35.75, "139.46", {"type": "Point", "coordinates": [139.46, 35.75]}),
        (0, 0, None),
        (None, 1, None),
    ],
)
def test_two_degrees_become_a_place(latitude: Any, longitude: Any, expected: Any) -> None:
    profile = _profile({"x": {"attribute": "x"}}, location={"latitude": "la", "longitude": "lo"})
    found = _found(profile, {"x": 1, "la": latitude, "lo": longitude})
    assert (found["location"][0].value if "location" in found else None) == expected
    wrong = _ingest(profile, {"x": 1, "la": 91, "lo": 1})
    assert wrong.quarantine is not None
    assert wrong.quarantine.reason == "bad-shape"


@pytest.mark.parametrize("validation", ["warn", "reject", "off"])
def test_the_data_model_is_held_against_values(validation: str) -> None:
    values = {
        "t": {"attribute": "temperature", "unitCode": "FAH"},
        "h": {"attribute": "relativeHumidity", "accepts": "any"},
    }
    profile = _profile(values, entityType="WeatherObserved", validation=validation)
    good = _ingest(profile, {"t": 200, "h": 0.5})
    assert (good.quarantine, good.findings) == (None, ()), "100 °C is 212 °F"
    bad = _ingest(profile, {"t": 213, "h": "wet"})
    if validation == "reject":
        assert bad.quarantine is not None
        assert bad.quarantine.reason == "model-violation"
        assert bad.readings == ()
    else:
        assert bad.quarantine is None
        assert len(bad.readings[0].attributes) == 2
    told = {one.attribute: one.detail for one in bad.findings}
    assert (
        set(told)
        == {
            "warn": {"temperature", "relativeHumidity"},
            "reject": {"temperature"},
            "off": set(),
        }[validation]
    )
    if validation == "warn":
        assert told["temperature"] == "temperature is 213, above the data model's 212"
        assert told["relativeHumidity"].endswith("is of the kind text; the data model wants number")


def test_a_schema_of_the_town_is_held_against_values() -> None:
    schema = {
        "type": "object",
        "required": ["id", "type"],
        "properties": {"x": {"type": "number", "multipleOf": 5}, "y": {"$ref": "#/$defs/word"}},
        "$defs": {"word": {"type": "string", "pattern": "^(a+)+$"}},
    }
    values = {"x": {"attribute": "x"}, "y": {"attribute": "y", "accepts": "text"}}
    profile = _profile(values, schema=schema, validation="reject")
    assert _ingest(profile, {"x": 10, "y": "aa"}).quarantine is None
    assert _ingest(profile, {"x": 10}).quarantine is None, "nothing is required of a message"
    bad = _ingest(profile, {"x": 11})
    assert bad.quarantine is not None
    assert bad.quarantine.detail == "x breaks the schema: 11 is not a multiple of 5"
    assert _ingest(profile, {"y": "a" * 50_000 + "!"}).quarantine is not None, "in linear time"


def test_a_schema_that_refers_to_itself_ends() -> None:
    check = JsonSchema({"properties": {"x": {"$ref": "#"}, "y": {"type": "number"}}})
    deep: dict[str, Any] = {"y": "no"}
    for _ in range(14):
        deep = {"x": deep}
    assert check.fault(deep) is not None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("urn:x:{device}", "begins with urn:ngsi-ld:"),
        ("urn:ngsi-ld:{type}:{device", "brace"),
        ("urn:ngsi-ld:{type}:{who}", "no placeholder {who}"),
        ("urn:ngsi-ld:{type}:x y:{device}", "cannot stand in an id"),
        ("urn:ngsi-ld:{type}:all", "would write one entity"),
        ("urn:ngsi-ld:{type}:{payload.id}", "needs {device}"),
        ("urn:ngsi-ld:{type}:{device}-{payload.id}", "alone between colons"),
    ],
)
def test_ids_that_no_template_makes(text: str, fault: str) -> None:
    with pytest.raises(EntityIdError, match=fault.replace("{", r"\{")):
        parse_template(text, "T", allows_payload=True)


@pytest.mark.parametrize(
    "value", ["a:b", "a/b", "", None, 1.5, True, ["a"], "x" * 65, "é", "a\nb", {"value": "a:b"}]
)
def test_what_a_payload_puts_into_an_id_is_checked(value: Any) -> None:
    profile = _profile(
        {"x": {"attribute": "x", "entity": "part"}},
        entities={"part": {"entityType": "Part", "entityId": "urn:ngsi-ld:Part:{device}:{payload.id}"}},
    )
    ingested = _ingest(profile, {"x": 1, "id": value})
    assert ingested.quarantine is not None
    assert ingested.quarantine.reason == "bad-entity-id"
    good = _ingest(profile, {"x": 1, "id": 7})
    assert [reading.entity_id for reading in good.readings] == ["urn:ngsi-ld:Part:d-1:7"]


def test_an_id_of_tenant_and_static_attributes() -> None:
    profile = _profile({}, entityId="urn:ngsi-ld:{type}:{tenant}:{static.zone}:{device}")
    assert profile.entity_id("d-1", "town", {"zone": "north"}) == "urn:ngsi-ld:Thing:town:north:d-1"
    with pytest.raises(EntityIdError, match=r"static\.zone"):
        profile.entity_id("d-1", "town", {})


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"values": {"x": {}}}, "values.x.attribute: is missing|values.x: is missing `attribute`"),
        ({"values": {"x": {"attribute": "a", "scal": 2}}}, "is it scale"),
        ({"values": {"x": {"attribute": "a", "scale": 0}}}, "values.x.scale"),
        ({"values": {"x": {"attribute": "a", "min": 3, "max": 2}}}, "min 3.0 is above max 2.0"),
        ({"values": {"x": {"attribute": "a", "entity": "no"}}}, r"no \[entities.no\]"),
        ({"values": {"x": {"attribute": "a", "of": "me"}}}, "values.x.of"),
        ({"values": {"x": {"attribute": "a", "datasetId": "roof"}}}, "write a URI"),
        ({"values": {"x": {"attribute": "a", "map": {}}}}, "1 to 200 entries"),
        ({"values": {"x": {"attribute": "a", "payloadUnit": "CEL"}}}, "payloadUnit needs unitCode"),
        ({"values": {str(n): {"attribute": "a"} for n in range(501)}}, "501 entries"),
        ({"values": {"x" * 300: {"attribute": "a"}}}, "200 characters"),
        ({"validation": "strict"}, "off, warn, reject"),
        ({"time": {"format": "s"}}, "needs the key"),
        ({"title": "x" * 70_000}, "at most 65536"),
        ({"expectedIntervalS": -1}, "expectedIntervalS"),
        ({"entities": {"Gate": {}}}, "entities.Gate"),
    ],
)
def test_faults_say_where_and_how_to_mend(members: dict[str, Any], fault: str) -> None:
    with pytest.raises(ProfileError, match=fault):
        build_profile({"name": "p", "entityType": "T", **members}, expander_of)


def test_every_built_in_profile_reads_back_from_its_export() -> None:
    import tomllib

    from devices.catalog import built_in_text

    for name in built_in_profiles():
        document = tomllib.loads(built_in_text(name))
        assert tomllib.loads(to_toml(document)) == document


def test_rules_of_data_models_are_ranges() -> None:
    assert "AirQualityObserved" in modelled_types()
    for name in modelled_types():
        for attribute, rule in rules_of(name).items():
            assert rule.min <= rule.max, (name, attribute)
    assert rules_of("NoSuchType") == {}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["OPEN", "1", "2026-11-23T00:00:00", "-3.5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "temp", "value", "unitCode", "0"]), inner, max_size=4)
    ),
    max_leaves=12,
)
_KEYS = st.sampled_from(
    ["x", "air", "la", "lo", "ts", "id", "word", "deg", "num", "roof", "other", "location"]
)
_EVERYTHING = _profile(
    {
        "x": {"attribute": "x", "min": -10, "max": 10},
        "air.temp": {"attribute": "temp", "unitCode": "CEL", "payloadUnit": "FAH"},
        "air.0.x": {"attribute": "first", "of": "device"},
        "word": {"attribute": "word", "map": {"OPEN": True, "1": 1}, "outside": "message"},
        "deg": {"attribute": "temperature", "unitCode": "KEL", "entity": "part"},
        "num": {"attribute": "num", "accepts": "numeric", "scale": 1e-9},
        "roof": {"attribute": "x", "datasetId": "urn:x:roof", "accepts": "any", "missing": [None, 0, "x"]},
    },
    time={"key": "ts", "zone": "Asia/Tokyo"},
    location={"latitude": "la", "longitude": "lo"},
    entities={
        "part": {"entityType": "WeatherObserved", "entityId": "urn:ngsi-ld:Part:{device}:{payload.id}"}
    },
    schema={"properties": {"x": {"type": ["number", "string"]}}},
)


@settings(max_examples=400, deadline=None)
@given(
    payload=st.dictionaries(_KEYS, _JSON, max_size=6) | st.lists(st.dictionaries(_KEYS, _JSON, max_size=4))
)
def test_whatever_comes_is_counted_and_finite(payload: Any) -> None:
    ingested = _ingest(_EVERYTHING, payload)
    stored = 0
    for reading in ingested.readings:
        assert reading.entity_id.split(":")[2] in ("Thing", "Device", "Part")
        assert reading.entity_id.split(":")[3] == "d-1"
        for held in reading.attributes.values():
            stored += len(held)
            assert all(not isinstance(one.value, float) or math.isfinite(one.value) for one in held)
            assert len({one.dataset_id for one in held}) == len(held)
    rest = ingested.values - stored - ingested.ignored_values
    if ingested.quarantine is None:
        assert rest == 0
    else:
        assert rest > 0 or ingested.readings == ()
        assert (ingested.quarantine.reason in REASONS) or ingested.readings == ()
    assert len(ingested.findings) <= 50


def test_toml_and_json_say_the_same() -> None:
    document = {
        "name": "p",
        "entityType": "T",
        "values": {"a.b": {"attribute": "x", "map": {"ä\n\x7f": 1.5}}},
    }
    assert parse_profile(to_toml(document), expander_of).fields["a.b"].words == {"ä\n\x7f": 1.5}
