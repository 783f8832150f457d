"""The second factor: an authenticator app is added, asked for, and replaced by recovery codes."""

import base64
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx
import pytest

from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.identity import totp
from context_api.store.database import Database
from tests.integration.http.conftest import serving
from tests.integration.login.conftest import PASSWORD, MakeAccount, log_in

SESSION = "/api/v1/session"


def code_of(secret: str, ahead: int = 0) -> str:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return totp.code_at(key, int(time.time()) // totp.STEP_S + ahead)


def change(api: httpx.Client, method: str, path: str, body: Mapping[str, object]) -> httpx.Response:
    token = api.get(SESSION).json()["csrfToken"]
    return api.request(method, f"{SESSION}{path}", json=body, headers={"X-CSRF-Token": token})


def add_app(api: httpx.Client) -> tuple[str, list[str]]:
    """Add an app to who is logged in; gives its secret and the recovery codes."""
    made = change(api, "POST", "/app", {"password": PASSWORD})
    assert made.status_code == 200, made.text
    secret = made.json()["secret"]
    assert f"secret={secret}&" in made.json()["uri"]
    assert made.json()["svg"].startswith("<svg ")
    confirmed = change(api, "PUT", "/app", {"code": code_of(secret)})
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recoveryCodes"]


def knock(api: httpx.Client) -> str:
    """Begin a login anew; gives the state after the password."""
    api.cookies.clear()
    log_in(api)
    state: str = api.get(SESSION).json()["state"]
    return state


def test_an_app_is_added_and_asked_for(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    log_in(api)
    none = {"hasApp": False, "isRequired": False, "recoveryCodes": 0}
    assert api.get(f"{SESSION}/app").json() == none
    assert change(api, "POST", "/app", {}).status_code == 400
    assert change(api, "POST", "/app", {"password": "not this one"}).status_code == 403
    secret, codes = add_app(api)
    assert len(set(codes)) == 10
    assert change(api, "POST", "/app", {"password": PASSWORD}).status_code == 409
    with database.connection() as connection:
        row = connection.execute("select totp_secret from account").fetchone()
    assert row is not None
    assert base64.b32decode(secret) not in bytes(row[0])

    assert knock(api) == "totp"
    assert api.get("/api/v1/devices").status_code == 401
    assert api.get(f"{SESSION}/app").status_code == 401
    assert set(api.get(SESSION).json()) & {"name", "role", "tenants"} == set()
    before = api.cookies["machi_session"]
    assert change(api, "POST", "/totp", {"code": "000000"}).status_code == 401
    assert change(api, "POST", "/totp", {"code": code_of(secret)}).status_code == 401  # used to add it
    passed = change(api, "POST", "/totp", {"code": code_of(secret, 1)})
    assert (passed.status_code, passed.json()["state"]) == (200, "open")
    assert api.cookies["machi_session"] != before
    assert api.get("/api/v1/devices").status_code == 200

    assert knock(api) == "totp"
    assert change(api, "POST", "/totp", {"code": code_of(secret, 1)}).status_code == 401
    assert change(api, "POST", "/totp", {"code": codes[0].upper().replace("-", " ")}).status_code == 200
    assert knock(api) == "totp"
    assert change(api, "POST", "/totp", {"code": codes[0]}).status_code == 401
    assert change(api, "POST", "/totp", {"code": codes[1]}).status_code == 200

    assert api.get(f"{SESSION}/app").json() == {"hasApp": True, "isRequired": False, "recoveryCodes": 8}
    renewed = change(api, "POST", "/app/recovery-codes", {"password": PASSWORD}).json()["recoveryCodes"]
    assert not set(renewed) & set(codes)
    assert change(api, "POST", "/app/removal", {"password": PASSWORD}).status_code == 204
    assert knock(api) == "open"


def test_codes_cannot_be_guessed_through(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    log_in(api)
    add_app(api)
    assert knock(api) == "totp"
    tries = [change(api, "POST", "/totp", {"code": f"{number:06d}"}) for number in range(5)]
    assert [one.status_code for one in tries] == [401] * 5
    with database.connection() as connection:  # let it be a hundred, whose wait is longer than any test
        connection.execute("update login_failure set failures = 100, at = now() where failures >= 5")
    refused = change(api, "POST", "/totp", {"code": "000000"})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 60


@pytest.fixture
def strict(settings: ApiSettings) -> Iterator[httpx.Client]:
    """An installation that asks everybody for an app."""
    with serving(replace(settings, login=LoginSettings(second_factor="all"))) as client:
        yield client


def test_a_first_password_is_changed_and_an_app_added_before_anything_opens(
    strict: httpx.Client, make_account: MakeAccount
) -> None:
    make_account(must_change=True)
    assert knock(strict) == "password"
    assert strict.get("/api/v1/devices").status_code == 401
    assert change(strict, "POST", "/app", {}).status_code == 409
    for bad in ("short", "passwordpassword", "hanako202611", PASSWORD):
        assert change(strict, "PUT", "/password", {"new": bad}).status_code == 400
    changed = change(strict, "PUT", "/password", {"new": "the river runs behind it"})
    assert (changed.status_code, changed.json()["state"]) == (200, "enrol")
    assert strict.get("/api/v1/devices").status_code == 401
    assert change(strict, "PUT", "/password", {"new": "one more sentence here"}).status_code == 409
    secret = change(strict, "POST", "/app", {}).json()["secret"]
    assert change(strict, "PUT", "/app", {"code": "123"}).status_code == 400
    confirmed = change(strict, "PUT", "/app", {"code": code_of(secret)})
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "open")
    assert strict.get("/api/v1/devices").status_code == 200
    proof = {"password": "the river runs behind it"}
    assert change(strict, "POST", "/app/removal", proof).status_code == 403


def test_a_new_password_ends_the_other_sessions(api: httpx.Client, make_account: MakeAccount) -> None:
    make_account()
    log_in(api)
    other = dict(api.cookies)
    api.cookies.clear()
    log_in(api)
    new = "the river runs behind it"
    assert change(api, "PUT", "/password", {"new": new}).status_code == 400
    assert change(api, "PUT", "/password", {"current": "wrong wrong", "new": new}).status_code == 403
    assert change(api, "PUT", "/password", {"current": PASSWORD, "new": new}).status_code == 200
    assert api.get("/api/v1/devices").status_code == 200
    api.cookies.clear()
    for name, value in other.items():
        api.cookies.set(name, value)
    assert api.get("/api/v1/devices").status_code == 401
    assert api.post(SESSION, json={"name": "hanako", "password": PASSWORD}).status_code == 401
    log_in(api, password=new)
