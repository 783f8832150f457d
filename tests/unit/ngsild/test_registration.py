"""Registration documents: what is read, refused, changed and served."""

from typing import Any

import pytest

from context_api.ngsild.contexts import build_context, core_context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.model import NULL
from context_api.ngsild.registration import change_registration, parse_registration, render_registration
from context_api.ngsild.registration_model import (
    EntityInfo,
    Information,
    Interval,
    Mode,
    Registration,
    RegistrationTimes,
    registration_from_json,
    registration_to_json,
)

NOW = 1_800_000_000_000_000
TIMES = RegistrationTimes(NOW, NOW + 1_000_000)
CONTEXT = build_context([{"Room": "https://x.test/Room", "size": "https://x.test/size"}], "https://x.test/c")
FULL: dict[str, Any] = {
    "id": "urn:ngsi-ld:ContextSourceRegistration:1",
    "type": "ContextSourceRegistration",
    "registrationName": "north",
    "description": "rooms",
    "information": [
        {
            "entities": [{"id": "urn:x:1", "type": "Room"}, {"idPattern": "x:2$", "type": ["Room", "Place"]}],
            "propertyNames": ["size"],
            "relationshipNames": ["isIn"],
        },
        {"propertyNames": ["temperature"]},
    ],
    "endpoint": "http://north.test:1026",
    "mode": "inclusive",
    "operations": ["retrieveOps", "createEntity"],
    "expiresAt": "2035-11-29T14:53:15Z",
    "scope": ["/a/b", "/c"],
    "tenant": "t1",
    "contextSourceAlias": "north-1",
    "datasetId": ["urn:d:1", "@none"],
    "contextSourceInfo": [{"key": "X-Auth", "value": "abc"}, {"key": "accept", "value": "application/json"}],
    "management": {"localOnly": True, "cacheDuration": "PT5M", "timeout": 3000, "cooldown": 0.5},
    "refreshRate": "P1DT2H",
    "observationInterval": {"startAt": "2020-08-01T22:07:00Z", "endAt": "2021-08-01T21:07:00Z"},
    "managementInterval": {"startAt": "2020-08-01T22:07:00Z"},
    "location": {"type": "Point", "coordinates": [139.4, 35.7]},
    "observationSpace": {"type": "Point", "coordinates": [139.5, 35.7]},
    "operationSpace": {"type": "Point", "coordinates": [139.6, 35.7]},
    "owner": "city",
    "quality": {"type": "Property", "value": 3},
}


def minimal(**members: Any) -> dict[str, Any]:
    return {
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Room"}]}],
        "endpoint": "http://north.test",
        **members,
    }


def parse(document: dict[str, Any]) -> Registration:
    return parse_registration(document, CONTEXT, NOW)


def test_everything_comes_back_as_it_was_given() -> None:
    registration = parse(FULL)
    assert registration_from_json(registration_to_json(registration)) == registration
    assert render_registration(registration, TIMES, CONTEXT) == FULL


def test_names_are_expanded_and_defaults_are_served() -> None:
    registration = parse(minimal())
    assert registration.information == (Information((EntityInfo(("https://x.test/Room",)),)),)
    assert registration.id.startswith("urn:ngsi-ld:ContextSourceRegistration:")
    served = render_registration(registration, TIMES, core_context(), sys_attrs=True)
    assert served == {
        "id": registration.id,
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "https://x.test/Room"}]}],
        "endpoint": "http://north.test",
        "mode": "inclusive",
        "operations": ["federationOps"],
        "createdAt": "2027-01-15T08:00:00Z",
        "modifiedAt": "2027-01-15T08:00:01Z",
    }


