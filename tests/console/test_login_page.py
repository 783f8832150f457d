"""ログイン: every way in, out again, and back to where one was; both languages, each step tried with axe."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from context_api.http.login.settings import LoginSettings
from context_api.identity.providers import read_provider
from deploy.embedded.ports import free_port
from tests.console.people import NEXT, People, code_of, log_in, serve_people, visiting
from tests.console.town_pages import LANGUAGES
from tests.integration.login.provider import OidcProvider, SigningKey

pytestmark = pytest.mark.browser
WORDS = {
    "ja": {
        "login": "ログイン",
        "name": "利用者名",
        "password": "パスワード",
        "wrong": "利用者名かパスワードが違います。",
        "me": "あなた",
        "expired": "利用の期限が切れました。",
        "logout": "ログアウト",
        "keys": "API の鍵",
        "withKey": "鍵（APIキー）で入る",
        "key": "鍵（APIキー）",
        "enter": "入る",
        "wrongKey": "この鍵では入れません。",
        "forget": "鍵を忘れる",
        "first": "新しいパスワード",
        "second": "もう一度",
        "short": "12文字以上にしてください。",
        "other": "上のパスワードと違います。",
        "set": "決める",
        "picture": "認証アプリで読み取るQRコード",
        "code": "認証アプリの6けたの番号",
        "wrongCode": "番号が違います。",
        "register": "登録する",
        "recovery": "回復用の番号",
        "goOn": "控えました。次へ",
        "continue": "続ける",
    },
    "en": {
        "login": "Log in",
        "name": "Name",
        "password": "Password",
        "wrong": "The name or the password is wrong.",
        "me": "You",
        "expired": "Your login has ended.",
        "logout": "Log out",
        "keys": "API keys",
        "withKey": "Enter with a key (API key)",
        "key": "Key (API key)",
        "enter": "Enter",
        "wrongKey": "This key opens nothing.",
        "forget": "Forget the key",
        "first": "New password",
        "second": "Once more",
        "short": "Use 12 characters or more.",
        "other": "This differs from the one above.",
        "set": "Set it",
        "picture": "QR code for the authenticator app",
        "code": "Six digits from your authenticator app",
        "wrongCode": "This is not the code.",
        "register": "Register",
        "recovery": "Recovery codes",
        "goOn": "I have kept them; go on",
        "continue": "Go on",
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_password_and_key_in_and_out_and_back_to_where_one_was(
    browser: Browser, console: None, database_url: str, language: str
) -> None:
    words = WORDS[language]
    with (
        serve_people(database_url, LoginSettings(second_factor="optional")) as people,
        visiting(browser, people.url, language, width=360 if language == "ja" else 1_280) as visit,
    ):
        page = visit.open("/settings/keys")
        page.wait_for_url("**/login?next=%2Fsettings%2Fkeys")
        log_in(page, words, "hanako", "not this one")
        expect(page.get_by_role("alert").filter(has_text=words["wrong"])).to_be_visible()
        assert visit.violations() == []
        assert not visit.is_too_wide()
        log_in(page, words, "hanako")
        page.wait_for_url("**/settings/keys")
        expect(page.get_by_role("heading", name=words["keys"], exact=True)).to_be_visible()

        _let_session_lapse(people, page)
        page.get_by_role(
            "link", name=words["me"], exact=True
        ).click()  # asks the API for what it does not know
        page.wait_for_url("**/login?next=%2Fsettings")
        expect(page.get_by_text(words["expired"])).to_be_visible()
        assert visit.violations() == []
        log_in(page, words, "hanako")
        page.wait_for_url("**/settings")
        _log_out(page, words["logout"], language)

        page.get_by_text(words["withKey"], exact=True).click()
        with_key = page.get_by_role("form", name=words["withKey"])
        with_key.get_by_label(words["key"]).fill("machi_aaaaaaaa_wrong")
        with_key.get_by_role("button", name=words["enter"], exact=True).click()
        expect(page.get_by_role("alert").filter(has_text=words["wrongKey"])).to_be_visible()
        assert visit.violations() == []
        with_key.get_by_label(words["key"]).fill(people.key)
        with_key.get_by_role("button", name=words["enter"], exact=True).click()
        page.wait_for_url(lambda url: "/login" not in url)
        _log_out(page, words["forget"], language)
        assert page.evaluate("sessionStorage.getItem('machi.key')") is None


def _let_session_lapse(people: People, page: Page) -> None:
    """Let two hours pass; the API looks at what it knows of a session every few seconds."""
    with people.database.connection() as connection:
        connection.execute("update session set seen_at = now() - interval '2 hours'")
    deadline = time.monotonic() + 60
    while page.evaluate("fetch('/api/v1/session').then(one => one.json()).then(one => one.state)") != "none":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _log_out(page: Page, name: str, language: str) -> None:
    """On a phone, the button is in the menu."""
    button = page.get_by_role("button", name=name, exact=True)
    if language == "ja":
        page.get_by_role("button", name="メニュー", exact=True).click()
    button.filter(visible=True).click()
    page.wait_for_url("**/login")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_login_and_the_next_with_an_app(
    browser: Browser, console: None, database_url: str, language: str
) -> None:
    words = WORDS[language]
    with (
        serve_people(database_url, LoginSettings(second_factor="all")) as people,
        visiting(browser, people.url, language) as visit,
    ):
        page = visit.open("/login?next=/settings")
        log_in(page, words, "jiro")
        _choose_password(page, words)
        assert visit.violations() == []
        page.get_by_role("button", name=words["set"], exact=True).click()

        picture = page.get_by_role("img", name=words["picture"])
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert visit.violations() == []
        secret = page.locator("form code").inner_text()
        code = page.get_by_role("textbox", name=words["code"])
        code.fill("000000")
        page.get_by_role("button", name=words["register"], exact=True).click()
        expect(page.get_by_role("alert").filter(has_text=words["wrongCode"])).to_be_visible()
        code.fill(code_of(secret))
        page.get_by_role("button", name=words["register"], exact=True).click()
        recovery = page.get_by_role("region", name=words["recovery"])
        expect(recovery.get_by_role("listitem")).to_have_count(10)
        codes = recovery.locator("code").all_inner_texts()
        assert visit.violations() == []
        page.get_by_role("button", name=words["goOn"]).click()
        page.wait_for_url("**/settings")

        page.get_by_role("button", name=words["logout"], exact=True).click()
        page.wait_for_url("**/login")
        for proof in (code_of(secret, 1), codes[0]):
            log_in(page, words, "jiro", NEXT)
            expect(code).to_be_visible()
            assert visit.violations() == []
            code.fill("111-111")
            page.get_by_role("button", name=words["continue"], exact=True).click()
            expect(page.get_by_role("alert").filter(has_text=words["wrongCode"])).to_be_visible()
            code.fill(proof)
            page.get_by_role("button", name=words["continue"], exact=True).click()
            page.get_by_role("button", name=words["logout"], exact=True).click()
            page.wait_for_url("**/login")


def _choose_password(page: Page, words: dict[str, str]) -> None:
    """Choose one's first own password; what is wrong with it is said at the field."""
    first = page.get_by_label(words["first"], exact=True)
    second = page.get_by_label(words["second"], exact=True)
    first.fill("short")
    second.fill("longer")
    expect(page.get_by_text(words["short"], exact=True)).to_be_visible()
    expect(page.get_by_text(words["other"], exact=True)).to_be_visible()
    first.fill(NEXT)
    second.fill(NEXT)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.fixture
