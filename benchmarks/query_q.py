"""What queries and discovery take on 100,000 entities of 10 attributes, or on ten times as many.

    python -m benchmarks.query_q DATABASE_URL [--entities 100000] [--copies 10] [--declare] [--runs 20]

The database must be migrated; it is filled unless the entities are there. Every query asks for a page of 20
by `Store.query_entities`, as the API does but for HTTP and JSON. Equality is on an attribute that hardly ever
changes, ranges are on one that a sensor measures. `count` asks for the number of all matches too.
`--declare` declares the attributes of the equalities indexed and builds the indexes first; `--copies N`
writes each entity N times by SQL, under ids of their own (without history: queries do not look at it).
"""

import argparse
import random
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from context_api.ngsild.changes import CreateEntity
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Instance, Kind, Micros
from context_api.ngsild.query import (
    EntityQuery,
    TypeIs,
    parse_geo_query,
    parse_ordering,
    parse_q,
    parse_scope_query,
)
from context_api.ngsild.query.geo import LOCATION
from context_api.store.access import Access
from context_api.store.attribute_indexes import IndexRegistry
from context_api.store.database import Database, connect, open_database
from context_api.store.index_building import maintain_indexes
from context_api.store.reading import Page
from context_api.store.store import Store

CORE = core_context()
TYPE = CORE.expand("AirQualityObserved")
NOW: Micros = 1_763_856_000_000_000
BATCH = 500
DECLARED = ("half", "percent", "rare")
# West, south, width and height in degrees of the town in which the entities lie: about 18 x 22 km
TOWN = (139.4, 35.7, 0.2, 0.2)


