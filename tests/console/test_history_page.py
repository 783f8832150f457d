"""履歴: what people come for, in both languages, against the real API."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Visit
from tests.console.town_pages import (
    LANGUAGES,
    Town,
    browsing,
    last_month,
    serve_town,
)

pytestmark = pytest.mark.browser
WORDS = {
    "ja": {
        "loudest": "先月いちばん騒がしかった場所は？",
        "download": "ダウンロード",
        "table": "値を表で見る",
        "link": "図へのリンクをコピー",
        "fixed": "固定した図",
        "code": "照会をコピー",
        "custom": "日付で指定",
        "last": "終わりの日",
        "order": "終わりの日は、はじめの日と同じか後に",
        "empty": "この期間の記録はありません",
        "gaps": "公園: 1 か所",
        "quality": "このデータについて",
        "check": "届き具合を調べる",
    },
    "en": {
        "loudest": "Which place was the loudest last month?",
        "download": "Download",
        "table": "See the values as a table",
        "link": "Copy a link to the figure",
        "fixed": "A fixed figure",
        "code": "Copy the request",
        "custom": "By date",
        "last": "Last day",
        "order": "The last day has to be the first day or a later one",
        "empty": "Nothing was recorded in this period",
        "gaps": "公園: 1 (",
        "quality": "About these data",
        "check": "See how complete they are",
    },
}


@pytest.fixture
def town(console: None, database_url: str) -> Iterator[Town]:
    with serve_town(database_url) as town:
        yield town


def ask_for_the_loudest(page: Page, town: Town, language: str) -> None:
    page.goto(f"{town.url}/history")
    page.get_by_role("button", name=WORDS[language]["loudest"]).click()
    expect(page.get_by_role("button", name=WORDS[language]["download"])).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_loudest_place_is_one_press_away(
    browser: Browser, town: Town, language: str, tmp_path: Path
) -> None:
    words = WORDS[language]
    with browsing(browser, town, language=language) as visit:
        page = visit.page
        page.goto(f"{town.url}/history")
        expect(page.get_by_role("button", name=words["loudest"])).to_be_visible()
        assert visit.violations() == []
        ask_for_the_loudest(page, town, language)
        expect(page.get_by_text("南口（66.9 dB）" if language == "ja" else "南口 (66.9 dB)")).to_be_visible()
        expect(page.get_by_text(words["gaps"])).to_be_visible()
        first_row = page.locator("#history-ranking").locator("xpath=../..").locator("tbody tr").first
        expect(first_row.get_by_role("rowheader")).to_have_text("南口")
        page.get_by_text(words["table"]).click()
        page.get_by_text(words["quality"]).click()
        page.get_by_role("button", name=words["check"]).click()
        assert visit.violations() == []
        _check_download(visit, words["download"], tmp_path)
        _check_link(visit, words)


def _check_download(visit: Visit, download: str, tmp_path: Path) -> None:
    page = visit.page
    page.get_by_role("button", name=download).click()
    assert visit.violations() == []
    with page.expect_download() as begun:
        page.get_by_role("button", name="CSV").click()
    begun.value.save_as(tmp_path / "file.csv")
    with (tmp_path / "file.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    start, end = last_month()
    hours = (end - start).days * 24
    assert len(rows) == 1 + 3 * hours - 4 * 24
    assert rows[1][0] == f"{start:%Y-%m-%d} 00:00:00"
    page.keyboard.press("Escape")


def _check_link(visit: Visit, words: dict[str, str]) -> None:
    """The link gives the same figure, and says that it is a fixed one."""
    page = visit.page
    page.get_by_role("button", name=words["link"]).click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('asOf='))")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(page.get_by_text(words["fixed"])).to_be_visible()
    expect(page.get_by_role("cell", name="66.9 dB")).to_be_visible()
    assert visit.violations() == []


def test_what_is_copied_as_python_gives_the_same_figures(browser: Browser, town: Town) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, "ja")
        page.get_by_role("button", name=WORDS["ja"]["code"]).click()
        page.get_by_label("Python").check()
        code = page.get_by_label("照会の文").input_value()
        assert town.key not in code
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"MACHI_KEY": town.key, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    lines = run.stdout.decode().splitlines()
    start, end = last_month()
    assert len(lines) == 3 * (end - start).days * 24 - 4 * 24
    assert "公園" in lines[0] or "北口" in lines[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_date_stays_and_is_explained(browser: Browser, town: Town, language: str) -> None:
    words = WORDS[language]
    with browsing(browser, town, language=language) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, language)
        page.get_by_label(words["custom"]).check()
        page.get_by_label(words["last"]).fill("2020-01-01")
        expect(page.get_by_text(words["order"])).to_be_visible()
        assert page.get_by_label(words["last"]).input_value() == "2020-01-01"


def test_a_period_without_records_says_so(browser: Browser, town: Town) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        page.goto(f"{town.url}/history?type=NoiseLevelObserved&attr=LAeq&period=fy:2010")
        expect(page.get_by_role("heading", name=WORDS["ja"]["empty"])).to_be_visible()
        assert visit.violations() == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it(browser: Browser, town: Town, *, dark: bool) -> None:
    with browsing(browser, town, width=360, dark=dark) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, "ja")
        assert not visit.is_too_wide()
        assert visit.violations() == []
