"""Imports over HTTP: files in, reports, templates, labels and passwords out."""

import csv
import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openpyxl
import pypdfium2
import pytest
import zxingcpp

from context_api.http.settings import ApiSettings
from context_api.store.database import Database, open_database
from devices.bulk.work import ImportWork
from devices.registry import DeviceRegistry
from tests.integration.http.conftest import SECRET, Serve, problem

PATH = "/api/v1/device-imports"
CSV = {"Content-Type": "text/csv"}
JA = {"Accept-Language": "ja"}
HEADER = "id,profile,name,latitude,longitude"
FILE = f"{HEADER}\r\nn-1,noise,本町,35.75,139.46\r\nn-2,noise,=1,35.76,139.47\r\n".replace("=1", "秋津")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def work(database: Database) -> ImportWork:
    registry = DeviceRegistry(database, hash_key=SECRET)
    return ImportWork(database, registry, SECRET, waits_for_broker=False)


def _send(api: httpx.Client, text: str | bytes, headers: dict[str, str] | None = None, **query: Any) -> Any:
    content = text.encode() if isinstance(text, str) else text
    return api.post(PATH, content=content, params=query, headers={**CSV, **(headers or {})})


def _rows(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_from_the_file_to_the_labels(api: httpx.Client, work: ImportWork) -> None:
    checked = _send(api, FILE, dryRun="true", name="../秋津町.csv").json()
    assert (checked["state"], checked["fileName"]) == ("checked", "秋津町.csv")
    assert checked["report"]["create"] == 2
    assert checked["report"]["linesLeftOut"] == 0
    assert checked["report"]["lines"][0] == {
        "row": 2,
        "id": "n-1",
        "name": "本町",
        "profile": "noise",
        "action": "create",
        "changes": [],
    }
    assert api.get(PATH).json()["imports"][0]["report"]["lines"] == []
    answer = _send(api, FILE)
    assert answer.status_code == 202
    path = answer.headers["location"]
    assert path == f"{PATH}/{answer.json()['id']}"
    waiting = answer.json()
    assert (waiting["state"], waiting["counts"]["waiting"], waiting["etaSeconds"]) == ("waiting", 2, None)
    problem(api.post(f"{path}/credentials"), 409, "Conflict")
    assert api.get(f"{path}/labels.pdf").status_code == 409
    work.step(threading.Event())
    work.step(threading.Event())
    found = api.get(path).json()
    assert found["state"] == "done"
    assert found["counts"] == {
        "rows": 2,
        "waiting": 0,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
        "provisioned": 2,
    }
    assert found["credentials"]["available"] is True
    assert [one["id"] for one in api.get("/api/v1/devices").json()["devices"]] == ["n-1", "n-2"]
    rows = _rows(api.post(f"{path}/credentials"))
    assert rows[0] == ["id", "username", "password", "topic", "url"]
    assert [row[:2] + row[3:] for row in rows[1:]] == [
        [name, f"default/{name}", f"machi/v1/default/{name}/up", "mqtt://127.0.0.1:1883"]
        for name in ("n-1", "n-2")
    ]
    assert "fetched already" in problem(api.post(f"{path}/credentials"), 409, "Conflict")
    assert api.get(path).json()["credentials"]["fetchedBy"] == found["principal"]
    labels = api.get(f"{path}/labels.pdf", params={"town": "東村山市", "skip": 2})
    assert labels.headers["content-type"] == "application/pdf"
    assert _codes(labels.content) == {"machi:default/n-1", "machi:default/n-2"}
    text = pypdfium2.PdfDocument(labels.content)[0].get_textpage().get_text_range()
    assert "本町" in text
    assert text.count("東村山市") == 2
    assert rows[1][2] not in text
    assert api.get(PATH).json()["imports"][0]["id"] == found["id"]
    assert api.delete(path).status_code == 204
    problem(api.get(path), 404, "ResourceNotFound")
    assert api.get("/api/v1/devices/n-1").status_code == 200


def _codes(pdf: bytes) -> set[str]:
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=4, grayscale=True).to_numpy().squeeze()
    return {code.text for code in zxingcpp.read_barcodes(image)}


def test_mistakes_are_told_in_the_reader_s_language(api: httpx.Client) -> None:
    wrong = f"{HEADER}\r\nn-1,noise,=1+1,139.46,35.75\r\n"
    answer = _send(api, wrong, JA)
    assert answer.status_code == 200
    refused = answer.json()
    assert refused["state"] == "refused"
    formula, swapped = refused["report"]["faults"]
    assert formula["what"].startswith("数式が入っています")
    assert (swapped["row"], swapped["column"], swapped["value"]) == (2, "latitude", "139.46")
    assert swapped["mend"] == "緯度に 35.75、経度に 139.46 と書いてください。"
    assert [line["action"] for line in refused["report"]["lines"]] == ["refuse"]
    path = f"{PATH}/{refused['id']}"
    english = api.get(path).json()["report"]["faults"][1]
    assert english["what"] == "Latitude and longitude seem to be swapped."
    rows = _rows(api.get(f"{path}/report.csv", params={"lang": "ja"}))
    assert rows[0] == ["行", "列", "値", "区分", "内容", "直し方"]
    assert rows[1][:4] == ["2", "name", "'=1+1", "エラー"]
    assert len(rows) == 3
    assert api.get("/api/v1/devices").json()["total"] == 0


