"""`machi alarm …` against a real API."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner, Result

from context_api.http.settings import ApiSettings
from deploy.cli import app
from deploy.errors import CommandError, UsageError
from tests.integration.http.conftest import SECRET, serving

RULE = {"id": "hot", "name": "高温", "type": "Weather", "attribute": "t", "above": 35, "forSeconds": 60}


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An API, and the environment that leads to it."""
    settings = ApiSettings(database_url=database_url, port=0, auth=False, installation_secret=SECRET)
    with serving(settings) as client:
        monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
        monkeypatch.setenv("MACHI_HTTP_PORT", str(urlsplit(str(client.base_url)).port))
        yield client


def machi(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["alarm", *arguments], input=given)


def said(*arguments: str, given: str | None = None) -> str:
    result = machi(*arguments, given=given)
    assert result.exception is None, result.exception
    return result.output


def test_a_rule_from_its_making_to_its_end(api: httpx.Client, tmp_path: Path) -> None:
    assert "There is no alarm rule" in said("list")
    file = tmp_path / "hot.json"
    file.write_text(json.dumps(RULE), encoding="utf-8")
    assert said("set", str(file)) == "hot is made.\n"
    assert said("list").split() == ["hot", "active", "Weather.t", ">35", "for", "60", "s", "medium", "高温"]
    assert "No entity has had a value yet" in said("states", "hot")
    shown = json.loads(said("show", "hot"))
    assert said("set", "-", given=json.dumps(shown | {"below": -5, "above": 36})) == "hot is replaced.\n"
    assert ">36 or <-5 for 60 s" in said("list")
    assert said("rest", "hot") == "hot is at rest.\n"
    assert "at rest" in said("list")
    assert json.loads(said("show", "hot"))["isActive"] is False
    assert said("resume", "hot") == "hot is active.\n"
    assert said("delete", "hot") == "hot is deleted.\n"
    assert "There is no alarm rule" in said("list")


@pytest.mark.parametrize(
    ("arguments", "given", "kind", "text"),
    [
        (["show", "cold"], None, CommandError, "no alarm rule"),
        (["states", "cold", "--phase", "hot"], None, CommandError, "phase is one of"),
        (["set", "nowhere.json"], None, CommandError, "cannot be read"),
        (["set", "-"], "{", UsageError, "no JSON"),
        (["set", "-"], "[]", UsageError, "no alarm rule"),
        (["set", "-"], json.dumps(RULE | {"above": "x"}), CommandError, "above"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, arguments: list[str], given: str | None, kind: type[Exception], text: str
) -> None:
    error = machi(*arguments, given=given).exception
    assert isinstance(error, kind)
    assert text in str(error)
