"""Operators see and change the devices of their organisation; of others there are none."""

from typing import Any

import httpx
import pytest

from tests.integration.access.people import ENTITIES, House, sensor
from tests.integration.http.conftest import problem

DEVICES = "/api/v1/devices"
DRAFT = {"profile": "air-quality", "location": {"type": "Point", "coordinates": [139.46, 35.75]}}


class Town:
    """Two operators with a device each, and one of the town's."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.organisation("kita", "operator", "default")
        house.organisation("minami", "operator", "default")
        self.kita = house.key("kita", "operator")
        self.minami = house.key("minami", "operator")
        self.register(self.kita, "k-1")
        self.register(self.minami, "m-1")
        self.register(house.root, "t-1", owner="town")

    def register(self, key: str, device_id: str, **more: Any) -> dict[str, Any]:
        return self.house.make(DEVICES, {"id": device_id, **DRAFT, **more}, key=key)

    def names(self, key: str, query: str = "") -> list[str]:
        found = self.house.call(key, "GET", f"{DEVICES}{query}").json()
        assert found["total"] == len(found["devices"])
        return [one["id"] for one in found["devices"]]


@pytest.fixture
def town(house: House, monkeypatch: pytest.MonkeyPatch) -> Town:
    for module in ("devices", "device_credentials"):  # there is no broker that takes up credentials
        monkeypatch.setattr(f"context_api.http.routes.{module}._APPLIED_WAIT_S", 0.0)
    return Town(house)


def test_each_sees_its_own(town: Town) -> None:
    assert town.names(town.house.root) == ["k-1", "m-1", "t-1"]
    assert town.names(town.kita) == ["k-1"]
    assert town.names(town.minami) == ["m-1"]
    for query in (
        "?owner=minami",
        "?text=m-1",
        "?sort=-name&offset=0&text=t-1",
        "?near=139.46,35.75&profile=none",
    ):
        assert town.names(town.kita, query) == []
    assert town.house.call(town.kita, "GET", f"{DEVICES}/k-1").json()["owner"] == "kita"
    staff = town.house.key("town", "staff")
    assert town.names(staff) == ["k-1", "m-1", "t-1"]


def attempts(device: str) -> list[tuple[str, str, Any]]:
    one = f"{DEVICES}/{device}"
    return [
        ("GET", one, None),
        ("PATCH", one, {"name": "mine"}),
        ("PATCH", one, {"owner": "kita"}),
        ("DELETE", one, None),
        ("GET", f"{one}/changes", None),
        ("POST", f"{one}/replace-hardware", {"serial": "x"}),
        ("POST", f"{one}/credentials", {}),
        ("GET", f"{one}/credentials", None),
        ("DELETE", f"{one}/credentials/1", None),
        ("POST", f"{one}/certificates", {"csr": "x"}),
        ("GET", f"{one}/certificates", None),
        ("DELETE", f"{one}/certificates/ab", None),
        ("POST", f"/api/v1/ingest/{device}", {"pm25": 1}),
    ]


def test_those_of_others_are_not_there(town: Town) -> None:
    def ask(device: str) -> list[tuple[int, str]]:
        answers: list[httpx.Response] = [
            town.house.call(town.kita, method, path, body) for method, path, body in attempts(device)
        ]
        return [(one.status_code, one.json()["detail"].replace(device, "?")) for one in answers]

    absent = ask("z-1")
    assert {status for status, _ in absent} == {404}
    assert ask("m-1") == absent
    assert ask("t-1") == absent
    whole = town.house.call(town.house.root, "GET", f"{DEVICES}/m-1").json()
    assert (whole["owner"], whole["state"]) == ("minami", "provisioned")


def test_an_operator_keeps_its_own_for_itself(town: Town) -> None:
    house = town.house
    assert house.call(town.kita, "PATCH", f"{DEVICES}/k-1", {"name": "north"}).json()["owner"] == "kita"
    for body in ({"owner": "minami"}, {"owner": "town"}):
        problem(house.call(town.kita, "PATCH", f"{DEVICES}/k-1", body), 400, "BadRequestData")
    refused = {"id": "k-2", **DRAFT, "owner": "minami"}
    problem(house.call(town.kita, "POST", DEVICES, refused), 400, "BadRequestData")
    assert house.call(town.kita, "POST", "/api/v1/ingest/k-1", {"pm25": 1.5}).status_code == 200
    assert house.call(town.kita, "DELETE", f"{DEVICES}/k-1").status_code == 204
    town.register(town.kita, "k-1")
    assert town.names(town.kita, "?owner=kita") == ["k-1"]


def test_a_registration_opens_no_entity_of_others(town: Town) -> None:
    """Else an operator would read, and write, any entity by naming a device after it."""
    house = town.house
    answer = house.call(town.kita, "POST", DEVICES, {"id": "m-1", **DRAFT})
    assert answer.status_code == 400
    assert house.call(house.root, "DELETE", f"{DEVICES}/m-1").status_code == 204
    answer = house.call(town.kita, "POST", DEVICES, {"id": "m-1", **DRAFT})
    assert answer.status_code == 400, "its entity and history are the former owner's"
    entity = {**sensor(), "id": "urn:ngsi-ld:AirQualityObserved:secret", "type": "AirQualityObserved"}
    assert house.call(house.root, "POST", ENTITIES, entity).status_code == 201
    answer = house.call(town.kita, "POST", DEVICES, {"id": "secret", **DRAFT})
    assert "is there" in problem(answer, 400, "BadRequestData")
    assert house.call(town.kita, "GET", f"{ENTITIES}/{entity['id']}").status_code in (403, 404)


def test_what_is_not_for_operators_is_refused(town: Town) -> None:
    for method, path, body in (
        ("GET", "/api/v1/device-imports", None),
        ("GET", "/api/v1/quarantine", None),
        ("PUT", "/api/v1/health-rules/x", {}),
        ("POST", "/api/v1/profiles", {}),
        ("POST", "/api/v1/tenants", {"name": "mine"}),
        ("POST", "/api/v1/organisations", {"name": "mine", "kind": "partner"}),
        ("PATCH", "/api/v1/organisations/kita", {"tenants": []}),
        ("POST", "/api/v1/organisations/kita/invitations", {}),
    ):
        assert town.house.call(town.kita, method, path, body).status_code in (403, 404), path
