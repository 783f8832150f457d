"""The built console: what Vite wrote beside this module (`make console`), read once.

Names of assets carry a hash of what is in them, so that a browser keeps them for ever; the one document does
not, and carries what differs between installations: the base map. Nothing is compressed here: `.br` and `.gz`
lie beside.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

BUILT = Path(__file__).parent / "console"
_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webp": "image/webp",
    "woff2": "font/woff2",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_SETTINGS_MARK = '<meta name="machi:settings" content="{}" />'


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseMap:
    """Raster tiles of elsewhere under the town's map, such as 国土地理院's."""

    url: str
    """`https://…/{z}/{x}/{y}.png`"""
    attribution: str
    max_zoom: int = 18

    @property
    def origin(self) -> str:
        """The server, as a content security policy names it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the console is told of this installation, in its document: before anybody logs in."""

    version: str = ""
    base_map: BaseMap | None = None
    licence: str | None = None
    """On which terms the town's data may be used."""
    licence_url: str | None = None
    attribution: str | None = None

    def to_json(self) -> dict[str, object]:
        """Give what `ConsoleSettings` (console/src/app/settings.ts) reads."""
        told: dict[str, object] = {"version": self.version}
        if self.base_map is not None:
            tiles = self.base_map
            told["tiles"] = {"url": tiles.url, "attribution": tiles.attribution, "maxzoom": tiles.max_zoom}
        if self.licence is not None:
            terms = {"name": self.licence, "url": self.licence_url, "attribution": self.attribution}
            told["licence"] = {name: value for name, value in terms.items() if value is not None}
        return told


@dataclass(frozen=True, slots=True)
class File:
    """One file, as it is and compressed."""

    body: bytes
    media_type: str
    etag: str
    compressed: Mapping[str, bytes]

    def fitting(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """Give the body for a browser that takes these encodings, and which it is in."""
        taken = {part.partition(";")[0].strip() for part in accept_encoding.lower().split(",")}
        for name, _ in _ENCODINGS:
            if name in taken and name in self.compressed:
                return self.compressed[name], name
        return self.body, None


@dataclass(frozen=True, slots=True)
class Console:
    """The document and the assets by their names."""

    document: File | None
    """None: the console is not built."""
    assets: Mapping[str, File]


def read_console(folder: Path, shown: Shown) -> Console:
    """Read what was built; an empty console where nothing was."""
    page = folder / "index.html"
    if not page.is_file():
        return Console(None, {})
    assets = {
        path.name: read_file(path)
        for path in (folder / "assets").iterdir()
        if path.suffix.removeprefix(".") in _MEDIA_TYPES
    }
    return Console(_document(page, shown), assets)


def read_file(path: Path) -> File:
    """Read one file, with what is compressed beside it."""
    compressed = {
        name: beside.read_bytes()
        for name, suffix in _ENCODINGS
        if (beside := path.with_name(path.name + suffix)).is_file()
    }
    return _file(path.read_bytes(), path.suffix, compressed)


def _document(page: Path, shown: Shown) -> File:
    content = escape(json.dumps(shown.to_json(), ensure_ascii=False))
    mark = f'<meta name="machi:settings" content="{content}" />'
    text = page.read_text(encoding="utf-8").replace(_SETTINGS_MARK, mark, 1)
    return _file(text.encode(), ".html", {})


def _file(body: bytes, suffix: str, compressed: Mapping[str, bytes]) -> File:
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return File(body, _MEDIA_TYPES[suffix.removeprefix(".")], f'"{digest}"', compressed)
