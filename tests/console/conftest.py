"""The built console, served by the real API, in a real browser."""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.console import build
from tests.console.api import CONSOLE
from tests.integration.http.conftest import key, serve, settings

__all__ = ["key", "serve", "settings"]

ARGUMENTS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",  # WebGL by the processor: the map needs it
    "--enable-unsafe-swiftshader",
]
WAIT_MS = 60_000
SETTLE_MS = 5_000
"""How long a page's transitions may take; the longest of ours has 140 ms."""
_SETTLED = """async (within) => {
  const end = performance.now() + within;
  const isEnding = (one) => one.playState === "running"
    && Number.isFinite(one.effect?.getComputedTiming().endTime);
  const frames = () => new Promise((done) => {
    const late = setTimeout(done, 250);  // a tab that nobody sees draws none
    requestAnimationFrame(() => requestAnimationFrame(() => { clearTimeout(late); done(); }));
  });
  do await frames();
  while (document.getAnimations().some(isEnding) && performance.now() < end);
}"""
"""Two frames, in which what changed begins to move, until nothing moves but what never ends."""
_STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@pytest.fixture(scope="session")
def console() -> None:
    """Build the console, unless it is built; one process at a time."""
    with (Path(tempfile.gettempdir()) / "machi-console-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build()


@pytest.fixture(scope="module")
def browser(console: None) -> Iterator[Browser]:
    """Of one file's tests: while it is open, nobody else in this process can run an event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield launched
        launched.close()


class Visit:
    """One tab, with all that it asked for and complained about."""

    def __init__(
        self, browser: Browser, address: str, *, width: int = 1280, dark: bool = False, key: str | None = None
    ) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(WAIT_MS)
        if key is not None:
            context.add_init_script(f"sessionStorage.setItem('machi.key', {json.dumps(key)})")
        self.address = address.rstrip("/")
        self.page: Page = context.new_page()
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}".strip())

    def open(self, path: str) -> Page:
        """Go to a page of the console."""
        self.page.goto(self.address + path)
        return self.page

    def is_quiet(self) -> bool:
        """Whether nothing was fetched from elsewhere and nothing was refused or failed."""
        return self.complaints == [] and self.hosts <= {urlsplit(self.address).netloc, ""}

    def violations(self, rule: str | None = None) -> list[str]:
        """What axe finds against WCAG 2.2 AA and its best practices, or one rule; each with its place.

        First the page comes to rest: in the middle of a transition a colour is neither the old nor the new.
        """
        self.settle()
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate((CONSOLE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
        only = {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": list(_STANDARDS)}
        options = {"resultTypes": ["violations"], "runOnly": only}
        found = self.page.evaluate("(options) => axe.run(document, options)", options)
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def settle(self) -> None:
        """Wait until what was begun is drawn and no transition is under way."""
        self.page.evaluate(_SETTLED, SETTLE_MS)

    def is_too_wide(self) -> bool:
        """Whether one has to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))
