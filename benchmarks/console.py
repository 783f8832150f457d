"""The console in a real browser: まちの今, its live updates, 公開 on a slow phone, a chart of many values.

    python -m benchmarks.console [--entities 10000] [--rate 200] [--runs 3] [--points 100000] [--json FILE]

Needs chromium and Node on PATH, and playwright. Starts a PostgreSQL and an API of its own. WebGL is done by
the processor (SwiftShader), and browser, API, database and writer share the machine: a device with a graphics
card is faster in whatever the map does. Medians of the runs, each in a fresh browser without a cache.
"""

import argparse
import json
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.console_chart import built, chart_figures
from benchmarks.console_town import ServedTown, serve_town
from benchmarks.figures import Figure, at_most, medians, to_markdown
from benchmarks.machine import describe
from deploy.console import build

ARGUMENTS = ["--no-sandbox", "--no-first-run", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WAIT_MS = 120_000
POLL_MS = 50
WATCH = (Path(__file__).parent / "console_watch.js").read_text(encoding="utf-8")
BATCH = 20
"""Entities that the writer changes in one request."""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    entities: int = 10_000
    rate: int = 200
    """Updates per second, one entity each."""
    seconds: int = 20
    """How long they come."""
    points: int = 100_000
    """Of the chart."""


class Tab:
    """One page in a fresh context, with what the browser tells of it."""

    def __init__(
        self, browser: Browser, town: ServedTown | None, *, width: int = 1280, height: int = 800
    ) -> None:
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_default_timeout(WAIT_MS)
        if town is not None:
            self.context.add_init_script(f"sessionStorage.setItem('machi.key', {json.dumps(town.key)})")
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.tools: CDPSession = self.context.new_cdp_session(self.page)
        self.requests = 0
        self.bytes_by_request: dict[str, float] = {}
        self.tools.send("Network.enable")
        self.tools.send("Performance.enable")
        self.tools.on("Network.requestWillBeSent", self._on_request)
        self.tools.on("Network.loadingFinished", self._on_finished)

    def _on_request(self, _: Any) -> None:
        self.requests += 1

    def _on_finished(self, event: Any) -> None:
        self.bytes_by_request[event["requestId"]] = event["encodedDataLength"]

    @property
    def kilobytes(self) -> float:
        """What went over the wire, compressed where the server compresses."""
        return sum(self.bytes_by_request.values()) / 1000

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true (asked from here: the page's policy forbids `eval`)."""
        until = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(f"Boolean({condition})"):
            if time.monotonic() > until:
                raise TimeoutError(condition)
            self.page.wait_for_timeout(POLL_MS)

    def seen(self) -> dict[str, Any]:
        """Give what console_watch.js noted."""
        found: dict[str, Any] = self.page.evaluate("machiWatch.read()")
        return found

    def metrics(self) -> dict[str, float]:
        """Give the browser's own figures."""
        return {one["name"]: one["value"] for one in self.tools.send("Performance.getMetrics")["metrics"]}

    def heap_mb(self) -> float:
        """Give what scripts hold after a garbage collection."""
        self.tools.send("HeapProfiler.collectGarbage")
        return self.metrics()["JSHeapUsedSize"] / 1e6


@contextmanager
def opened(browser: Browser, town: ServedTown | None, **size: int) -> Iterator[Tab]:
    """Open a tab and close it."""
    tab = Tab(browser, town, **size)
    try:
        yield tab
    finally:
        tab.context.close()


def measure_live(browser: Browser, town: ServedTown, size: Size) -> list[Figure]:
    """まちの今: its load, its frames, its updates."""
    placed = len(town.ids)
    with opened(browser, town) as tab:
        tab.page.goto(f"{town.url}/")
        tab.wait_for(f"machiWatch.read().marks.rows && machiWatch.points() >= {placed}")
        loaded = tab.seen()
        marks = loaded["marks"]
        tab.wait_for("document.querySelector('[data-state=live]') !== null")
        detail = {
            "requests": tab.requests,
            "long_tasks_ms": loaded["longTotal"],
            "longest_ms": loaded["longest"],
        }
        name = f"The town now, {placed:,} places"
        figures = [
            at_most(f"{name}: first rows", marks["rows"], "ms", 1_500),
            at_most(f"{name}: first points on the map", marks["points"], "ms", 1_500),
            at_most(f"{name}: all on the map", _when_all(tab, placed), "ms", 5_000),
            Figure(f"{name}: over the wire", tab.kilobytes, "kB", detail=detail),
            Figure(f"{name}: memory of its scripts", tab.heap_mb(), "MB"),
        ]
        figures += _measure_moving(tab)
        figures += _measure_updates(tab, town, size)
    return figures


def _when_all(tab: Tab, placed: int) -> float:
    return float(next(at for count, at in tab.seen()["drawn"] if count >= placed))


def _measure_moving(tab: Tab) -> list[Figure]:
    """Drag the map about and zoom, as somebody who looks around would."""
    box = tab.page.get_by_test_id("map").bounding_box()
    if box is None:
        raise RuntimeError("there is no map")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.evaluate("machiWatch.begin()")
    for direction in (-1, 1):
        tab.page.mouse.move(x, y)
        tab.page.mouse.down()
        tab.page.mouse.move(x + direction * 250, y + direction * 120, steps=25)
        tab.page.mouse.up()
    for turn in (-240, -240, -240, 240, 240, 240):
        tab.page.mouse.wheel(0, turn)
        tab.page.wait_for_timeout(350)
    return [_frames("Panning and zooming: frames, p95 apart", tab)]


def _frames(name: str, tab: Tab, **more: float) -> Figure:
    seen = tab.seen()
    frames = sorted(seen["frames"])
    detail = {
        "median_ms": statistics.median(frames),
        "longest_task_ms": seen["longest"],
        "long_tasks_ms": seen["longTotal"],
    }
    return Figure(name, frames[int(len(frames) * 0.95)], "ms", detail=detail | more)


def _measure_updates(tab: Tab, town: ServedTown, size: Size) -> list[Figure]:
    """Write at a steady rate; how busy the page is, and how soon a reader sees a value."""
    watched = next(one for one in town.ids if "NoiseLevelObserved" in one)
    tab.page.evaluate(f"machiWatch.go('/?id={watched}')")
    tab.page.locator("aside table").first.wait_for()
    with writing(town, size.rate) as written:
        time.sleep(3)  # until it is steady
        began, before, sent = time.perf_counter(), tab.metrics(), written.count
        tab.page.evaluate("machiWatch.begin()")
        late: list[float] = []
        while time.perf_counter() - began < size.seconds:
            late.append(_see_change(tab, town, watched, 40.1 + len(late)))
        took, after = time.perf_counter() - began, tab.metrics()
        rate = (written.count - sent) / took
        busy = 100 * (after["TaskDuration"] - before["TaskDuration"]) / took
    return [
        Figure(
            f"{size.rate} updates/s: the page's main thread is busy",
            busy,
            "%",
            detail={"updates_per_s": rate},
        ),
        at_most(f"{size.rate} updates/s: write to seen, median", statistics.median(late), "ms", 2_000),
        _frames(f"{size.rate} updates/s: frames, p95 apart", tab),
        Figure(f"{size.rate} updates/s: memory of the scripts afterwards", tab.heap_mb(), "MB"),
    ]


def _see_change(tab: Tab, town: ServedTown, entity: str, value: float) -> float:
    """Write one value and wait until the open panel shows it, ms."""
    value = round(value, 1)
    body = {"LAeq": {"type": "Property", "value": value, "unitCode": "2N"}}
    at = time.perf_counter()
    answer = httpx.patch(
        f"{town.url}/ngsi-ld/v1/entities/{entity}/attrs",
        json=body,
        headers={"Authorization": f"Bearer {town.key}"},
        timeout=60,
        trust_env=False,
    )
    answer.raise_for_status()
    tab.page.locator("aside", has_text=f"{value}").first.wait_for()
    return (time.perf_counter() - at) * 1000


class Written:
    """How many updates were answered."""

    count = 0


@contextmanager
def writing(town: ServedTown, rate: int) -> Iterator[Written]:
    """Change one entity after the other, `rate` a second, from a thread."""
    stop, written = threading.Event(), Written()
    ids = [one for one in town.ids if "WeatherObserved" in one or "AirQualityObserved" in one]

    def write() -> None:
        headers = {"Authorization": f"Bearer {town.key}"}
        with httpx.Client(base_url=town.url, headers=headers, timeout=60, trust_env=False) as api:
            began, number = time.monotonic(), 0
            while not stop.is_set():
                some = [ids[(number * BATCH + n) % len(ids)] for n in range(BATCH)]
                value = 5 + (number % 300) / 10
                body = [
                    {
                        "id": one,
                        "type": one.split(":")[2],
                        "temperature": {"type": "Property", "value": value, "unitCode": "CEL"},
                    }
                    for one in some
                ]
                api.post("/ngsi-ld/v1/entityOperations/update", json=body).raise_for_status()
                number += 1
                written.count += BATCH
                stop.wait(max(0.0, began + number * BATCH / rate - time.monotonic()))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join(30)


def measure_public(browser: Browser, town: ServedTown) -> list[Figure]:
    """公開 on a phone of 360 px whose processor is four times slower."""
    with opened(browser, None, width=360, height=740) as tab:
        tab.tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        tab.page.goto(f"{town.url}/public")
        tab.wait_for("document.querySelector('main li h3') !== null")
        shown = tab.page.evaluate("performance.now()")
        tab.page.wait_for_load_state("networkidle")
        seen = tab.seen()
        detail = {"requests": tab.requests, "long_tasks_ms": seen["longTotal"], "longest_ms": seen["longest"]}
        return [
            at_most("Open data on a phone, processor 4 x slower: data sets shown", shown, "ms", 3_000),
            Figure("Open data on a phone: over the wire", tab.kilobytes, "kB", detail=detail),
        ]


def open_to_public(town: ServedTown) -> None:
    """Grant two types to everybody."""
    headers = {"Authorization": f"Bearer {town.key}"}
    for type_ in ("AirQualityObserved", "OffStreetParking"):
        grant = {"organisation": "public", "types": [type_], "operations": ["read", "history"]}
        answer = httpx.post(f"{town.url}/api/v1/grants", json=grant, headers=headers, trust_env=False)
        answer.raise_for_status()


def measure(size: Size, runs: int) -> list[Figure]:
    """Measure everything; the run in the middle of each part."""
    build()
    with serve_town(size.entities) as town:
        figures = _with_browser(lambda browser: measure_live(browser, town, size), runs)
        open_to_public(town)
        figures += _with_browser(lambda browser: measure_public(browser, town), runs)
    with built() as folder:
        return figures + _with_browser(lambda browser: chart_figures(browser, folder, size.points), runs)


def _with_browser(measure_once: Callable[[Browser], list[Figure]], runs: int) -> list[Figure]:
    found: list[list[Figure]] = []
    for _ in range(runs):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            found.append(measure_once(browser))
            browser.close()
    return medians(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entities", type=int, default=Size.entities)
    parser.add_argument("--rate", type=int, default=Size.rate, help="updates per second")
    parser.add_argument("--seconds", type=int, default=Size.seconds, help="of updates")
    parser.add_argument("--points", type=int, default=Size.points, help="of the chart")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    size = Size(options.entities, options.rate, options.seconds, options.points)
    print(json.dumps(describe()._asdict()), file=sys.stderr)
    figures = measure(size, options.runs)
    print(to_markdown(figures))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in figures], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
