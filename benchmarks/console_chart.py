"""The console's chart alone, of many values: how long it takes to draw them, and a tenth of them."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Route

from benchmarks.figures import Figure, at_most

CONSOLE = Path(__file__).parents[1] / "console"
ADDRESS = "http://chart.test"
TIMES = 5
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


@contextmanager
def built() -> Iterator[Path]:
    """Build the page that shows nothing but a chart; the same component as the console's."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("the chart's page is built by Node: none is on PATH")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            node,
            "node_modules/vite/bin/vite.js",
            "build",
            "bench",
            "--outDir",
            folder,
            "--emptyOutDir",
        ]
        subprocess.run(command, cwd=CONSOLE, check=True, capture_output=True)
        yield Path(folder)


def chart_figures(browser: Browser, folder: Path, points: int) -> list[Figure]:
    """Draw it and zoom in, some times each; the one in the middle."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})

    def answer(route: Route) -> None:
        path = folder / (urlsplit(route.request.url).path.lstrip("/") or "index.html")
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.fulfill(status=404)

    page.route(f"{ADDRESS}/**", answer)
    page.goto(f"{ADDRESS}/")
    page.wait_for_function("() => window.machiChart !== undefined")
    drawn = sorted(page.evaluate(f"machiChart.draw({points})") for _ in range(TIMES))
    zoomed = sorted(page.evaluate("machiChart.zoom(0.1)") for _ in range(TIMES))
    page.close()
    return [
        at_most(f"A chart of {points:,} values: until it is drawn", drawn[TIMES // 2], "ms", 500),
        at_most(f"A chart of {points:,} values: until a tenth is shown", zoomed[TIMES // 2], "ms", 500),
    ]
