"""The first page in a real browser, on the real API, with a town's data."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve
from tests.integration.http.town import fill_town

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEVICES = 40


class Visit:
    """One tab, with all that it asked for and complained about."""

    def __init__(self, browser: Browser, *, width: int = 1280, dark: bool = False) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.page: Page = context.new_page()
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind == "error":
            self.complaints.append(text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield launched
        launched.close()


def test_the_town_is_shown(
    browser: Browser, settings: ApiSettings, serve: Serve, database_url: str, key: str
) -> None:
    fill_town(database_url, devices=DEVICES, hours=24, interval_s=600)
    address = str(serve(replace(settings, auth=True)).base_url).rstrip("/")
    visit = Visit(browser)
    page = visit.page
    page.goto(f"{address}/#key={key}")
    page.wait_for_selector("#live:not([hidden]) .chart .line")
    assert page.url == f"{address}/"
    assert page.evaluate("sessionStorage.getItem('machi.key')") == key
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert "東村山。" in page.inner_text("#greeting")
    assert f"まちの {DEVICES} か所" in page.inner_text("#summary")
    assert page.locator("#map .place").count() == DEVICES
    themes = ["すべて", "空気", "騒音", "気象", "交通", "駐車場", "河川"]
    assert page.locator("#themes .name").all_inner_texts() == themes
    assert page.inner_text('[data-theme="weather"] .figure').endswith("℃")
    assert page.inner_text("#detail h2") == "東村山駅"
    assert page.inner_text("#detail .big").endswith("µg/m³")
    assert "JST" in page.inner_text("#detail .age")
    assert len(page.get_attribute("#detail .chart .line >> nth=0", "d") or "") > 500
    _choose_parking(page)
    _switch_language(page)
    page.wait_for_timeout(6_000)  # longer than a refresh
    assert "updated" in page.inner_text("#pulse-text")
    assert visit.hosts == {urlsplit(address).netloc}
    assert visit.complaints == []


def _choose_parking(page: Page) -> None:
    page.click('[data-theme="parking"]')
    count = int(page.inner_text("#list-title").split()[0])
    assert page.locator("#map .place:not(.dim)").count() == count > 0
    page.click("#list .row >> nth=0")
    page.wait_for_selector("#detail.parking .chart .line")
    assert page.inner_text("#detail .big").endswith("台")
    page.fill("#search", "久米川")
    assert all("久米川" in name for name in page.locator("#list .who .name").all_inner_texts())
    page.fill("#search", "")
    page.focus("#detail .chart")
    page.keyboard.press("ArrowLeft")
    assert "台" in page.text_content("#detail .reading")  # type: ignore[operator]
    page.evaluate("document.activeElement.blur()")


def _switch_language(page: Page) -> None:
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.inner_text("#themes .name >> nth=1") == "Air"
    assert page.inner_text("#greeting").endswith("Higashimurayama.")


def test_without_a_key_there_is_a_door(
    browser: Browser, settings: ApiSettings, serve: Serve, key: str
) -> None:
    address = str(serve(replace(settings, auth=True)).base_url).rstrip("/")
    page = Visit(browser, width=360, dark=True).page
    page.goto(address)
    page.wait_for_selector("#door:not([hidden])")
    assert page.inner_text("#door h2") == "鍵を入れてください"
    page.fill("#key", "machi_wrong")
    page.click("#door button")
    page.wait_for_selector("#door-wrong:not(:empty)")
    page.fill("#key", key)
    page.click("#door button")
    page.wait_for_selector("#empty:not([hidden])")
    assert "/api/v1/devices" in page.inner_text("#empty-code")
    page.click("#forget")
    page.wait_for_selector("#door:not([hidden])")
    assert page.evaluate("sessionStorage.getItem('machi.key')") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phone_shows_it_without_sideways_scrolling(
    browser: Browser, settings: ApiSettings, serve: Serve, database_url: str
) -> None:
    fill_town(database_url, devices=DEVICES, hours=0.5, interval_s=60)
    visit = Visit(browser, width=360)
    visit.page.goto(str(serve(settings).base_url))
    visit.page.wait_for_selector("#detail .chart .line")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
    pressed = visit.page.locator('#detail .ranges [aria-pressed="true"]')
    assert pressed.inner_text() == "1時間"  # the smallest range that holds the record
    assert visit.complaints == []


def test_the_documentation_needs_nobody_else(browser: Browser, settings: ApiSettings, serve: Serve) -> None:
    address = str(serve(settings).base_url).rstrip("/")
    visit = Visit(browser)
    visit.page.goto(f"{address}/docs#createSubscription")
    visit.page.wait_for_selector("#createSubscription[open]")
    assert visit.page.locator("#operations details").count() >= 22
    assert "curl -X POST" in visit.page.inner_text("#createSubscription")
    assert visit.hosts == {urlsplit(address).netloc}
    assert visit.complaints == []
