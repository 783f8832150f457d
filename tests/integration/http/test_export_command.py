"""`machi export` and `machi sql`, as somebody uses them who has just read the help."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import openpyxl
import pyarrow.parquet

from context_api.store.database import open_database
from tests.integration.http.history_town import NORTH, SOUTH, fill
from tests.support.town import ROOT


def machi(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "120", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_export_over_http_and_direct_write_the_same(
    tmp_path: Path, database_url: str, api: httpx.Client
) -> None:
    fill(database_url)
    asked = ["--type", "AirQualityObserved", "--attribute", "pm25", "--from", "2026-04-01", "--to", "2026-04"]
    over_http = machi(tmp_path, "export", "http.csv", *asked, "--url", str(api.base_url))
    assert over_http.returncode == 0, over_http.stderr
    assert over_http.stdout.startswith("http.csv: 6 lines, ")
    direct = machi(
        tmp_path, "export", "direct.csv", *asked, "--direct",
        MACHI_DATABASE_URL=database_url, MACHI_LICENCE="CC BY 4.0", MACHI_SECRET="0" * 16,
    )  # fmt: skip
    assert direct.returncode == 0, direct.stderr
    assert (tmp_path / "http.csv").read_bytes() == (tmp_path / "direct.csv").read_bytes()
    assert (tmp_path / "http.csv").read_text(encoding="utf-8").count("\n") == 7

    about = json.loads((tmp_path / "direct.csv-metadata.json").read_text())
    assert about["dc:rights"] == "CC BY 4.0"
    assert about["dc:temporal"] == "2026-04-01T00:00:00+09:00/2026-05-01T00:00:00+09:00"
    assert api.get(about["dc:source"]).content == (tmp_path / "direct.csv").read_bytes()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"http.csv", "http.csv-metadata.json", "direct.csv", "direct.csv-metadata.json"}


def test_the_ending_chooses_the_format(tmp_path: Path, database_url: str) -> None:
    fill(database_url)
    (tmp_path / "ids.txt").write_text(f"{NORTH}\n\n{SOUTH}\n", encoding="utf-8")
    for name in ("a.xlsx", "a.parquet", "a.json", "a.geojson"):
        done = machi(
            tmp_path, "export", name, "--ids-file", "ids.txt", "--attribute", "pm25", "--bucket", "day",
            "--method", "max", "--direct", MACHI_DATABASE_URL=database_url,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["データ"]
    assert sheet.max_row == 1 + pyarrow.parquet.read_table(tmp_path / "a.parquet").num_rows == 7
    assert json.loads((tmp_path / "a.json").read_text())["rowCount"] == 6
    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 6


def test_what_is_asked_wrongly_is_said_in_one_line(
    tmp_path: Path, database_url: str, api: httpx.Client
) -> None:
    fill(database_url)
    url = ["--url", str(api.base_url)]
    (tmp_path / "there.csv").write_text("mine")
    wrong = {
        ("x.pdf", "--type", "T"): "the ending must be one of .csv .xlsx",
        ("x.csv",): "Say whose history",
        ("there.csv", "--type", "T"): "is there already",
        ("no/x.csv", "--type", "T"): "There is no folder",
        ("x.csv", "--type", "Volcano", *url): "there is one of AirQualityObserved",
        ("x.csv", "--type", "AirQualityObserved", "--from", "soon", *url): "write a day (2026-04-01)",
    }
    for arguments, said in wrong.items():
        refused = machi(tmp_path, "export", *arguments)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
        assert said in refused.stderr
    away = machi(tmp_path, "export", "x.csv", "--type", "T", "--url", "http://127.0.0.1:9")
    assert away.returncode == 3
    assert "cannot be reached" in away.stderr
    assert (tmp_path / "there.csv").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"there.csv"}


def test_sql_access_is_given_shown_and_taken(tmp_path: Path, database_url: str) -> None:
    shown = machi(tmp_path, "sql", "show", MACHI_DATABASE_URL=database_url).stdout
    assert "schema tenant_default" in shown
    given = machi(tmp_path, "sql", "password", MACHI_DATABASE_URL=database_url)
    assert given.returncode == 0, given.stderr
    fields = dict(line.split(maxsplit=1) for line in given.stdout.splitlines())
    assert fields["schema"].startswith("tenant_default: history, ")
    database = open_database(database_url)
    with database.connection() as connection:
        row = connection.execute(
            "select rolpassword like 'SCRAM-SHA-256%%', rolcanlogin from pg_authid where rolname = %s",
            [fields["user"]],
        ).fetchone()
    database.close()
    assert row == (True, True)
    taken = machi(tmp_path, "sql", "revoke", MACHI_DATABASE_URL=database_url)
    assert taken.stdout == f"{fields['user']} cannot log in any more.\n"
