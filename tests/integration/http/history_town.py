"""A small town with a known past: two stations, some weather, a spare unit, a text, a formula."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from context_api.ngsild.changes import CreateEntity, Reading
from context_api.ngsild.model import Attributes, Entity, Instance, Kind
from context_api.store.database import open_database
from context_api.store.store import Store

TOKYO = ZoneInfo("Asia/Tokyo")
ENVIRONMENT = "https://smartdatamodels.org/dataModel.Environment/"
TYPE = f"{ENVIRONMENT}AirQualityObserved"
PM25 = f"{ENVIRONMENT}pm25"
STATE = f"{ENVIRONMENT}airQualityLevel"
NAME = "https://schema.org/name"
LOCATION = "https://uri.etsi.org/ngsi-ld/location"
NORTH, SOUTH = "urn:ngsi-ld:AirQualityObserved:north", "urn:ngsi-ld:AirQualityObserved:south"
POINT = {"type": "Point", "coordinates": [139.47, 35.75]}


def jst(text: str) -> int:
    """Micros of a time by the clocks of Tokyo."""
    return int(datetime.fromisoformat(text).replace(tzinfo=TOKYO).timestamp() * 1_000_000)


def pm25(value: Any, at: str, unit: str = "GQ") -> Attributes:
    return {PM25: [Instance(value=value, unit_code=unit, observed_at=jst(at))]}


def state(value: Any, at: str) -> Attributes:
    return {STATE: [Instance(value=value, observed_at=jst(at))]}


READINGS: list[tuple[str, Attributes]] = [
    (NORTH, pm25(10.5, "2026-03-31T23:59:59.5")),
    (NORTH, pm25(20, "2026-04-01T00:00:00")),
    (SOUTH, pm25(-3.25, "2026-04-01T00:00:00")),
    (NORTH, state('=HYPERLINK("http://x";"y")', "2026-04-01T00:00:00")),
    (NORTH, pm25(30.0, "2026-04-01T12:00:00")),
    (SOUTH, state("良い, とても\n良い", "2026-04-01T12:00:00")),
    (SOUTH, pm25(1.5, "2026-04-01T23:59:59", "GP")),
    (NORTH, pm25(2**60, "2026-04-02T00:00:00")),
    (SOUTH, pm25(5.0, "2026-04-05T06:00:00")),
]


def fill(
    database_url: str, readings: list[tuple[str, Attributes]] | None = None, tenant: str = "default"
) -> None:
    """Store the readings; the entities have a name and a place."""
    database = open_database(database_url)
    try:
        store = Store(database)
        access = store.tenant(tenant, create=True)
        if readings is None:
            store.apply(access, [_entity(NORTH, "北口"), _entity(SOUTH, "=1+1")])
        for entity_id, attributes in READINGS if readings is None else readings:
            arrived_at = jst("2026-05-01T00:00:00")
            reading = Reading(
                entity_id=entity_id, types=(TYPE,), attributes=attributes, arrived_at=arrived_at
            )
            store.apply(access, [reading])
    finally:
        database.close()


def _entity(entity_id: str, name: str) -> CreateEntity:
    attributes = {
        NAME: [Instance(value=name)],
        LOCATION: [Instance(kind=Kind.GEO_PROPERTY, value=POINT)],
    }
    return CreateEntity(
        entity_id=entity_id, entity=Entity(id=entity_id, types=(TYPE,), attributes=attributes)
    )
