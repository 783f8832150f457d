"""The partners' guide, typed as it stands: from the invitation to the first notification."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.tables import ROOT
from tests.docs.test_readme_runs import START_TIMEOUT_S, town

__all__ = ["town"]

MINUTES_PROMISED = 10
_SHELL_TIMEOUT_S = 120
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[str]:
    return _BLOCK.findall((ROOT / "docs" / language / "partners.md").read_text(encoding="utf-8"))


def _type(text: str, town: dict[str, str], data: Path) -> str:
    """Type something into a shell; gives all that it shows."""
    for port in ("8080", "9000"):
        text = re.sub(rf"\b{port}\b", town[port], text)
    shell = subprocess.run(
        ["bash"],
        check=False,
        input=f'set -euo pipefail\nmachi() {{ "{sys.executable}" -m deploy "$@"; }}\n{text}\n',
        env={**os.environ, "MACHI_DATA_DIR": str(data)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SHELL_TIMEOUT_S,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    return shell.stdout


def test_both_languages_say_the_same_commands() -> None:
    assert _blocks("en") == _blocks("ja")
    assert len(_blocks("en")) == 6


@pytest.mark.mosquitto
@pytest.mark.timeout(START_TIMEOUT_S + 2 * _SHELL_TIMEOUT_S)
def test_from_the_invitation_to_the_first_notification(town: dict[str, str], tmp_path: Path) -> None:
    began = time.monotonic()
    invite, *steps = _blocks("en")
    invited = _type(invite, town, tmp_path / "data")
    code = re.search(r"machi_invite_\w+", invited)
    assert code, invited
    wait = (
        "for _ in $(seq 300); do grep -q '\"Notification\"' received && break; sleep 0.1; done\n"
        "cat received\nkill $(jobs -p)\n"
    )
    typed = "\n".join(steps[:3]) + "sleep 1\n" + "\n".join(steps[3:]) + wait
    typed = typed.replace("machi_invite_…", code[0]).replace("<<'END' &", f"<<'END' > {tmp_path}/received &")
    shown = _type(f"{typed}".replace(" received", f" {tmp_path}/received"), town, tmp_path / "data")

    assert '"role":"partner"' in shown.replace(" ", "")
    assert '"your-company"' in shown
    assert '"typeList":["AirQualityObserved"]' in shown.replace(" ", ""), "nothing but what was granted"
    assert "HTTP/1.1 201 Created" in shown
    assert '"type":"Notification"' in shown.replace(" ", "")
    assert '"pm25"' in shown[shown.index('"Notification"') :]
    assert time.monotonic() - began < MINUTES_PROMISED * 60
