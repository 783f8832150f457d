"""Organisations and invitations by the API: who may make, see and change which."""

from datetime import UTC, datetime, timedelta

from context_api.store.key_texts import make_secret
from tests.integration.access.people import House, prefix_of
from tests.integration.http.conftest import problem

ORGANISATIONS = "/api/v1/organisations"
ACCEPT = "/api/v1/invitations/accept"


def test_an_organisation_from_beginning_to_end(house: House) -> None:
    names = [one["name"] for one in house.call(house.root, "GET", ORGANISATIONS).json()["organisations"]]
    assert names == ["public", "town"]
    draft = {
        "name": "kita",
        "kind": "operator",
        "nameJa": "北",
        "contact": "a@kita.example",
        "tenants": ["default"],
    }
    made = house.call(house.root, "POST", ORGANISATIONS, draft)
    assert made.headers["location"] == f"{ORGANISATIONS}/kita"
    assert {name: made.json()[name] for name in draft} == draft
    problem(house.call(house.root, "POST", ORGANISATIONS, draft), 409, "AlreadyExists")
    changed = house.call(house.root, "PATCH", f"{ORGANISATIONS}/kita", {"nameEn": "North"}).json()
    assert (changed["nameEn"], changed["nameJa"], changed["tenants"]) == ("North", "北", ["default"])
    assert house.call(house.root, "GET", f"{ORGANISATIONS}/kita").json() == changed
    house.key("kita", "operator")
    problem(house.call(house.root, "DELETE", f"{ORGANISATIONS}/kita"), 409, "Conflict")
    house.organisation("empty")
    assert house.call(house.root, "DELETE", f"{ORGANISATIONS}/empty").status_code == 204
    problem(house.call(house.root, "GET", f"{ORGANISATIONS}/empty"), 404, "ResourceNotFound")


def test_what_is_wrong_with_an_organisation_is_said(house: House) -> None:
    for body, pointer in (
        ({"name": "A", "kind": "partner"}, "/name"),
        ({"name": "a--b", "kind": "partner"}, "/name"),
        ({"name": "a" * 64, "kind": "partner"}, "/name"),
        ({"name": "a", "kind": "public"}, "/kind"),
        ({"name": "a", "kind": "king"}, "/kind"),
        ({"name": "a", "kind": "partner", "tenants": ["nosuch"]}, "/tenants"),
        ({"name": "a", "kind": "partner", "everyTenant": True}, ""),
        ({"name": "a", "kind": "partner", "contact": "x" * 201}, "/contact"),
    ):
        answer = house.call(house.root, "POST", ORGANISATIONS, body)
        problem(answer, 400, "BadRequestData")
        assert answer.json().get("pointer", "") == pointer, body
    problem(
        house.call(house.root, "PATCH", f"{ORGANISATIONS}/town", {"disabled": True}), 400, "BadRequestData"
    )
    problem(house.call(house.root, "PATCH", f"{ORGANISATIONS}/town", {"tenants": []}), 400, "BadRequestData")
    problem(house.call(house.root, "DELETE", f"{ORGANISATIONS}/town"), 403, "about:blank")


def test_an_administrator_of_some_tenants_reaches_no_further(house: House) -> None:
    house.tenant("north", "south")
    house.organisation("north-town", "town", "north")
    house.organisation("south-partner", "partner", "south")
    house.organisation("both", "partner", "north", "south")
    north = house.key("north-town", "administrator")
    assert house.call(north, "POST", ORGANISATIONS, {"name": "free", "kind": "partner"}).status_code == 403
    house.make(ORGANISATIONS, {"name": "north-partner", "kind": "partner", "tenants": ["north"]}, key=north)
    seen = [one["name"] for one in house.call(north, "GET", ORGANISATIONS).json()["organisations"]]
    assert seen == ["north-partner", "north-town"]
    for name in ("south-partner", "both", "town", "public", "nosuch"):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"contact": "x"}),
            ("DELETE", "", None),
            ("GET", "/invitations", None),
            ("POST", "/invitations", {}),
            ("DELETE", "/invitations/abcdefgh", None),
        ):
            answer = house.call(north, method, f"{ORGANISATIONS}/{name}{path}", body)
            problem(answer, 404, "ResourceNotFound")
    one = f"{ORGANISATIONS}/north-partner"
    problem(house.call(north, "PATCH", one, {"tenants": ["north", "south"]}), 403, "about:blank")
    problem(
        house.call(north, "PATCH", f"{ORGANISATIONS}/north-town", {"tenants": ["south"]}), 403, "about:blank"
    )
    problem(
        house.call(north, "PATCH", f"{ORGANISATIONS}/north-town", {"disabled": True}), 400, "BadRequestData"
    )
    assert house.key("north-partner", "service", by=north)
    town = {"organisation": "town", "role": "administrator"}
    problem(house.call(north, "POST", "/api/v1/keys", town), 404, "ResourceNotFound")
    mine = house.make("/api/v1/keys", {"role": "administrator"}, key=north)
    assert mine["tenants"] == ["north"]


