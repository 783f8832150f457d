"""From the box to the screen: somebody registers a sensor in the console, switches it on, sees it report.

All is real: `machi up` with its simulated devices, the broker, the bridge, the built console in chromium.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import WAIT_MS, Visit, browser, console
from tests.support.town import Town

__all__ = ["browser", "console"]
pytestmark = [pytest.mark.browser, pytest.mark.mosquitto]
PLACE = "東村山駅東口"
SIMULATED = 5


@pytest.fixture
def town(console: None, tmp_path: Path) -> Iterator[Town]:
    running = Town(tmp_path, MACHI_SIMULATE_DEVICES=str(SIMULATED))
    running.start()
    yield running
    running.close()


def test_a_sensor_registered_in_the_console_is_seen_there(browser: Browser, town: Town) -> None:
    visit = Visit(browser, town.url)
    page = visit.open(f"/#key={town.key}")
    expect(page.get_by_text("ライブ", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("li[aria-posinset]")).to_have_count(SIMULATED, timeout=WAIT_MS)

    shown = register(page)
    publish(shown, {"pm25": 31.4, "temperature": 18.5})

    page.once("dialog", lambda question: question.accept())  # nothing was copied: leave all the same
    page.get_by_role("button", name="このデバイスを見る").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("稼働中", exact=True)).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Escape")

    page.get_by_role("link", name="まちの今", exact=True).click()
    page.locator("li[aria-posinset] button", has_text=PLACE).click()
    panel = page.locator("aside:has(h2):has(table)")
    expect(panel.get_by_role("row").filter(has_text="31.4")).to_be_visible(timeout=WAIT_MS)
    expect(panel.get_by_role("row").filter(has_text="18.5")).to_be_visible(timeout=WAIT_MS)

    publish(shown, {"pm25": 47.2})
    expect(panel.get_by_role("row").filter(has_text="47.2")).to_be_visible(timeout=WAIT_MS)
    expect(panel.locator("canvas")).to_be_visible(timeout=WAIT_MS)
    assert visit.is_quiet(), (visit.complaints, visit.hosts)


def register(page: Page) -> dict[str, str]:
    """Go through the three steps; returns what the console shows once, by its labels."""
    page.get_by_role("link", name="デバイス", exact=True).click()
    page.get_by_role("button", name="デバイスを登録する").first.click()
    page.get_by_label("プロファイル").select_option("air-quality")
    page.get_by_role("button", name="次へ").click()
    page.get_by_label("緯度").fill("35.7596")
    page.get_by_label("経度").fill("139.4665")
    page.get_by_role("button", name="次へ").click()
    page.get_by_label("番号", exact=True).fill("aq-east")
    page.get_by_label("名前").fill(PLACE)
    page.get_by_role("button", name="登録する", exact=True).click()
    once = page.get_by_role("region", name="aq-east の接続に使うもの")
    expect(once).to_be_visible(timeout=WAIT_MS)
    labels, values = once.locator("dt").all_inner_texts(), once.locator("dd code").all_inner_texts()
    return dict(zip(labels, values, strict=True))


def publish(shown: dict[str, str], payload: dict[str, float]) -> None:
    """Send one message the way a device does, with nothing but what was shown."""
    address = urlsplit(shown["接続先"])
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="aq-east")
    client.username_pw_set(shown["ユーザー名"], shown["パスワード"])
    client.connect(str(address.hostname), address.port or 1883)
    client.loop_start()
    try:
        sent = client.publish(shown["トピック"], json.dumps(payload), qos=1)
        sent.wait_for_publish(30)
        assert sent.rc is MQTTErrorCode.MQTT_ERR_SUCCESS
    finally:
        client.disconnect()
        client.loop_stop()
