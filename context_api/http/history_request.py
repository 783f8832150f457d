"""What a request for tabular history asks for, read from a query string or from a JSON body alike."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from context_api.ngsild.errors import BadRequestData, InvalidRequest
from context_api.ngsild.model import Micros
from context_api.ngsild.query.periods import Period, parse_bucket, parse_zone
from context_api.tabular.labels import Language

METHODS = ("avg", "min", "max", "sum", "count", "first", "last", "stddev")
FORMATS = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}
"""Name -> media type; the first is what is given where nothing is asked for."""

PARAMETERS = (
    "type", "id", "attributes", "from", "to", "bucket", "method", "timezone", "format", "layout", "lang",
    "bom", "times", "comments", "asOf",
)  # fmt: skip
MAX_IDS = 5_000
MAX_NAMES = 100
DEFAULT_ZONE = "Asia/Tokyo"

_YEARS = range(1900, 2201)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)
_ALIASES = {"fiscal-year": "fiscalYear"}


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request. Names are as they were given: the store knows which of them exist."""

    types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    start: Micros | None = None
    end: Micros | None = None
    """Exclusive."""
    bucket: Period | None = None
    """None: every recorded value."""
    bucket_name: str | None = None
    methods: tuple[str, ...] = ()
    zone: ZoneInfo
    format: str
    is_wide: bool = False
    language: Language = Language.JA
    has_bom: bool = False
    has_local_times: bool = False
    has_comments: bool = False
    as_of: Micros | None = None

    def canonical(self, start: Micros, end: Micros, as_of: Micros) -> str:
        """Write path and query that give the same answer again, with every default spelled out."""
        pairs: list[tuple[str, str]] = [
            ("type", ",".join(self.types)),
            ("attributes", ",".join(self.attributes)),
            ("from", _written(start, self.zone)),
            ("to", _written(end, self.zone)),
            ("bucket", self.bucket_name or ""),
            ("method", ",".join(self.methods)),
            ("timezone", str(self.zone)),
            ("format", self.format),
            ("layout", "wide" if self.is_wide else "long"),
            ("lang", str(self.language)),
            ("bom", "true" if self.has_bom else ""),
            ("times", "local" if self.has_local_times else ""),
            ("asOf", _written(as_of, self.zone)),
            ("id", ",".join(self.ids)),  # last, since it may be too long for a header
        ]
        return "/api/v1/history?" + urlencode([(name, value) for name, value in pairs if value], safe=":,/")


def parse_history_request(given: Mapping[str, Any], accepted_format: str) -> HistoryRequest:
    """Check what was asked for; lists are lists or text with commas. Raises BadRequestData, InvalidRequest.

    `accepted_format` is that of the Accept header, which `format` overrides.
    """
    zone = parse_zone(_text(given, "timezone") or DEFAULT_ZONE)
    types, ids = _list(given, "type", MAX_NAMES), _list(given, "id", MAX_IDS)
    if not types and not ids:
        raise BadRequestData(
            "Say whose history: type=AirQualityObserved, or id=urn:ngsi-ld:AirQualityObserved:aq-001"
        )
    start, end = _edge(given, "from", zone, is_end=False), _edge(given, "to", zone, is_end=True)
    if start is not None and end is not None and end <= start:
        raise BadRequestData(
            f"to ({_shown(given['to'])}) must be later than from ({_shown(given['from'])})", pointer=None
        )
    bucket_name, bucket, methods = _aggregation(given)
    return HistoryRequest(
        types=types,
        ids=ids,
        attributes=_list(given, "attributes", MAX_NAMES),
        start=start,
        end=end,
        bucket=bucket,
        bucket_name=bucket_name,
        methods=methods,
        zone=zone,
        format=_choice(given, "format", tuple(FORMATS), accepted_format),
        is_wide=_choice(given, "layout", ("long", "wide"), "long") == "wide",
        language=Language(_choice(given, "lang", tuple(Language), Language.JA)),
        has_bom=_flag(given, "bom"),
        has_local_times=_choice(given, "times", ("offset", "local"), "offset") == "local",
        has_comments=_flag(given, "comments"),
        as_of=_edge(given, "asOf", zone, is_end=True),
    )


