"""The tables of the docs, made from the code: `python -m tests.docs.tables` writes the English ones.

The Japanese ones are written by people; the tests compare their names and defaults with the code.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from context_api.http.app import create_app
from context_api.http.settings import ApiSettings
from deploy.cli import app as command_line
from deploy.settings import Settings, variable_name

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
Row = tuple[str, ...]


def setting_rows() -> list[Row]:
    """Variable, default, meaning."""
    return [
        (f"`{variable_name(name)}`", _default(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _default(name: str) -> str:
    if name == "instance":
        return ""
    value: Any = Settings.model_fields[name].default
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value}`"


def route_rows() -> list[Row]:
    """Method, path, meaning."""
    api = create_app(ApiSettings(database_url="postgresql://nowhere", installation_secret=b"0" * 16))
    return [
        (f"`{method.upper()}`", f"`{path}`", operation["summary"])
        for path, methods in api.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def command_rows() -> list[Row]:
    """Command, meaning."""
    return [(f"`machi {name}`", text) for name, text in _commands(typer.main.get_command(command_line), "")]


def _commands(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Leaves of the tree of commands."""
    children = getattr(command, "commands", None)
    if children is None:
        paragraph = (command.help or "").split("\n\n")[0]
        yield name.strip(), " ".join(paragraph.split())
        return
    for child_name, child in children.items():
        yield from _commands(child, f"{name} {child_name}")


TABLES = {
    "settings": (("variable", "default", "meaning"), setting_rows),
    "routes": (("method", "path", "what it does"), route_rows),
    "commands": (("command", "what it does"), command_rows),
}
"""Name, which is also that of the page; head; rows."""


def render(name: str) -> str:
    """The table as Markdown."""
    head, rows = TABLES[name]
    lines = [_line(head), _line(tuple("---" for _ in head)), *map(_line, rows())]
    return "\n".join(lines) + "\n"


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def read_rows(path: Path, name: str) -> list[Row]:
    """The rows of a page's table, without head."""
    lines = read_table(path, name).strip().splitlines()
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[2:]]


def read_table(path: Path, name: str) -> str:
    """The text between a page's markers."""
    text = path.read_text()
    head, tail = _split_page(text, name)
    return text[len(head) : len(text) - len(tail)]


def _split_page(text: str, name: str) -> tuple[str, str]:
    """What stands before a table, and what after it."""
    start = text.index(f"<!-- table {name} -->\n") + len(f"<!-- table {name} -->\n")
    return text[:start], text[text.index("<!-- end -->", start) :]


def main() -> None:
    """Write the English tables anew."""
    for name in TABLES:
        path = DOCS / "en" / f"{name}.md"
        head, tail = _split_page(path.read_text(), name)
        path.write_text(head + render(name) + tail)


if __name__ == "__main__":
    main()
