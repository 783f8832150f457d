"""docker-compose.yml as the tests read it: anchors resolved, variables filled in."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE_FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:(?P<operator>:-|:\?)(?P<rest>[^}]*))?\}")


@cache
def load() -> dict[str, Any]:
    """The file, with the merge keys of YAML applied."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load()["services"]
    return found


def machi_services() -> dict[str, dict[str, Any]]:
    """The services that run our own image."""
    return {name: service for name, service in services().items() if service["image"].startswith("machi:")}


def variables() -> dict[str, str]:
    """Variable of .env -> how it is used: '' (required) or its default."""
    found: dict[str, str] = {}
    for match in _VARIABLE.finditer(COMPOSE_FILE.read_text()):
        found[match["name"]] = "" if match["operator"] == ":?" else match["rest"] or ""
    return found


def required_variables() -> set[str]:
    text = COMPOSE_FILE.read_text()
    return {match["name"] for match in _VARIABLE.finditer(text) if match["operator"] == ":?"}


def interpolate(text: str, values: dict[str, str]) -> str:
    """As Compose does it, for the forms that the file uses."""

    def fill(match: re.Match[str]) -> str:
        return values.get(match["name"]) or (match["rest"] if match["operator"] == ":-" else "")

    return _VARIABLE.sub(fill, text).replace("$$", "$")


def environment(service: str, values: dict[str, str]) -> dict[str, str]:
    """The environment of a container."""
    given: dict[str, str] = services()[service].get("environment", {})
    return {name: interpolate(value, values) for name, value in given.items()}
