"""`machi device import`, `template` and `labels`, as far as they need no server."""

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.commands.device_import import progress_line, tell
from deploy.commands.device_options import read_point
from deploy.errors import UsageError
from tests.unit.deploy.test_commands import machi


def test_templates_are_written_once_and_in_both_languages(tmp_path: Path) -> None:
    assert machi("device", "template", "a.csv", "--lang", "ja", folder=tmp_path).returncode == 0
    [header] = csv.reader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8-sig")))
    assert header[:2] == ["デバイスID", "プロファイル"]
    again = machi("device", "template", "a.csv", folder=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "there already" in again.stderr
    assert machi("device", "template", "b.xlsx", folder=tmp_path, LANG="ja_JP.UTF-8").returncode == 0
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").worksheets[0]["A1"].value == "デバイスID"
    assert machi("device", "template", "c.txt", folder=tmp_path).returncode == 2
    assert machi("device", "template", "d.csv", "--lang", "fr", folder=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("import", "a.csv"), 3, "Nothing runs in"),
        (("import", "a.csv", "--dry-run", "--credentials", "p.csv"), 2, "--credentials goes with neither"),
        (("import", "a.csv", "--credentials", "a.csv"), 2, "there already"),
        (("import", "a.csv", "--report", "nowhere/r.csv"), 2, "There is no folder"),
        (("import", "b.csv", "--url", "http://127.0.0.1:1"), 2, "b.csv cannot be read"),
        (("import", "a.csv", "--url", "http://127.0.0.1:1"), 3, "cannot be reached"),
        (("labels", "l.pdf", "--import", "1", "--id", "n-1"), 2, "--import goes with none of"),
        (("labels", "l.pdf", "--url", "http://127.0.0.1:1"), 3, "cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    (tmp_path / "a.csv").write_text("id,profile\nn-1,noise\n")
    refused = machi("device", *arguments, folder=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (status, 1), refused.stderr
    assert said in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


@pytest.mark.parametrize(
    ("state", "counts", "eta", "line"),
    [
        ("waiting", {"rows": 1000, "waiting": 1000}, None, f"[{'':20}] 0 of 1,000 registered"),
        ("registering", {"rows": 10, "waiting": 5}, 3.4, f"[{'#' * 10:20}] 5 of 10 registered, 3 s left"),
        (
            "provisioning",
            {"created": 4, "provisioned": 4},
            0,
            f"[{'#' * 20}] 4 of 4 known to the broker, 0 s left",
        ),
        ("provisioning", {"created": 0, "provisioned": 0}, None, f"[{'#' * 20}] 0 of 0 known to the broker"),
    ],
)
def test_progress_is_one_line(state: str, counts: dict[str, Any], eta: float | None, line: str) -> None:
    assert progress_line({"state": state, "counts": counts, "etaSeconds": eta}) == line


def test_the_outcome_of_a_dry_run_is_told_in_the_readers_language(capsys: pytest.CaptureFixture[str]) -> None:
    fault = {"row": 3, "column": "緯度", "value": "95", "severity": "error", "what": "何か", "mend": "直す"}
    report = {
        "faults": [fault],
        "faultsLeftOut": 0,
        "rows": 5,
        "create": 1,
        "update": 0,
        "unchanged": 0,
        "faulty": 4,
    }
    found = {"id": "i", "state": "checked", "report": report, "counts": {}}
    tell(found, "ja")
    tell(found, "en")
    japanese, english = capsys.readouterr().out.split("\nerror: ")
    assert japanese.splitlines() == [
        "誤り: 3, 緯度 (95): 何か 直す",
        "5 行: 新規 1、変更 0、変更なし 0、誤り 4。まだ何も登録していません。",
    ]
    assert english.splitlines()[1] == "5 rows: 1 new, 0 changed, 0 unchanged, 4 wrong. Nothing is registered."


@pytest.mark.parametrize("text", ["95,139.4", "35.7,181", "nan,0", "35.7"])
def test_a_place_that_is_none_is_refused_in_the_order_it_was_written(text: str) -> None:
    with pytest.raises(UsageError, match="--location"):
        read_point(text)
