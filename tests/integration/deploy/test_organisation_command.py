"""`machi organisation`, `machi tenant`, `machi key` and `machi invite` on a real database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from context_api.store.database import open_database
from context_api.store.invitations import accept_invitation
from context_api.store.keys import find_key
from deploy import wiring
from deploy.cli import app
from deploy.errors import CommandError, UsageError
from deploy.settings import read_settings


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def said(*arguments: str) -> str:
    result = machi(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout.strip()


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(*arguments, "--json"))
    return found


def test_organisations_come_change_and_go(database_url: str) -> None:
    assert "is there" in said("tenant", "create", "north")
    assert [one["name"] for one in told("tenant", "list")["tenants"]] == ["default", "north"]
    made = told(
        "organisation", "create", "kita", "--kind", "operator", "--tenant", "north", "--name-ja", "北"
    )
    assert (made["kind"], made["tenants"], made["nameJa"]) == ("operator", ["north"], "北")
    shown = said("organisation", "tenants", "kita", "--add", "default", "--remove", "north").splitlines()
    assert shown[0] == "kita  operator  default  0 keys  enabled"
    assert told("organisation", "change", "kita", "--contact", "03-0000-0000")["nameJa"] == "北"
    assert said("organisation", "disable", "kita") == "kita is disabled."
    assert said("organisation", "disable", "kita") == "kita was disabled already."
    assert said("organisation", "enable", "kita") == "kita is enabled."
    assert [line.split()[0] for line in said("organisation", "list").splitlines()] == [
        "kita",
        "public",
        "town",
    ]


def test_a_key_by_command(database_url: str) -> None:
    said("organisation", "create", "kita", "--kind", "operator", "--tenant", "default")
    made = told("key", "create", "--organisation", "kita", "--role", "operator", "--expires", "90d")
    assert timedelta(days=89) < datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    line = said("key", "list", "--organisation", "kita")
    assert line.startswith(f"machi_{made['prefix']}_…  kita  operator  default  valid until ")
    assert made["key"] not in line
    successor = said("key", "rotate", made["prefix"], "--overlap", "0s")
    secret = wiring.installation_secret(read_settings())
    database = open_database(database_url)
    try:
        assert find_key(database, secret, made["key"]) is None
        known = find_key(database, secret, successor)
        assert known is not None
        assert (known.role, known.organisation) == ("operator", "kita")
        assert said("key", "revoke", known.prefix) == f"machi_{known.prefix}_… is void."
        assert find_key(database, secret, successor) is None
        forever = told("key", "create", "--expires", "never")
        assert (forever["expiresAt"], forever["tenants"], forever["organisation"]) == (None, None, "town")
    finally:
        database.close()


def test_an_invitation_by_command(database_url: str) -> None:
    said("organisation", "create", "minami", "--kind", "partner", "--tenant", "default")
    code = told("invite", "minami", "--hours", "1", "--key-days", "10")["code"]
    database = open_database(database_url)
    try:
        secret = wiring.installation_secret(read_settings())
        made = accept_invitation(database, secret, code, label=None, default_days=365)
        assert (made.key.role, made.key.organisation) == ("partner", "minami")
        assert made.key.expires_at is not None
        assert made.key.expires_at - datetime.now(UTC) < timedelta(days=11)
    finally:
        database.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("organisation", "show", "nobody"), "no organisation 'nobody'"),
        (("organisation", "create", "A b", "--kind", "partner"), "small letters"),
        (("organisation", "create", "x", "--kind", "king"), "Invalid enum value 'king'"),
        (("organisation", "create", "x", "--kind", "partner", "--tenant", "z"), "machi tenant create"),
        (("organisation", "create", "town", "--kind", "partner"), "there is an organisation 'town' already"),
        (("organisation", "tenants", "town", "--add", "default"), "every tenant"),
        (("organisation", "disable", "town"), "not disabled"),
        (("tenant", "create", "-x"), "No such option"),
        (("tenant", "create", "a b"), "not valid"),
        (("tenant", "create", "default"), "already"),
        (("key", "create", "--role", "king"), "Invalid enum value 'king'"),
        (("key", "create", "--organisation", "public", "--role", "partner"), "no credentials"),
        (("key", "create", "--expires", "2020-01-01"), "is past"),
        (("key", "create", "--expires", "soon"), "write 10s"),
        (("key", "rotate", "abcdefgh"), "no valid key abcdefgh"),
        (("key", "revoke", "abc"), "is no key"),
        (("invite", "public"), "no credentials"),
        (("invite", "town", "--role", "king"), "there is no king"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], words: str) -> None:
    result = machi(*arguments)
    assert result.exit_code != 0
    told = result.output + result.stderr
    if isinstance(result.exception, CommandError | UsageError):
        told += str(result.exception)
    assert words.lower() in told.lower()
