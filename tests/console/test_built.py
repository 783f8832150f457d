"""What a browser has to fetch before it shows something, and how it is served."""

import json
from typing import Any

import httpx
import pytest

from context_api.http.console_files import BUILT
from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve

FIRST_LOAD_MOST = 500_000
"""Bytes, compressed, without the map library."""
PUBLIC_MOST = 250_000


def _closure(manifest: dict[str, dict[str, Any]], *roots: str) -> set[str]:
    """Give the files that these chunks need before they run: their static imports and styles."""
    files: set[str] = set()
    waiting, seen = list(roots), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        chunk = manifest[name]
        files |= {str(chunk["file"]), *chunk.get("css", [])}
        waiting += chunk.get("imports", [])
    return files


def _bytes(files: set[str]) -> int:
    return sum(
        (path if (path := BUILT / f"{name}.gz").is_file() else BUILT / name).stat().st_size for name in files
    )


@pytest.fixture
def manifest(console: None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_the_first_load_is_small(manifest: dict[str, dict[str, Any]]) -> None:
    pages = {name for name in manifest if name.startswith("src/pages/") and name.endswith("Page.tsx")}
    assert {"src/pages/live/LivePage.tsx", "src/pages/public/PublicPage.tsx"} <= pages
    words = {name for name in manifest if name.endswith(".ja.json")}
    for page in pages:
        name = page.split("/")[2]
        wanted = {f"src/pages/{name}/words.ja.json", "src/i18n/shell.ja.json"}
        files = _closure(manifest, "index.html", page, *(words & wanted))
        assert not any("MapCanvas" in file or "maplibre" in file for file in files), page
        size = _bytes(files)
        assert size <= FIRST_LOAD_MOST, f"{page}: {size} bytes"
        if name == "public":
            assert size <= PUBLIC_MOST, size


def test_files_are_kept_for_ever_and_sent_compressed(
    manifest: dict[str, dict[str, Any]], settings: ApiSettings, serve: Serve
) -> None:
    api: httpx.Client = serve(settings)
    name = str(manifest["index.html"]["file"])
    for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
        with api.stream("GET", f"/{name}", headers={"Accept-Encoding": encoding}) as answer:
            assert b"".join(answer.iter_raw()) == (BUILT / f"{name}{suffix}").read_bytes()
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
    plain = api.get(f"/{name}", headers={"Accept-Encoding": "identity"})
    assert plain.content == (BUILT / name).read_bytes()
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert api.get("/").headers["Cache-Control"] == "no-cache"
    assert api.get("/assets/..%2Findex.html").status_code == 404
