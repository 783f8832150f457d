"""What the store's tests write and ask: short builders for changes, messages and questions."""

from typing import Any

from context_api.ngsild.changes import CreateEntity, Outcome, Reading, Trigger, UpdateAttributes
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Micros
from context_api.ngsild.query import TypeIs
from context_api.ngsild.subscription import Endpoint, EntitySelector, Notifying, Subscription
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
ROOM, HALL = VOCABULARY + "Room", VOCABULARY + "Hall"
TEMPERATURE, PM25, NAME = VOCABULARY + "temperature", VOCABULARY + "pm25", VOCABULARY + "name"
T0: Micros = 1_763_856_000_000_000
"""2025-11-23T00:00:00Z"""
SECOND: Micros = 1_000_000
DAY: Micros = 86_400 * SECOND


class TickingClock:
    """Goes on by one millisecond whenever it is asked."""

    def __init__(self, now: Micros = T0) -> None:
        self.now = now

    def __call__(self) -> Micros:
        self.now += 1000
        return self.now


def room(number: int) -> str:
    return f"urn:ngsi-ld:Room:{number}"


def value(content: Any, at: Micros | None = None, **members: Any) -> list[Instance]:
    """One instance of an attribute."""
    return [Instance(value=content, observed_at=at, **members)]


def entity(number: int, attributes: Attributes | None = None, **members: Any) -> Entity:
    given = {"types": (ROOM,)} | members
    return Entity(id=room(number), attributes=attributes or {}, **given)


def create(number: int, attributes: Attributes | None = None, **members: Any) -> CreateEntity:
    return CreateEntity(entity_id=room(number), entity=entity(number, attributes, **members))


def update(number: int, attributes: Attributes) -> UpdateAttributes:
    return UpdateAttributes(entity_id=room(number), attributes=attributes)


def reading(number: int, attributes: Attributes, arrived_at: Micros = T0, **members: Any) -> Reading:
    return Reading(
        entity_id=room(number), types=(ROOM,), attributes=attributes, arrived_at=arrived_at, **members
    )


def delivery(device: str, *readings: Reading, **members: Any) -> Delivery:
    """A message; by default all its values are in its readings."""
    values = sum(len(each) for one in readings for each in one.attributes.values())
    given: dict[str, Any] = {
        "topic": f"machi/v1/default/{device}/up",
        "payload": b"{}",
        "arrived_at": T0,
        "values": values,
    }
    return Delivery(device_id=device, readings=readings, **(given | members))


def subscription(
    name: str, type_: Iri = ROOM, triggers: Trigger | None = None, **members: Any
) -> Subscription:
    """Any change of entities of a type."""
    return Subscription(
        id=f"urn:ngsi-ld:Subscription:{name}",
        notification=Notifying(endpoint=Endpoint(uri="http://127.0.0.1:9/")),
        entities=(EntitySelector(types=TypeIs(type_)),),
        triggers=triggers
        if triggers is not None
        else Trigger.ENTITY_CREATED | Trigger.ENTITY_UPDATED | Trigger.ENTITY_DELETED,
        **members,
    )


def ask(database: Database, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Ask the database itself."""
    with database.connection() as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def error_of(outcome: Outcome) -> str:
    """The NGSI-LD name of an outcome's error, or nothing."""
    return outcome.error.type_name if isinstance(outcome.error, NgsiLdError) else ""


def attribute_values(found: Entity) -> dict[str, Any]:
    """Short name -> value of the default instance."""
    return {name.rsplit("/", 1)[1]: instances[0].value for name, instances in found.attributes.items()}


def history(database: Database, number: int, name: Iri) -> list[tuple[Micros, float | None]]:
    """(micros, value) of a series, by time."""
    return [
        (micros, number_)
        for micros, number_ in ask(
            database,
            "select (extract(epoch from o.at) * 1000000)::bigint, o.value from observation o"
            " join series s on s.id = o.series_id join term t on t.id = s.attribute_id"
            " where s.entity_id = %s and t.iri = %s order by o.at",
            room(number),
            name,
        )
    ]
