"""Live streams in a real browser: the code of the partners' guide, and pages of elsewhere."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve
from tests.integration.http.test_stream import create, sensor

pytestmark = pytest.mark.browser
GUIDE = Path(__file__).parents[3] / "docs" / "en" / "stream.md"
WAIT_MS = 60_000


def code_of_the_guide() -> str:
    found = re.search(r"```js\n(async function follow.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_a_page_follows_changes_with_a_ticket(settings: ApiSettings, serve: Serve, key: str) -> None:
    api = serve(replace(settings, auth=True, stream_age_s=3_600.0))
    api.headers["Authorization"] = f"Bearer {key}"
    address = f"{api.base_url}/healthz"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(bypass_csp=True)  # ours lets no page of data call anybody
        page.goto(address)
        page.evaluate(
            f"window.key = {key!r}; window.told = []; {code_of_the_guide()}; window.follow = follow"
        )
        page.evaluate("follow('type=Sensor&format=keyValues', (one) => told.push(one.data[0].pm25), '0')")
        for value in range(1, 4):
            create(api, sensor(1, value))
        page.wait_for_function("told.length >= 3", timeout=WAIT_MS)
        assert page.evaluate("told") == [1, 2, 3]
        elsewhere = browser.new_page(bypass_csp=True)
        elsewhere.goto(address.replace("127.0.0.1", "localhost"))
        opened = elsewhere.evaluate(
            "(url) => new Promise((done) => { const socket = new WebSocket(url);"
            " socket.onopen = () => done('open'); socket.onclose = (event) => done(event.code); })",
            f"ws://127.0.0.1:{api.base_url.port}/api/v1/stream",
        )
        assert opened == 1006
        browser.close()
