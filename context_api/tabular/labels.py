"""What terms, units and columns are called: Japanese and English (`labels.toml`)."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Language(StrEnum):
    """In which headers and metadata are written."""

    JA = "ja"
    EN = "en"


def short_name(iri: str) -> str:
    """Give what follows the last # or / of a name, as the SQL views do."""
    return iri.rpartition("/")[2].rpartition("#")[2] or iri


def attribute_label(name: str, language: Language) -> str:
    """Give what people call an attribute; a name that nobody has translated stays as it is."""
    return _of("attributes", name, language)


def type_label(name: str, language: Language) -> str:
    """Give what people call an entity type."""
    return _of("types", name, language)


def column_title(key: str, language: Language) -> str:
    """Give the header of a column."""
    return _of("columns", key, language)


def method_label(name: str, language: Language) -> str:
    """Give what people call an aggregate."""
    return _of("methods", name, language)


def about_label(key: str, language: Language) -> str:
    """Give the name of a piece of metadata."""
    return _of("about", key, language)


def unit_sign(code: str | None) -> str:
    """Give the sign of a UN/CEFACT unit.

    A code without a known sign stands for itself, a plain count has none.
    """
    if code is None:
        return ""
    sign: str = unit_signs().get(code, code)
    return sign


def unit_signs() -> Mapping[str, str]:
    """Give the sign of each unit code that has one."""
    signs: Mapping[str, str] = _labels()["units"]
    return signs


def with_unit(label: str, code: str | None, language: Language) -> str:
    """Write a label with its unit: `気温（℃）`, `Temperature (℃)`."""
    sign = unit_sign(code)
    return in_brackets(label, sign, language) if sign else label


def in_brackets(label: str, remark: str, language: Language) -> str:
    """Write a remark after a label, as the language writes brackets."""
    return f"{label}（{remark}）" if language is Language.JA else f"{label} ({remark})"


def _of(group: str, name: str, language: Language) -> str:
    pair: list[str] | None = _labels()[group].get(name)
    return name if pair is None else pair[0 if language is Language.JA else 1]


@cache
def _labels() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("labels.toml").read_text(encoding="utf-8"))
