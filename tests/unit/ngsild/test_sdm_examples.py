"""The Smart Data Models' examples (MACHI_TEST_DATA/sdm): every legal one comes back as it was sent."""

import json
from typing import Any

import pytest

from context_api.ngsild.contexts import Context, build_context, city_context_document
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geojson import LOCATION
from context_api.ngsild.parse import Mode, parse_entity, parse_fragment
from context_api.ngsild.presentation import PLAIN, present
from context_api.ngsild.represent import to_concise, to_key_values, to_normalized
from tests.unit.ngsild.builders import CORE, T0, find_data

CITY = build_context([city_context_document()], "city")

MODELS = [
    "AirQualityObserved",
    "Device",
    "DeviceModel",
    "EVChargingStation",
    "GreenspaceRecord",
    "GtfsStop",
    "ItemFlowObserved",
    "NoiseLevelObserved",
    "OffStreetParking",
    "ParkingSpot",
    "Streetlight",
    "TrafficFlowObserved",
    "WasteContainer",
    "WeatherObserved",
]


def test_no_model_is_left_out() -> None:
    folders = {path.parent.name for path in find_data("sdm").glob("*/example-normalized.jsonld")}
    assert folders == {*MODELS, "FloodMonitoring"}


def _example(model: str, file: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(find_data("sdm", model, file).read_text())
    document.pop("@context")
    return document


@pytest.mark.parametrize("context", [CORE, CITY], ids=["core", "city"])
@pytest.mark.parametrize("model", MODELS)
def test_normalized_examples(model: str, context: Context) -> None:
    document = _example(model, "example-normalized.jsonld")
    entity = parse_entity(document, context, now=T0)
    assert to_normalized(entity, context) == document
    concise = json.loads(json.dumps(to_concise(entity, context)))
    assert parse_entity(concise, context, now=T0) == entity
    (feature,) = present([entity], PLAIN._replace(geometry_property=LOCATION), context).documents
    assert {"id": feature["id"], **feature["properties"]} == document
    assert feature["geometry"] == document.get("location", {}).get("value")
    key_values = to_key_values(entity, context)
    for term, attribute in document.items():
        if term not in {"id", "type"}:
            assert key_values[term] == attribute.get("value", attribute.get("object"))


@pytest.mark.parametrize("model", [*MODELS, "FloodMonitoring"])
def test_key_values_examples(model: str) -> None:
    document = _example(model, "example.jsonld")
    fragment = parse_fragment(document, CITY, mode=Mode.MERGE, simplified=True)
    entity = parse_entity({"id": document["id"], "type": document["type"]}, CITY, now=T0)
    entity.attributes = fragment.attributes
    assert to_key_values(entity, CITY) == document


def test_an_example_that_is_no_ngsi_ld() -> None:
    document = _example("FloodMonitoring", "example-normalized.jsonld")
    with pytest.raises(BadRequestData) as caught:
        parse_entity(document, CITY, now=T0)
    assert caught.value.pointer == "/floodLevelStatus/type"
