"""The columns that a file may have: what they are called, and how a cell becomes a member. Pure."""

import math
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from adapters.registry import adapter_names
from context_api.ngsild.time import format_datetime
from devices.bulk.model import MAX_CELL_CHARS, Cell, Odd
from devices.bulk.texts import Language

CLEAR = "-"
"""A cell that empties the member; an empty cell leaves it as it is."""
MAX_TAGS = 32
MAX_TAG_CHARS = 64
_MAX_INTERVAL_S = 366 * 86_400.0
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_JAPAN = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATIC = re.compile(r"(?:static|属性)[.:](.+)")
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TAG_BREAKS = re.compile(r"[\s,;、，；]+")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－ー"), "-")


class Wrong(Exception):
    """A cell is wrong: the code and the values of its fault."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = {name: str(value) for name, value in values.items()}


class Column(NamedTuple):
    """One column: its name in both languages, other names, and how it is read."""

    member: str
    ja: str
    en: str
    read: Callable[[str], Any]
    """From a trimmed text to a JSON value. Raises Wrong."""
    meaning: tuple[str, str]
    example: str
    others: tuple[str, ...] = ()

    def name(self, language: Language) -> str:
        """Give its name in the template."""
        return self.ja if language is Language.JA else self.en


def half_width(text: str) -> str:
    """Give full-width letters, digits and signs their half-width form; trim (full-width blanks too)."""
    return unicodedata.normalize("NFKC", text).strip()


def _read_id(text: str) -> str:
    found = half_width(text).translate(_DASHES)
    if not _ID.fullmatch(found):
        raise Wrong("id-form")
    return found


def _text_reader(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        found = " ".join(text.split())
        if text.lstrip().startswith("="):
            raise Wrong("formula")
        if not found.isprintable() or len(found) > most:
            raise Wrong("text-form", most=most)
        return found

    return read


def _number(text: str, example: str) -> float:
    clean = half_width(text).translate(_DASHES).removesuffix("度").removesuffix("°").removesuffix("秒")
    try:
        number = float(clean.strip())
    except ValueError:
        raise Wrong("number", example=example) from None
    if not math.isfinite(number) or "_" in clean:
        raise Wrong("number", example=example)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _read_latitude(text: str) -> float:
    return _number(text, "35.7546")


def _read_longitude(text: str) -> float:
    return _number(text, "139.4685")


def _read_altitude(text: str) -> float:
    return _number(text, "74")


def _read_interval(text: str) -> float:
    found = _number(text, "600")
    if not 0 < found <= _MAX_INTERVAL_S:
        raise Wrong("interval-range")
    return found


_KINDS = {
    **dict.fromkeys(("device", "デバイス", "機器"), "device"),
    **dict.fromkeys(("gateway", "ゲートウェイ"), "gateway"),
}


def _read_kind(text: str) -> str:
    found = _KINDS.get(half_width(text).lower())
    if found is None:
        raise Wrong("choice", value=text[:60], choices="device, gateway")
    return found


PROFILE_WORDS = {
    **dict.fromkeys(("大気", "大気質", "空気質"), "air-quality"),
    **dict.fromkeys(("騒音", "騒音計"), "noise"),
    **dict.fromkeys(("気象", "気温"), "weather"),
    **dict.fromkeys(("水位", "河川水位", "河川の水位"), "river-level"),
    "交通量": "traffic-flow",
    "駐車場": "parking",
}
"""What people write in Japanese for the profiles that are of no make; no profile can have such a name."""


def _read_profile(text: str) -> str:
    found = half_width(text)
    return PROFILE_WORDS.get(found, found)


def _read_adapter(text: str) -> str:
    found = half_width(text)
    if found not in adapter_names():
        raise Wrong("choice", value=found[:60], choices=", ".join(adapter_names()))
    return found


def _read_tags(text: str) -> list[str]:
    tags = list(dict.fromkeys(half_width(tag) for tag in _TAG_BREAKS.split(text) if tag.strip()))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARS or not tag.isprintable() for tag in tags):
        raise Wrong("tags-form", most=MAX_TAGS, most_chars=MAX_TAG_CHARS)
    return tags


def _read_day(text: str) -> str:
    """A day, or a time with its offset; a day begins at midnight in Japan."""
    clean = half_width(text).replace("/", "-")
    parts = clean.partition(" ")[0].partition("T")[0].split("-")
    try:
        if len(parts) == 3 and len(clean) <= 10:
            year, month, day = map(int, parts)
            found = datetime(year, month, day, tzinfo=_JAPAN)
        else:
            found = datetime.fromisoformat(clean)
        local = found if found.tzinfo else found.replace(tzinfo=_JAPAN)
        return format_datetime((local - _EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        raise Wrong("date") from None


def _read_static(text: str) -> Any:
    """A number, true or false, JSON where it looks like it, else text."""
    if text.startswith("="):
        raise Wrong("formula")
    plain = half_width(text)
    if plain in ("true", "false"):
        return plain == "true"
    if plain[:1] in ("{", "["):
        try:
            return orjson.loads(plain)
        except orjson.JSONDecodeError as error:
            raise Wrong("rule", detail=f"not JSON: {error}") from error
    if re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", plain):
        return float(plain) if "." in plain else int(plain)
    return _text_reader(MAX_CELL_CHARS)(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "id": _read_id,
    "profile": _read_profile,
    "name": _text_reader(200),
    "latitude": _read_latitude,
    "longitude": _read_longitude,
    "altitude": _read_altitude,
    "expectedIntervalS": _read_interval,
    "serial": _text_reader(100),
    "owner": _text_reader(200),
    "tags": _read_tags,
    "notes": _text_reader(4_000),
    "installedAt": _read_day,
    "kind": _read_kind,
    "adapter": _read_adapter,
    "application": half_width,
    "gateway": half_width,
    "gatewayDevice": half_width,
}


def _read_columns() -> list[Column]:
    data = tomllib.loads(files(__package__).joinpath("columns.toml").read_text(encoding="utf-8"))
    return [
        Column(
            member,
            found["name"][0],
            found["name"][1],
            _READERS[member],
            tuple(found["meaning"]),
            found["example"],
            tuple(found["others"]),
        )
        for member, found in data.items()
    ]


COLUMNS: Sequence[Column] = _read_columns()


def fold(header: str) -> str:
    """Give a header the form in which names are compared."""
    return re.sub(r"[\s_\-]+", "", half_width(header)).casefold()


_BY_NAME = {
    fold(name): column for column in COLUMNS for name in (column.member, column.ja, column.en, *column.others)
}
KNOWN_NAMES = tuple(name for column in COLUMNS for name in (column.ja, column.en))


def find_column(header: str) -> Column | None:
    """Find the column that a header names. Raises Wrong for `static:` with a name that cannot be one."""
    found = _BY_NAME.get(fold(header))
    if found is not None:
        return found
    static = _STATIC.fullmatch(half_width(header))
    if static is None:
        return None
    term = static[1].strip()
    if not _TERM.fullmatch(term):
        raise Wrong("static-name", column=header[:60])
    return Column(f"static.{term}", f"属性:{term}", f"static:{term}", _read_static, ("", ""), "120")


def count_known(header: list[str]) -> int:
    """Count the cells of a header that are known columns."""
    return sum(fold(cell) in _BY_NAME or bool(_STATIC.fullmatch(half_width(cell))) for cell in header)


def read_cell(column: Column, cell: Cell) -> Any:
    """Read a cell that is not empty. Raises Wrong."""
    if isinstance(cell, Odd):
        if cell.code != "excel-date" or column.member != "installedAt":
            raise Wrong(cell.code)
        cell = cell.text
    if len(cell) > MAX_CELL_CHARS:
        raise Wrong("cell-long", chars=len(cell), most=MAX_CELL_CHARS)
    return column.read(cell.strip())