def provider_ports() -> Iterator[tuple[int, OidcProvider]]:
    """A port for the API, and a provider that knows it; a process of its own."""
    port = free_port()
    provider = OidcProvider(free_port(), f"http://127.0.0.1:{port}/api/v1/session/oidc/callback")
    provider.start(SigningKey("first"))
    yield port, provider
    provider.stop()


def test_at_a_provider_of_identity(
    browser: Browser, console: None, database_url: str, provider_ports: tuple[int, OidcProvider]
) -> None:
    words = WORDS["ja"]
    port, provider = provider_ports
    rule = {"claim": "groups", "value": "machi-staff", "role": "staff", "organisation": "town"}
    document = {
        "id": "tests",
        "name": "職員認証",
        "issuer": provider.issuer,
        "client_id": "console",
        "rule": [rule],
    }
    known = read_provider(document, client_secret="the console's secret & more")
    login = LoginSettings(providers=(known,), local=False)
    with (
        serve_people(database_url, login, port=port) as people,
        visiting(browser, people.url, "ja") as visit,
    ):
        visit.page.context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
        page = visit.open("/login?next=/settings")
        assert page.get_by_label(words["password"]).count() == 0
        expect(page.get_by_role("link", name="職員認証でログイン")).to_be_visible()
        assert visit.violations() == []
        _log_in_at_provider(page, "nobody")
        expect(page.get_by_text("このアカウントには、まだ利用の許可がありません。")).to_be_visible()
        page.context.clear_cookies()
        page.goto(f"{people.url}/login?next=/settings")
        _log_in_at_provider(page, "hanako")
        page.wait_for_url(f"{people.url}/settings")
        expect(page.get_by_text("hanako of the tests").last).to_be_visible()
        expect(page.get_by_text("職員認証でログインしています。")).to_be_visible()
        assert visit.violations() == []
        visit.complaints.clear()  # of the provider's own pages


def _log_in_at_provider(page: Page, person: str) -> None:
    page.get_by_role("link", name="職員認証でログイン").click()
    page.locator("input[name=login]").fill(person)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("input[name=login]").wait_for(state="detached")
    page.locator("button[type=submit]").click()  # what it may tell us
