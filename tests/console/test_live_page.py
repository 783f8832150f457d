"""まちの今 in a browser: a stream that is cut, deep links, a drawn area, what is kept for the next visit."""

from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Browser, expect

from context_api.http.settings import ApiSettings
from tests.console.conftest import WAIT_MS, Visit
from tests.console.town_pages import PLACES, fill
from tests.integration.http.conftest import Serve

pytestmark = pytest.mark.browser
NORTH = "urn:ngsi-ld:NoiseLevelObserved:north"
STREAM_AGE_S = 4.0
expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def town(settings: ApiSettings, serve: Serve, key: str) -> httpx.Client:
    """Three places; streams that the server ends after some seconds."""
    client = serve(replace(settings, auth=True, stream_age_s=STREAM_AGE_S))
    client.headers["Authorization"] = f"Bearer {key}"
    fill(client)
    return client


def hear(town: httpx.Client, level: float) -> None:
    """Let the place in the north be so loud."""
    change = {"LAeq": {"type": "Property", "value": level, "unitCode": "2N"}}
    assert town.patch(f"/ngsi-ld/v1/entities/{NORTH}/attrs", json=change).status_code == 204


def test_a_cut_stream_is_told_and_made_up_for(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, str(town.base_url), key=key)
    page = visit.open(f"/?id={NORTH}")
    panel = page.locator("aside:has(table)")
    expect(panel).to_contain_text("北口")
    hear(town, 71.3)
    expect(panel).to_contain_text("71.3")

    page.route("**/api/v1/stream?**", lambda route: route.abort())
    expect(page.get_by_text("接続が切れました")).to_be_visible()
    expect(page.get_by_text("最後の更新: ")).to_be_visible()
    hear(town, 88.4)
    page.wait_for_timeout(200)
    assert "88.4" not in panel.inner_text()
    assert visit.violations() == []

    page.unroute("**/api/v1/stream?**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(panel).to_contain_text("88.4")
    expect(page.get_by_text("とぎれた間の変化も届きました")).to_be_visible()


def test_areas_kinds_and_what_is_kept(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, str(town.base_url), key=key)
    page = visit.open("/")
    page.wait_for_selector("[data-points='3']")
    expect(page.locator("li[aria-posinset]")).to_have_count(len(PLACES))

    page.get_by_text("種類・色分け・並び・範囲").click()
    page.get_by_label("並び順").select_option("name")
    page.get_by_role("radio", name="囲んだ範囲").check(force=True)
    page.get_by_text("範囲を囲んでください").wait_for()
    page.locator("[style*=crosshair]").wait_for(state="attached")
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    # The left of the three: its rectangle ends between it and the next
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.move(x, box["y"] + 8, steps=5)
    page.mouse.up()
    page.wait_for_url("**area=139*")
    expect(page.get_by_text("1 か所", exact=True).or_(page.get_by_text("2 か所", exact=True))).to_be_visible()
    assert visit.violations() == []
    drawn = page.url

    page.goto(f"{visit.address}/history")
    page.goto(f"{visit.address}/")
    page.wait_for_url("**sort=name*")
    page.goto(drawn)
    expect(page.get_by_role("radio", name="囲んだ範囲")).to_be_checked()
    page.get_by_label("さがす").fill("ない場所")
    page.get_by_role("button", name="条件をすべて外す").click()
    expect(page.get_by_text("3 か所", exact=True)).to_be_visible()
    assert visit.is_quiet(), (visit.complaints, visit.hosts)


def test_a_link_to_a_place_that_is_gone_says_so(browser: Browser, town: httpx.Client, key: str) -> None:
    visit = Visit(browser, str(town.base_url), key=key, width=360)
    page = visit.open("/?id=urn:ngsi-ld:NoiseLevelObserved:gone")
    page.get_by_text("この場所は、いまは見られません").wait_for()
    assert not visit.is_too_wide()
    page.keyboard.press("Escape")
    page.get_by_text("この場所は、いまは見られません").wait_for(state="detached")
