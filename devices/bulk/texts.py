"""What the report of an import says, in Japanese and English (`texts.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from context_api.tabular.labels import Language

__all__ = ["Language", "Text", "choose_language", "say", "title"]


class Text(NamedTuple):
    """What is wrong, and how to mend it."""

    what: str
    mend: str


def say(code: str, values: Mapping[str, str], language: Language) -> Text:
    """Give the text of a fault with its values in it."""
    found = _texts()["faults"][code]
    which = _index(language)
    return Text(found["what"][which].format_map(values), found["mend"][which].format_map(values))


def title(key: str, language: Language) -> str:
    """Give the name of a column of the report, or a word of a label."""
    pair: list[str] = _texts()["titles"][key]
    return pair[_index(language)]


def fault_codes() -> frozenset[str]:
    """Give every code that has a text."""
    return frozenset(_texts()["faults"])


def choose_language(accept_language: str | None) -> Language:
    """Choose by an Accept-Language header (RFC 9110, 12.5.4): the first of ours with the highest weight.

    Without one of ours in it: English.
    """
    best, best_weight = Language.EN, 0.0
    for part in (accept_language or "")[:1000].split(","):
        tag, _, parameters = part.partition(";")
        main = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if main in (Language.JA, Language.EN) and weight > best_weight:
            best, best_weight = Language(main), weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 1.0


def _index(language: Language) -> int:
    return 0 if language is Language.JA else 1


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("texts.toml").read_text(encoding="utf-8"))
