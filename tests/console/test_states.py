"""Every page and section of the console when something is amiss: slow, at fault, refused, expired, empty."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect
from playwright.sync_api import TimeoutError as Late

from tests.console.addresses import Address, addresses, word
from tests.console.conftest import Visit
from tests.console.looking import WATCH, rest
from tests.console.town_pages import Town, is_expected, serve_town
from tests.integration.access.people import prefix_of
from tests.support import databases

pytestmark = pytest.mark.browser

API = re.compile(r"//[^/]+/(api|ngsi-ld)/")
WHO = ("/api/v1/session", "/api/v1/me", "/api/v1/tenants")
"""What the shell asks first, and which tenant one looks at: without that there is no page to look at."""
PATIENCE_S = 60
"""By our clock, in which a page has repeated all questions and lost its patience by its own."""
UNASKED_STEPS = 10
"""Seconds of a page's clock, after which one that shows its content asks nothing more of its own accord."""
Break = Callable[[Route], None]


@pytest.fixture(scope="module")
def town(console: None, postgres_url: str, database_template: str) -> Iterator[Town]:
    with ExitStack() as stack:
        url = stack.enter_context(databases.temporary_database(postgres_url, database_template))
        yield stack.enter_context(serve_town(url))


@pytest.fixture(scope="module")
def partner(town: Town) -> str:
    """The key of somebody whom nothing is granted yet."""
    body = {"name": "rail", "kind": "partner", "tenants": ["default"]}
    made = town.api.post("/api/v1/organisations", json=body)
    assert made.status_code == 201, made.text
    return make_key(town, organisation="rail", role="partner", tenants=["default"])


def make_key(town: Town, **draft: str | list[str]) -> str:
    answer = town.api.post("/api/v1/keys", json=draft)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def is_shell(url: str) -> bool:
    """Whether the shell asks this, not a page."""
    return url.split("?", maxsplit=1)[0].endswith(WHO)


@contextmanager
def visiting(browser: Browser, town: Town, key: str | None, amiss: Break | None = None) -> Iterator[Visit]:
    """Open a tab in which each question of a page to the API goes amiss."""
    visit = Visit(browser, town.url, key=key)
    visit.page.add_init_script(WATCH)
    if amiss is not None:
        visit.page.route(
            API, lambda route: route.continue_() if is_shell(route.request.url) else amiss(route)
        )
    try:
        yield visit
    finally:
        visit.page.context.close()


def asked(page: Page, path: str, words: str) -> bool:
    """Open a page and wait for these words; tell whether it asked the API for anything of its own."""
    questions: list[str] = []

    def note(request: Request) -> None:
        if API.search(request.url) and not is_shell(request.url):
            questions.append(request.url)

    page.on("request", note)
    try:
        page.goto(path)
        page.wait_for_selector("h1, [role=alert], [data-loading]")
        pass_time(page, words, lambda: bool(questions))
    finally:
        page.remove_listener("request", note)
    return bool(questions)


def fail(route: Route) -> None:
    """Answer as a server with a fault does."""
    route.fulfill(status=500, json={"title": "Internal error", "status": 500, "detail": "no details"})


def wait_for_hours(route: Route) -> None:
    """Answer nothing at all."""


def pass_time(page: Page, words: str, is_asking: Callable[[], bool]) -> None:
    """Let the page's clock run until it says this; not for ever, and shortly where it asks nothing."""
    end, step = time.monotonic() + PATIENCE_S, 0
    while words not in text_of(page) and time.monotonic() < end:
        is_waiting = is_asking() or page.locator("[data-loading]").count() > 0
        if step > UNASKED_STEPS and not is_waiting:
            return
        page.clock.run_for(1_000)
        page.wait_for_timeout(25)
        step += 1


def text_of(page: Page) -> str:
    return page.locator("main").inner_text()


def each(found: Callable[[Address], str | None], *, login: bool = False) -> list[str]:
    """Try all pages; give what is wrong. `login`: that one too, which sends on who is in."""
    wrong = []
    for one in addresses():
        if one.path == "/login" and not login:
            continue
        try:
            said = found(one)
        except (Late, AssertionError) as error:
            said = str(error)
        if said is not None:
            wrong.append(f"{one.path}: {said}")
    return wrong


def test_a_fault_of_the_server_is_told_with_a_way_on(browser: Browser, town: Town) -> None:
    with visiting(browser, town, town.key, fail) as visit:
        visit.page.clock.install()

        def look(address: Address) -> str | None:
            page = visit.page
            if not asked(page, town.url + address.path, word("error.server.title")):
                return None
            if word("error.server.title") not in text_of(page):
                return f"says nothing of the fault: {text_of(page)[:300]!r}"
            if page.get_by_role("button", name=word("state.retry")).count() == 0:
                return "has no button to try again"
            if page.locator("h1").count() != 1:
                return "has no heading"
            return None

        assert (wrong := each(look)) == [], wrong


