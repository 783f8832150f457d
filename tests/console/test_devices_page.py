"""デバイス: found, registered, edited, replaced, retired; the quarantine; alarms. In both languages."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.api import CONSOLE
from tests.console.conftest import Visit
from tests.console.town_pages import LANGUAGES, Town, browsing, notifying, serve_town

pytestmark = pytest.mark.browser
WORDS = {
    "ja": {
        "empty": "まだデバイスがありません",
        "new": "デバイスを登録する",
        "profile": "プロファイル",
        "next": "次へ",
        "choose": "プロファイルを選んでください。",
        "stored": "すべて保存されます。",
        "latitude": "緯度",
        "longitude": "経度",
        "half": "経度を -180 から 180 の数で入れてください。",
        "id": "番号",
        "register": "登録する",
        "once": "表示されるのは今回だけです。今のうちに控えてください。",
        "open": "このデバイスを見る",
        "taken": "この番号はすでに使われています。",
    },
    "en": {
        "empty": "There are no devices yet",
        "new": "Register a device",
        "profile": "Profile",
        "next": "Next",
        "choose": "Choose a profile.",
        "stored": "All of it would be stored.",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "half": "Enter the longitude, a number from -180 to 180.",
        "id": "Id",
        "register": "Register",
        "once": "This is shown only this once. Keep it now.",
        "open": "See this device",
        "taken": "This id is taken.",
    },
}
JSON = {"Content-Type": "application/json"}
LOOKS: dict[str, dict[str, Any]] = {"ja": {"width": 1280}, "en": {"width": 360, "dark": True}}


class Says:
    """The words of a section in a language, by their keys."""

    def __init__(self, section: str, language: str) -> None:
        file = CONSOLE / "src" / "pages" / "devices" / section / f"words.{language}.json"
        self._words = json.loads(file.read_text(encoding="utf-8"))

    def __call__(self, key: str, **gaps: object) -> str:
        found: Any = self._words
        for part in key.split("."):
            found = found[part]
        text = str(found)
        for name, value in gaps.items():
            text = text.replace(f"{{{{{name}}}}}", str(value))
        return text


@pytest.fixture
def town(console: None, database_url: str) -> Iterator[Town]:
    with serve_town(database_url) as town:
        yield town


def look(visit: Visit) -> None:
    """Nothing is against WCAG, and nothing is cut off."""
    assert visit.violations() == []
    assert not visit.is_too_wide()


def accept_leaving(page: Page) -> None:
    """The browser asks whether one means to leave what is not saved or not kept."""
    page.once("dialog", lambda question: question.accept())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_device_is_registered_in_three_steps_and_looked_into(
    browser: Browser, town: Town, language: str
) -> None:
    words, say = WORDS[language], Says("list", language)
    with browsing(browser, town, language=language) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices")
        expect(page.get_by_role("heading", name=words["empty"])).to_be_visible()
        assert visit.violations() == []
        page.get_by_role("button", name=words["new"]).first.click()
        page.get_by_role("button", name=words["next"]).click()
        expect(page.get_by_text(words["choose"])).to_be_visible()
        page.get_by_label(words["profile"]).select_option("air-quality")
        expect(page.get_by_text(words["stored"])).to_be_visible()
        assert visit.violations() == []
        page.get_by_role("button", name=words["next"]).click()
        page.get_by_label(words["latitude"]).fill("３５．７５")
        page.get_by_role("button", name=words["next"]).click()
        expect(page.get_by_text(words["half"])).to_be_visible()
        page.get_by_label(words["longitude"]).fill("139.46")
        page.get_by_role("button", name=words["next"]).click()
        page.get_by_label(words["id"], exact=True).fill("aq-001")
        page.get_by_role("button", name=words["register"], exact=True).click()
        expect(page.get_by_text(words["once"])).to_be_visible()
        assert visit.violations() == []
        known = town.api.get("/api/v1/devices/aq-001").json()
        assert known["location"]["coordinates"] == [139.46, 35.75]
        assert known["profile"] == "air-quality"

        accept_leaving(page)
        page.get_by_role("button", name=words["open"]).click()
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_text(say("state.provisioned"), exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_label(say("state.active")).check()
        expect(page.get_by_role("heading", name=say("list.noneTitle"))).to_be_visible()


def test_what_was_typed_stays_when_the_id_is_taken(browser: Browser, town: Town) -> None:
    draft = {"id": "n-1", "profile": "noise", "name": "北口"}
    assert town.api.post("/api/v1/devices", json=draft).status_code == 201
    words = WORDS["ja"]
    with browsing(browser, town, width=360, dark=True) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/new")
        page.get_by_label(words["profile"]).select_option("noise")
        page.get_by_role("button", name=words["next"]).click()
        page.get_by_role("button", name=words["next"]).click()
        page.get_by_label(words["id"], exact=True).fill("n-1")
        page.get_by_role("button", name=words["register"], exact=True).click()
        expect(page.get_by_text(words["taken"])).to_be_visible()
        assert page.get_by_label(words["id"], exact=True).input_value() == "n-1"
        look(visit)


def register(town: Town, device: str, profile: str, **members: object) -> None:
    answer = town.api.post("/api/v1/devices", json={"id": device, "profile": profile, **members})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_device_through_the_years(browser: Browser, town: Town, language: str) -> None:
    """Found, edited while somebody else edits it, maintained, other hardware, the end."""
    say = Says("list", language)
    register(town, "n-1", "noise", name="北口", serial="SN-1")
    register(town, "n-2", "noise", name="南口")
    assert town.api.post("/api/v1/ingest/n-1", json={"LAeq": 51.5}).status_code == 200
    with browsing(browser, town, language=language, **LOOKS[language]) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices?sort=-name")
        expect(page.get_by_text(say("list.count", total=2))).to_be_visible()
        assert page.locator("tbody button").all_inner_texts() == ["南口", "北口"]
        look(visit)
        page.get_by_label(say("list.search")).fill("SN-1")
        expect(page.get_by_role("button", name="南口")).to_have_count(0)
        page.get_by_role("button", name="北口").click()
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_text("51.5 dB").first).to_be_visible()
        look(visit)

        drawer.get_by_label(say("tab.messages")).check()
        expect(drawer.get_by_role("heading", name=say("log.title"))).to_be_visible()
        expect(drawer.get_by_text("51.5 dB").first).to_be_visible()
        look(visit)

        drawer.get_by_label(say("tab.edit")).check()
        drawer.get_by_label(say("edit.name"), exact=True).fill("北口の角")
        drawer.get_by_label(say("edit.tags")).fill("駅前、station")
        theirs = {"name": "北口 (仮)", "owner": "kankyo"}
        assert town.api.patch("/api/v1/devices/n-1", json=theirs).status_code == 200
        drawer.get_by_role("button", name=say("edit.save")).click()
        both = say("edit.name") + say("fact.comma") + say("edit.owner")
        expect(drawer.get_by_text(say("edit.conflict", members=both))).to_be_visible()
        look(visit)
        drawer.get_by_role("button", name=say("edit.save")).click()
        expect(drawer.get_by_text(say("edit.saved"))).to_be_visible()
        now = town.api.get("/api/v1/devices/n-1").json()
        assert (now["name"], now["owner"], now["tags"]) == ("北口の角", "kankyo", ["駅前", "station"])

        drawer.get_by_label(say("tab.care")).check()
        drawer.get_by_role("button", name=say("maintenance.plan")).click()
        drawer.get_by_label(say("maintenance.reason")).fill("電池")
        drawer.get_by_role("button", name=say("maintenance.save")).click()
        drawer.get_by_role("button", name=say("maintenance.end")).click()
        expect(drawer.get_by_text(say("maintenance.none"))).to_be_visible()
        assert town.api.get("/api/v1/devices/n-1/maintenance").json()["until"] is None
        replace_and_retire(visit, town, say)


def replace_and_retire(visit: Visit, town: Town, say: Says) -> None:
    """The rest of a device's life, from the section of its care on."""
    page = visit.page
    [before] = town.api.get("/api/v1/devices/n-1/credentials").json()["credentials"]
    page.get_by_role("button", name=say("hardware.replace")).click()
    question = page.get_by_role("dialog").last
    question.get_by_label(say("hardware.serial")).fill("SN-2")
    look(visit)
    question.get_by_role("button", name=say("hardware.yes"), exact=True).click()
    expect(question.get_by_role("heading", name=say("hardware.done"))).to_be_visible()
    password = question.locator("code").nth(1).inner_text()
    look(visit)
    accept_leaving(page)
    question.get_by_role("button", name=say("hardware.close")).last.click()
    [after] = town.api.get("/api/v1/devices/n-1/credentials").json()["credentials"]
    assert after["id"] != before["id"]
    assert password.startswith(after["prefix"])
    expect(page.get_by_text(say("hardware.now", serial="SN-2"))).to_be_visible()

    drawer = page.get_by_role("dialog").first
    drawer.get_by_label(say("tab.keys")).check()
    drawer.get_by_role("button", name=say("keys.revokeOne", prefix=after["prefix"])).click()
    question = page.get_by_role("dialog").last
    expect(question.get_by_text(say("keys.lastFollows"))).to_be_visible()
    look(visit)
    question.get_by_role("button", name=say("keys.revoke"), exact=True).click()
    expect(drawer.get_by_text(say("keys.none"))).to_be_visible()

    drawer.get_by_label(say("tab.care")).check()
    drawer.get_by_role("button", name=say("end.retire"), exact=True).click()
    question = page.get_by_role("dialog").last
    expect(question.get_by_text(say("end.history"))).to_be_visible()
    question.get_by_role("button", name=say("end.retire"), exact=True).click()
    expect(drawer.get_by_role("button", name=say("end.retire"))).to_have_count(0)
    drawer.get_by_label(say("tab.now")).check()
    expect(drawer.get_by_text(say("why.state.retired"))).to_be_visible()
    assert town.api.get("/api/v1/devices", params={"state": "retired"}).json()["total"] == 1


