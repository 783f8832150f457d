"""Guessing: who guesses waits, and nobody is locked out."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from context_api.store.database import Database
from tests.integration.login.conftest import PASSWORD, MakeAccount, log_in

SESSION = "/api/v1/session"


def guess(api: httpx.Client, name: str = "hanako", times: int = 5) -> list[int]:
    body = {"name": name, "password": "not the password"}
    return [api.post(SESSION, json=body).status_code for _ in range(times)]


def go_on_guessing(database: Database) -> None:
    """Let it be a hundred failures, whose wait is longer than any test."""
    with database.connection() as connection:
        connection.execute("update login_failure set failures = 100, at = now() where failures >= 5")


def test_who_guesses_waits_and_the_owner_does_not(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    log_in(api)
    known = {name: value for name, value in api.cookies.items() if name == "machi_known"}
    assert len(known) == 1
    api.cookies.clear()
    assert guess(api) == [401] * 5
    assert guess(api, "nobody-at-all") == [401] * 5
    go_on_guessing(database)
    right = {"name": "hanako", "password": PASSWORD}
    refused = api.post(SESSION, json=right)
    assert refused.status_code == 429  # from a stranger's browser the right one waits as well
    assert int(refused.headers["retry-after"]) > 60
    assert guess(api, "nobody-at-all", 1) == [429]  # names that nobody has wait alike
    api.cookies.set("machi_known", known["machi_known"], domain="127.0.0.1")
    assert api.post(SESSION, json=right).status_code == 200
    assert api.post(SESSION, json={**right, "name": "nobody-at-all"}).status_code == 429  # not its name
    api.cookies.clear()
    api.cookies.set("machi_known", known["machi_known"][:-4] + "AAAA", domain="127.0.0.1")
    assert api.post(SESSION, json=right).status_code == 429
    with database.connection() as connection:
        rows = connection.execute(
            "select target, outcome, principal from audit where outcome = 'refused'"
        ).fetchall()
        connection.execute("update login_failure set at = now() - interval '1 hour'")
    assert set(rows) == {("hanako", "refused", "anyone"), ("(unknown)", "refused", "anyone")}
    api.cookies.clear()
    assert api.post(SESSION, json=right).status_code == 200  # failures fade


def test_many_guesses_at_once_are_each_counted(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    make_account()
    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(lambda _: guess(api, times=1)[0], range(12)))
    assert set(statuses) <= {401, 429, 503}
    with database.connection() as connection:
        row = connection.execute("select max(failures) from login_failure").fetchone()
    assert row == (statuses.count(401) + statuses.count(503),)  # each was counted before it was looked at


def test_a_success_takes_back_its_own_attempt_only(
    api: httpx.Client, make_account: MakeAccount, database: Database
) -> None:
    """An attacker with an account of his own must not wash his address clean with it."""
    make_account()
    make_account("attacker")
    guess(api, times=4)
    api.cookies.clear()
    log_in(api, "attacker")
    with database.connection() as connection:
        rows = connection.execute("select failures from login_failure order by 1").fetchall()
    assert [row[0] for row in rows if row[0]] == [4, 4, 4]
