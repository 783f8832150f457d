"""Names, identifiers and scopes: what may be written (clauses 4.5.1, 4.6.2 and 4.18)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Protocol

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Iri

MAX_NAME_LENGTH = 2048

# Python's \w is letters, numbers (categories L and N) and the underscore; marks are not in it
_NAME = re.compile(r"[^\W\d_][\w]*(?::[^\W\d_][\w]*)?")
_SCOPE = re.compile(r"/?[^\W\d_]\w*(?:/[^\W\d_]\w*)*")
_ASCII_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!#-;=?-\[\]_a-z~]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20\x7f<>\"{}|\\^`]+")

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

# Characters that RFC 3987 lets into an IRI and that nobody can see: an id with one is not what it seems
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"))
_INVISIBLE_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)


class TermExpander(Protocol):
    """What reading names needs of a @context."""

    def expand(self, term: str) -> Iri:
        """Give the IRI that a term stands for."""
        ...


def is_uri(text: object) -> bool:
    """Whether a value is a URI or IRI without white space, markup or invisible characters."""
    if not isinstance(text, str) or len(text) > MAX_NAME_LENGTH:
        return False
    if text.isascii():
        return _ASCII_URI.fullmatch(text) is not None
    return _URI.fullmatch(text) is not None and not any(map(_is_invisible, text))


def check_uri(value: object, what: str, pointer: str) -> str:
    """Give a URI back. Raises BadRequestData where it is none, or is NGSI-LD Null."""
    if not isinstance(value, str) or not is_uri(value):
        raise BadRequestData(
            f"{what} is a URI such as urn:ngsi-ld:Room:1, not {shown(value)}", pointer=pointer
        )
    if value == NULL:
        raise BadRequestData(f"{what} cannot be {NULL}", pointer=pointer)
    return value


def check_text(text: str, pointer: str) -> str:
    """Give a text back. Raises BadRequestData where it holds U+0000, which the store cannot keep."""
    if "\0" in text:
        raise BadRequestData("text with the character U+0000 cannot be stored", pointer=pointer)
    return text


def is_language(tag: str) -> bool:
    """Whether a key of a languageMap is a language tag (RFC 5646), or stands for none."""
    return tag == "@none" or _LANGUAGE_TAG.fullmatch(tag) is not None


def plain_keywords(document: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    """Give a document with `id` and `type` in the place of `@id` and `@type` (clause 4.4)."""
    if "@id" not in document and "@type" not in document:
        return document
    plain: dict[str, Any] = {}
    for key, value in document.items():
        name = key[1:] if key in ("@id", "@type") else key
        if name in plain:
            raise BadRequestData(f"{name} and @{name} stand for the same", pointer=f"{pointer}/{key}")
        plain[name] = value
    return plain


def escape(key: str) -> str:
    """Write a member's name as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def expand_name(name: object, context: TermExpander, what: str, pointer: str = "") -> Iri:
    """Expand the name of a type or an attribute. Raises BadRequestData where it is none (clause 4.6.2)."""
    if not isinstance(name, str) or len(name) > MAX_NAME_LENGTH or not _is_name(name):
        raise BadRequestData(
            f"{what} is a letter followed by letters, digits and underscores, with an optional prefix before"
            f" a colon, or a full IRI; {shown(name)} is neither",
            pointer=pointer,
        )
    iri = context.expand(name)
    if ":" not in iri:
        raise BadRequestData(f"{what} {shown(name)} stands for {iri}, which is no IRI", pointer=pointer)
    return iri


def read_scopes(value: Any, pointer: str) -> tuple[str, ...]:
    """Read a scope or a list of them, without repetitions (clause 4.18)."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise BadRequestData("scope needs at least one scope", pointer=pointer)
    for scope in listed:
        if not isinstance(scope, str) or _SCOPE.fullmatch(scope) is None:
            raise BadRequestData(
                "a scope is levels separated by /, each a letter followed by letters, digits and underscores,"
                f" such as /Tokyo/Higashimurayama; {shown(scope)} is not",
                pointer=pointer,
            )
    return tuple(dict.fromkeys(listed))


def shown(value: object) -> str:
    """Write a value that was sent, cut to a length that fits a message."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None or (":" in name and is_uri(name))


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
        return True
    code = ord(character)
    return any(first <= code <= last for first, last in _INVISIBLE_RANGES)
