"""システムの状態, 利用状況, 履歴の保存期間: real figures, a report as a file, a period changed, refusals."""

import csv
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from context_api.store.database import open_database
from context_api.store.heartbeat import beat
from context_api.store.system import JobRun, note_runs, read_condition, take_sample
from tests.console.addresses import word
from tests.console.town_pages import LANGUAGES, Town, browsing, serve_town
from tests.support import databases

pytestmark = pytest.mark.browser
SYSTEM, USAGE, RETENTION = "settings/system", "settings/usage", "settings/retention"
TYPE = "NoiseLevelObserved"
FREE_BYTES = 5_400_000_000
WRITTEN = 3
"""So many places are written, and counted for the town."""


@pytest.fixture(scope="module")
def town(console: None, postgres_url: str, database_template: str) -> Iterator[Town]:
    with ExitStack() as stack:
        url = stack.enter_context(databases.temporary_database(postgres_url, database_template))
        _run_for_a_while(url)
        town = stack.enter_context(serve_town(url))
        names = {"nameJa": "東村山市役所", "nameEn": "Higashimurayama City Hall"}
        assert town.api.patch("/api/v1/organisations/town", json=names).status_code == 200
        yield town


def _run_for_a_while(url: str) -> None:
    """Leave what a bridge and a worker leave behind.

    The bridge's sign of life is of a time to come: so it is not silent however long a test takes.
    """
    database = open_database(url)
    try:
        figures: dict[str, float | str | None] = {
            "messagesPerS": 7.5,
            "commitS": 0.25,
            "inFlight": 42,
            "broker": "ok",
        }
        beat(database, "bridge", "one", ready=True, figures=figures)
        with database.connection() as connection:
            connection.execute(b"update process_heartbeat set at = now() + interval '1 day'")
        take_sample(database, FREE_BYTES)
        now = read_condition(database).server.now
        run = JobRun("retention", 3_600.0, now, 12, now, None, 0, 1, "", None)
        failed = run._replace(job="samples", done_at=None, failed_at=now, failures=3, error="no space left")
        note_runs(database, [run, failed])
    finally:
        database.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_state_of_the_installation_is_told(browser: Browser, town: Town, language: str) -> None:
    def said(key: str) -> str:
        return word(key, folder=SYSTEM, language=language)

    with browsing(browser, town, language=language) as visit:
        page = visit.open("/settings/system")
        coming = page.get_by_role("region", name=said("ingest.title"))
        expect(coming).to_contain_text(f"7.5 {said('perSecond')}")
        expect(page.locator("[data-figure=commit]")).to_contain_text(f"250 {said('ms')}")
        expect(page.locator("[data-figure=inFlight]")).to_contain_text("42")
        disk = page.get_by_role("region", name=said("disk.title"))
        expect(disk).to_contain_text("5.4 GB")
        expect(disk.get_by_role("columnheader")).to_have_text(
            [said("disk.part"), said("disk.partSize"), said("disk.share")]
        )
        expect(page.locator("[data-job=retention]")).to_contain_text(said("jobs.state.done"))
        failed = page.locator("[data-job=samples]")
        expect(failed).to_contain_text(said("jobs.state.failed"))
        expect(failed).to_contain_text("no space left")
        expect(page.locator("[data-part^=bridge]")).to_contain_text(said("word.working"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_usage_is_read_and_saved(browser: Browser, town: Town, language: str) -> None:
    def said(key: str) -> str:
        return word(key, folder=USAGE, language=language)

    full = {"ja": "東村山市役所", "en": "Higashimurayama City Hall"}[language]
    with browsing(browser, town, language=language) as visit:
        page = visit.page
        page.set_viewport_size({"width": 320, "height": 640})
        table = page.get_by_role("region", name=said("table"))
        _wait_for_usage(town)
        visit.open("/settings/usage")
        name = table.get_by_text(full).first
        expect(name).to_be_visible()
        box = name.bounding_box()
        assert box is not None
        assert box["width"] >= 90  # no name is broken into letters
        assert not visit.is_too_wide()
        assert visit.violations() == []
        with page.expect_download() as begun:
            page.get_by_role("button", name=said("csv")).click()
        with begun.value.path().open(encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert sum(int(row["written"]) for row in rows if row["organisation"] == "town") >= WRITTEN


def _wait_for_usage(town: Town) -> None:
    """Until what was written is counted: that happens every five seconds."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rows = town.api.get("/api/v1/usage", headers={"Accept": "application/json"}).json()["rows"]
        if sum(row["written"] for row in rows if row["organisation"] == "town") >= WRITTEN:
            return
        time.sleep(0.5)
    pytest.fail("what was written is not in the report of usage")


def _rule(town: Town) -> dict[str, object] | None:
    found = town.api.get("/api/v1/retention").json()["policies"]
    return next((one for one in found if str(one["type"]).endswith(TYPE)), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_long_history_is_kept_is_changed(browser: Browser, town: Town, language: str) -> None:
    def said(key: str) -> str:
        return word(key, folder=RETENTION, language=language)

    kind = {"ja": "騒音", "en": "Noise"}[language]
    with browsing(browser, town, language=language) as visit:
        page = visit.open("/settings/retention")
        change = page.get_by_role("button", name=said("changeOne").replace("{{type}}", kind))
        change.click()
        page.get_by_label(said("set.period")).select_option("custom")
        page.get_by_label(said("set.days")).fill("none")
        page.get_by_role("button", name=said("set.yes")).click()
        expect(page.get_by_text(said("set.wrong"))).to_be_visible()
        page.get_by_label(said("set.days")).fill("4000")
        page.get_by_role("button", name=said("set.yes")).click()
        expect(page.get_by_text(said("confirm.final"))).to_be_visible()
        assert _rule(town) is None  # nothing is deleted before the second question is answered
        page.get_by_role("button", name=said("confirm.yes")).click()
        expect(page.get_by_text(said("aggregatesStay"))).to_be_visible()
        rule = _rule(town)
        assert rule is not None
        assert (rule["rawDays"], rule["keepAggregates"]) == (4_000, True)
        change.click()
        page.get_by_label(said("set.period")).select_option("forever")
        page.get_by_role("button", name=said("set.yes")).click()
        expect(page.get_by_text(said("aggregatesStay"))).to_have_count(0)
        assert _rule(town) is None


def test_partners_see_neither_the_system_nor_periods(browser: Browser, town: Town) -> None:
    made = town.api.post("/api/v1/keys", json={"label": "partner", "role": "partner", "organisation": "town"})
    assert made.status_code == 201, made.text
    partner = Town(town.url, made.json()["key"], town.api)
    with browsing(browser, partner) as visit:
        for path in ("system", "retention"):
            page = visit.open(f"/settings/{path}")
            expect(page.get_by_text(word("error.forbidden.title"))).to_be_visible()
            link = page.get_by_role("link", name=word("title", folder=f"settings/{path}"), exact=True)
            expect(link).to_have_count(0)
