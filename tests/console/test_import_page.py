"""デバイス, around registering: many from a file, those that wait for approval."""

import base64
import csv
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from context_api.store.database import open_database
from devices.bulk.work import ImportWork
from devices.registry import DeviceRegistry
from tests.console.town_pages import Town, browsing, serve_town
from tests.integration.http.conftest import SECRET

pytestmark = pytest.mark.browser

SENSORS = 20
SWAPPED, UNKNOWN = 4, 10
"""Which sensors of the first file are wrong: coordinates the wrong way round, a profile that there is not."""
WORDS = {
    "ja": {
        "excel": "Excel のひな形",
        "wrong": "2 行に直すところがあります。まだ何も登録されていません。",
        "swapped": "緯度と経度が逆のようです。",
        "mend": "緯度に 35.754、経度に 139.464 と書いてください。",
        "choice": "「noize」という選択肢はありません。「noise」の書き間違いではありませんか。",
        "all": "すべて (20)",
        "refused": "登録できない行 (2)",
        "report": "直すところの一覧 (CSV)",
        "column": "列",
        "right": "すべての行が正しく書かれています。まだ登録されていません。",
        "register": "20 台を登録する",
        "done": "20 台を登録しました。",
        "take": "パスワードを受け取る (CSV)",
        "again": "もう一度保存する",
        "gone": "二度は受け取れません。",
        "labels": "すべてのラベル (PDF)",
        "list": "デバイスの一覧を見る",
        "earlier": "これまでの登録",
    },
    "en": {
        "excel": "Excel template",
        "wrong": "Rows to mend: 2. Nothing is registered.",
        "swapped": "Latitude and longitude seem to be swapped.",
        "mend": "Write 35.754 as the latitude and 139.464 as the longitude.",
        "choice": "There is no noize; is it meant to be noise?",
        "all": "All (20)",
        "refused": "Refused (2)",
        "report": "What to mend (CSV)",
        "column": "column",
        "right": "Every row is right. Nothing is registered yet.",
        "register": "Register 20 devices",
        "done": "20 devices are registered.",
        "take": "Fetch the passwords (CSV)",
        "again": "Save once more",
        "gone": "They cannot be fetched twice.",
        "labels": "All labels (PDF)",
        "list": "To the list of devices",
        "earlier": "Earlier files",
    },
}

UNREADABLE = [
    ("台帳.xls", b"x", "この形式の Excel ファイルは読めません。"),
    ("写真.png", b"x", "Excel (.xlsx) か CSV のファイルを選んでください。"),
    ("空.csv", b"", "ファイルが空です。"),
    ("壊れた.xlsx", b"PK\x03\x04 x", "「壊れた.xlsx」を読めません。"),
    ("列なし.csv", "名称,緯度\r\na,1\r\n".encode("cp932"), "デバイスIDの列がありません。"),
]
"""Name, content, and what the page says."""


@pytest.fixture
def town(console: None, database_url: str) -> Iterator[Town]:
    with serve_town(database_url) as town, importing(database_url):
        yield town


@contextmanager
def importing(database_url: str) -> Iterator[None]:
    """Carry out imports in a thread, as the worker does."""
    database = open_database(database_url)
    work = ImportWork(database, DeviceRegistry(database, hash_key=SECRET), SECRET, waits_for_broker=False)
    stop = threading.Event()
    thread = threading.Thread(target=work.run, args=(stop, 0.1))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        database.close()


def _rows(*, has_mistakes: bool) -> list[tuple[str, str, str, str, str]]:
    """The sensors as a town's own list has them."""
    found = []
    for number in range(SENSORS):
        north, east = f"{35.75 + number / 1000:.3f}", f"{139.46 + number / 1000:.3f}"
        if has_mistakes and number == SWAPPED:
            north, east = east, north
        profile = "noize" if has_mistakes and number == UNKNOWN else "noise"
        found.append((f"n-{number:02}", profile, f"本町{number}番", north, east))
    return [("デバイスID", "プロファイル", "名称", "緯度", "経度"), *found]


