"""A town with accounts, served with the built console: who logs in, by whatever way there is."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher as Argon2
from playwright.sync_api import Browser, Page

from context_api.http.login import hashing
from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.identity import totp
from context_api.store.accounts import NewAccount, insert_account
from context_api.store.database import Database, open_database
from context_api.store.keys import create_key
from tests.console.conftest import Visit
from tests.integration.http.conftest import LOOPBACK, SECRET, serving

PASSWORD = "a lantern over the canal"
NEXT = "the river runs behind it"


@dataclass(frozen=True)
class People:
    """Where they log in; the client holds an administrator's key."""

    url: str
    key: str
    api: httpx.Client
    database: Database


@contextmanager
def serve_people(database_url: str, login: LoginSettings, *, port: int = 0) -> Iterator[People]:
    """Serve the API and the console to hanako, an administrator, and jiro, of the staff, whose password
    somebody else chose.
    """
    settings = ApiSettings(
        database_url=database_url,
        port=port,
        auth=True,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
        login=login,
    )
    database = open_database(database_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_ARGON2", Argon2(time_cost=1, memory_cost=64, parallelism=1))
        try:
            _make_account(database, "hanako", "東村山 花子", "administrator")
            _make_account(database, "jiro", "青葉 次郎", "staff", must_change=True)
            key = create_key(database, SECRET, label="tests").text
            with serving(settings) as api:
                api.headers["Authorization"] = f"Bearer {key}"
                yield People(str(api.base_url).rstrip("/"), key, api, database)
        finally:
            database.close()


def _make_account(database: Database, name: str, shown: str, role: str, *, must_change: bool = False) -> None:
    new = NewAccount(
        name=name,
        shown=shown,
        organisation_id=1,
        role=role,
        password_hash=hashing.hash_password(PASSWORD),
        must_change=must_change,
    )
    with database.transaction() as connection:
        assert insert_account(connection, new) is not None


@contextmanager
def visiting(browser: Browser, url: str, language: str, *, width: int = 1_280) -> Iterator[Visit]:
    """Open a browser of its own, in which nobody is logged in; scripts that fail fail the test."""
    visit = Visit(browser, url, width=width)
    context = visit.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script(f"localStorage.setItem('machi.language', {language!r})")
    try:
        yield visit
        # Browsers complain of every refusal themselves; the page explains it to people
        refusals = "Failed to load resource: the server responded with a status of 4"
        assert [one for one in visit.complaints if not one.startswith(refusals)] == []
    finally:
        context.close()


def log_in(page: Page, words: dict[str, Any], name: str, password: str = PASSWORD) -> None:
    """Fill in and send the form of the login page."""
    form = page.get_by_role("form", name=words["login"], exact=True)
    form.get_by_label(words["name"]).fill(name)
    form.get_by_label(words["password"]).fill(password)
    form.get_by_role("button", name=words["login"], exact=True).click()


def code_of(secret: str, ahead: int = 0) -> str:
    """Give the code that an authenticator app shows now, or so many steps later."""
    plain = secret.replace(" ", "")
    key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    return totp.code_at(key, int(time.time()) // totp.STEP_S + ahead)
