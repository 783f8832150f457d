"""The console's idea of the API is the API's own."""

import re

from context_api.http.console_paths import PAGES
from tests.console.api import CONSOLE, DOCUMENT, console_document, live_document, text_of


def test_the_document_of_the_console_is_the_live_one() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text_of(console_document(live_document())), (
        "run `npm run api` in console/"
    )


def test_the_server_knows_every_page() -> None:
    found = {
        path
        for file in (CONSOLE / "src" / "pages").glob("*/page.ts")
        for path in re.findall(r'^ *path: "([^"]*)"', file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"", "login", "public"} <= found <= PAGES
