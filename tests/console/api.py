"""What the console knows of the API: `python -m tests.console.api` writes it (`npm run api` in console/).

Only the operations that the console's sources name, without what is meant for readers: so the console's types
follow the live document, and a new route or a better description elsewhere changes nothing here.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONSOLE = Path(__file__).parents[2] / "console"
DOCUMENT = CONSOLE / "src" / "api" / "openapi.json"
_CALL = re.compile(r"""\bapi\s*\.\s*(GET|POST|PUT|PATCH|DELETE)\(\s*["'](/[^"']+)["']""")
_SCHEMA = re.compile(r"""components\["schemas"\]\["(\w+)"\]""")
_FOR_READERS = {"description", "example", "examples", "summary", "tags", "security"}


def used_operations() -> set[tuple[str, str]]:
    """Give (method, path) of what the console's sources call."""
    return {
        (method.lower(), path)
        for file in (CONSOLE / "src").rglob("*.ts*")
        for method, path in _CALL.findall(file.read_text(encoding="utf-8"))
    }


def used_schemas() -> set[str]:
    """Give the schemas that the console's sources name: `components["schemas"]["Session"]`."""
    return {
        name
        for file in (CONSOLE / "src").rglob("*.ts*")
        if file.name != "schema.ts"
        for name in _SCHEMA.findall(file.read_text(encoding="utf-8"))
    }


def console_document(live: dict[str, Any]) -> dict[str, Any]:
    """Reduce the live document to what the console uses. Raises KeyError for a route that there is not."""
    paths: dict[str, Any] = {}
    for method, path in sorted(used_operations()):
        paths.setdefault(path, {})[method] = _without_prose(live["paths"][path][method])
    components: dict[str, dict[str, Any]] = {}
    waiting = [*_references(paths), *(f"#/components/schemas/{name}" for name in sorted(used_schemas()))]
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            part = _without_prose(live["components"][kind][name])
            components[kind][name] = part
            waiting.extend(_references(part))
    return {
        "openapi": live["openapi"],
        "info": {"title": live["info"]["title"], "version": "0"},
        "paths": paths,
        "components": components,
    }


def text_of(document: dict[str, Any]) -> str:
    """Write a document as it is kept."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def live_document() -> dict[str, Any]:
    """Give the document that the API serves."""
    from context_api.http.app import create_app
    from context_api.http.settings import ApiSettings

    document: dict[str, Any] = create_app(ApiSettings(database_url="", auth=False)).openapi()
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


def _without_prose(node: Any, *, is_names: bool = False) -> Any:
    """Drop what is meant for readers; `is_names`: the members are names of somebody's own (properties)."""
    if isinstance(node, list):
        return [_without_prose(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_prose(value, is_names=name in {"properties", "patternProperties"} and not is_names)
        for name, value in node.items()
        if is_names or (name not in _FOR_READERS) or _is_needed(node, name)
    }


def _is_needed(node: dict[str, Any], name: str) -> bool:
    """OpenAPI wants a description of every response: an empty one does."""
    return name == "description" and "content" in node


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


if __name__ == "__main__":
    DOCUMENT.write_text(text_of(console_document(live_document())), encoding="utf-8")
