"""設定: one's own login, keys of the API, and the accounts of people."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from context_api.http.login.settings import LoginSettings
from tests.console.conftest import Visit
from tests.console.people import NEXT, PASSWORD, People, code_of, log_in, serve_people, visiting
from tests.console.town_pages import LANGUAGES

pytestmark = pytest.mark.browser
WORDS = {
    "ja": {
        "login": "ログイン",
        "name": "利用者名",
        "password": "パスワード",
        "role": "担当するテナントのすべてを扱えます。",
        "current": "現在のパスワード",
        "next": "新しいパスワード",
        "again": "新しいパスワード（もう一度）",
        "change": "パスワードを変更する",
        "differs": "上の新しいパスワードと違います。",
        "wrong": "現在のパスワードが違います。",
        "done": "パスワードを変更しました。",
        "addApp": "認証アプリを登録する",
        "goOn": "次へ",
        "picture": "認証アプリで読み取るQRコード",
        "code": "アプリに表示された6けたの番号",
        "add": "登録する",
        "wrongCode": "番号が違います。",
        "codes": "回復用の番号",
        "shut": "閉じる",
        "left": "回復用の番号: 残り10個",
        "removeApp": "認証アプリの登録をやめる",
        "remove": "登録をやめる",
        "noApp": "登録していません",
        "this": "この端末",
        "end": "のログインを終了する",
        "sure": "終了する",
        "copy": "コピー",
        "make": "鍵を作る",
        "order": "この内容で作る",
        "purpose": "使いみち",
        "purposeMissing": "使いみちを入れてください。",
        "term": "30日",
        "newKey": "新しい鍵",
        "soon": "あと29日で期限",
        "rotate": "取り替える",
        "rotated": "取り替え済み",
        "week": "7日",
        "revoke": "無効にする",
        "revokeSure": "この鍵を無効にする",
        "void": "無効・期限切れの鍵も表示する",
        "mayNot": "いまの役割では鍵を作れません。",
    },
    "en": {
        "login": "Log in",
        "name": "Name",
        "password": "Password",
        "role": "May do everything in their tenants",
        "current": "Current password",
        "next": "New password",
        "again": "New password, once more",
        "change": "Change the password",
        "differs": "This differs from the new password above.",
        "wrong": "The current password is wrong.",
        "done": "The password is changed.",
        "addApp": "Add an authenticator app",
        "goOn": "Next",
        "picture": "QR code for the authenticator app",
        "code": "Six digits that the app shows",
        "add": "Add it",
        "wrongCode": "This is not the code.",
        "codes": "Recovery codes",
        "shut": "Close",
        "left": "Recovery codes left: 10",
        "removeApp": "Remove the app",
        "remove": "Remove the app",
        "noApp": "There is none",
        "this": "this one",
        "end": "End the login of",
        "sure": "End the login",
        "copy": "Copy",
        "make": "Make a key",
        "order": "Make this key",
        "purpose": "Purpose",
        "purposeMissing": "Say what it is for",
        "term": "30 days",
        "newKey": "The new key",
        "soon": "Ends in 29 d",
        "rotate": "Replace",
        "rotated": "Replaced",
        "week": "7 days",
        "revoke": "Make void",
        "revokeSure": "Make this key void",
        "void": "Show keys that are void or expired",
        "mayNot": "Your role makes no keys.",
    },
}
OPTIONAL = LoginSettings(second_factor="optional")


@pytest.fixture
def people(console: None, database_url: str) -> Iterator[People]:
    with serve_people(database_url, OPTIONAL) as people:
        yield people


@pytest.mark.parametrize("language", LANGUAGES)
def test_ones_own_login(browser: Browser, people: People, language: str) -> None:
    words = WORDS[language]
    elsewhere = people.api.post("/api/v1/session", json={"name": "hanako", "password": PASSWORD})
    assert elsewhere.status_code == 200
    width = 360 if language == "ja" else 1_280
    with visiting(browser, people.url, language, width=width) as visit:
        page = visit.open("/login?next=/settings")
        log_in(page, words, "hanako")
        expect(page.get_by_text(words["role"])).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(3)  # the head, this one, and that of elsewhere
        expect(page.get_by_text(words["this"], exact=True)).to_have_count(1)
        assert visit.violations() == []
        assert not visit.is_too_wide()
        page.get_by_role("button", name=words["end"]).click()
        page.get_by_role("dialog").get_by_role("button", name=words["sure"], exact=True).click()
        expect(page.get_by_role("row")).to_have_count(2)
        _change_password(page, words)
        _add_and_remove_an_app(visit, words)
    old = people.api.post("/api/v1/session", json={"name": "hanako", "password": PASSWORD})
    new = people.api.post("/api/v1/session", json={"name": "hanako", "password": NEXT})
    assert (old.status_code, new.status_code) == (401, 200)


def _change_password(page: Page, words: dict[str, str]) -> None:
    current, new, again = (
        page.get_by_label(words[name], exact=True) for name in ("current", "next", "again")
    )
    change = page.get_by_role("button", name=words["change"], exact=True)
    current.fill("not this one at all")
    new.fill(NEXT)
    again.fill(PASSWORD)
    change.click()
    expect(page.get_by_text(words["differs"])).to_be_visible()
    again.fill(NEXT)
    change.click()
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    current.fill(PASSWORD)
    change.click()
    expect(page.get_by_text(words["done"])).to_be_visible()
    expect(current).to_have_value("")


def _add_and_remove_an_app(visit: Visit, words: dict[str, str]) -> None:
    page = visit.page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name=words["addApp"], exact=True).click()
    dialog.get_by_label(words["current"]).fill(NEXT)
    dialog.get_by_role("button", name=words["goOn"], exact=True).click()
    picture = dialog.get_by_role("img", name=words["picture"])
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert visit.violations() == []
    secret = dialog.locator("code").inner_text()
    dialog.get_by_label(words["code"]).fill("000000")
    dialog.get_by_role("button", name=words["add"], exact=True).click()
    expect(dialog.get_by_text(words["wrongCode"])).to_be_visible()
    dialog.get_by_label(words["code"]).fill(code_of(secret))
    dialog.get_by_role("button", name=words["add"], exact=True).click()
    expect(page.get_by_role("dialog", name=words["codes"])).to_be_visible()
    assert len(dialog.locator("code").inner_text().split()) == 10
    assert visit.violations() == []
    _copy_and_shut(page, words)
    expect(page.get_by_text(words["left"])).to_be_visible()
    page.get_by_role("button", name=words["removeApp"], exact=True).click()
    dialog.get_by_label(words["current"]).fill(NEXT)
    dialog.get_by_role("button", name=words["remove"], exact=True).click()
    expect(page.get_by_text(words["noApp"], exact=True)).to_be_visible()


def _copy_and_shut(page: Page, words: dict[str, str]) -> str:
    """Keep what is shown this once; gives it. Before that, the dialog asks before it closes, each time."""
    dialog = page.get_by_role("dialog")
    asked: list[str] = []

    def stay(question: Dialog) -> None:
        asked.append(question.message)
        question.dismiss()

    for _ in range(2):
        page.once("dialog", stay)
        page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    assert len(asked) == 2
    dialog.get_by_role("button", name=words["copy"]).click()
    text = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name=words["shut"], exact=True).last.click()
    expect(dialog).to_have_count(0)
    assert page.evaluate("navigator.clipboard.readText()") == text
    return text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_is_made_replaced_and_made_void(browser: Browser, people: People, language: str) -> None:
    words = WORDS[language]
    with visiting(browser, people.url, language, width=360 if language == "en" else 1_280) as visit:
        page = visit.open(f"/settings/keys#key={people.key}")
        page.get_by_role("button", name=words["make"], exact=True).click()
        dialog = page.get_by_role("dialog")
        order = dialog.get_by_role("button", name=words["order"])
        order.click()
        expect(dialog.get_by_text(words["purposeMissing"])).to_be_visible()
        dialog.get_by_label(words["purpose"]).fill("webhook")
        dialog.get_by_role("radio", name=words["term"], exact=True).check()
        assert visit.violations() == []
        order.click()
        expect(page.get_by_role("dialog", name=words["newKey"])).to_be_visible()
        assert visit.violations() == []
        assert not visit.is_too_wide()
        first = _copy_and_shut(page, words)
        opened = {"Authorization": f"Bearer {first}"}
        me = people.api.get("/api/v1/me", headers=opened).json()
        assert (me["role"], me["key"]["label"]) == ("operator", "webhook")

        row = page.get_by_role("row").filter(has_text=me["key"]["prefix"])
        expect(row.get_by_text(words["soon"])).to_be_visible()
        assert visit.violations() == []
        row.get_by_role("button", name=words["rotate"]).click()
        dialog.get_by_role("radio", name=words["week"], exact=True).check()
        assert visit.violations() == []
        dialog.get_by_role("button", name=words["rotate"], exact=True).or_(
            dialog.get_by_role("button", name="Replace it", exact=True)
        ).click()
        expect(page.get_by_role("dialog", name=words["newKey"])).to_be_visible()
        second = _copy_and_shut(page, words)
        assert second != first
        expect(row.get_by_text(words["rotated"])).to_be_visible()
        assert people.api.get("/api/v1/me", headers=opened).status_code == 200  # for a week

        row.get_by_role("button", name=words["revoke"]).click()
        assert visit.violations() == []
        dialog.get_by_role("button", name=words["revokeSure"]).click()
        expect(row).to_have_count(0)
        assert people.api.get(f"/api/v1/keys/{me['key']['prefix']}").json()["state"] == "revoked"
        page.get_by_text(words["void"]).click()
        expect(row).to_have_count(1)
        assert not visit.is_too_wide()


def test_the_key_in_use_is_replaced_without_losing_the_tab_and_staff_make_none(
    browser: Browser, people: People
) -> None:
    words = WORDS["ja"]
    made = people.api.post("/api/v1/keys", json={"role": "operator", "label": "own", "days": 90}).json()
    with visiting(browser, people.url, "ja") as visit:
        page = visit.open(f"/settings/keys#key={made['key']}")
        row = page.get_by_role("row").filter(has_text=made["prefix"])
        row.get_by_role("button", name=words["rotate"]).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("radio", name="すぐ止める", exact=True).check()
        dialog.get_by_role("button", name=words["rotate"], exact=True).click()
        expect(page.get_by_text("この画面は、すでに新しい鍵に切り替わっています。")).to_be_visible()
        kept = _copy_and_shut(page, words)
        assert page.evaluate("sessionStorage.getItem('machi.key')") == kept
        page.reload()
        expect(page.get_by_text("いま使っている鍵")).to_be_visible()
    service = people.api.post("/api/v1/keys", json={"role": "service", "label": "robot", "days": 9}).json()
    with visiting(browser, people.url, "ja") as visit:
        page = visit.open(f"/settings/keys#key={service['key']}")
        expect(page.get_by_text(words["mayNot"])).to_be_visible()
        expect(page.get_by_role("button", name=words["make"])).to_have_count(0)
        assert visit.violations() == []


def test_a_person_is_added_comes_in_by_the_code_and_is_shut_out(browser: Browser, people: People) -> None:
    words = WORDS["ja"]
    with (
        visiting(browser, people.url, "ja") as desk,
        visiting(browser, people.url, "ja", width=360) as phone,
    ):
        page = desk.open("/login?next=/settings/accounts")
        log_in(page, words, "hanako")
        page.get_by_role("button", name="利用者を登録する").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("利用者名").fill("jiro")
        dialog.get_by_role("button", name="登録する", exact=True).click()
        expect(dialog.get_by_text("この利用者名はすでに使われています。")).to_be_visible()
        dialog.get_by_label("利用者名").fill("Ｓaburo")
        dialog.get_by_label("氏名").fill("青葉 三郎")
        assert desk.violations() == []
        dialog.get_by_role("button", name="登録する", exact=True).click()
        expect(page.get_by_role("dialog", name="本人に渡す内容")).to_be_visible()
        address, name, code = dialog.locator("code").all_inner_texts()
        assert (address, name) == (f"{people.url}/login?code=saburo", "saburo")
        assert desk.violations() == []
        dialog.get_by_role("button", name="ファイルに保存").click()
        dialog.get_by_role("button", name="閉じる", exact=True).last.click()
        row = page.get_by_role("row").filter(has_text="青葉 三郎")
        expect(row.get_by_text("パスワード未設定")).to_be_visible()
        assert desk.violations() == []

        _come_in_by(phone, address, code)
        page.reload()
        expect(row.get_by_text("利用できます")).to_be_visible()
        row.get_by_role("button", name="青葉 三郎さんの内容を変更").click()
        dialog.get_by_label("役割").select_option("operator")
        expect(dialog.get_by_text("ログイン中の画面にも数秒で反映されます。")).to_be_visible()
        assert desk.violations() == []
        dialog.get_by_role("button", name="変更を保存する").click()
        expect(row.get_by_text("運用者").first).to_be_attached()
        row.get_by_role("button", name="青葉 三郎さんの内容を変更").click()
        page.get_by_role("button", name="利用を停止する").click()
        assert desk.violations() == []
        dialog.get_by_role("button", name="停止する", exact=True).click()
        expect(row.get_by_text("停止中")).to_be_visible()
        phone.page.reload()
        expect(phone.page.get_by_role("heading", name="ログイン")).to_be_visible()
        (account,) = [
            one for one in people.api.get("/api/v1/accounts").json()["accounts"] if one["name"] == "saburo"
        ]
        assert (account["role"], account["disabledAt"] is not None) == ("operator", True)


def _come_in_by(visit: Visit, address: str, code: str) -> None:
    """As the person who was handed a code would, on a phone."""
    page = visit.page
    page.goto(address)
    form = page.get_by_role("form", name="管理者から受け取った番号でパスワードを決める")
    form.get_by_label("受け取った番号").fill(code)
    form.get_by_label("新しいパスワード").fill(NEXT)
    form.get_by_label("もう一度").fill(NEXT)
    assert visit.violations() == []
    assert not visit.is_too_wide()
    form.get_by_role("button").click()
    page.wait_for_url(lambda url: "/login" not in url)
