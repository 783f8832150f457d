"""設定: who one is, and a key made, shown once and made void."""

import pytest
from playwright.sync_api import Browser, expect

from tests.console.town_pages import LANGUAGES, browsing, serve_town

pytestmark = pytest.mark.browser
WORDS = {
    "ja": (
        "管理者",
        "新しい鍵の使いみち",
        "鍵を作る",
        "鍵が表示されるのは",
        "を無効にする",
        "この鍵を無効にする",
    ),
    "en": (
        "Administrator",
        "What the new key is for",
        "Make a key",
        "The key is shown this once",
        "Make void: ",
        "Make this key void",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_is_made_shown_once_and_made_void(
    browser: Browser, console: None, database_url: str, language: str
) -> None:
    role, label, make, once, void, sure = WORDS[language]
    with serve_town(database_url) as town, browsing(browser, town, language=language, width=360) as visit:
        page = visit.page
        page.goto(f"{town.url}/settings")
        expect(page.get_by_text(role, exact=True)).to_be_visible()
        page.goto(f"{town.url}/settings/keys")
        page.get_by_label(label).fill("webhook")
        page.get_by_role("button", name=make, exact=True).click()
        expect(page.get_by_text(once)).to_be_visible()
        assert visit.violations() == []
        assert not visit.is_too_wide()
        (made,) = [key for key in town.api.get("/api/v1/keys").json()["keys"] if key["label"] == "webhook"]
        name = f"{void}{made['prefix']}" if language == "en" else f"{made['prefix']} {void}"
        page.get_by_role("button", name=name).click()
        assert visit.violations() == []
        page.get_by_role("button", name=sure).click()
        expect(page.get_by_role("button", name=name)).to_have_count(0)
        assert town.api.get(f"/api/v1/keys/{made['prefix']}").json()["state"] == "revoked"
