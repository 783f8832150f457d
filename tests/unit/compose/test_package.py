"""What the image installs: the built package must carry every file that the code reads."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.unit.compose import stack

PACKAGES = ("adapters", "broker_bridge", "context_api", "deploy", "devices")
NOT_INSTALLED = ("deploy/compose/",)
"""Mounted by docker-compose.yml from the checkout."""
CONSOLE = {
    f"context_api/http/console/{name}"
    for name in (
        "index.html",
        "manifest.json",
        "built.json",
        *(f"assets/a-1.{end}" for end in ("js", "js.br", "js.gz", "mjs", "mjs.br", "css", "css.gz", "svg")),
    )
}
"""What a build of the console writes (`make console`), which git does not keep."""


def _tracked_files() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=stack.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        name
        for name in listed.stdout.splitlines()
        if not name.startswith(NOT_INSTALLED)
        and not name.endswith("README.md")
        and "/testcases/" not in name
        and (stack.ROOT / name).exists()
    }


def test_the_wheel_holds_all_files_of_the_packages(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    for name in CONSOLE:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(b"")
    for name in [*_tracked_files(), "pyproject.toml", "README.md", "LICENSE", "NOTICE"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((stack.ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(tmp_path), str(copy)],
        check=True,
        capture_output=True,
    )  # fmt: skip

    (wheel,) = tmp_path.glob("machi-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())

    assert _tracked_files() - packed == set()
    assert CONSOLE - packed == set()
    assert any(name.endswith("licenses/LICENSE") for name in packed)
