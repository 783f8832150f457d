"""`machi profile …` on a real database: a profile from a file to devices, its faults in words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.errors import CommandError, UsageError

_TEXT = """
name = "yard"
title = "Yard gauge"
entityType = "FloodMonitoring"

[values]
level = { attribute = "currentLevel", unitCode = "MTR", payloadUnit = "CMT" }
"""


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
    monkeypatch.setenv("MACHI_DATA_DIR", str(tmp_path))


def machi(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["profile", *arguments], input=typed)


def test_a_profile_is_checked_applied_tried_shown_and_deleted(tmp_path: Path) -> None:
    file, payload = tmp_path / "yard.toml", tmp_path / "payload.json"
    file.write_text(_TEXT)
    payload.write_text('{"level": 150}')
    assert machi("check", str(file)).stdout == "Profile yard is good: 1 values of FloodMonitoring.\n"
    assert machi("list").stdout.startswith("air-quality  built in  AirQualityObserved  0 devices")
    written = "Version 1 of profile yard is written; 0 devices use it.\n"
    assert machi("apply", str(file)).stdout == written
    assert machi("apply", "-", typed=_TEXT).stdout == written.replace("is written", "stands; nothing is new")
    assert "yard  version 1  FloodMonitoring  0 devices  Yard gauge\n" in machi("list").stdout
    shown = json.loads(machi("preview", str(payload), "--profile", "yard").stdout)
    assert shown["entities"][0]["keyValues"]["currentLevel"] == 1.5
    tried = machi("preview", "-", "--profile", str(file), "--hex", typed=b'{"level": 20}'.hex())
    assert json.loads(tried.stdout)["entities"][0]["keyValues"]["currentLevel"] == 0.2
    again = tmp_path / "again.toml"
    again.write_text(machi("show", "yard@1").stdout.replace("Yard gauge", "Gauge"))
    assert "Version 2 of profile yard is written" in machi("apply", str(again)).stdout
    assert [line.split()[0] for line in machi("versions", "yard").stdout.splitlines()] == ["2", "1"]
    assert machi("show", "air-quality").stdout.startswith("# ")
    assert machi("delete", "yard").stdout == "Profile yard is deleted.\n"


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    for text, said in (
        ("name = ", "cannot be read"),
        (_TEXT.replace("payloadUnit", "payloadUnits"), "is it payloadUnit?"),
        (_TEXT.replace('"CMT"', '"GQ"'), "values.level.payloadUnit: GQ does not become MTR"),
        (_TEXT.replace('"yard"', '"air-quality"'), "built in"),
    ):
        file.write_text(text)
        error = machi("apply", str(file)).exception
        assert isinstance(error, CommandError)
        assert said in str(error)
    assert isinstance(machi("apply", str(tmp_path / "none.toml")).exception, UsageError)
    error = machi("preview", "--profile", "air-quality").exception
    assert str(error) == "payload: give a payload, or a message that was captured"
