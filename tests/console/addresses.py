"""All that can be opened in the console, read from its sources: what is added is tried too."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.console.api import CONSOLE

SOURCES = CONSOLE / "src"
_FIELD = r'^\s*{name}: "([^"]*)",'


@dataclass(frozen=True)
class Address:
    """A page, or a section of one."""

    path: str
    folder: str
    """Below `src/pages`; its words are in it."""
    permissions: tuple[str, ...] = ()
    """What its visitor needs, of the page and of the section."""
    is_public: bool = False


def addresses() -> list[Address]:
    """Give every page without sections and every section."""
    return sorted(_found(), key=lambda one: one.path)


def _found() -> Iterator[Address]:
    for definition in sorted((SOURCES / "pages").glob("*/page.ts")):
        folder, text = definition.parent, definition.read_text(encoding="utf-8")
        path, needed = f"/{_field(text, 'path')}", _permission(text)
        sections = sorted(folder.glob("*/section.ts"))
        if not sections:
            yield Address(path, folder.name, needed, "isPublic: true" in text)
        for section in sections:
            own = section.read_text(encoding="utf-8")
            below = _field(own, "path")
            name = f"{folder.name}/{section.parent.name}"
            yield Address(f"{path}/{below}" if below else path, name, (*needed, *_permission(own)))


def _field(text: str, name: str) -> str:
    found = re.search(_FIELD.format(name=name), text, re.MULTILINE)
    assert found is not None, name
    return found[1]


def _permission(text: str) -> tuple[str, ...]:
    found = re.search(_FIELD.format(name="permission"), text, re.MULTILINE)
    return (found[1],) if found else ()


@cache
def _words(path: Path) -> dict[str, object]:
    words: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return words


def word(key: str, *, folder: str | None = None, language: str = "ja") -> str:
    """Give the words of a key: the shell's, or those of a folder below `src/pages`."""
    path = SOURCES / "i18n" / f"shell.{language}.json"
    if folder is not None:
        path = SOURCES / "pages" / folder / f"words.{language}.json"
    found: object = _words(path)
    for part in key.split("."):
        assert isinstance(found, dict), key
        found = found[part]
    assert isinstance(found, str), key
    return found
