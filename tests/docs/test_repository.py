"""What no file of the repository may hold, and what every reference in it must find."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.docs.tables import ROOT

HERE = Path(__file__).name


@cache
def _texts() -> dict[str, str]:
    """Text of every file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = {}
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.name != HERE:
            content = path.read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode()
    return texts


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        (
            "the address of a package registry",
            r"pythonhosted|pypi\.org|deb\.debian\.org|npmjs\.org|crates\.io",
        ),
        ("a path of somebody's machine", r"(?<![\w.])/(root|home/(?!postgres)\w+|work)/\w"),
        ("work that was not done", r"\b(TODO|FIXME|XXX)\b"),
    ],
)
def test_no_file_holds(what: str, pattern: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in _texts().items()
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == [], what


def test_every_decision_that_is_cited_exists() -> None:
    cited = {
        (name, decision)
        for name, text in _texts().items()
        for decision in re.findall(r"docs/decisions/[\w-]+\.md", text)
    }
    assert {pair for pair in cited if not (ROOT / pair[1]).exists()} == set()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_versions_and_hashes_only(name: str) -> None:
    line = re.compile(r"[\w.-]+==[\w.]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|# .*unsafe.*|")
    assert [text for text in _texts()[name].splitlines() if not line.fullmatch(text)] == []


def test_the_tools_install_what_runs() -> None:
    """The developers' lock file is the other one and more: the tests run what users run."""
    runtime, tools = (set(re.findall(r"^([\w.-]+==[\w.]+)", _texts()[name], re.MULTILINE))
                      for name in ("requirements.lock", "requirements-dev.lock"))  # fmt: skip
    assert runtime - tools == set()
