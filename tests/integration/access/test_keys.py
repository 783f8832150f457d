"""Keys by the API: shown once, narrowed, rotated, ended; nobody gives more than they have."""

from datetime import UTC, datetime, timedelta

import pytest

from context_api.store.keys import get_key
from tests.integration.access.people import ENTITIES, House, prefix_of, sensor
from tests.integration.http.conftest import problem
from tests.support.waiting import wait_until

KEYS = "/api/v1/keys"


def test_a_key_is_shown_once_and_says_what_it_is(house: House) -> None:
    house.organisation("kita", "operator", "default")
    answer = house.call(
        house.root, "POST", KEYS, {"organisation": "kita", "role": "operator", "label": "site 3", "days": 30}
    )
    made = answer.json()
    assert answer.headers["location"] == f"{KEYS}/{made['prefix']}"
    assert answer.headers["cache-control"].endswith("no-store")
    assert made["key"].startswith(f"machi_{made['prefix']}_")
    listed = house.call(house.root, "GET", f"{KEYS}?organisation=kita").json()["keys"]
    assert [one["prefix"] for one in listed] == [made["prefix"]]
    assert made["key"] not in str(listed)
    assert {name: made[name] for name in ("role", "tenants", "label", "state", "organisation")} == {
        "role": "operator",
        "tenants": ["default"],
        "label": "site 3",
        "state": "valid",
        "organisation": "kita",
    }
    end = datetime.fromisoformat(made["expiresAt"])
    assert timedelta(days=29) < end - datetime.now(UTC) <= timedelta(days=30)
    me = house.call(made["key"], "GET", "/api/v1/me").json()
    assert (me["name"], me["role"], me["tenants"]) == (f"key:{made['prefix']}", "operator", ["default"])
    assert me["organisation"]["name"] == "kita"
    assert me["key"]["expiresAt"] == made["expiresAt"]
    assert "profiles:read" in me["permissions"]
    assert "organisations" not in me["permissions"]


def test_the_first_administrator_opens_every_tenant(house: House) -> None:
    me = house.call(house.root, "GET", "/api/v1/me").json()
    assert (me["role"], me["tenants"], me["organisation"]["name"]) == ("administrator", None, "town")
    assert house.call(house.root, "POST", ENTITIES, sensor(), tenant="new").status_code == 201


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("machi_short", "not a whole key"),
        ("machi_abcdefgh_" + "a" * 39, "mistyped"),
        ("machi_abcdefgh_" + "a" * 32, "unknown"),
        ("machi_" + "a" * 400, "not a whole key"),
    ],
)
def test_what_is_no_key_is_told_apart(house: House, key: str, said: str) -> None:
    assert said in problem(house.call(key, "GET", "/api/v1/me"), 401, "about:blank")


