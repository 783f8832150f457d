"""The console's session: what a cookie opens, what it needs besides, and how it ends."""

import time

import httpx
import pytest

from context_api.store.database import Database
from tests.integration.login.conftest import PASSWORD, MakeAccount, log_in

ENTITY = {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "on": {"type": "Property", "value": True}}


def test_whoever_is_not_logged_in_is_told_how(api: httpx.Client) -> None:
    answer = api.get("/api/v1/session")
    assert (answer.status_code, answer.json()) == (
        200,
        {"state": "none", "ways": {"password": True, "providers": []}},
    )
    assert answer.headers["cache-control"] == "no-store"


def test_a_login_opens_what_the_role_may(api: httpx.Client, make_account: MakeAccount) -> None:
    account_id = make_account()
    assert api.get("/api/v1/devices").status_code == 401
    answer = api.post("/api/v1/session", json={"name": " Hanako ", "password": PASSWORD})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["state"], said["name"], said["role"]) == ("open", f"user:{account_id}", "administrator")
    assert (said["organisation"], said["tenants"]) == ("town", None)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("machi_session="))
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "path=/", "samesite=lax"}
    assert api.get("/api/v1/devices").status_code == 200
    assert api.get("/api/v1/session").json()["csrfToken"] == said["csrfToken"]


def test_a_change_needs_the_token_besides_the_cookie(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account()
    token = log_in(api)
    without = api.post("/ngsi-ld/v1/entities", json=ENTITY)
    assert without.status_code == 403
    assert "X-CSRF-Token" in without.json()["detail"]
    wrong = api.post("/ngsi-ld/v1/entities", json=ENTITY, headers={"X-CSRF-Token": token[:-1]})
    assert wrong.status_code == 403
    right = api.post("/ngsi-ld/v1/entities", json=ENTITY, headers={"X-CSRF-Token": token})
    assert right.status_code == 201
    gone = api.delete(f"/ngsi-ld/v1/entities/{ENTITY['id']}", headers={"X-CSRF-Token": token})
    assert gone.status_code == 204


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_elsewhere_change_nothing(
    api: httpx.Client, make_account: MakeAccount, sent: dict[str, str]
) -> None:
    make_account()
    token = log_in(api)
    headers = {"X-CSRF-Token": token, **sent}
    assert api.post("/ngsi-ld/v1/entities", json=ENTITY, headers=headers).status_code == 403
    assert api.delete("/api/v1/session", headers=headers).status_code == 403
    login = {"name": "hanako", "password": PASSWORD}
    assert api.post("/api/v1/session", json=login, headers=sent).status_code == 403


def test_a_cross_site_request_has_no_session(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account()
    log_in(api)
    answer = api.get("/api/v1/devices", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 401


def test_unknown_names_and_wrong_passwords_are_answered_alike(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    make_account("jiro")
    with database.connection() as connection:
        connection.execute("update account set disabled_at = now() where name = 'jiro'")
    tries = [("hanako", "wrong wrong wrong"), ("nobody", PASSWORD), ("jiro", PASSWORD), ("' or 1=1", "x")]
    answers = [api.post("/api/v1/session", json={"name": name, "password": text}) for name, text in tries]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert not api.cookies


def test_after_the_end_the_cookie_opens_nothing(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account()
    token = log_in(api)
    cookies = dict(api.cookies)
    answer = api.delete("/api/v1/session", headers={"X-CSRF-Token": token})
    assert (answer.status_code, answer.json()) == (200, {"providerLogout": None})
    assert "machi_session" not in api.cookies
    for name, value in cookies.items():
        api.cookies.set(name, value)
    assert api.get("/api/v1/devices").status_code == 401


def test_a_cookie_that_was_there_before_the_login_is_not_taken_up(
    api: httpx.Client, make_account: MakeAccount
) -> None:
    """Session fixation: what an attacker planted never becomes somebody's session."""
    make_account()
    api.cookies.set("machi_session", "planted-by-an-attacker")
    answer = api.post("/api/v1/session", json={"name": "hanako", "password": PASSWORD})
    assert "planted" not in str(answer.headers.get_list("set-cookie"))
    api.cookies.clear()
    api.cookies.set("machi_session", "planted-by-an-attacker")
    assert api.get("/api/v1/session").json()["state"] == "none"


def test_the_database_keeps_no_cookie(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    log_in(api)
    with database.connection() as connection:
        row = connection.execute("select session::text, encode(hash, 'escape') from session").fetchone()
    assert row is not None
    assert api.cookies["machi_session"] not in row[0] + row[1]


@pytest.mark.parametrize(
    "change",
    [
        "update session set ends_at = now() - interval '1 second'",
        "update session set seen_at = now() - interval '2 hours'",
        "update account set disabled_at = now()",
        "delete from session",
    ],
)
def test_what_ends_a_session(
    api: httpx.Client, make_account: MakeAccount, database: Database, change: str
) -> None:
    make_account()
    log_in(api)
    with database.connection() as connection:
        connection.execute(change.encode())
    api.get("/api/v1/session")
    deadline_s = 30
    for _ in range(deadline_s * 10):
        if api.get("/api/v1/devices").status_code == 401:
            break
        time.sleep(0.1)
    assert api.get("/api/v1/devices").status_code == 401


def test_ones_sessions_are_listed_and_ended_one_by_one(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account()
    log_in(api)
    first = dict(api.cookies)
    api.cookies.clear()
    token = log_in(api)
    listed = api.get("/api/v1/sessions").json()["sessions"]
    assert [one["current"] for one in listed] == [True, False]
    assert listed[0]["address"] == "127.0.0.1"
    ended = api.delete(f"/api/v1/sessions/{listed[1]['id']}", headers={"X-CSRF-Token": token})
    assert ended.status_code == 204
    assert [one["current"] for one in api.get("/api/v1/sessions").json()["sessions"]] == [True]
    api.cookies.clear()
    for name, value in first.items():
        api.cookies.set(name, value)
    assert api.get("/api/v1/devices").status_code == 401


def test_nobody_ends_somebody_elses_session(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account("taro")
    log_in(api, "taro")
    other = api.get("/api/v1/sessions").json()["sessions"][0]["id"]
    api.cookies.clear()
    make_account("hanako", role="staff")
    token = log_in(api, "hanako")
    answer = api.delete(f"/api/v1/sessions/{other}", headers={"X-CSRF-Token": token})
    assert answer.status_code == 404


def test_staff_may_what_staff_may(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account(role="staff")
    token = log_in(api)
    assert api.get("/api/v1/session").json()["role"] == "staff"
    answer = api.post("/api/v1/devices", json={"id": "aq-1"}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 403
