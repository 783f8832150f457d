"""The threat model: each threat names a test that exists, in both languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| ([STRIDE]\d) \|.*\| `([^`]+)::([^`]+)` \|$", re.MULTILINE)


def _rows(language: str) -> list[tuple[str, str, str]]:
    return _ROW.findall((ROOT / "docs" / language / "threats.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("threat", "file", "test"), _rows("en"))
def test_every_threat_is_tried(threat: str, file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), threat


def test_both_languages_name_the_same_threats_and_all_of_stride() -> None:
    assert _rows("en") == _rows("ja")
    assert {threat[0] for threat, _, _ in _rows("en")} == set("STRIDE")
