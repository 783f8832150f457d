"""Policies of retention through the API."""

import httpx
import pytest

from tests.integration.http.conftest import problem

RETENTION = "/api/v1/retention"
ROOM = "https://uri.etsi.org/ngsi-ld/default-context/Room"


def test_a_policy_is_made_changed_and_removed(api: httpx.Client) -> None:
    assert api.get(RETENTION).json() == {"policies": []}
    made = api.put(f"{RETENTION}/Room", json={"rawDays": 400})
    assert made.status_code == 201
    assert made.json()["type"] == ROOM
    changed = api.put(
        f"{RETENTION}/Room", json={"rawDays": 30, "keepAggregates": False, "compressAfterDays": 7}
    )
    assert changed.status_code == 200
    shown = api.get(f"{RETENTION}/Room").json()
    assert shown == changed.json()
    assert shown.pop("modifiedAt")
    assert shown == {
        "type": ROOM,
        "rawDays": 30,
        "keepAggregates": False,
        "compressAfterDays": 7,
        "valuesDropped": 0,
        "aggregatesDropped": 0,
        "lastDrop": None,
    }
    assert [policy["type"] for policy in api.get(RETENTION).json()["policies"]] == [ROOM]
    assert api.delete(f"{RETENTION}/Room").status_code == 204
    problem(api.get(f"{RETENTION}/Room"), 404, "ResourceNotFound")
    problem(api.delete(f"{RETENTION}/Room"), 404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ({"rawDays": 0}, "rawDays is a number of days"),
        ({"rawDays": "x"}, "rawDays"),
        ({"compressAfterDays": 99_999}, "compressAfterDays is a number of days"),
        ({"days": 5}, "days"),
        ([], "object"),
    ],
)
def test_wrong_policies_are_refused(draft: object, said: str, api: httpx.Client) -> None:
    detail = problem(api.put(f"{RETENTION}/Room", json=draft), 400, "BadRequestData")
    assert said in detail
    assert api.get(RETENTION).json() == {"policies": []}


def test_policies_are_the_tenant_s_own(api: httpx.Client) -> None:
    api.put(f"{RETENTION}/Room", json={"rawDays": 5})
    other = {"NGSILD-Tenant": "other"}
    assert api.put(f"{RETENTION}/Room", json={"rawDays": 6}, headers=other).status_code == 201
    assert api.get(f"{RETENTION}/Room").json()["rawDays"] == 5
    assert api.get(f"{RETENTION}/Room", headers=other).json()["rawDays"] == 6
