"""Every benchmark runs, and what it counts balances; how fast it is, no test says."""

import json
from pathlib import Path

import pytest

from benchmarks.parts import PARTS
from benchmarks.report import main

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.timeout(900),
    pytest.mark.wrk,
]


def test_the_report_has_each_figure_beside_its_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--quick", "--json", str(tmp_path / "report.json"), "--markdown", str(tmp_path / "report.md")])
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert list(report["parts"]) == list(PARTS)
    assert len(report["calibrations"]) == len(PARTS) + 1
    assert all(value > 0 for each in report["calibrations"] for value in each.values())
    assert report["machine"]["processors"] >= 1
    figures = [one for part in report["parts"].values() for one in part]
    assert len(figures) > 30
    assert all(one["value"] > 0 for one in figures)
    assert all(one["ratio"] == pytest.approx(one["value"] / one["limit"]) for one in figures if one["limit"])
    assert all(f"| {one['name']} |" in text for one in figures)
    assert text in capsys.readouterr().out


def test_a_missing_message_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = {"values_published": 10, "values_stored": 9}
    monkeypatch.setattr("benchmarks.bridge_drain.measure", lambda *_, **__: {})
    monkeypatch.setattr("benchmarks.bridge_rate.measure", lambda *_, **__: steady)
    with pytest.raises(RuntimeError, match="published and stored differ"):
        main(["--quick", "--part", "ingestion"])
