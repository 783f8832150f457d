"""`machi device …` on a real database."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.errors import CommandError, UsageError


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["device", *arguments])


def said(*arguments: str) -> Any:
    result = machi(*arguments)
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_listing_showing_and_editing() -> None:
    registered = said(
        *("register", "aq-1", "--profile=air-quality", "--name=[bold]北口", "--tags=station, 2026"),
        *("--location=35.75,139.46", "--owner=kankyo", "--installed=2026-11-20"),
    )
    assert registered["mqtt"]["topic"] == "machi/v1/default/aq-1/up"
    said("register", "n-1", "--profile=noise")
    listed = machi("list").stdout
    assert [line.split()[:4] for line in listed.splitlines()] == [
        ["id", "state", "last", "seen"],
        ["aq-1", "provisioned", "never", "air-quality"],
        ["n-1", "provisioned", "never", "noise"],
        ["2", "of", "2"],
    ]
    assert "[bold]北口" in listed  # what somebody typed is no markup
    assert [one["id"] for one in said("list", "--json", "--text=北", "--tag=station")] == ["aq-1"]
    assert [one["id"] for one in said("list", "--json", "--sort=-id", "--limit=1")] == ["n-1"]
    assert machi("list", "--state=silent").stdout == "No device is like that.\n"
    edited = machi("edit", "aq-1", "--name=南口", "--clear=tags", '--patch={"static": {"floor": 2}}')
    assert edited.stdout.splitlines() == [
        'name: "[bold]北口" -> "南口"',
        'tags: ["station", "2026"] -> nothing',
        'static: nothing -> {"floor": 2}',
    ]
    assert machi("edit", "aq-1", "--name=南口").stdout == "aq-1 is so already.\n"
    shown = said("show", "aq-1", "--json")
    assert (shown["name"], shown["tags"], shown["revision"]) == ("南口", [], 2)
    assert shown["messages"]["received"] == 0
    assert "南口" in machi("show", "aq-1").stdout


def test_other_hardware_and_the_end() -> None:
    first = said("register", "aq-1", "--profile=air-quality", "--serial=SN-1")
    second = said("replace-hardware", "aq-1", "--serial=SN-2", "--reason=flood")
    assert second["mqtt"]["password"] != first["mqtt"]["password"]
    assert "SN-1" in machi("show", "aq-1").stdout
    assert machi("reconcile").stdout == "Every entity says what the registry says.\n"
    assert machi("retire", "aq-1").stdout == "aq-1 is retired.\n"
    listed = said("changes", "aq-1", "--json")
    assert [one["action"] for one in listed] == ["retired", "hardware-replaced", "registered"]
    assert all(one["by"].startswith("command line") for one in listed)
    assert "flood" in machi("changes", "aq-1").stdout
    assert [one["state"] for one in said("list", "--json", "--state=retired")] == ["retired"]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("register", "a b", "--profile=noise"), CommandError, "id: 'a b' is no device id"),
        (("register", "x", "--profile=noise", "--location=north"), UsageError, "LATITUDE,LONGITUDE"),
        (("show", "none"), CommandError, "There is no device 'none'"),
        (("edit", "none"), UsageError, "Nothing to change"),
        (("edit", "none", "--patch=["), UsageError, "--patch is not JSON"),
        (("edit", "none", "--patch=[]"), UsageError, "must be a JSON object"),
        (("list", "--state=broken"), UsageError, "--state is one of provisioned"),
        (("list", "--sort=colour"), UsageError, "--sort is one of id"),
        (("changes", "none"), CommandError, "There is no device"),
        (("list", "--tenant=none"), CommandError, "none"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], error: type[Exception], text: str) -> None:
    result = machi(*arguments)
    assert isinstance(result.exception, error)
    assert text in str(result.exception)
