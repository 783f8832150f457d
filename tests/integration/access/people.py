"""Organisations and keys for tests, made by the API itself."""

from typing import Any

import httpx

from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from context_api.store.keys import create_first_key
from tests.support.waiting import wait_until

ENTITIES = "/ngsi-ld/v1/entities"


class House:
    """Who has which key."""

    def __init__(self, api: httpx.Client, settings: ApiSettings) -> None:
        self.api = api
        self.database = open_database(settings.database_url)
        self.secret = settings.installation_secret
        made = create_first_key(self.database, self.secret)
        assert made is not None
        self.root = made.text

    def close(self) -> None:
        self.database.close()

    def call(
        self,
        key: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        tenant: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Call the API with a key."""
        sent = dict(headers)
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if tenant is not None:
            sent["NGSILD-Tenant"] = tenant
        return self.api.request(method, path, json=body, headers=sent)

    def make(self, path: str, body: Any, *, key: str | None = None) -> dict[str, Any]:
        """Make something; gives the answer's body."""
        answer = self.call(key or self.root, "POST", path, body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def tenant(self, *names: str) -> None:
        for name in names:
            self.make("/api/v1/tenants", {"name": name})

    def organisation(self, name: str, kind: str = "partner", *tenants: str) -> None:
        self.make("/api/v1/organisations", {"name": name, "kind": kind, "tenants": list(tenants)})

    def key(self, organisation: str, role: str, *tenants: str, by: str | None = None) -> str:
        """Make a key; gives its text."""
        body: dict[str, Any] = {"organisation": organisation, "role": role}
        if tenants:
            body["tenants"] = list(tenants)
        text: str = self.make("/api/v1/keys", body, key=by)["key"]
        return text

    def wait_status(self, key: str, path: str, status: int, *, tenant: str | None = None) -> None:
        """Wait until a path is answered so."""
        wait_until(lambda: True if self.call(key, "GET", path, tenant=tenant).status_code == status else None)

    def wait_shut(self, key: str) -> None:
        """Wait until a key opens nothing."""
        wait_until(lambda: True if self.call(key, "GET", "/api/v1/me").status_code == 401 else None)


def prefix_of(key: str) -> str:
    return key.split("_")[1]


def sensor(name: str = "1") -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Sensor:{name}",
        "type": "Sensor",
        "value": {"type": "Property", "value": 1},
    }
