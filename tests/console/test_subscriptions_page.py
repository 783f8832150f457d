"""購読: made by a form, tried, stopped by its receiver, explained and mended, in both languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Visit
from tests.console.town_pages import LANGUAGES, Town, browsing, notifying, serve_town
from tests.support.receiver import Answer, Receiver

pytestmark = pytest.mark.browser
WORDS = {
    "ja": {
        "new": "購読を作る",
        "create": "購読を作る",
        "empty": "まだ購読がありません",
        "type": "騒音",
        "watched": "騒音レベル (LAeq)",
        "condition": "条件を加える",
        "value": "値 (dB)",
        "count": "いま 1 か所が合います",
        "uri": "送り先のアドレス",
        "needed": "送り先のアドレスを入れてください。",
        "flaws": "直すところが 2 か所あります",
        "test": "試しに送る",
        "arrived": "届きました",
        "stopped": "送り先が断ったため停止中",
        "gone": "送り先のアドレスが移ったか、なくなった（410）",
        "edit": "変更する",
        "save": "変更を保存する",
        "resume": "再開する",
        "resumed": "再開しました。",
        "well": "届いています",
        "dead": "届けられなかった通知をすべて送り直す",
        "choose": "南口の通知を選ぶ",
        "chosen": "選んだ 1 件を送り直す",
        "again": "件を送り直しています",
        "pause": "一時停止",
        "paused": "一時停止中",
    },
    "en": {
        "new": "Make a subscription",
        "create": "Make the subscription",
        "empty": "There are no subscriptions yet",
        "type": "Noise",
        "watched": "Noise (LAeq)",
        "condition": "Add a condition",
        "value": "Value (dB)",
        "count": "Places that match now: 1",
        "uri": "Address of the receiver",
        "needed": "Enter the address of the receiver.",
        "flaws": "To be mended: 2",
        "test": "Send a test",
        "arrived": "It arrived",
        "stopped": "Stopped: the receiver refused",
        "gone": "The receiver's address has moved or is gone (410)",
        "edit": "Change",
        "save": "Save the changes",
        "resume": "Resume",
        "resumed": "It goes on.",
        "well": "Delivering",
        "dead": "Send all again that were given up",
        "choose": "Choose the notification of 南口",
        "chosen": "Send the 1 chosen again",
        "again": "is on its way again",
        "pause": "Pause",
        "paused": "Paused",
    },
}


@pytest.fixture
def town(console: None, database_url: str) -> Iterator[Town]:
    with serve_town(database_url) as town:
        yield town


def louder(town: Town, value: float) -> None:
    document = {"LAeq": {"type": "Property", "value": value, "unitCode": "2N"}}
    path = "/ngsi-ld/v1/entities/urn:ngsi-ld:NoiseLevelObserved:south/attrs"
    assert town.api.patch(path, json=document).status_code == 204


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_webhook_is_made_stops_is_explained_and_mended(
    browser: Browser, town: Town, database_url: str, http_receiver: Receiver, language: str
) -> None:
    words = WORDS[language]
    with browsing(browser, town, language=language) as visit, notifying(database_url):
        _make(visit, town, words, http_receiver.url)
        _try(visit, words, http_receiver)
        http_receiver.answer(410)
        louder(town, 70)
        _explain(visit, words)
        _mend(visit, town, words, http_receiver)


def _make(visit: Visit, town: Town, words: dict[str, str], address: str) -> None:
    page = visit.page
    page.goto(f"{town.url}/subscriptions")
    expect(page.get_by_role("heading", name=words["empty"])).to_be_visible()
    assert visit.violations() == []
    page.get_by_role("button", name=words["new"]).click()
    page.get_by_label(words["type"], exact=True).check()
    page.get_by_label(words["watched"]).check()
    page.get_by_role("button", name=words["condition"]).click()
    page.get_by_role("button", name=words["create"]).click()
    expect(page.get_by_text(words["flaws"])).to_be_visible()
    expect(page.get_by_text(words["needed"])).to_be_visible()
    assert visit.violations() == []
    expect(page.get_by_label(words["watched"])).to_be_checked()
    page.get_by_label(words["value"]).fill("６０")
    expect(page.get_by_text(words["count"])).to_be_visible()
    page.get_by_label(words["uri"]).fill(f"{address}/old")
    page.get_by_role("button", name=words["create"]).click()


def _try(visit: Visit, words: dict[str, str], receiver: Receiver) -> None:
    page = visit.page
    page.get_by_role("button", name=words["test"]).first.click()
    expect(page.get_by_text(words["arrived"])).to_be_visible()
    (request,) = receiver.wait_for(1)
    assert request.headers["machi-test"] == "1"
    assert request.json["data"][0]["LAeq"] == 65.0
    assert visit.violations() == []


def _explain(visit: Visit, words: dict[str, str]) -> None:
    page = visit.page
    expect(page.get_by_text(words["stopped"]).first).to_be_visible()
    expect(page.get_by_text(words["gone"]).first).to_be_visible()
    assert visit.violations() == []


def _mend(visit: Visit, town: Town, words: dict[str, str], receiver: Receiver) -> None:
    """The address is changed, what was given up is sent again, and the list says that all is well."""
    page = visit.page
    page.get_by_role("button", name=words["edit"], exact=True).first.click()
    expect(page.get_by_label(words["value"])).to_have_value("60")
    page.get_by_label(words["uri"]).fill(f"{receiver.url}/new")
    page.get_by_role("button", name=words["save"]).click()
    page.get_by_role("button", name=words["resume"]).first.click()
    expect(page.get_by_text(words["resumed"])).to_be_visible()
    if words is WORDS["ja"]:
        page.get_by_role("button", name=words["dead"]).click()
    else:
        page.get_by_label(words["choose"]).check()
        page.get_by_role("button", name=words["chosen"]).click()
    expect(page.get_by_text(words["again"])).to_be_visible()
    replayed = receiver.wait_for(3)[-1]
    assert (replayed.path, replayed.json["data"][0]["LAeq"]) == ("/new", 70.0)
    _check_list(page, town, words["well"])
    assert visit.violations() == []


def _check_list(page: Page, town: Town, state: str) -> None:
    page.goto(f"{town.url}/subscriptions")
    expect(page.get_by_text(state, exact=True)).to_be_visible()


def test_one_can_be_paused_and_is_shown_on_a_phone(
    browser: Browser, town: Town, http_receiver: Receiver
) -> None:
    subscribe(town, "騒音の見守り", http_receiver.url)
    words = WORDS["ja"]
    with browsing(browser, town, width=360, dark=True) as visit:
        page = visit.page
        page.goto(f"{town.url}/subscriptions")
        page.get_by_role("link", name="騒音の見守り").click()
        page.get_by_role("button", name=words["pause"]).click()
        expect(page.get_by_text(words["paused"], exact=True).first).to_be_visible()
        assert not visit.is_too_wide()
        assert visit.violations() == []


def test_what_is_not_allowed_is_said_and_what_was_typed_stays(browser: Browser, town: Town) -> None:
    words = WORDS["ja"]
    with browsing(browser, town) as visit:
        page = visit.page
        page.goto(f"{town.url}/subscriptions/new")
        page.get_by_label(words["type"], exact=True).check()
        page.get_by_label(words["uri"]).fill("http://10.0.0.1/in")
        page.get_by_role("button", name=words["create"]).click()
        expect(page.get_by_text("入れたものは残っています").first).to_be_visible()
        expect(page.get_by_label(words["uri"])).to_have_value("http://10.0.0.1/in")
        expect(page.get_by_label(words["uri"])).to_have_attribute("aria-invalid", "true")
        assert visit.violations() == []


def subscribe(town: Town, name: str, address: str) -> None:
    document = {
        "type": "Subscription",
        "subscriptionName": name,
        "entities": [{"type": "NoiseLevelObserved"}],
        "notification": {"endpoint": {"uri": address}},
    }
    assert town.api.post("/ngsi-ld/v1/subscriptions", json=document).status_code == 201


def test_a_refused_key_is_named_whose_it_is_and_what_to_do(
    browser: Browser, town: Town, database_url: str, http_receiver: Receiver
) -> None:
    http_receiver.always = Answer(401)
    subscribe(town, "交通情報サイト", http_receiver.url)
    short = "鍵や合言葉が受け付けられない（401）"
    with browsing(browser, town) as visit, notifying(database_url):
        page = visit.page
        louder(town, 70)
        http_receiver.wait_for(3)
        page.goto(f"{town.url}/subscriptions")
        expect(page.get_by_text(short)).to_be_visible()
        assert visit.violations() == []
        page.get_by_role("link", name="交通情報サイト").click()
        expect(
            page.get_by_text("この購読の設定（アドレスや鍵）が、送り先と合っていません。").first
        ).to_be_visible()
        expect(page.get_by_text("送り先の担当者に正しい鍵をたずね")).to_be_visible()
        reasons = page.get_by_role("region", name="理由ごとの件数").get_by_role("row", name=short)
        expect(reasons.get_by_role("cell").first).to_have_text("1")
        assert visit.violations() == []
    http_receiver.always = Answer()


def test_what_is_rarely_asked_for_reaches_the_api_and_comes_back(browser: Browser, town: Town) -> None:
    words = WORDS["ja"]
    with browsing(browser, town) as visit:
        page = visit.page
        page.goto(f"{town.url}/subscriptions/new")
        page.get_by_label(words["type"], exact=True).check()
        page.get_by_text("詳しい条件").click()
        page.get_by_label("番号（ID）の型").fill("(")
        page.get_by_label("区分（scope）").fill("/town/north/#")
        page.get_by_label("場所が消えた").check()
        page.get_by_label(words["uri"]).fill("mqtt://127.0.0.1:1883/town/noise")
        page.get_by_label("MQTT の届け方").select_option("2")
        page.get_by_label("単位と時刻つき").check()
        page.get_by_label("選んだものだけ").check()
        page.get_by_role("group", name="送るものを選ぶ").get_by_label(words["watched"]).check()
        page.get_by_text("詳しい送り方").click()
        page.get_by_label("期限").fill("2037-03-31T23:59")
        page.get_by_label("決まった間隔で送る").fill("６００")
        page.get_by_label("変わる前の値も送る").check()
        page.get_by_role("button", name=words["create"]).click()
        expect(page.get_by_text("正規表現として読めません")).to_be_visible()
        assert visit.violations() == []
        page.get_by_label("番号（ID）の型").fill("(north|south)$")
        page.get_by_role("button", name=words["create"]).click()
        expect(page.get_by_text("600 秒ごと")).to_be_visible()
        _check_stored(town)
        page.get_by_role("button", name=words["edit"], exact=True).first.click()
        expect(page.get_by_label("期限")).to_have_value("2037-03-31T23:59")
        expect(page.get_by_label("番号（ID）の型")).to_have_value("(north|south)$")


def _check_stored(town: Town) -> None:
    (stored,) = town.api.get("/ngsi-ld/v1/subscriptions").json()
    notification = stored["notification"]
    assert stored["entities"] == [{"type": "NoiseLevelObserved", "idPattern": "(north|south)$"}]
    assert stored["scopeQ"] == "/town/north/#"
    assert set(stored["notificationTrigger"]) == {"attributeCreated", "attributeUpdated", "entityDeleted"}
    assert stored["timeInterval"] == 600
    assert stored["expiresAt"].startswith("2037-03-31T14:59:00")
    assert (notification["attributes"], notification["format"]) == (["LAeq"], "concise")
    assert notification["showChanges"] is True
    assert notification["endpoint"]["notifierInfo"] == [{"key": "MQTT-QoS", "value": "2"}]
