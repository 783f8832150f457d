"""The command line: help for every command, errors in one line, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import COMMANDS
from deploy.commands.init import SECRETS, named_in
from deploy.durations import parse_duration
from tests.support.town import ROOT


def machi(*arguments: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "120", **variables}
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = machi("--help", folder=tmp_path).stdout
    for command in COMMANDS:
        assert f" {command} " in shown


@pytest.mark.parametrize("command", ["migrate", "api", "bridge", "notifier", "worker", "doctor"])
def test_commands_need_something_that_runs(tmp_path: Path, command: str) -> None:
    refused = machi(command, folder=tmp_path)
    said = refused.stdout if command == "doctor" else refused.stderr
    assert refused.returncode == (1 if command == "doctor" else 3)
    assert "Nothing runs in" in said
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_ends_with_two(tmp_path: Path) -> None:
    refused = machi("up", folder=tmp_path, MACHI_HTTP_PORT="x")
    assert refused.returncode == 2
    assert refused.stderr.startswith("machi: MACHI_HTTP_PORT: ")
    assert refused.stderr.count("\n") == 1


def test_a_database_that_is_away_ends_with_three(tmp_path: Path) -> None:
    refused = machi("migrate", folder=tmp_path, MACHI_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/d")
    assert refused.returncode == 3
    assert refused.stderr.startswith("machi: The database cannot be used: ")
    assert "hunter2" not in refused.stderr


def test_logs_are_json_lines_when_nobody_watches(tmp_path: Path) -> None:
    code = (
        "import logging; from deploy.logging import configure_logging; configure_logging(process='p');"
        "logging.getLogger('x').warning('It %s', 'happened', extra={'action': 'test'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    line = json.loads(ran.stderr)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "It happened",
        "level": "warning",
        "logger": "x",
        "action": "test",
        "process": "p",
    }


def test_init_writes_what_compose_asks_for_and_changes_nothing_later(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MACHI_SECRET=kept\nMACHI_HTTP_PORT=9090")
    assert machi("init", folder=tmp_path).returncode == 0
    first = (tmp_path / ".env").read_text()
    assert first.startswith("MACHI_SECRET=kept\nMACHI_HTTP_PORT=9090\n")
    assert set(SECRETS) <= named_in(first)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert "nothing was changed" in machi("init", folder=tmp_path).stdout
    assert (tmp_path / ".env").read_text() == first


def test_init_makes_every_secret_of_the_compose_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked = {part.split(":?", 1)[0] for part in text.split("${")[1:] if ":?run machi init}" in part}
    assert asked == set(SECRETS)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("500ms", 0.5), ("5m", 300), ("5min", 300), ("1h", 3600), ("2d", 172800), ("1.5", 1.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1s", "0s", "10 parsecs"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is no span of time"):
        parse_duration(text)