def profile_with(*names: str) -> dict[str, Any]:
    values = {name: {"attribute": "LAeq", "unitCode": "2N"} for name in names}
    return {"name": "meter", "entityType": "NoiseLevelObserved", "values": values}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_put_aside_is_mended_and_stored(browser: Browser, town: Town, language: str) -> None:
    say = Says("quarantine", language)
    assert town.api.post("/api/v1/profiles", json=profile_with("level")).status_code == 201
    register(town, "m-1", "meter")
    for payload in (b'{"lvl": 61.5}', b'{"lvl": 62.5}', b"{oops"):
        pushed = town.api.post(
            "/api/v1/ingest/m-1", content=payload, headers={"Content-Type": "application/json"}
        )
        assert pushed.status_code == 202, pushed.text
    with browsing(browser, town, language=language, **LOOKS[language]) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/quarantine")
        expect(page.get_by_text(say("reason.no-known-key.mend"))).to_be_visible()
        expect(page.get_by_text(say("list.count", shown=3, total=3))).to_be_visible()
        look(visit)
        page.locator("tbody button", has_text=say("reason.bad-json.name")).click()
        drawer = page.get_by_role("dialog")
        expect(drawer.locator("mark")).to_have_text("o")
        expect(drawer.get_by_text(say("payload.byte", byte=2))).to_be_visible()
        drawer.get_by_label(say("payload.hex")).check()
        expect(drawer.locator("mark")).to_have_text("6f")
        look(visit)
        page.keyboard.press("Escape")

        assert town.api.put("/api/v1/profiles/meter", json=profile_with("level", "lvl")).status_code == 200
        page.get_by_role("button", name=say("act.replayAll", count=3)).click()
        outcome = page.get_by_text(say("result.stored", count=2))
        expect(outcome).to_be_visible()
        expect(page.get_by_text(say("result.quarantined", count=1))).to_be_visible()
        expect(page.get_by_text(say("list.count", shown=1, total=1))).to_be_visible()
        look(visit)
        found = town.api.get("/ngsi-ld/v1/entities/urn:ngsi-ld:NoiseLevelObserved:m-1").json()
        assert found["LAeq"]["value"] == 62.5
        counts = town.api.get("/api/v1/devices/m-1").json()["messages"]
        assert (counts["received"], counts["stored"], counts["quarantined"]) == (3, 2, 1)

        page.get_by_role("checkbox").check()
        page.get_by_role("button", name=say("act.discardChosen")).click()
        question = page.get_by_role("dialog")
        expect(question.get_by_text(say("act.follows"))).to_be_visible()
        look(visit)
        question.get_by_role("button", name=say("act.discard"), exact=True).click()
        expect(page.get_by_role("heading", name=say("empty.title"))).to_be_visible()
        replayed = town.api.get("/api/v1/quarantine", params={"replayed": "true"}).json()["messages"]
        assert [one["outcome"] for one in replayed] == ["stored", "stored"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alarm_made_by_form_is_raised(
    browser: Browser, town: Town, database_url: str, language: str
) -> None:
    say = Says("alarms", language)
    register(town, "n-1", "noise", name="北口の角")
    assert town.api.post("/api/v1/ingest/n-1", json={"LAeq": 51.5}).status_code == 200
    with notifying(database_url), browsing(browser, town, language=language, **LOOKS[language]) as visit:
        page = visit.page
        page.goto(f"{town.url}/devices/alarms")
        page.get_by_role("button", name=say("make")).click()
        form = page.get_by_role("dialog")
        form.get_by_role("button", name=say("form.make"), exact=True).click()
        expect(form.get_by_text(say("flaw.above")).first).to_be_visible()
        form.get_by_label(say("form.name"), exact=True).fill("夜の騒音")
        form.get_by_label(say("form.type"), exact=True).select_option("NoiseLevelObserved")
        form.get_by_label(say("form.attribute"), exact=True).select_option("LAeq")
        form.get_by_label(say("form.withUnit", words=say("form.above"), unit="dB")).fill("６０")
        expect(form.get_by_text(say("preview.count", beyond=1, all=4))).to_be_visible()
        look(visit)
        form.get_by_role("button", name=say("form.make"), exact=True).click()
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_text(say("states.none"))).to_be_visible()
        [rule] = town.api.get("/api/v1/alarms").json()["rules"]
        assert (rule["name"], rule["attribute"], rule["above"]) == ("夜の騒音", "LAeq", 60)
        look(visit)

        assert town.api.post("/api/v1/ingest/n-1", json={"LAeq": 71.5}).status_code == 200
        expect(drawer.get_by_role("heading", name=say("states.raised", count=1))).to_be_visible()
        expect(drawer.get_by_role("link", name="北口の角")).to_be_visible()
        expect(drawer.get_by_text("71.5 dB")).to_be_visible()
        look(visit)
        drawer.get_by_role("button", name=say("act.rest")).click()
        expect(drawer.get_by_text(say("restingText"))).to_be_visible()
        assert town.api.get(f"/api/v1/alarms/{rule['id']}").json()["isActive"] is False
        drawer.get_by_role("button", name=say("act.delete")).click()
        question = page.get_by_role("dialog").last
        question.get_by_role("button", name=say("act.delete")).click()
        expect(page.get_by_role("heading", name=say("empty.title"))).to_be_visible()

        page.get_by_role("button", name=say("health.make")).click()
        form = page.get_by_role("dialog")
        form.get_by_label(say("health.attribute")).fill("LAeq")
        form.get_by_label(say("health.stuckValues")).fill("30")
        look(visit)
        form.get_by_role("button", name=say("form.make"), exact=True).click()
        expect(page.get_by_text(say("says.stuckValues", count=30))).to_be_visible()
        [made] = town.api.get("/api/v1/health-rules").json()["rules"]
        assert (made["attribute"], made["stuckValues"]) == ("LAeq", 30)
        look(visit)
