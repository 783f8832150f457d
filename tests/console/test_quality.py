"""Every page and section of the console: for everybody, at every size, by keyboard alone, without motion."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.console.addresses import Address, addresses, word
from tests.console.conftest import Visit
from tests.console.looking import MOVING, OUTSIDE, SMALL, WATCH, WINDOWS, found_in, missed_by_keyboard, rest
from tests.console.town_pages import Town, is_expected, serve_town
from tests.integration.http.town import fill_town
from tests.support import databases

pytestmark = pytest.mark.browser
DESK: ViewportSize = {"width": 1_280, "height": 900}


@pytest.fixture(scope="module")
def town(console: None, postgres_url: str, database_template: str) -> Iterator[Town]:
    with ExitStack() as stack:
        url = stack.enter_context(databases.temporary_database(postgres_url, database_template))
        fill_town(url, devices=6, hours=1, interval_s=600)
        town = stack.enter_context(serve_town(url))
        grant = {"organisation": "public", "types": ["NoiseLevelObserved"], "operations": ["read"]}
        assert town.api.post("/api/v1/grants", json=grant).status_code == 201
        yield town


@pytest.fixture(scope="module")
def visit(browser: Browser, town: Town) -> Iterator[Visit]:
    """One tab for all pages, with an administrator's key."""
    visit = Visit(browser, town.url, key=town.key)
    visit.page.add_init_script(WATCH)
    visit.page.add_init_script("if (location.pathname === '/login') sessionStorage.clear()")
    yield visit
    visit.page.context.close()


@pytest.fixture(params=addresses(), ids=lambda address: address.path)
def address(request: pytest.FixtureRequest) -> Address:
    found: Address = request.param
    return found


def speak(page: Page, language: str) -> None:
    """Show a page in this language, as its button does."""
    other = word("otherLanguage", language="en" if language == "ja" else "ja")
    page.get_by_role("button", name=other, exact=True).click()
    page.locator(f"html[lang={language}]").wait_for()


def lose_the_connection(page: Page) -> None:
    """See that it is told, and that what was there stays."""
    before = page.locator("h1").inner_text()
    notice = page.get_by_text(word("state.offline"))
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    assert page.locator("h1").all_inner_texts() == [before]
    page.context.set_offline(False)
    expect(notice).to_have_count(0)


def test_a_page_is_for_everybody(visit: Visit, address: Address) -> None:
    """One load of each: axe in both languages and themes, sizes, keyboard, titles, motion, offline."""
    page = visit.page
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    visit.complaints.clear()
    visit.open(f"{address.path}?lang=ja")
    rest(page)

    assert page.locator("h1").count() == 1
    assert page.title().endswith(f" - {word('brand')}")
    assert visit.violations() == []
    assert found_in(page, SMALL) == []
    assert missed_by_keyboard(page) == []

    for window in WINDOWS:
        page.set_viewport_size({"width": window.width, "height": window.height})
        rest(page)
        assert not visit.is_too_wide(), window.name
        assert found_in(page, OUTSIDE) == [], window.name
    page.set_viewport_size(DESK)

    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.locator("html[data-theme=dark]").wait_for()
    rest(page)
    assert found_in(page, MOVING) == []
    assert visit.violations("color-contrast") == []
    speak(page, "en")
    rest(page)
    assert visit.violations() == []
    speak(page, "ja")
    assert [one for one in visit.complaints if not is_expected(one)] == []
    assert visit.hosts <= {urlsplit(visit.address).netloc, ""}
    lose_the_connection(page)


def test_the_skip_link_goes_past_the_navigation(visit: Visit) -> None:
    page = visit.open("/history")
    rest(page)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name=word("skip"))
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_drawer_keeps_the_focus_and_gives_it_back(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 360, "height": 740})
    visit.open("/history")
    rest(page)
    opener = page.get_by_role("button", name=word("menu"))
    opener.press("Enter")
    drawer = page.get_by_role("dialog", name=word("menu"))
    expect(drawer.get_by_role("button", name=word("close"))).to_be_focused()
    inside = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
    for key in ("Tab", "Shift+Tab"):
        for _ in range(16):
            page.keyboard.press(key)
            assert page.evaluate(inside)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(opener).to_be_focused()
    page.set_viewport_size(DESK)


def test_a_path_that_is_no_page_of_the_console_says_so(visit: Visit) -> None:
    page = visit.open("/settings/nowhere")
    rest(page)
    expect(page.get_by_role("heading", name=word("missing.title"))).to_be_visible()
    assert visit.violations() == []
    page.get_by_role("link", name=word("missing.back")).click()
    page.wait_for_url("**/settings")


def test_the_title_of_the_window_names_the_section(visit: Visit) -> None:
    page = visit.open("/settings/keys")
    expect(page).to_have_title("API の鍵 - 設定 - まち")
    page.get_by_role("link", name="まちの今", exact=True).click()
    expect(page).to_have_title("まちの今 - まち")
