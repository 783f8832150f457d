"""The console's shell, まちの今, 公開 and the login, against the real API with simulated devices."""

import re
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from context_api.http.console_files import BaseMap
from context_api.http.settings import ApiSettings
from tests.console.conftest import WAIT_MS, Visit
from tests.integration.http.conftest import Serve
from tests.integration.http.town import fill_town

pytestmark = pytest.mark.browser
DEVICES = 40
expect.set_options(timeout=WAIT_MS)
WITHOUT_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
};
"""


@pytest.fixture
def town(settings: ApiSettings, serve: Serve, database_url: str, key: str) -> httpx.Client:
    """A town with a past, behind access control; its client holds an administrator's key."""
    fill_town(database_url, devices=DEVICES, hours=2, interval_s=600)
    client = serve(replace(settings, auth=True, stream_age_s=3_600.0))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def address_of(client: httpx.Client) -> str:
    return str(client.base_url)


def show_in_english(page: Page) -> None:
    page.get_by_role("button", name="English").click()
    page.locator("html[lang=en]").wait_for()


def test_the_town_as_it_is_now(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, address_of(town))
    page = visit.open(f"/#key={key}")
    page.wait_for_selector("[data-ready=true]")
    assert page.url.startswith(f"{visit.address}/")
    assert key not in page.url
    expect(page).to_have_title("まちの今 - まち")
    page.get_by_text(f"{DEVICES} か所", exact=True).wait_for()
    assert visit.violations() == []

    page.get_by_role("button", name="水").click()
    page.wait_for_url("**theme=water**")
    river = page.locator("li[aria-posinset='1'] button", has_text="河川の水位")
    river.press("Enter")
    panel = page.locator("aside:has(h2):has(table)")
    panel.locator("canvas").wait_for()
    expect(panel).to_contain_text(re.compile(r"\d m"))
    expect(panel).not_to_contain_text("urn:")
    assert visit.violations() == []
    panel.get_by_role("button", name="表で見る").click()
    expect(panel.locator("table >> nth=0 >> tbody tr").nth(3)).to_be_visible()
    page.keyboard.press("Escape")
    panel.wait_for(state="detached")

    show_in_english(page)
    page.get_by_role("button", name="All").wait_for()
    expect(page).to_have_title("The town now - まち")
    assert visit.violations() == []
    assert visit.is_quiet(), (visit.complaints, visit.hosts)


def test_what_changes_is_shown_and_can_be_stopped(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, address_of(town), key=key, dark=True)
    entity = town.get("/ngsi-ld/v1/entities?type=NoiseLevelObserved&limit=1").json()[0]["id"]
    page = visit.open(f"/?id={entity}")
    page.get_by_text("ライブ", exact=True).wait_for()
    change = {"LAeq": {"type": "Property", "value": 93.7, "unitCode": "2N"}}
    assert town.patch(f"/ngsi-ld/v1/entities/{entity}/attrs", json=change).status_code == 204
    page.locator("aside").get_by_text("93.7").first.wait_for()
    page.locator("aside").get_by_text("非常に大きい").first.wait_for()
    assert visit.violations() == []
    page.get_by_role("button", name="更新を止める").click()
    page.get_by_text("停止中").wait_for()
    assert visit.is_quiet(), (visit.complaints, visit.hosts)


def test_the_list_serves_where_there_is_no_map(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, address_of(town), key=key)
    visit.page.add_init_script(WITHOUT_WEBGL)
    page = visit.open("/")
    page.get_by_text("この端末では地図を表示できません").wait_for()
    page.get_by_label("さがす").fill("久米川")
    page.wait_for_url("**q=**")
    page.get_by_text(f"{DEVICES} か所", exact=True).wait_for(state="detached")
    rows = page.locator("li[aria-posinset]")
    expect(rows.filter(has_not_text="久米川")).to_have_count(0)
    expect(rows.first).to_be_visible()


def test_a_phone_shows_it_without_sideways_scrolling(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, address_of(town), key=key, width=360)
    page = visit.open("/")
    page.wait_for_selector("[data-ready=true]")
    assert not visit.is_too_wide()
    page.get_by_role("radio", name="一覧").check(force=True)
    page.locator("li[aria-posinset='1']").wait_for()
    page.get_by_role("button", name="メニュー").click()
    page.get_by_role("dialog").get_by_role("link", name="公開データ").click()
    page.wait_for_url("**/public")
    page.get_by_role("heading", level=1).wait_for()
    assert not visit.is_too_wide()


def test_one_comes_in_with_a_key_and_back_to_where_one_was(
    browser: Browser, town: httpx.Client, key: str
) -> None:
    visit = Visit(browser, address_of(town))
    page = visit.open("/?theme=traffic")
    page.wait_for_url("**/login?next=*")
    page.get_by_text("鍵（APIキー）で入る").click()
    assert visit.violations() == []
    page.get_by_label("鍵（APIキー）", exact=True).fill("machi_wrong")
    page.get_by_role("button", name="入る", exact=True).click()
    page.get_by_role("alert").get_by_text("この鍵では入れません").wait_for()
    page.get_by_label("鍵（APIキー）", exact=True).fill(key)
    page.get_by_role("button", name="入る", exact=True).click()
    page.wait_for_url("**/?theme=traffic*")
    page.get_by_role("button", name="鍵を忘れる").click()
    page.wait_for_url("**/login")
    assert page.evaluate("sessionStorage.getItem('machi.key')") is None


def test_nothing_is_public_until_something_is_granted(browser: Browser, town: httpx.Client) -> None:
    visit = Visit(browser, address_of(town))
    page = visit.open("/public")
    page.get_by_text("公開されているデータは、まだありません").wait_for()
    assert visit.violations() == []


def test_open_data_for_everybody(browser: Browser, town: httpx.Client) -> None:
    grant = {"organisation": "public", "types": ["AirQualityObserved"], "operations": ["read"]}
    made = town.post("/api/v1/grants", json=grant)
    assert made.status_code == 201, made.text
    visit = Visit(browser, address_of(town))
    page = visit.open("/public")
    page.get_by_role("heading", name="大気質").wait_for(timeout=WAIT_MS)
    expect(page.locator("h3")).to_have_count(1)
    page.wait_for_selector("[data-ready=true]")
    assert visit.violations() == []
    with page.expect_download() as download:
        page.get_by_role("button", name="いまの値を CSV で保存").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith("番号,名前,緯度,経度,日時 (JST)")
    assert "PM2.5 (µg/m³)" in text.splitlines()[0]
    show_in_english(page)
    page.get_by_role("heading", name="Air quality").wait_for()
    assert visit.violations() == []


def test_tiles_are_fetched_where_the_town_chose_some(
    browser: Browser, settings: ApiSettings, serve: Serve
) -> None:
    tiles = BaseMap(url="https://tiles.example.jp/{z}/{x}/{y}.png", attribution="国土地理院 <b>")
    page = serve(replace(settings, base_map=tiles)).get("/")
    assert "connect-src 'self' https://tiles.example.jp;" in page.headers["Content-Security-Policy"]
    assert "国土地理院 &lt;b&gt;" in page.text
    assert "tiles.example.jp" not in serve(settings).get("/").text
