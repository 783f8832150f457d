"""Profiles: the built-in ones, and what a file may not say."""

import pytest

from context_api.ngsild.model import Kind
from devices.catalog import built_in_profiles
from devices.profile import Profile, ProfileError, static_attributes
from devices.profile_build import parse_profile

CORE = "https://uri.etsi.org/ngsi-ld/"
DEFAULT = f"{CORE}default-context/"

MINIMAL = 'name = "p"\nversion = 1\nentityType = "T"\n'


def _expander_of(context: str | None) -> "type[str]":
    if context is not None:
        raise LookupError(context)
    return str


def _parse(text: str) -> Profile:
    return parse_profile(text, _expander_of)


def test_the_built_in_profiles() -> None:
    types = {
        name: built_in_profiles()[name].entity_type for name in ("air-quality", "parking", "river-level")
    }
    assert types == {
        "air-quality": "AirQualityObserved",
        "parking": "OffStreetParking",
        "river-level": "FloodMonitoring",
    }
    for profile in built_in_profiles().values():
        assert profile.types == (f"{DEFAULT}{profile.entity_type}",)
        assert profile.fields["location"].iri == f"{CORE}location"
        assert profile.expected_interval_s is not None
        numbers = [field for field in profile.fields.values() if field.accepts == "number"]
        assert all(field.unit_code for field in numbers)


@pytest.mark.parametrize(
    ("profile", "key", "attribute", "unit_code"),
    [
        ("air-quality", "pm25", "pm25", "GQ"),
        ("air-quality", "humidity", "relativeHumidity", "C62"),
        ("noise", "noise", "LAeq", "2N"),
        ("weather", "pressure", "atmosphericPressure", "A97"),
        ("traffic-flow", "speed", "averageVehicleSpeed", "KMH"),
        ("parking", "available", "availableSpotNumber", "C62"),
        ("river-level", "level", "currentLevel", "MTR"),
        ("dragino-lht65", "BatV", "batteryVoltage", "VLT"),
        ("dragino-lht52", "Bat_mV", "batteryVoltage", "VLT"),
    ],
)
def test_names_and_units(profile: str, key: str, attribute: str, unit_code: str) -> None:
    field = built_in_profiles()[profile].fields[key]
    assert (field.iri, field.unit_code) == (f"{DEFAULT}{attribute}", unit_code)


def test_entity_id() -> None:
    assert built_in_profiles()["parking"].entity_id("p-1") == "urn:ngsi-ld:OffStreetParking:p-1"


def test_another_context() -> None:
    from context_api.ngsild.contexts import CITY_CONTEXT_URL
    from devices.catalog import expander_of

    text = f'{MINIMAL}context = "{CITY_CONTEXT_URL}"\n[values]\na = {{ attribute = "pm25" }}\n'
    profile = parse_profile(text, expander_of)
    assert profile.fields["a"].iri == expander_of(CITY_CONTEXT_URL)("pm25")
    assert profile.fields["a"].iri != f"{DEFAULT}pm25"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "cannot be read"),
        ('name = "p"', "is missing `entityType`"),
        (MINIMAL.replace('"p"', '"P x"') + "[values]", "name: 'P x' is no name: small letters"),
        (MINIMAL.replace('"T"', '"urn:x"') + "[values]", "entityType: write a term"),
        (f"{MINIMAL}unknown = 1\n[values]", "there is no member 'unknown'"),
        (f'{MINIMAL}context = "https://x.example/c"\n[values]', "no built-in @context https://x.example/c"),
        (f'{MINIMAL}[values]\na = {{ attribute = "a b" }}', "values.a.attribute: write a term"),
        (f'{MINIMAL}[values]\na = {{ attribute = "b", kind = "Thing" }}', "values.a.kind: write one of"),
        (f'{MINIMAL}[values]\na = {{ attribute = "b", accepts = "x" }}', "values.a.accepts: write one of"),
        (f'{MINIMAL}[values]\na = {{ attribute = "b", unitCode = "µg/m³" }}', "'µg/m³' is no UN/CEFACT code"),
        (f'{MINIMAL}[values]\na = {{ attribute = "b", scale = "x" }}', "values"),
    ],
)
def test_faults_name_the_member(text: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=fault.replace("(", r"\(")):
        _parse(text)


def test_static_attributes() -> None:
    attributes = static_attributes(
        {
            "name": "駅前",
            "refRoadSegment": {"object": "urn:ngsi-ld:RoadSegment:1"},
            "alertLevel": {"value": 1.5, "unitCode": "MTR"},
            "address": {"addressLocality": "東村山市"},
        },
        str,
    )
    [road], [level] = attributes["refRoadSegment"], attributes["alertLevel"]
    assert (road.kind, road.value) == (Kind.RELATIONSHIP, "urn:ngsi-ld:RoadSegment:1")
    assert (level.kind, level.value, level.unit_code) == (Kind.PROPERTY, 1.5, "MTR")
    assert attributes["name"][0].value == "駅前"
    assert attributes["address"][0].value == {"addressLocality": "東村山市"}
    with pytest.raises(ProfileError, match="no attribute name"):
        static_attributes({"a b": 1}, str)
