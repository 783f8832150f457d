"""What the API refuses is said in the language of the page, with its own words folded below.

Nobody is led to a section that he may not see.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import Visit
from tests.console.town_pages import LANGUAGES, Town, browsing, serve_town
from tests.support import databases

pytestmark = pytest.mark.browser

URI = {"ja": "送り先のアドレス", "en": "Address of the receiver"}
SAVE = {"ja": "変更を保存する", "en": "Save the changes"}
REFUSED = {"ja": "この送り先へは送れません。", "en": "Nothing can be sent to this address."}
OWN = {"ja": "詳しい内容（英語）", "en": "What the server said"}
API_SAYS = "The endpoint's address is not public"
QUARANTINE = "隔離されたメッセージ"


@pytest.fixture(scope="module")
def town(console: None, postgres_url: str, database_template: str) -> Iterator[Town]:
    with ExitStack() as stack:
        url = stack.enter_context(databases.temporary_database(postgres_url, database_template))
        yield stack.enter_context(serve_town(url, is_empty=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_said_in_the_language_of_the_page(browser: Browser, town: Town, language: str) -> None:
    name = f"urn:ngsi-ld:Subscription:words-{language}"
    draft = {
        "id": name,
        "type": "Subscription",
        "entities": [{"type": "NoiseLevelObserved"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/in"}},
    }
    assert town.api.post("/ngsi-ld/v1/subscriptions", json=draft).status_code == 201
    with browsing(browser, town, language=language) as visit:
        page = visit.open(f"/subscriptions/{name}/edit")
        page.get_by_label(URI[language]).fill("http://10.0.0.5/in")
        page.get_by_role("button", name=SAVE[language], exact=True).click()
        said = page.get_by_role("alert").filter(has_text=OWN[language])
        expect(said).to_contain_text(REFUSED[language])
        expect(page.get_by_label(URI[language])).to_have_value("http://10.0.0.5/in")
        own = said.get_by_text(API_SAYS)
        expect(own).to_be_hidden()
        said.get_by_text(OWN[language]).click()
        expect(own).to_be_visible()
        assert visit.violations() == []


def test_nobody_is_led_to_a_section_that_is_closed_to_him(browser: Browser, town: Town) -> None:
    made = town.api.post(
        "/api/v1/keys", json={"organisation": "town", "role": "staff", "tenants": ["default"]}
    )
    assert made.status_code == 201, made.text
    for key, links in ((town.key, 1), (str(made.json()["key"]), 0)):
        visit = Visit(browser, town.url, key=key)
        page = visit.open("/devices")
        expect(page.get_by_role("link", name="一覧", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name=QUARANTINE, exact=True)).to_have_count(links)
        page.context.close()