def make_entity(number: int, chance: random.Random) -> Entity:
    """4 measured attributes, a place, 5 that hardly ever change."""
    measured = {
        name: [Instance(value=round(chance.random(), 6), unit_code="GQ", observed_at=NOW)]
        for name in ("pm25", "pm10", "no2", "temperature")
    }
    static: dict[str, Any] = {
        "half": number % 2,
        "percent": f"of a hundred {number % 100}",
        "rare": f"of ten thousand {number % 10_000}",
        "description": f"a text of the usual length about sensor {number}",
        "address": {"city": "東村山市", "block": number % 100},
    }
    attributes = measured | {name: [Instance(value=value)] for name, value in static.items()}
    at = [TOWN[0] + chance.random() * TOWN[2], TOWN[1] + chance.random() * TOWN[3]]
    named = {CORE.expand(name): instances for name, instances in attributes.items()}
    named[LOCATION] = [Instance(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": at})]
    return Entity(
        id=f"urn:ngsi-ld:AirQualityObserved:{number:07}",
        types=(TYPE,),
        attributes=named,
        scopes=(f"/Tokyo/Ward{number % 23}",),
    )


def fill(store: Store, access: Access, entities: int, url: str, copies: int = 1) -> None:
    """Write the entities, unless they are there."""
    count = store.query_entities(access, EntityQuery(types=TypeIs(TYPE), limit=0, count=True)).count
    if count == entities * copies:
        return
    if count != entities:
        write(store, access, entities, url)
    if copies > 1:
        copy(url, access, copies)


def write(store: Store, access: Access, entities: int, url: str) -> None:
    """Write the entities, by batches as the API does."""
    chance, started = random.Random(1), time.perf_counter()
    made = [make_entity(number, chance) for number in range(entities)]
    for first in range(0, entities, BATCH):
        store.apply(
            access, [CreateEntity(entity_id=one.id, entity=one) for one in made[first : first + BATCH]]
        )
    with connect(url) as connection:
        connection.execute("vacuum analyze")
    print(f"{entities} entities written in {time.perf_counter() - started:.0f} s")


def copy(url: str, access: Access, copies: int) -> None:
    """Write each entity again and again, under ids that lie among the others."""
    with connect(url) as connection:
        for number in range(1, copies):
            connection.execute(
                "insert into entity (tenant_id, id, types, scopes, attributes, fixed, live, bounds,"
                " created_at, modified_at)"
                " select tenant_id, id || '-' || %s::text, types, scopes, attributes, fixed, live, bounds,"
                " created_at, modified_at from entity where tenant_id = %s and id !~ '-[0-9]+$'",
                [number, access.tenant_id],
            )
        connection.execute(
            "insert into entity_type (tenant_id, type_id, entity_id)"
            " select tenant_id, unnest(types), id from entity where tenant_id = %s on conflict do nothing",
            [access.tenant_id],
        )
        connection.execute("vacuum analyze")


def declare(database: Database, access: Access) -> None:
    """Declare the indexes, and build them as the worker does."""
    registry, started = IndexRegistry(database), time.perf_counter()
    known = {one.attribute for one in registry.list_all(access)}
    for name in DECLARED:
        if CORE.expand(name) not in known:
            registry.declare(access, CORE.expand(name))
    maintain_indexes(database.url, threading.Event())
    took = time.perf_counter() - started
    sizes = ", ".join(f"{one.size_bytes / 1e6:.0f} MB" for one in registry.list_all(access))
    print(f"{len(DECLARED)} indexes built in {took:.0f} s ({sizes})")


def queries() -> list[tuple[str, dict[str, Any]]]:
    """What is asked, by name."""
    x, y = TOWN[0] + TOWN[2] / 2, TOWN[1] + TOWN[3] / 2
    near = {"georel": "near;maxDistance==500", "geometry": "Point", "coordinates": [x, y]}
    corners = [[x, y], [x + 0.02, y], [x + 0.01, y + 0.02], [x, y]]
    within = {"georel": "within", "geometry": "Polygon", "coordinates": [corners]}
    texts = {
        "equal 50 %": "half==1",
        "equal 1 %": 'percent=="of a hundred 42"',
        "equal 0.01 %": 'rare=="of ten thousand 4242"',
        "range 50 %": "pm25>0.5",
        "range 1 %": "pm25>0.99",
        "range 0.01 %": "pm25>0.9999",
        "nothing": "pm25>2",
        "member 1 %": "address[block]==42",
        "pattern 1 %": 'percent~="hundred 42$"',
        "prefix 0.1 %": 'rare~="^of ten thousand 424"',
        "list of 2, 0.02 %": 'rare=="of ten thousand 1","of ten thousand 2"',
    }
    asked: list[tuple[str, dict[str, Any]]] = [
        (name, {"q": parse_q(text, CORE)}) for name, text in texts.items()
    ]
    asked += [(f"{name}, count", {**members, "count": True}) for name, members in asked[:8]]
    nearest = parse_ordering(["location;dist-asc"], CORE, order_from=[x, y])
    asked += [
        ("near 500 m", {"geo": parse_geo_query(near)}),
        ("near 500 m, count", {"geo": parse_geo_query(near), "count": True}),
        ("near 500 m, nearest first", {"geo": parse_geo_query(near), "ordering": nearest}),
        ("within a polygon of 1 %", {"geo": parse_geo_query(within)}),
        ("within a polygon of 1 %, count", {"geo": parse_geo_query(within), "count": True}),
        ("scope 4 %", {"scopes": parse_scope_query("/Tokyo/Ward7")}),
        ("newest first, 1 %", {
            "q": parse_q("pm25>0.99", CORE), "ordering": parse_ordering(["modifiedAt;desc"], CORE)
        }),
        ("by the value of another, 1 %", {
            "q": parse_q('percent=="of a hundred 42"', CORE), "ordering": parse_ordering(["pm25;desc"], CORE)
        }),
        ("3 ids", {"ids": tuple(f"urn:ngsi-ld:AirQualityObserved:{number:07}" for number in (7, 70, 700))}),
        ("idPattern 0.1 %", {"id_pattern": "Observed:00042.."}),
        ("idPattern, nothing", {"id_pattern": "^urn:elsewhere"}),
        ("attrs", {"types": None, "attrs": (CORE.expand("pm25"),)}),
        ("offset 50,000", {"offset": 50_000}),
        ("offset 50,000, q 50 %", {"offset": 49_000, "q": parse_q("half==1", CORE)}),
        ("count of the type", {"count": True}),
    ]  # fmt: skip
    return asked


def discovery(store: Store, access: Access) -> list[tuple[str, Callable[[], object]]]:
    """What kinds of entities there are."""
    return [
        ("GET /types", lambda: store.get_types(access)),
        ("GET /types, details", lambda: store.get_type_attributes(access)),
        ("GET /types/{type}", lambda: store.describe_type(access, TYPE)),
        ("GET /attributes", lambda: store.get_attributes(access)),
        ("GET /attributes/{name}", lambda: store.describe_attribute(access, CORE.expand("pm25"))),
    ]


def measure(name: str, ask: Callable[[], object], runs: int) -> None:
    """Ask again and again, and print how long it took."""
    took, found = [], ask()
    for _ in range(runs):
        started = time.perf_counter()
        found = ask()
        took.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(took, n=20, method="inclusive")[18]
    items, counted = "", ""
    if isinstance(found, Page):
        items, counted = str(len(found.items)), "" if found.count is None else str(found.count)
    print(f"{name:32} {items:>5} {counted:>7} {statistics.median(took):8.1f} {p95:8.1f}", flush=True)


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--declare", action="store_true")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="", help="what the names of the queries begin with")
    given = parser.parse_args()
    database = open_database(given.url, pool_max=1)
    store = Store(database)
    access = store.tenant("default")
    fill(store, access, given.entities, given.url, given.copies)
    if given.declare:
        declare(database, access)
        store = Store(database)
    print(f"{'query':32} {'items':>5} {'count':>7} {'p50 ms':>8} {'p95 ms':>8}")
    asked = [(name, members) for name, members in queries() if name.startswith(given.only)]
    for name, members in asked:
        query = EntityQuery(**{"types": TypeIs(TYPE)} | members)
        measure(name, lambda query=query: store.query_entities(access, query), given.runs)  # type: ignore[misc]
    for name, ask in [one for one in discovery(store, access) if one[0].startswith(given.only)]:
        measure(name, ask, given.runs)
    database.close()


if __name__ == "__main__":
    main()