def _aggregation(given: Mapping[str, Any]) -> tuple[str | None, Period | None, tuple[str, ...]]:
    name = _text(given, "bucket")
    methods = tuple(dict.fromkeys(_list(given, "method", len(METHODS))))
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise BadRequestData(f"{_shown(unknown[0])} is not a method; give some of {', '.join(METHODS)}")
    if name is None or name == "none":
        if methods:
            raise BadRequestData("method needs a bucket, such as bucket=day")
        return None, None, ()
    return name, parse_bucket(_ALIASES.get(name, name)), methods or ("avg",)


def _edge(given: Mapping[str, Any], name: str, zone: ZoneInfo, *, is_end: bool) -> Micros | None:
    """Read a day, a month, a year or a time; an end that is a day holds all of it. Raises BadRequestData."""
    text = _text(given, name)
    if text is None:
        return None
    days = _DAY.fullmatch(text)
    try:
        local = _day(days, is_end=is_end) if days is not None else _time(text)
    except ValueError as error:
        raise BadRequestData(f"{name}={_shown(text)}: there is no such day or time") from error
    if local is None:
        raise BadRequestData(
            f"{name}={_shown(text)} is no time; write a day (2026-04-01), a month (2026-04), a year"
            " (2026) or a"
            " time (2026-04-01T09:00:00+09:00; without an offset it is one of the time zone)"
        )
    if local.year not in _YEARS:
        raise BadRequestData(
            f"{name}={_shown(text)} lies outside the years {_YEARS[0]} to {_YEARS[-1]}, which a history"
            " may have"
        )
    moment = local if local.tzinfo is not None else local.replace(tzinfo=zone)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _day(found: "re.Match[str]", *, is_end: bool) -> datetime:
    """Give the first moment of a day, month or year, or for an end that of the next one."""
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    first = date(year, month, day)
    if not is_end:
        return datetime(first.year, first.month, first.day)  # noqa: DTZ001 - the caller adds the zone
    if found[3]:
        after = first + timedelta(days=1) if first < date.max else first
    elif found[2]:
        after = date(year + month // 12, month % 12 + 1, 1)
    else:
        after = date(year + 1, 1, 1)
    return datetime(after.year, after.month, after.day)  # noqa: DTZ001


def _time(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    return datetime.fromisoformat(text.upper())


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise BadRequestData(f"{name} must be text that is not empty", pointer=_pointer(given, name))
    return value.strip()


def _list(given: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    value = given.get(name)
    if value is None:
        return ()
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
        raise BadRequestData(
            f"{name} must be a list of texts, none of them empty", pointer=_pointer(given, name)
        )
    if not items:
        raise BadRequestData(f"{name} is an empty list", pointer=_pointer(given, name))
    if len(items) > most:
        raise BadRequestData(
            f"{name} has {len(items):,} items; at most {most:,} are accepted in one request: ask in several",
            pointer=_pointer(given, name),
        )
    return tuple(dict.fromkeys(item.strip() for item in items))


def _choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    text = _text(given, name)
    if text is None:
        return default
    if text not in choices:
        raise BadRequestData(
            f"{name} is {_shown(text)}; it must be one of {', '.join(choices)}", pointer=_pointer(given, name)
        )
    return text


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if value not in ("true", "false"):
        raise InvalidRequest(f"{name} must be true or false", pointer=_pointer(given, name))
    return bool(value == "true")


def _pointer(given: Mapping[str, Any], name: str) -> str | None:
    """Point into a body; a query string has no pointers."""
    return None if isinstance(given, QueryText) else f"/{name}"


class QueryText(dict[str, str]):
    """Parameters that came in a query string."""


def _written(micros: Micros, zone: ZoneInfo) -> str:
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone).isoformat()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