def test_expiry_has_a_default_and_a_longest(house: House) -> None:
    made = house.make(KEYS, {"role": "administrator"})
    end = datetime.fromisoformat(made["expiresAt"])
    assert timedelta(days=364) < end - datetime.now(UTC) <= timedelta(days=365)
    for body in (
        {"days": 731},
        {"expiresAt": "2099-01-01T00:00:00Z"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2027-01-01T00:00:00"},
        {"days": 3, "expiresAt": "2027-01-01T00:00:00Z"},
        {"days": 0},
        {"label": "a\nb"},
        {"role": "anonymous"},
        {"role": "king"},
        {"tenants": ["no such tenant"]},
        {"prefix": "abcdefgh"},
        {"createdBy": "somebody"},
    ):
        answer = house.call(house.root, "POST", KEYS, {"role": "administrator", **body})
        problem(answer, 400, "BadRequestData")


def test_an_expired_key_opens_nothing_and_is_told_why(house: House) -> None:
    house.organisation("kita", "operator", "default")
    key = house.key("kita", "operator")
    assert house.call(key, "GET", "/api/v1/me").status_code == 200
    with house.database.connection() as connection:
        connection.execute(
            "update api_key set expires_at = now() - interval '1 second' where prefix = %s", [prefix_of(key)]
        )
    house.wait_shut(key)
    assert "expired at" in problem(house.call(key, "GET", "/api/v1/me"), 401, "about:blank")


def test_rotation_lets_both_in_until_the_overlap_is_over(house: House) -> None:
    house.organisation("kita", "partner", "default")
    old = house.key("kita", "service")
    with house.database.connection() as connection:
        connection.execute(
            "insert into access_grant (tenant_id, key_prefix, operations)"
            " select id, %s, '{read}' from tenant where name = 'default'",
            [prefix_of(old)],
        )
    made = house.call(old, "POST", f"{KEYS}/{prefix_of(old)}/rotate", {"overlapHours": 2})
    assert made.status_code == 201
    new = made.json()["key"]
    assert made.json()["role"] == "service"
    for key in (old, new):
        assert house.call(key, "GET", f"{ENTITIES}?type=Sensor").status_code == 200
    known = house.call(new, "GET", f"{KEYS}/{prefix_of(new)}").json()
    assert known["state"] == "valid"
    former = get_key(house.database, prefix_of(old))
    assert former is not None
    assert former.successor == prefix_of(new)
    assert former.expires_at is not None
    assert timedelta(hours=1.9) < former.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    problem(house.call(new, "POST", f"{KEYS}/{prefix_of(old)}/rotate", {}), 404, "ResourceNotFound")
    problem(house.call(old, "POST", f"{KEYS}/{prefix_of(old)}/rotate", {}), 409, "Conflict")
    at_once = house.call(new, "POST", f"{KEYS}/{prefix_of(new)}/rotate", {"overlapHours": 0})
    assert at_once.status_code == 201
    house.wait_shut(new)
    assert house.call(at_once.json()["key"], "GET", "/api/v1/me").status_code == 200


def test_nobody_gives_more_than_they_have(house: House) -> None:
    house.tenant("north", "south")
    house.organisation("kita", "operator", "north", "south")
    house.organisation("minami", "partner", "south")
    operator = house.key("kita", "operator", "north")
    partner = house.key("minami", "partner")
    service = house.key("minami", "service")
    refused = [
        (operator, {"role": "administrator"}, 400),
        (operator, {"role": "service"}, 403),
        (operator, {"role": "operator", "tenants": ["south"]}, 403),
        (operator, {"role": "operator", "tenants": ["north", "south"]}, 403),
        (operator, {"role": "operator", "tenants": ["default"]}, 400),
        (operator, {"role": "partner", "organisation": "minami"}, 404),
        (operator, {"role": "administrator", "organisation": "town"}, 404),
        (partner, {"role": "service"}, 403),
        (partner, {"role": "operator"}, 400),
        (service, {"role": "partner"}, 403),
        (service, {"role": "service"}, 403),
    ]
    for key, body, status in refused:
        assert house.call(key, "POST", KEYS, body).status_code == status, body
    assert house.make(KEYS, {"role": "operator", "tenants": ["north"]}, key=operator)["tenants"] == ["north"]
    assert house.make(KEYS, {"role": "partner"}, key=partner)["tenants"] == ["south"]
    # Nobody widens a key by giving one without naming tenants
    problem(house.call(operator, "POST", KEYS, {"role": "operator"}), 403, "about:blank")


def test_keys_of_others_are_not_there(house: House) -> None:
    house.organisation("kita", "operator", "default")
    house.organisation("minami", "partner", "default")
    ours, theirs = house.key("minami", "partner"), house.key("kita", "operator")
    service = house.key("minami", "service")
    assert {one["prefix"] for one in house.call(ours, "GET", KEYS).json()["keys"]} == {
        prefix_of(ours),
        prefix_of(service),
    }
    assert [one["prefix"] for one in house.call(service, "GET", KEYS).json()["keys"]] == [prefix_of(service)]
    for prefix in (prefix_of(theirs), prefix_of(house.root), "abcdefgh"):
        problem(house.call(ours, "GET", f"{KEYS}/{prefix}"), 404, "ResourceNotFound")
        problem(house.call(ours, "DELETE", f"{KEYS}/{prefix}"), 404, "ResourceNotFound")
        problem(house.call(ours, "POST", f"{KEYS}/{prefix}/rotate", {}), 404, "ResourceNotFound")
    # A colleague's key may have been granted more than one's own
    problem(house.call(ours, "POST", f"{KEYS}/{prefix_of(service)}/rotate", {}), 403, "about:blank")
    problem(house.call(ours, "DELETE", f"{KEYS}/{prefix_of(service)}"), 403, "about:blank")
    assert house.call(service, "DELETE", f"{KEYS}/{prefix_of(service)}").status_code == 204
    house.wait_shut(service)


def test_a_use_is_kept_to_the_minute(house: House) -> None:
    house.organisation("kita", "operator", "default")
    key = house.key("kita", "operator")
    assert house.call(key, "GET", "/api/v1/me").status_code == 200

    def used() -> datetime | None:
        known = get_key(house.database, prefix_of(key))
        assert known is not None
        return known.last_used_at

    first = wait_until(used)
    with house.database.connection() as connection:
        connection.execute(
            "update api_key set label = 'x', revoked_at = null where prefix = %s", [prefix_of(key)]
        )
    assert house.call(key, "GET", "/api/v1/me").status_code == 200
    assert used() == first
