"""公開 in a browser, without logging in: what is open, on which terms, how to have it, what is hidden."""

from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Browser, expect

from context_api.http.settings import ApiSettings
from tests.console.conftest import WAIT_MS, Visit
from tests.console.town_pages import fill
from tests.integration.http.conftest import Serve

pytestmark = pytest.mark.browser
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
SAID = {
    "titleJa": "駅前の人の流れ",
    "titleEn": "People at the station",
    "purposeJa": "混雑の案内のため",
    "licence": "CC BY 4.0",
    "licenceUrl": LICENCE,
    "attribution": "東村山市",
    "counts": ["peopleCount"],
    "smallestCount": 10,
}
expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def town(settings: ApiSettings, serve: Serve, key: str) -> httpx.Client:
    """Noise with a past, and two counts of people of which one is small."""
    client = serve(replace(settings, auth=True, stream_age_s=3_600.0))
    client.headers["Authorization"] = f"Bearer {key}"
    fill(client)
    people = [
        {
            "id": f"urn:ngsi-ld:CrowdFlowObserved:{name}",
            "type": "CrowdFlowObserved",
            "name": {"type": "Property", "value": name},
            "peopleCount": {"type": "Property", "value": count, "observedAt": "2026-11-20T01:00:00Z"},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.47, 35.76]}},
        }
        for name, count in (("stop-a", 3), ("stop-b", 250))
    ]
    assert client.post("/ngsi-ld/v1/entityOperations/create", json=people).status_code == 201
    assert client.put("/api/v1/data-statements/CrowdFlowObserved", json=SAID).status_code == 200
    for type_, operations in (("CrowdFlowObserved", ["read"]), ("NoiseLevelObserved", ["read", "history"])):
        grant = {"organisation": "public", "types": [type_], "operations": operations}
        assert client.post("/api/v1/grants", json=grant).status_code == 201
    return client


def test_open_data_on_a_phone(browser: Browser, town: httpx.Client) -> None:
    visit = Visit(browser, str(town.base_url), width=360)
    page = visit.open("/public")
    people = page.locator("main li", has=page.get_by_role("heading", name="駅前の人の流れ"))
    noise = page.locator("main li", has=page.get_by_role("heading", name="騒音"))
    expect(people).to_contain_text("混雑の案内のため")
    expect(people).to_contain_text("2 か所")
    expect(people.get_by_role("link", name="CC BY 4.0")).to_have_attribute("href", LICENCE)
    expect(people).to_contain_text("人数が 10 未満のときは公開していません")
    expect(people).to_contain_text("JST")
    expect(people.get_by_role("group", name="履歴")).to_have_count(0)

    people.get_by_text("駅前の人の流れの値を見る").click()
    expect(people.locator("tbody tr", has_text="stop-a")).to_contain_text("非公開（10 未満）")
    expect(people.locator("tbody tr", has_text="stop-b")).to_contain_text("250")
    with page.expect_download() as download:
        people.get_by_role("button", name="いまの値を CSV で保存").click()
    head, few, many = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert "人数" in head
    assert "非公開（10未満）" in few
    assert "250" in many.split(",")

    with page.expect_download() as download:
        noise.get_by_role("group", name="履歴（日ごと）").get_by_role("button", name="Excel").click()
    assert download.value.path().read_bytes().startswith(b"PK")
    assert not visit.is_too_wide()
    assert visit.violations() == []
    requested = noise.get_by_role("link", name="JSON で開く").get_attribute("href")
    assert requested is not None
    places = httpx.get(visit.address + requested, trust_env=False).json()
    assert {place["LAeq"] for place in places} == {50.0, 65.0, 40.0}


def test_open_data_in_english_with_the_map(browser: Browser, town: httpx.Client) -> None:
    visit = Visit(browser, str(town.base_url), dark=True)
    page = visit.open("/public?lang=en")
    page.get_by_role("heading", name="People at the station").wait_for()
    page.wait_for_selector("[data-points='5']")
    assert visit.violations() == []
    assert "<noscript>" in httpx.get(f"{visit.address}/public", trust_env=False).text
    assert "/api/v1/open-data" in httpx.get(f"{visit.address}/public", trust_env=False).text