def _as_csv(rows: list[tuple[str, str, str, str, str]], encoding: str) -> bytes:
    """As Excel in Japan saves a sheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def _filled_in(template: bytes, rows: list[tuple[str, str, str, str, str]]) -> bytes:
    """The Excel template, with the sensors in it."""
    workbook = openpyxl.load_workbook(io.BytesIO(template))
    sheet = workbook.worksheets[0]
    for row, values in enumerate(rows[1:], 2):
        for column, value in enumerate(values, 1):
            sheet.cell(row, column, value)
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def _choose(page: Page, name: str, content: bytes) -> None:
    page.locator("main input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def _download(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def _push(town: Town, login: dict[str, str]) -> httpx.Response:
    pair = base64.b64encode(f"{login['username']}:{login['password']}".encode()).decode()
    with httpx.Client(base_url=town.url, trust_env=False, timeout=60) as device:
        return device.post(
            f"/api/v1/ingest/{login['id']}", json={"LAeq": 51.5}, headers={"Authorization": f"Basic {pair}"}
        )


@pytest.mark.parametrize(("language", "width", "dark"), [("ja", 1_280, False), ("en", 360, True)])
def test_twenty_sensors_of_a_file_are_checked_mended_registered_and_at_work(
    browser: Browser, town: Town, language: str, width: int, dark: bool
) -> None:
    words = WORDS[language]
    with browsing(browser, town, language=language, width=width, dark=dark) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/import")
        template = _download(page, words["excel"])
        assert visit.violations() == []
        assert not visit.is_too_wide()

        _choose(page, "センサー一覧.csv", _as_csv(_rows(has_mistakes=True), "cp932"))
        expect(page.get_by_text(words["wrong"])).to_be_visible()
        rows = page.locator("main tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text(words["swapped"])
        expect(rows.nth(0)).to_contain_text(words["mend"])
        expect(rows.nth(0)).to_contain_text(f"n-{SWAPPED:02}")
        expect(rows.nth(1)).to_contain_text(words["choice"])
        assert visit.violations() == []
        assert not visit.is_too_wide()
        page.get_by_label(words["all"]).check()
        expect(rows).to_have_count(SENSORS)
        page.get_by_label(words["refused"]).check()
        report = list(csv.reader(io.StringIO(_download(page, words["report"]).decode("utf-8-sig"))))
        assert words["column"] in report[0]
        assert [line[0] for line in report[1:]] == [str(SWAPPED + 2), str(UNKNOWN + 2)]
        assert town.api.get("/api/v1/devices").json()["total"] == 0

        mended = (
            _filled_in(template, _rows(has_mistakes=False))
            if language == "ja"
            else _as_csv(_rows(has_mistakes=False), "utf-8-sig")
        )
        _choose(page, "sensors.xlsx" if language == "ja" else "sensors.csv", mended)
        expect(page.get_by_text(words["right"])).to_be_visible()
        page.reload()  # the address holds the check, the tab its file
        expect(page.get_by_text(words["right"])).to_be_visible()
        assert visit.violations() == []
        page.get_by_role("button", name=words["register"]).click()
        expect(page.get_by_text(words["done"])).to_be_visible()
        assert town.api.get("/api/v1/devices").json()["total"] == SENSORS
        assert visit.violations() == []

        logins = list(csv.DictReader(io.StringIO(_download(page, words["take"]).decode("utf-8-sig"))))
        assert [login["id"] for login in logins] == [f"n-{number:02}" for number in range(SENSORS)]
        expect(page.get_by_role("button", name=words["again"])).to_be_visible()
        page.reload()
        expect(page.get_by_text(words["gone"])).to_be_visible()
        expect(page.get_by_role("button", name=words["take"])).to_have_count(0)
        assert _download(page, words["labels"]).startswith(b"%PDF-")
        assert visit.violations() == []
        assert not visit.is_too_wide()

        assert _push(town, logins[3]).json()["result"] == "stored"
        assert _push(town, {**logins[4], "password": logins[3]["password"]}).status_code == 401
        assert town.api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:NoiseLevelObserved:n-03").status_code == 200
        page.get_by_role("link", name=words["list"]).click()
        expect(page.get_by_role("button", name="本町3番")).to_be_visible()
        page.goto(f"{town.url}/devices/import")
        expect(page.get_by_role("heading", name=words["earlier"])).to_be_visible()
        assert visit.violations() == []


def test_a_file_that_cannot_be_read_says_why_and_the_page_stays(browser: Browser, town: Town) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/import")
        for name, content, said in UNREADABLE:
            _choose(page, name, content)
            expect(page.get_by_role("alert")).to_contain_text(said)
            expect(page.get_by_role("button", name="ファイルを選ぶ")).to_be_visible()
        assert visit.violations() == []


def test_a_device_that_came_by_itself_is_approved_and_another_rejected(browser: Browser, town: Town) -> None:
    with browsing(browser, town, width=360) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/waiting")
        expect(page.get_by_role("heading", name="承認を待つデバイスはありません")).to_be_visible()
        page.get_by_role("button", name="受け入れるところを増やす").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="受け入れる", exact=True).click()
        expect(dialog.get_by_text("英数字と - _ . で 64 文字までの名前を入れてください。")).to_be_visible()
        dialog.get_by_label("名前", exact=True).fill("schools")
        dialog.get_by_label("プロファイル").select_option("noise")
        assert visit.violations() == []
        dialog.get_by_role("button", name="受け入れる", exact=True).click()
        username, password = (dialog.locator("code").nth(at).inner_text() for at in (0, 1))
        for name in ("n-1", "n-2"):
            login = {"id": f"schools?device={name}", "username": username, "password": password}
            assert _push(town, login).json()["reason"] == "waiting-approval"
        page.once("dialog", lambda question: question.accept())  # the key is not written down: do I mean it?
        dialog.get_by_role("button", name="閉じる").last.click()

        expect(page.get_by_role("heading", name="n-1", exact=True)).to_be_visible()
        expect(page.get_by_text("51.5").first).to_be_visible()
        assert visit.violations() == []
        assert not visit.is_too_wide()
        page.get_by_role("button", name="n-2 を断る").click()
        dialog.get_by_role("button", name="断る", exact=True).click()
        expect(page.get_by_role("heading", name="n-2", exact=True)).to_have_count(0)
        page.get_by_role("button", name="n-1 を承認する").click()
        dialog.get_by_label("緯度").fill("35.75, 139.46")
        assert dialog.get_by_label("経度").input_value() == "139.46"
        assert visit.violations() == []
        dialog.get_by_role("button", name="承認して登録する").click()
        expect(dialog.get_by_text("取っておいたメッセージ 1 件を保存しました。")).to_be_visible()
        found = town.api.get("/api/v1/devices/n-1").json()
        assert found["location"]["coordinates"] == [139.46, 35.75]
        entity = town.api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:NoiseLevelObserved:n-1").json()
        assert entity["LAeq"]["value"] == 51.5
        states = {
            state: [
                one["name"]
                for one in town.api.get("/api/v1/waiting-devices", params={"state": state}).json()["devices"]
            ]
            for state in ("waiting", "approved", "rejected")
        }
        assert states == {"waiting": [], "approved": ["n-1"], "rejected": ["n-2"]}
