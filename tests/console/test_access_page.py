"""組織, データの公開範囲: a partner is granted traffic only, invited, comes in, and is shut out."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Visit
from tests.console.town_pages import Town, browsing, serve_town

pytestmark = pytest.mark.browser

ENTITIES = "/ngsi-ld/v1/entities"
TRAFFIC = "urn:ngsi-ld:TrafficFlowObserved:station"


@dataclass(frozen=True)
class Words:
    """What is pressed and read."""

    settings: str
    organisations: str
    add: str
    create: str
    name: str
    choose: str
    traffic: str
    grant: str
    counted: str
    sentence: str
    invite: str
    make: str
    message: str
    close: str
    take: str
    enter: str
    mine: str
    can: str
    cannot: str
    why_not: str
    exactly: str
    grants: str
    back: str
    sure: str
    nothing: str
    disable: str
    disable_sure: str
    enable: str
    delete: str
    delete_sure: str
    in_use: str


WORDS = {
    "ja": Words(
        settings="設定",
        organisations="組織",
        add="組織を追加",
        create="組織を追加",
        name="名前",
        choose="データを選ぶ",
        traffic="交通量",
        grant="この内容で許可する",
        counted="いま 1 件が対象です",
        sentence="北山センサーは、交通量のいまの値を見られます。",
        invite="招待する",
        make="招待コードを作る",
        message="招待のメッセージ",
        close="閉じる",
        take="鍵を受け取る",
        enter="この鍵で画面に入る",
        mine="いま見られるデータの種類",
        can="北山センサーは、交通量のいまの値を見られます",
        cannot="北山センサーは、騒音のいまの値を見られません",
        why_not="この種類のデータの許可がないため、結果は空になります。",
        exactly="この内容の許可を追加する",
        grants="データの公開範囲",
        back="許可 1 を取り消す",
        sure="許可を取り消す",
        nothing="許可はまだありません",
        disable="組織を停止",
        disable_sure="停止する",
        enable="組織を再開",
        delete="組織を削除",
        delete_sure="削除する",
        in_use="残っているため、削除できません",
    ),
    "en": Words(
        settings="Settings",
        organisations="Organisations",
        add="Add an organisation",
        create="Add the organisation",
        name="Name",
        choose="Choose data",
        traffic="Traffic",
        grant="Grant this",
        counted="It is about 1 item now",
        sentence="北山センサー may see current values: Traffic.",
        invite="Invite",
        make="Make the code",
        message="The message",
        close="Close",
        take="Take the key",
        enter="Enter the console with this key",
        mine="Kinds of data that you see now",
        can="北山センサー can see current values: Traffic",
        cannot="北山センサー cannot see current values: Noise",
        why_not="No grant is about this kind of data: the answer is empty.",
        exactly="Grant exactly this",
        grants="Who may see what",
        back="Take back grant 1",
        sure="Take the grant back",
        nothing="There are no grants yet",
        disable="Disable the organisation",
        disable_sure="Disable",
        enable="Enable the organisation",
        delete="Delete the organisation",
        delete_sure="Delete",
        in_use="so that it cannot be deleted",
    ),
}


def _fill(town: Town) -> None:
    """Add traffic beside the noise that the town has."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.46, 35.75]}}
    traffic = {
        "id": TRAFFIC,
        "type": "TrafficFlowObserved",
        "name": {"type": "Property", "value": "駅前交差点"},
        "intensity": {"type": "Property", "value": 12, "observedAt": at},
        "location": place,
    }
    assert town.api.post(ENTITIES, json=traffic).status_code == 201


def _check(visit: Visit) -> None:
    visit.page.evaluate("scrollTo(0, 0)")  # what lies below the bar at the top counts as small
    assert visit.violations() == []
    assert not visit.is_too_wide()


def _open_settings(page: Page, words: Words, width: int) -> None:
    if width < 700:
        page.get_by_role("button", name="Menu").or_(page.get_by_role("button", name="メニュー")).click()
        page.get_by_role("dialog").get_by_role("link", name=words.settings).click()
    else:
        page.get_by_role("link", name=words.settings, exact=True).click()


def _make_partner(visit: Visit, words: Words, width: int) -> None:
    page = visit.page
    _open_settings(page, words, width)
    page.get_by_role("link", name=words.organisations, exact=True).click()
    page.get_by_role("button", name=words.add).click()
    page.get_by_label(words.name, exact=True).fill("北山センサー")
    _check(visit)
    page.get_by_role("button", name=words.create).click()
    expect(page.get_by_role("link", name=words.choose)).to_be_visible()
    _check(visit)


def _grant_traffic(visit: Visit, words: Words) -> None:
    page = visit.page
    page.get_by_role("link", name=words.choose).click()
    page.get_by_role("button", name=words.grant).click()  # nothing is chosen yet: said, and nothing sent
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.get_by_role("checkbox", name=words.traffic, exact=True).check()
    expect(page.get_by_text(words.counted)).to_be_visible()
    expect(page.get_by_text(words.sentence)).to_be_visible()
    _check(visit)
    page.get_by_role("button", name=words.grant).click()
    expect(page.get_by_text(words.sentence)).to_be_visible()


