"""履歴: what people come for, in both languages, against the real API."""

import base64
import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pyarrow import parquet

from tests.console.conftest import Visit
from tests.console.town_pages import (
    GAP_DAYS,
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
        "values": "値の表（横に動かせます）",
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
        "values": "Table of values (scrolls sideways)",
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
    assert len(rows) == 1 + values_of(start, end)
    assert rows[1][0].startswith(f"{start:%Y-%m-%d}")
    if download == WORDS["ja"]["download"]:
        _check_other_files(page, tmp_path, rows)
    page.keyboard.press("Escape")


def values_of(start: datetime, end: datetime) -> int:
    """A mean a day of three places, of which one was silent for some."""
    return 3 * (end - start).days - len(GAP_DAYS)


def _check_other_files(page: Page, tmp_path: Path, rows: list[list[str]]) -> None:
    """Excel and Parquet hold the same figures as CSV."""
    figures = sorted(round(float(row[rows[0].index("平均")]), 6) for row in rows[1:])
    for label, name in (("Excel", "file.xlsx"), ("Parquet", "file.parquet")):
        with page.expect_download() as begun:
            page.get_by_role("button", name=label).click()
        begun.value.save_as(tmp_path / name)
    book = openpyxl.load_workbook(tmp_path / "file.xlsx", read_only=True)
    head, *lines = book.worksheets[0].iter_rows(values_only=True)
    means = [line[head.index("平均")] for line in lines]
    assert sorted(round(float(str(mean)), 6) for mean in means) == figures
    assert len(book.worksheets) == 2
    table = parquet.read_table(tmp_path / "file.parquet")
    assert sorted(round(mean, 6) for mean in table["avg"].to_pylist()) == figures


def _check_link(visit: Visit, words: dict[str, str]) -> None:
    """The link gives the same figures in a fresh tab, and says that it is a fixed one."""
    page = visit.page
    before = page.get_by_role("region", name=words["values"]).inner_text()
    page.get_by_role("button", name=words["link"]).click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('asOf='))")
    fresh = page.context.new_page()
    fresh.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(fresh.get_by_text(words["fixed"])).to_be_visible()
    expect(fresh.get_by_role("cell", name="66.9 dB")).to_be_visible()
    fresh.get_by_text(words["table"]).click()
    expect(fresh.get_by_role("region", name=words["values"])).to_have_text(before, use_inner_text=True)
    fresh.close()


def test_what_is_copied_gives_the_figures_when_it_is_run(browser: Browser, town: Town) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, "ja")
        page.get_by_role("button", name=WORDS["ja"]["code"]).click()
        codes = {}
        for label, begin in (("NGSI-LD の要求", "GET "), ("curl", "curl "), ("Python", "import ")):
            page.get_by_label(label).check()
            expect(page.get_by_label("照会の文")).to_have_value(re.compile(f"^{begin}"))
            codes[label] = page.get_by_label("照会の文").input_value()
            assert town.key not in codes[label]
    expected = values_of(*last_month())
    lines = _run([sys.executable, "-c", codes["Python"]], town).splitlines()
    assert len(lines) == expected
    assert sum("南口" in line and "66.9" in line for line in lines) == (expected + len(GAP_DAYS)) // 3
    rows = list(csv.DictReader(_run(["sh", "-c", codes["curl"]], town).lstrip("\ufeff").splitlines()))
    south = [float(row["平均"]) for row in rows if "南口" in row.values()]
    assert (len(rows), {round(mean, 1) for mean in south}) == (expected, {66.9})
    assert _averages(codes["NGSI-LD の要求"], town) == sorted(float(row["平均"]) for row in rows)


def _run(command: list[str], town: Town) -> str:
    environment = {"MACHI_KEY": town.key, "PYTHONIOENCODING": "utf-8", "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


def _averages(request: str, town: Town) -> list[float]:
    """Send what was copied, line by line as HTTP has it; gives the means of all places and days."""
    first, *others = request.splitlines()
    headers = dict(line.split(": ", 1) for line in others)
    headers["Authorization"] = headers["Authorization"].replace("<key>", town.key)
    answer = httpx.get(town.url + first.split(" ")[1], headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    return sorted(float(mean) for entity in answer.json() for mean, *_ in entity["LAeq"]["avg"])


def test_a_picture_holds_the_curves_and_a_wait_can_be_ended(
    browser: Browser, town: Town, tmp_path: Path
) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        page.route("**/api/v1/history?*bucket=day*", _keep_waiting)
        page.goto(
            f"{town.url}/history?type=NoiseLevelObserved&attr=LAeq&bucket=day&period=month:{last_month()[0]:%Y-%m}"
        )
        page.get_by_role("button", name="中止する").click()
        expect(page.get_by_text("読み込みを中止しました。")).to_be_visible()
        page.unroute("**/api/v1/history?*bucket=day*")
        page.get_by_role("button", name="もう一度読む").click()
        with page.expect_download() as begun:
            page.get_by_role("button", name="画像（PNG）").click()
        begun.value.save_as(tmp_path / "figure.png")
        drawn = page.evaluate(COLOURS, base64.b64encode((tmp_path / "figure.png").read_bytes()).decode())
        assert {"0,23,193", "179,74,0", "0,112,79"} <= set(drawn)  # a curve of each place


def _keep_waiting(route: Route) -> None:
    """Never answer: what a very slow query looks like."""


COLOURS = """
async (text) => {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 100).map(([colour]) => colour);
}
"""
"""Colours of more than a hundred pixels of a picture."""


def test_many_places_are_chosen_and_drawn_at_once(browser: Browser, town: Town) -> None:
    with browsing(browser, town) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, "ja")
        page.locator("summary", has_text="場所をしぼる").click()
        page.get_by_role("button", name="一覧からまとめて選ぶ").click()
        page.get_by_label("名前や種類でしぼる").fill("口")
        page.get_by_role("button", name="見えている 2 か所をすべて選ぶ").click()
        assert visit.violations() == []
        page.get_by_role("button", name="2 か所を使う").click()
        legend = page.get_by_role("list", name="凡例").get_by_role("button")
        expect(legend).to_have_text(["南口 (dB)", "北口 (dB)"])
        legend.first.click()
        expect(legend.first).to_have_attribute("aria-pressed", "true")
        page.get_by_role("application").press("End")
        expect(page.locator("figcaption")).to_contain_text("南口 66.9 dB · 北口 51.9 dB")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_date_stays_and_is_explained(browser: Browser, town: Town, language: str) -> None:
    words = WORDS[language]
    with browsing(browser, town, language=language) as visit:
        page = visit.page
        ask_for_the_loudest(page, town, language)
        page.get_by_label(words["custom"]).check()
        page.get_by_label(words["last"]).fill("2020-01-01")
        expect(page.get_by_text(words["order"])).to_be_visible()
        expect(page.get_by_label(words["last"])).to_have_value("2020-01-01")


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