def test_an_invitation_is_good_once(house: House) -> None:
    house.organisation("kita", "operator", "default")
    made = house.make(f"{ORGANISATIONS}/kita/invitations", {"label": "site 3", "keyDays": 20})
    assert (made["role"], made["state"]) == ("operator", "open")
    code = made["code"]
    listed = house.call(house.root, "GET", f"{ORGANISATIONS}/kita/invitations").json()["invitations"]
    assert [one["prefix"] for one in listed] == [made["prefix"]]
    assert code not in str(listed)
    taken = house.call(None, "POST", ACCEPT, {"code": code})
    assert (taken.status_code, taken.headers["cache-control"].endswith("no-store")) == (201, True)
    key = taken.json()
    assert (key["role"], key["organisation"], key["label"]) == ("operator", "kita", "site 3")
    assert key["createdBy"] == f"invitation:{made['prefix']}"
    assert datetime.fromisoformat(key["expiresAt"]) - datetime.now(UTC) < timedelta(days=21)
    assert house.call(key["key"], "GET", "/api/v1/me").json()["name"] == f"key:{prefix_of(key['key'])}"
    assert "was taken up at" in problem(house.call(None, "POST", ACCEPT, {"code": code}), 403, "about:blank")
    listed = house.call(house.root, "GET", f"{ORGANISATIONS}/kita/invitations").json()["invitations"]
    assert (listed[0]["state"], listed[0]["key"]) == ("accepted", prefix_of(key["key"]))


def test_an_invitation_that_is_void_gives_nothing(house: House) -> None:
    house.organisation("kita", "operator", "default")
    path = f"{ORGANISATIONS}/kita/invitations"

    def invite() -> tuple[str, str]:
        made = house.make(path, {})
        return made["code"], made["prefix"]

    revoked, prefix = invite()
    assert house.call(house.root, "DELETE", f"{path}/{prefix}").status_code == 204
    problem(house.call(house.root, "DELETE", f"{path}/{prefix}"), 404, "ResourceNotFound")
    expired, prefix = invite()
    with house.database.connection() as connection:
        connection.execute("update invitation set expires_at = now() where prefix = %s", [prefix])
    other, _ = invite()
    house.call(house.root, "PATCH", f"{ORGANISATIONS}/kita", {"disabled": True})
    for code, said in (
        (revoked, "was revoked"),
        (expired, "expired at"),
        (other, "is disabled"),
        (make_secret("machi_invite_").text, "unknown"),
        (other[:-1] + ("a" if other[-1] != "a" else "b"), "not the whole code"),
        (house.root, "not the whole code"),
        ("x", "not the whole code"),
    ):
        assert said in problem(house.call(None, "POST", ACCEPT, {"code": code}), 403, "about:blank")


def test_guessing_codes_is_slowed_down(house: House) -> None:
    codes = (make_secret("machi_invite_").text for _ in range(30))
    answers = [house.call(None, "POST", ACCEPT, {"code": code}) for code in codes]
    assert {one.status_code for one in answers} == {403, 429}
    assert sum(one.status_code == 403 for one in answers) < 20
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_what_administrators_do_stands_in_the_trail(house: House) -> None:
    house.organisation("kita", "partner", "default")
    key = house.key("kita", "partner")
    house.make(f"{ORGANISATIONS}/kita/invitations", {})
    house.call(house.root, "PATCH", f"{ORGANISATIONS}/kita", {"contact": "new"})
    house.call(key, "POST", f"/api/v1/keys/{prefix_of(key)}/rotate", {})
    house.call(house.root, "PATCH", f"{ORGANISATIONS}/kita", {"disabled": True})
    with house.database.connection() as connection:
        bodies = [row[0] for row in connection.execute("select body::jsonb from audit order by 1::text")]
    done = {(one["verb"], one["kind"], one["principal"]) for one in bodies}
    root, own = f"key:{prefix_of(house.root)}", f"key:{prefix_of(key)}"
    assert done >= {
        ("create", "organisation", root),
        ("create", "api-key", root),
        ("create", "invitation", root),
        ("change", "organisation", root),
        ("rotate", "api-key", own),
        ("disable", "organisation", root),
    }
    assert all(text not in str(bodies) for text in (key, house.root))
