"""Accounts: made with a code, changed, disabled and reset by administrators, over HTTP and by command."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from context_api.store.database import Database
from deploy.cli import app
from tests.integration.http.conftest import SECRET
from tests.integration.login.conftest import PASSWORD, MakeAccount, log_in

ACCOUNTS, SESSION = "/api/v1/accounts", "/api/v1/session"
NEW = "the river runs behind it"


@pytest.fixture
def admin(api: httpx.Client, make_account: MakeAccount) -> Iterator[httpx.Client]:
    """A browser in which an administrator of the installation is logged in."""
    make_account("admin")
    with httpx.Client(base_url=api.base_url, timeout=30, trust_env=False) as client:
        client.headers["X-CSRF-Token"] = log_in(client, "admin")
        yield client


def test_from_a_code_to_a_login_to_the_end(
    admin: httpx.Client, api: httpx.Client, database: Database
) -> None:
    made = admin.post(ACCOUNTS, json={"name": "yuki", "role": "staff", "shown": "花子"})
    assert made.status_code == 201, made.text
    account = made.json()
    code = account.pop("code")
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", code)
    assert made.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert (account["hasPassword"], account["organisation"], account["tenants"]) == (False, "town", None)
    assert admin.get(made.headers["location"]).json() == account
    assert admin.post(ACCOUNTS, json={"name": "yuki", "role": "staff"}).status_code == 409

    wrong = {"name": "yuki", "code": "aaaa-aaaa-aaaa-aaaa", "password": NEW}
    unknown = {**wrong, "name": "nobody"}
    answers = [api.post(f"{SESSION}/reset", json=one) for one in (wrong, unknown)]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    right = {"name": "yuki", "code": code, "password": "short"}
    assert api.post(f"{SESSION}/reset", json=right).status_code == 400
    right["password"] = NEW
    assert api.post(f"{SESSION}/reset", json=right).status_code == 204
    assert api.post(f"{SESSION}/reset", json=right).status_code == 401  # the code is used
    log_in(api, "yuki", NEW)
    assert api.get(SESSION).json()["shown"] == "花子"

    changed = admin.patch(made.headers["location"], json={"role": "administrator"})
    assert changed.json()["role"] == "administrator"
    disabled = admin.patch(made.headers["location"], json={"disabled": True})
    assert disabled.json()["disabledAt"] is not None
    assert api.get("/api/v1/devices").status_code == 401
    assert api.post(SESSION, json={"name": "yuki", "password": NEW}).status_code == 401
    assert admin.patch(made.headers["location"], json={"disabled": False}).status_code == 200
    log_in(api, "yuki", NEW)
    reset = admin.post(f"{made.headers['location']}/reset", json={})
    assert reset.status_code == 200
    assert api.get("/api/v1/devices").status_code == 401
    assert api.post(SESSION, json={"name": "yuki", "password": NEW}).status_code == 401
    assert [one["name"] for one in admin.get(ACCOUNTS).json()["accounts"]] == ["admin", "yuki"]
    page = admin.get(ACCOUNTS, params={"limit": 1}).json()
    assert [one["name"] for one in page["accounts"]] == ["admin"]
    rest = admin.get(ACCOUNTS, params={"limit": 1, "after": page["next"]}).json()
    assert [one["name"] for one in rest["accounts"]] == ["yuki"]
    with database.connection() as connection:
        rows = connection.execute("select verb, principal, body from audit where target = 'yuki'").fetchall()
    verbs = [verb for verb, *_ in rows]
    assert [verbs.count(one) for one in ("create", "reset")] == [1, 1]
    assert code not in str(rows)
    assert NEW not in str(rows)


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"name": "Hanako", "role": "staff"}, 400, "/name"),
        ({"name": "h" * 129, "role": "staff"}, 400, "/name"),
        ({"name": "taro", "role": "service"}, 400, "/role"),
        ({"name": "taro", "role": "staff", "organisation": "nowhere"}, 400, "/organisation"),
        ({"name": "taro", "role": "partner", "organisation": "public"}, 400, "/role"),
        ({"name": "taro", "role": "staff", "tenants": ["nowhere"]}, 400, "/tenants"),
        ({"name": "taro", "role": "staff", "password_hash": "x"}, 400, None),
        ({"name": "taro", "role": "staff", "id": 1}, 400, None),
        ({"name": "taro", "role": "staff", "shown": "a\u0007b"}, 400, "/shown"),
    ],
)
def test_accounts_that_are_not_made(
    admin: httpx.Client, body: dict[str, Any], status: int, where: str | None
) -> None:
    answer = admin.post(ACCOUNTS, json=body)
    assert answer.status_code == status, answer.text
    if where is not None:
        assert answer.json()["pointer"] == where


def test_who_may_not_look_after_accounts(
    admin: httpx.Client, api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    """Staff may not at all; an administrator of some tenants only after people of these."""
    account_id = make_account("taro", role="staff")
    token = log_in(api, "taro")
    assert api.get(ACCOUNTS).status_code == 403
    promoted = api.patch(
        f"{ACCOUNTS}/{account_id}", json={"role": "administrator"}, headers={"X-CSRF-Token": token}
    )
    assert promoted.status_code == 403
    with database.connection() as connection:
        connection.execute("insert into tenant (name) values ('park') on conflict do nothing")
        connection.execute(
            "update account set role = 'administrator',"
            " tenants = array(select id from tenant where name = 'park') where name = 'taro'"
        )
    api.cookies.clear()
    headers = {"X-CSRF-Token": log_in(api, "taro"), "NGSILD-Tenant": "park"}
    assert [one["name"] for one in api.get(ACCOUNTS, headers=headers).json()["accounts"]] == ["taro"]
    tries: list[tuple[str, str, dict[str, Any], int]] = [
        ("POST", "", {"name": "jiro", "role": "administrator"}, 403),
        ("POST", "", {"name": "jiro", "role": "staff", "tenants": ["default"]}, 403),
        ("PATCH", f"/{account_id}", {"tenants": None}, 403),
        ("PATCH", f"/{account_id}", {"disabled": True}, 409),
        ("PATCH", f"/{account_id - 1}", {"disabled": True}, 404),
        ("POST", f"/{account_id - 1}/reset", {}, 404),
        ("POST", "", {"name": "jiro", "role": "staff", "tenants": ["park"]}, 201),
    ]
    for method, path, body, status in tries:
        answer = api.request(method, f"{ACCOUNTS}{path}", json=body, headers=headers)
        assert (method, path, answer.status_code) == (method, path, status), answer.text


def test_accounts_by_command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: httpx.Client
) -> None:
    for name, value in (
        ("DATABASE_URL", database_url),
        ("SECRET", SECRET.decode()),
        ("DATA_DIR", str(tmp_path)),
    ):
        monkeypatch.setenv(f"MACHI_{name}", value)

    def run(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["account", *args])
        if code == 0:
            assert result.exit_code == 0, (result.output, result.exception)
            return result.output
        assert result.exit_code != 0
        return str(result.exception)

    assert "No accounts yet" in run("list")
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    assert "administrator of town" in run("create", "hanako", "--password-file", str(secret), "--own")
    log_in(api)
    assert api.get(SESSION).json()["state"] == "open"
    monkeypatch.setenv("MACHI_ACCOUNT_PASSWORD", "password1234")
    assert "tried first" in run("create", "taro", code=1)
    monkeypatch.setenv("MACHI_ACCOUNT_PASSWORD", PASSWORD)
    run("create", "taro", "--role", "staff", "--shown", "Taro")
    api.cookies.clear()
    log_in(api, "taro")
    assert api.get(SESSION).json()["state"] == "password"
    assert "already" in run("create", "taro", code=1)
    assert "no account" in run("disable", "nobody", code=1)
    assert "is disabled" in run("disable", "taro")
    assert "taro  staff  town  disabled  no app" in run("list")
    run("enable", "taro")
    printed = run("reset", "taro", "--app")
    body = {"name": "taro", "code": printed.strip().rpartition(" ")[2], "password": NEW}
    assert api.post(f"{SESSION}/reset", json=body).status_code == 204
    assert "Code to set a password" in run("create", "jiro", "--code", "--role", "staff")