def test_what_the_broker_writes_is_passed_over() -> None:
    parsed = parse(minimal(id="urn:x:r", status="failed", timesSent=7, createdAt="2020-01-01T00:00:00Z"))
    assert parsed == parse(minimal(id="urn:x:r"))


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"type": "Subscription"}, "/type"),
        ({"id": "no uri"}, "/id"),
        ({"information": None}, "/information"),
        ({"information": []}, "/information"),
        ({"information": [{}]}, "/information/0"),
        ({"information": [{"entities": []}]}, "/information/0/entities"),
        ({"information": [{"entities": [{"id": "urn:x:1"}]}]}, "/information/0/entities/0/type"),
        ({"information": [{"entities": [{"type": "Room", "id": "x"}]}]}, "/information/0/entities/0/id"),
        ({"information": [{"entities": [{"type": "Room", "name": 1}]}]}, "/information/0/entities/0/name"),
        ({"information": [{"propertyNames": []}]}, "/information/0/propertyNames"),
        ({"information": [{"propertyNames": ["id"]}]}, "/information/0/propertyNames/0"),
        ({"information": [{"attributes": ["a"]}]}, "/information/0/attributes"),
        ({"endpoint": None}, "/endpoint"),
        ({"endpoint": "north"}, "/endpoint"),
        ({"endpoint": "ftp://north.test"}, "/endpoint"),
        ({"mode": "other"}, "/mode"),
        ({"operations": []}, "/operations"),
        ({"operations": ["flyAway"]}, "/operations/0"),
        ({"expiresAt": " 2018-11-29T14:53:15Z"}, "/expiresAt"),
        ({"expiresAt": "2018-11-29T14:53:15Z"}, "/expiresAt"),
        ({"scope": "a b"}, "/scope"),
        ({"tenant": ""}, "/tenant"),
        ({"contextSourceAlias": "a b"}, "/contextSourceAlias"),
        ({"datasetId": ["x"]}, "/datasetId/0"),
        ({"contextSourceInfo": [{"key": "X", "value": 1}]}, "/contextSourceInfo/0"),
        ({"contextSourceInfo": [{"key": "X", "value": ["a"]}]}, "/contextSourceInfo/0"),
        ({"contextSourceInfo": [{"key": "X"}]}, "/contextSourceInfo/0"),
        ({"contextSourceInfo": [{"key": "X\r\nY", "value": "a"}]}, "/contextSourceInfo/0"),
        ({"contextSourceInfo": [{"key": "accept", "value": "text/html"}]}, "/contextSourceInfo/0"),
        ({"contextSourceInfo": [{"key": "ngsildConformance", "value": "x"}]}, "/contextSourceInfo/0"),
        ({"management": "yes"}, "/management"),
        ({"management": {"cacheDuration": "bogus"}}, "/management/cacheDuration"),
        ({"management": {"cooldown": 0}}, "/management/cooldown"),
        ({"management": {"timeout": -5}}, "/management/timeout"),
        ({"management": {"timeout": True}}, "/management/timeout"),
        ({"management": {"localOnly": "yes"}}, "/management/localOnly"),
        ({"refreshRate": "P"}, "/refreshRate"),
        ({"refreshRate": "PT"}, "/refreshRate"),
        ({"observationInterval": {"endAt": "2020-01-01T00:00:00Z"}}, "/observationInterval"),
        ({"location": {"type": "Point", "coordinates": [200, 0]}}, "/location/coordinates"),
        ({"own property": 1}, "/own property"),
        ({"owner": None}, "/owner"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse(minimal(**members))
    assert caught.value.pointer == pointer


EXCLUSIVE = {"entities": [{"type": "Room", "id": "urn:x:1"}], "propertyNames": ["size"]}


@pytest.mark.parametrize(
    "info",
    [
        {"entities": [{"type": "Room", "id": "urn:x:1"}]},
        {"entities": [{"type": "Room"}], "propertyNames": ["size"]},
        {"entities": [{"type": "Room", "idPattern": "x"}], "propertyNames": ["size"]},
        {"propertyNames": ["size"]},
    ],
)
def test_an_exclusive_registration_is_about_attributes_of_single_entities(info: dict[str, Any]) -> None:
    assert parse(minimal(mode="exclusive", information=[EXCLUSIVE])).mode is Mode.EXCLUSIVE
    with pytest.raises(BadRequestData):
        parse(minimal(mode="exclusive", information=[EXCLUSIVE, info]))


@pytest.mark.parametrize("operations", [["updateEntity"], ["redirectionOps"], ["retrieveOps", "updateOps"]])
def test_an_auxiliary_source_is_only_read_from(operations: list[str]) -> None:
    assert parse(minimal(mode="auxiliary", operations=["retrieveOps", "queryEntity"])).mode is Mode.AUXILIARY
    with pytest.raises(BadRequestData) as caught:
        parse(minimal(mode="auxiliary", operations=operations))
    assert caught.value.pointer == "/operations"


def test_a_fragment_replaces_and_null_removes() -> None:
    current = parse(FULL)
    fragment = {
        "endpoint": "https://new.test",
        "expiresAt": None,
        "scope": NULL,
        "operations": NULL,
        "owner": NULL,
        "quality": 4,
        "managementInterval": {"startAt": "1970-01-01T00:00:01Z"},
        "neverThere": None,
    }
    changed = change_registration(current, fragment, CONTEXT, NOW)
    served = render_registration(changed, TIMES, CONTEXT)
    expected = {name: value for name, value in FULL.items() if name not in {"expiresAt", "scope", "owner"}}
    assert served == expected | {
        "endpoint": "https://new.test",
        "operations": ["federationOps"],
        "quality": 4,
        "managementInterval": {"startAt": "1970-01-01T00:00:01Z"},
    }
    assert changed.management_interval == Interval(1_000_000)
    assert current == parse(FULL)


@pytest.mark.parametrize(
    "fragment",
    [
        {"information": None},
        {"information": NULL},
        {"endpoint": NULL},
        {"type": None},
        {"type": "Other"},
        {"id": "urn:x:other"},
        {"mode": "exclusive"},
        {"expiresAt": "2000-01-01T00:00:00Z"},
    ],
)
def test_a_fragment_cannot_make_it_wrong(fragment: dict[str, Any]) -> None:
    with pytest.raises(NgsiLdError):
        change_registration(parse(FULL), fragment, CONTEXT, NOW)


def test_keywords_stand_for_id_and_type() -> None:
    plain = minimal(id="urn:r:1", information=[{"entities": [{"id": "urn:a:1", "type": "Room"}]}])
    keywords = {("@" + name if name in ("id", "type") else name): value for name, value in plain.items()}
    keywords["information"] = [{"entities": [{"@id": "urn:a:1", "@type": "Room"}]}]
    assert parse(keywords) == parse(plain)
    with pytest.raises(BadRequestData):
        parse({**plain, "@type": plain["type"]})