def test_a_slow_server_is_told_as_slow(browser: Browser, town: Town) -> None:
    with visiting(browser, town, town.key, wait_for_hours) as visit:
        visit.page.clock.install()

        def look(address: Address) -> str | None:
            page = visit.page
            if not asked(page, town.url + address.path, word("state.slow")):
                return None
            if word("state.slow") not in text_of(page):
                return f"does not say that it takes long: {text_of(page)[:300]!r}"
            return None

        assert (wrong := each(look)) == [], wrong


def test_a_page_that_could_not_be_fetched_comes_with_the_connection(browser: Browser, town: Town) -> None:
    with visiting(browser, town, town.key) as visit:
        page = visit.open("/settings")
        rest(page)
        page.context.set_offline(True)
        page.get_by_role("link", name="購読", exact=True).click()
        expect(page.get_by_role("heading", name=word("error.offline.title"))).to_be_visible()
        page.context.set_offline(False)
        page.get_by_role("button", name=word("state.retry")).click()
        expect(page.get_by_role("heading", level=1, name="購読")).to_be_visible()


def test_who_may_not_see_something_is_told_so(browser: Browser, town: Town, partner: str) -> None:
    headers = {"Authorization": f"Bearer {partner}"}
    may = set(town.api.get("/api/v1/me", headers=headers).json()["permissions"])
    refused = [one for one in addresses() if not may.issuperset(one.permissions)]
    assert refused
    with visiting(browser, town, partner) as visit:

        def look(address: Address) -> str | None:
            page = visit.open(address.path)
            rest(page)
            text = text_of(page)
            if address in refused:
                return None if word("error.forbidden.title") in text else f"does not refuse: {text[:300]!r}"
            refusal = word("error.forbidden.title")  # of the API, where rights depend on what is asked for
            alerts = [one for one in page.get_by_role("alert").all_inner_texts() if refusal not in one]
            return f"is open, and complains: {alerts}" if alerts else None

        assert (wrong := each(look)) == [], wrong


def test_who_is_not_logged_in_is_asked_to_and_comes_back(browser: Browser, town: Town) -> None:
    with visiting(browser, town, None) as visit:

        def look(address: Address) -> str | None:
            page = visit.open(address.path)
            if address.is_public:
                rest(page)
                return None if page.url == town.url + address.path else page.url
            page.wait_for_url("**/login**")
            expected = "/login" if address.path == "/" else f"/login?next={address.path.replace('/', '%2F')}"
            return None if page.url == town.url + expected else page.url

        assert (wrong := each(look, login=True)) == [], wrong


def test_a_login_that_ends_leads_back_to_where_one_was(browser: Browser, town: Town) -> None:
    key = make_key(town, role="administrator", label="ends")
    with visiting(browser, town, None) as visit:
        page = visit.open(f"/settings/keys#key={key}")
        rest(page)
        assert town.api.delete(f"/api/v1/keys/{prefix_of(key)}").status_code == 204
        page.get_by_role("link", name="購読", exact=True).click()
        page.wait_for_url("**/login?next=%2Fsubscriptions")
        page.get_by_text("鍵（APIキー）で入る").click()
        page.get_by_label("鍵（APIキー）", exact=True).fill(town.key)
        page.get_by_role("button", name="入る", exact=True).click()
        page.wait_for_url("**/subscriptions")
        expect(page.get_by_role("heading", level=1, name="購読")).to_be_visible()


FAULTS = [
    word(f"error.{kind}.title") for kind in ("server", "wrong", "missing", "forbidden", "unreachable", "slow")
]
EMPTY = {
    "/": ("live", "empty.title"),
    "/devices": ("devices/list", "list.emptyTitle"),
    "/history": ("history", "start.emptyTitle"),
    "/subscriptions": ("subscriptions", "list.emptyTitle"),
}
"""What pages of a town in which there is nothing say: folder and key of the words."""


def test_an_empty_town_is_no_fault(browser: Browser, console: None, database_url: str) -> None:
    with serve_town(database_url, is_empty=True) as town, visiting(browser, town, town.key) as visit:

        def look(address: Address) -> str | None:
            page = visit.open(address.path)
            rest(page)
            text = text_of(page)
            if any(fault in text for fault in FAULTS):
                return f"complains: {text[:300]!r}"
            folder, key = EMPTY.get(address.path, (None, None))
            if key is not None and word(key, folder=folder) not in text:
                return f"does not say that there is nothing: {text[:300]!r}"
            return None

        assert (wrong := each(look)) == [], wrong
        assert [one for one in visit.complaints if not is_expected(one)] == []