def _invite(visit: Visit, words: Words) -> str:
    """Invite, and give the address that stands in the message."""
    page = visit.page
    page.get_by_role("button", name=words.invite, exact=True).first.click()
    _check(visit)
    page.get_by_role("button", name=words.make).click()
    message = page.get_by_label(words.message)
    expect(message).to_be_visible()
    _check(visit)
    text = message.inner_text()
    page.get_by_role("button", name=words.close, exact=True).last.click()
    expect(message).to_have_count(0)
    (address,) = [line for line in text.splitlines() if "/invitation#machi_invite_" in line]
    return address


def _come_in(browser: Browser, town: Town, words: Words, language: str, address: str) -> str:
    """Take the key as the partner does, look around in the console, and give the key."""
    visit = Visit(browser, town.url, width=360)
    page = visit.page
    page.context.add_init_script(f"localStorage.setItem('machi.language', {language!r})")
    try:
        page.goto(address)
        expect(page.get_by_role("button", name=words.take)).to_be_visible()
        assert "machi_invite" not in page.url
        _check(visit)
        page.get_by_role("button", name=words.take).click()
        key = page.locator("code", has_text="machi_").first.inner_text()
        _check(visit)
        page.once("dialog", lambda dialog: dialog.accept())  # the key was not copied: one is asked
        page.get_by_role("button", name=words.enter).click()
        expect(page.get_by_role("button", name=words.take)).to_have_count(0)
        page.goto(f"{town.url}/settings/organisations")
        expect(page.get_by_role("heading", name=words.mine)).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text=words.traffic)).to_have_count(1)
        _check(visit)
        return key
    finally:
        page.context.close()


def _check_rights(town: Town, key: str) -> None:
    with httpx.Client(
        base_url=town.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ) as partner:
        assert partner.get(f"{ENTITIES}/{TRAFFIC}").json()["intensity"]["value"] == 12
        assert [one["id"] for one in partner.get(f"{ENTITIES}?type=TrafficFlowObserved").json()] == [TRAFFIC]
        assert partner.get(f"{ENTITIES}?type=NoiseLevelObserved").json() == []
        assert partner.get(f"{ENTITIES}/urn:ngsi-ld:NoiseLevelObserved:north").status_code == 404
        assert partner.get(f"/ngsi-ld/v1/temporal/entities/{TRAFFIC}").status_code in (403, 404)
        change = {"intensity": {"type": "Property", "value": 1}}
        assert partner.patch(f"{ENTITIES}/{TRAFFIC}/attrs", json=change).status_code == 403
        assert partner.delete(f"{ENTITIES}/{TRAFFIC}").status_code == 403
        assert partner.get("/api/v1/grants").status_code == 403


def _ask_why(visit: Visit, town: Town, words: Words) -> None:
    page = visit.page
    page.goto(f"{town.url}/settings/grants/why?to=partner-1&type=TrafficFlowObserved")
    expect(page.get_by_role("heading", name=words.can)).to_be_visible()
    _check(visit)
    page.goto(f"{town.url}/settings/grants/why?to=partner-1&type=NoiseLevelObserved")
    expect(page.get_by_role("heading", name=words.cannot)).to_be_visible()
    expect(page.get_by_text(words.why_not)).to_be_visible()
    _check(visit)
    page.get_by_role("link", name=words.exactly).click()
    expect(page.get_by_role("button", name=words.grant)).to_be_visible()
    expect(page.locator("input[type=checkbox]:checked")).to_have_count(2)  # noise, current values


def _take_back(visit: Visit, town: Town, words: Words) -> None:
    page = visit.page
    page.goto(f"{town.url}/settings/grants")
    expect(page.get_by_text(words.sentence)).to_be_visible()
    _check(visit)
    page.get_by_role("button", name=words.back).click()
    _check(visit)
    page.get_by_role("button", name=words.sure, exact=True).click()
    expect(page.get_by_text(words.nothing)).to_be_visible()
    assert town.api.get("/api/v1/grants").json() == {"grants": []}


def _shut_out(visit: Visit, town: Town, words: Words) -> None:
    page = visit.page
    page.goto(f"{town.url}/settings/organisations/partner-1")
    page.get_by_role("button", name=words.delete).click()
    page.get_by_role("dialog").get_by_role("button", name=words.delete_sure, exact=True).click()
    expect(page.get_by_text(words.in_use)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=words.disable).click()
    _check(visit)
    page.get_by_role("dialog").get_by_role("button", name=words.disable_sure, exact=True).click()
    expect(page.get_by_role("button", name=words.enable)).to_be_visible()
    assert town.api.get("/api/v1/organisations/partner-1").json()["disabledAt"] is not None


@pytest.mark.parametrize(("language", "width"), [("ja", 1_280), ("en", 360)])
def test_a_partner_reads_traffic_only(
    browser: Browser, console: None, database_url: str, language: str, width: int
) -> None:
    words = WORDS[language]
    with (
        serve_town(database_url) as town,
        browsing(browser, town, language=language, width=width, dark=width < 700) as visit,
    ):
        _fill(town)
        visit.open("/")
        _make_partner(visit, words, width)
        _grant_traffic(visit, words)
        address = _invite(visit, words)
        assert address.startswith(town.url)
        key = _come_in(browser, town, words, language, address)
        _check_rights(town, key)
        _ask_why(visit, town, words)
        _take_back(visit, town, words)
        headers = {"Authorization": f"Bearer {key}"}
        assert (
            httpx.get(f"{town.url}{ENTITIES}/{TRAFFIC}", headers=headers, trust_env=False).status_code == 403
        )
        _shut_out(visit, town, words)
