"""A town that is attacked: two tenants, organisations with and without grants, and things worth stealing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from context_api.http.limits import ledger
from context_api.http.settings import ApiSettings
from context_api.store.database import Database, open_database
from tests.integration.access.people import House
from tests.integration.http.conftest import SECRET, serving
from tests.support.databases import temporary_database
from tests.support.receiver import Receiver

LOOT = "worth-stealing"
"""Stands in everything that an attacker must not get to see."""
ENTITIES = "/ngsi-ld/v1/entities"
SHOWN = "urn:ngsi-ld:Air:shown"
HIDDEN = "urn:ngsi-ld:House:hidden"
NORTH = "north"


@dataclass
class Town:
    """The API with its people; `ids` are those of what belongs to somebody else, by name of the parameter."""

    api: httpx.Client
    house: House
    database: Database
    mallory: str
    """The key of a partner that may read Air, and nothing else."""
    outsider: str
    """The key of a partner of another tenant."""
    ids: dict[str, str] = field(default_factory=dict)

    def call(
        self, key: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Make a request, of somebody or of nobody."""
        return self.house.call(key, method, path, body, **headers)

    def refusals(self) -> int:
        """How many refusals the audit trail counts by now."""
        with self.database.connection() as connection:
            rows = connection.execute(
                "select coalesce(sum((body::jsonb -> 'after' ->> 'count')::bigint), 0)"
                " from (select body from audit union all select body from audit_entry) as every"
                " where body::jsonb ->> 'outcome' = 'refused'"
            ).fetchone()
        return int(rows[0]) if rows else 0


@pytest.fixture(scope="package")
def canary() -> Iterator[Receiver]:
    """A server of the inner network that nobody outside may reach through us."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="package")
def town(postgres_url: str, database_template: str) -> Iterator[Town]:
    """Built once: attackers change nothing, and the last test looks whether they did."""
    with temporary_database(postgres_url, database_template) as url, pytest.MonkeyPatch.context() as patch:
        for name in ("EVERY_S", "FLUSH_S", "READ_S"):  # refusals are written at once, not every minute
            patch.setattr(ledger, name, 0.2)
        settings = ApiSettings(database_url=url, port=0, installation_secret=SECRET, stream_age_s=0.2)
        with serving(settings) as api:
            house = House(api, settings)
            database = open_database(url)
            try:
                yield _build(api, house, database)
            finally:
                database.close()
                house.close()


def _build(api: httpx.Client, house: House, database: Database) -> Town:
    house.tenant(NORTH)
    house.organisation("mallory", "partner", "default")
    house.organisation("victim", "partner", "default")
    house.organisation("outsider", "partner", NORTH)
    for organisation, types in (("mallory", ["Air"]), ("victim", ["Air", "House"])):
        house.make(
            "/api/v1/grants",
            {"organisation": organisation, "types": types, "operations": ["read", "history", "subscribe"]},
        )
    air = {"id": SHOWN, "type": "Air", "pm25": {"type": "Property", "value": 12.5}}
    secret = {"id": HIDDEN, "type": "House", "owner": {"type": "Property", "value": LOOT}}
    for entity in (air, secret):
        assert house.call(house.root, "POST", ENTITIES, entity).status_code == 201
    assert house.call(
        house.root, "POST", ENTITIES, secret | {"id": "urn:ngsi-ld:House:n"}, tenant=NORTH
    ).is_success
    victim = house.key("victim", "partner")
    town = Town(api, house, database, house.key("mallory", "partner"), house.key("outsider", "partner"))
    town.ids = _things_of_others(house, victim)
    return town


def _things_of_others(house: House, victim: str) -> dict[str, str]:
    """Make one of everything that has an id; gives the ids by the name of the path's parameter."""
    subscription = {
        "id": "urn:ngsi-ld:Subscription:victims",
        "type": "Subscription",
        "entities": [{"type": "House"}],
        "notification": {"endpoint": {"uri": f"https://example.org/{LOOT}"}},
    }
    assert house.call(victim, "POST", "/ngsi-ld/v1/subscriptions", subscription).status_code == 201
    device = {"id": "dev-1", "profile": "air-quality", "name": LOOT}
    assert house.call(house.root, "POST", "/api/v1/devices", device).status_code in (200, 201)
    account = {"name": "clerk", "organisation": "town", "role": "staff"}
    made = house.call(house.root, "POST", "/api/v1/accounts", account)
    statement = house.call(house.root, "PUT", "/api/v1/retention/House", {"rawDays": 400})
    assert statement.is_success, statement.text
    return {
        "entity_id": HIDDEN,
        "subscription_id": str(subscription["id"]),
        "device_id": "dev-1",
        "device": "dev-1",
        "type": "House",
        "attribute": "owner",
        "name": "owner",
        "prefix": victim.split("_")[1],
        "organisation": "victim",
        "grant_id": "2",
        "account": str(made.json().get("id", "1")) if made.is_success else "1",
    }