@pytest.mark.parametrize(
    ("content", "headers", "status", "said"),
    [
        (b"", CSV, 400, "body"),
        (b"  \r\n", CSV, 400, "empty"),
        (HEADER.encode(), {**CSV, **JA}, 400, "デバイスが1台も書かれていません"),
        (b"id\r\na\0", {**CSV, **JA}, 400, "NUL文字"),
        (b"PK\x03\x04 x", CSV, 400, "cannot be read as an Excel workbook"),
        (b"id\r\n" + b"x" * (8 * 1024 * 1024), CSV, 413, "8388612 bytes"),
        (b"{}", {"Content-Type": "application/json"}, 415, "application/json"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "not a form"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:20],
)
def test_what_is_no_file_of_devices_is_refused(
    api: httpx.Client, content: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    answer = api.post(PATH, content=content, headers=headers)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert api.get(PATH).json() == {"imports": [], "next": None}


def test_templates_are_read_as_they_are_given(api: httpx.Client) -> None:
    for language, name in (("ja", "デバイスID"), ("en", "id")):
        asked = {"Accept-Language": language}
        [header] = _rows(api.get(f"{PATH}/template.csv", headers=asked))
        answer = api.get(f"{PATH}/template.xlsx", headers=asked)
        workbook = openpyxl.load_workbook(io.BytesIO(answer.content))
        sheet, explained, profiles = workbook.worksheets
        assert header[0] == name
        assert [cell.value for cell in sheet[1]] == header
        assert sheet["A2"].number_format == "@"
        assert explained.max_row > len(header)
        assert "noise" in {row[0].value for row in profiles.iter_rows(min_row=2)}
        [offered] = sheet.data_validations.dataValidation
        assert (str(offered.sqref), offered.formula1.partition("!")[2]) == (
            "B2:B1001",
            f"$A$2:$A${profiles.max_row}",
        )
        sheet["A2"], sheet["B2"] = "0042", "noise"
        written = io.BytesIO()
        workbook.save(written)
        xlsx = {"Content-Type": answer.headers["content-type"]}
        report = _send(api, written.getvalue(), xlsx, dryRun="true").json()["report"]
        assert (report["format"], report["rows"], report["errors"]) == ("xlsx", 1, 0)
        assert report["unknownColumns"] == []
    assert "lang" in problem(api.get(f"{PATH}/template.csv", params={"lang": "fr"}), 400, "InvalidRequest")


def test_labels_of_chosen_devices(api: httpx.Client) -> None:
    for number in range(3):
        api.post("/api/v1/devices", json={"id": f"n-{number}", "profile": "noise"})
    api.post("/api/v1/devices", json={"id": "w-1", "profile": "weather"})
    path = "/api/v1/devices/labels.pdf"
    assert _codes(api.get(path).content) == {f"machi:default/{one}" for one in ("n-0", "n-1", "n-2", "w-1")}
    chosen = {"ids": "w-1,n-1", "link": "https://town.example/d/", "sheet": "10"}
    assert _codes(api.get(path, params=chosen).content) == {
        f"https://town.example/d/{one}" for one in ("w-1", "n-1")
    }
    assert _codes(api.get(path, params={"profile": "weather"}).content) == {"machi:default/w-1"}
    for wrong, kind in (
        ({"sheet": "25"}, "BadRequestData"),
        ({"link": "javascript:alert(1)"}, "BadRequestData"),
        ({"link": "https://user:word@town.example/"}, "BadRequestData"),
        ({"town": "x" * 41}, "BadRequestData"),
        ({"ids": "n-1", "text": "n"}, "InvalidRequest"),
    ):
        problem(api.get(path, params=wrong), 400, kind)
    assert "'n-9'" in problem(api.get(path, params={"ids": "n-1,n-9"}), 404, "ResourceNotFound")


def test_an_import_of_another_tenant_does_not_exist(api: httpx.Client) -> None:
    found = _send(api, FILE).json()
    other = {"NGSILD-Tenant": "next"}
    assert _send(api, FILE, other, dryRun="true").status_code == 200
    for path in ("", "/report.csv", "/labels.pdf"):
        assert api.get(f"{PATH}/{found['id']}{path}", headers=other).status_code == 404
    assert api.post(f"{PATH}/{found['id']}/credentials", headers=other).status_code == 404
    assert api.delete(f"{PATH}/{found['id']}", headers=other).status_code == 404
    assert api.get(f"{PATH}/{found['id']}").status_code == 200
    for name in ("x", "0", "-1", "9" * 30):
        assert api.get(f"{PATH}/{name}").status_code == 404


def test_pages_of_imports(api: httpx.Client) -> None:
    ids = [_send(api, FILE, dryRun="true").json()["id"] for _ in range(3)]
    first = api.get(PATH, params={"limit": 2}).json()
    assert [one["id"] for one in first["imports"]] == ids[:0:-1]
    rest = api.get(PATH, params={"limit": 2, "before": first["next"]}).json()
    assert ([one["id"] for one in rest["imports"]], rest["next"]) == (ids[:1], None)


def test_a_key_is_needed_and_who_had_it_is_noted(settings: ApiSettings, serve: Serve, key: str) -> None:
    from dataclasses import replace

    api = serve(replace(settings, auth=True))
    assert _send(api, FILE).status_code == 401
    sent = _send(api, FILE, {"Authorization": f"Bearer {key}"}).json()
    assert key.split("_")[1] in sent["principal"]
    assert key not in str(sent)
