"""The screen of `machi up`: what it shows when, and that columns line up."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from deploy.launcher.screen import Screen, Summary, next_commands

FIRST = Summary(
    http_url="http://127.0.0.1:8080",
    mqtt_host="127.0.0.1",
    mqtt_port=1883,
    broker="mosquitto",
    folder="/srv/machi",
    auth=True,
    key="machi_abcdefgh_secret",
    simulated=200,
)


def shown(summary: Summary) -> str:
    output = io.StringIO()
    Screen(Console(file=output, width=60, highlight=False)).show(summary)
    return output.getvalue()


def test_columns_line_up() -> None:
    lines = shown(FIRST).splitlines()
    starts = [
        cell_len(line[: line.index(text)])
        for line in lines
        for text in ("http://127.0.0.1:8080/ngsi", "mqtt://", "/srv/machi", "200 simulated")
        if text in line and "curl" not in line
    ]
    assert starts == [16, 16, 16, 16]


def test_long_commands_are_not_broken() -> None:
    for command in next_commands(FIRST):
        assert f"  {command}\n" in shown(FIRST)


def test_the_key_is_shown_at_the_first_start_only() -> None:
    assert "http://127.0.0.1:8080/#key=machi_abcdefgh_secret" in shown(FIRST)
    later = shown(Summary(**{**FIRST.__dict__, "key": None}))
    assert "shown this once" not in later
    assert "machi key create" in later
    assert "export MACHI_KEY=machi_…" in later


def test_without_access_control_no_key_is_asked_for() -> None:
    text = shown(Summary(**{**FIRST.__dict__, "auth": False, "key": None}))
    assert "MACHI_AUTH=off" in text
    assert "Authorization" not in text
    assert "-P" not in text


def test_without_mosquitto_pub_python_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    [command] = [line for line in next_commands(FIRST) if "paho" in line]
    assert command.startswith('.venv/bin/python -c "import paho.mqtt.publish as p; p.single(')
    assert "'password': '$PASSWORD'" in command
