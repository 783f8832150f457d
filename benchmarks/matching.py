"""What a write costs with many subscriptions of which few match, and what a change of a subscription costs.

    python -m benchmarks.matching [--subscriptions 10000] [--rounds 400]

Starts a durable embedded PostgreSQL. Two tenants take turns, one write each: in one 10 subscriptions match
every write, in the other the same 10 and thousands that wait for something else (another type, another
attribute, another id, another idPattern, an attribute of any type, a q that does not hold). A write is one
`Store.apply` of one changed attribute, from its beginning to its commit.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from context_api.ngsild.changes import CreateEntity, UpdateAttributes
from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Entity, Instance
from context_api.ngsild.subscription import Subscription, parse_subscription
from context_api.store.access import Access
from context_api.store.database import Database, open_database
from context_api.store.migrate import migrate
from context_api.store.store import Store
from deploy.embedded.postgres import EmbeddedPostgres

MATCHING = 10
ENTITIES = 50
CONTEXT = core_context()
TYPE, ATTRIBUTE = CONTEXT.expand("AirQualityObserved"), CONTEXT.expand("pm25")


class Town(NamedTuple):
    """A tenant with its subscriptions."""

    store: Store
    access: Access


def subscribe(number: int, **members: object) -> Subscription:
    """A subscription to nobody."""
    endpoint = {"uri": f"http://127.0.0.1:9/{number}"}
    document = {
        "id": f"urn:ngsi-ld:Subscription:{number}",
        "type": "Subscription",
        "notification": {"endpoint": endpoint, "format": "keyValues"},
        **members,
    }
    return parse_subscription(document, CONTEXT, 0)


def make_other(number: int) -> Subscription:
    """A subscription that waits for something else, of six kinds in turn."""
    ours = [{"type": "AirQualityObserved"}]
    kinds: list[dict[str, object]] = [
        {"entities": [{"type": f"Thing{number}"}]},
        {"entities": ours, "watchedAttributes": [f"attribute{number}"]},
        {"entities": [{"type": "*", "id": f"urn:ngsi-ld:Thing:{number}"}]},
        {"entities": [{"type": "*", "idPattern": f"^urn:ngsi-ld:Thing:{number}-.*$"}]},
        {"watchedAttributes": [f"attribute{number}"]},
        {"entities": ours, "watchedAttributes": ["pm25"], "q": f"pm25==-{number}"},
    ]
    return subscribe(number, **kinds[number % len(kinds)])


def make_town(database: Database, name: str, others: int) -> Town:
    """A tenant with entities and subscriptions."""
    store = Store(database)
    access = store.tenant(name, create=True)
    instance = [Instance(value=0.0)]
    for number in range(ENTITIES):
        entity = Entity(id=entity_id(number), types=(TYPE,), attributes={ATTRIBUTE: instance})
        store.apply(access, [CreateEntity(entity_id=entity.id, entity=entity)])
    for number in range(MATCHING):
        mine = subscribe(
            number, entities=[{"type": "AirQualityObserved"}], watchedAttributes=["pm25"], q="pm25>=0"
        )
        store.create_subscription(access, mine, None)
    for number in range(MATCHING, MATCHING + others):
        store.create_subscription(access, make_other(number), None)
    return Town(store, access)


def entity_id(number: int) -> str:
    """The id of an entity."""
    return f"urn:ngsi-ld:AirQualityObserved:{number % ENTITIES}"


def write(town: Town, number: int) -> float:
    """Change an attribute; returns the seconds that took."""
    change = UpdateAttributes(
        entity_id=entity_id(number), attributes={ATTRIBUTE: [Instance(value=float(number))]}
    )
    began = time.perf_counter()
    (outcome,) = town.store.apply(town.access, [change])
    took_s = time.perf_counter() - began
    if outcome.error is not None:
        raise outcome.error
    return took_s


def measure(database: Database, others: int, rounds: int) -> dict[str, float]:
    """Milliseconds per write in both towns, in turns, and of the first write after a change."""
    few, many = make_town(database, "few", 0), make_town(database, "many", others)
    first_ms = write(many, 1) * 1e3
    write(few, 1)
    took: dict[str, list[float]] = {"few": [], "many": []}
    for number in range(2, rounds + 2):
        took["few"].append(write(few, number))
        took["many"].append(write(many, number))
    changed_ms = []
    for number in range(20):
        many.store.update_subscription(many.access, f"urn:ngsi-ld:Subscription:{number}", lambda one: one)
        changed_ms.append(write(many, rounds + number + 2) * 1e3)
    few_ms, many_ms = (statistics.median(took[name]) * 1e3 for name in ("few", "many"))
    return {
        "write_ms_few": round(few_ms, 3),
        "write_ms_many": round(many_ms, 3),
        "ratio": round(many_ms / few_ms, 3),
        "first_write_ms": round(first_ms, 1),
        "write_ms_after_a_change": round(statistics.median(changed_ms), 2),
    }


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        migrate(postgres.url)
        database = open_database(postgres.url)
        try:
            figures = measure(database, given.subscriptions - MATCHING, given.rounds)
        finally:
            database.close()
    for name, figure in figures.items():
        print(f"{name:<26}{figure:>10}")


if __name__ == "__main__":
    main()
