"""Query parameters: one table that requests are checked against and the OpenAPI document is made from.

A parameter is accepted by the operation, or NGSI-LD has it and it is not served yet (OperationNotSupported),
or it is unknown (InvalidRequest). None is ever ignored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from context_api.ngsild.errors import BadRequestData, InvalidRequest, OperationNotSupported, TooManyResults
from context_api.ngsild.linked import MAX_JOIN_LEVEL
from context_api.ngsild.query.entity import DEFAULT_LIMIT

MAX_LIMIT = 1_000
MAX_OFFSET = 10_000_000
MAX_LIST = 1_000
MAX_PARAMETERS = 1_100


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One query parameter. A list may be given by commas or by repeating the parameter."""

    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    example: Any = None
    is_list: bool = False


def _list_of(example: list[str], description: str, **items: Any) -> Parameter:
    schema = {"type": "array", "items": {"type": "string", **items}}
    return Parameter(description=description, schema=schema, example=example, is_list=True)


def _choice(values: list[str], description: str) -> Parameter:
    return Parameter(description=description, schema={"type": "string", "enum": values}, example=values[0])


_INTEGER = {"type": "integer", "minimum": 0}
_BOOLEAN = {"type": "boolean"}
_DATETIME = {"type": "string", "format": "date-time"}

PARAMETERS: Mapping[str, Parameter] = {
    "id": _list_of(["urn:ngsi-ld:AirQualityObserved:aq-001"], "Entities of these ids", format="uri"),
    "idPattern": Parameter(
        description="A regular expression, searched in the id", example="AirQualityObserved:aq-"
    ),
    "type": Parameter(
        description="Entity types: `,` or `|` for or, `;` for and, parentheses; `*` for any",
        example="AirQualityObserved",
    ),
    "attrs": _list_of(["pm25"], "Only these attributes, and entities that have one of them"),
    "keep": _list_of(["pm25"], "Delete all attributes but these, and no entity"),
    "drop": _list_of(["pm25"], "Delete these attributes, and no entity"),
    "limit": Parameter(
        description=f"Entries per page; at most {MAX_LIMIT}, 0 only together with count=true",
        schema={**_INTEGER, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        example=DEFAULT_LIMIT,
    ),
    "offset": Parameter(
        description="Entries to skip", schema={**_INTEGER, "maximum": MAX_OFFSET, "default": 0}, example=0
    ),
    "count": Parameter(
        description="Give the number of all matches in NGSILD-Results-Count", schema=_BOOLEAN, example=True
    ),
    "options": _list_of(
        ["keyValues"],
        "keyValues or simplified, concise, normalized; sysAttrs; and what the operation names besides",
    ),
    "format": _choice(
        ["keyValues", "simplified", "concise", "normalized"], "The representation; wins over options"
    ),
    "local": Parameter(
        description="Only what this broker holds (it forwards nothing yet)", schema=_BOOLEAN, example=True
    ),
    "details": Parameter(description="More than names", schema=_BOOLEAN, example=False),
    "deleteAll": Parameter(description="All instances of the attribute", schema=_BOOLEAN, example=True),
    "datasetId": Parameter(
        description="The instance of this datasetId; absent: the default instance",
        schema={"type": "string", "format": "uri"},
        example="urn:ngsi-ld:Dataset:corrected",
    ),
    "pick": _list_of(
        ["id", "pm25"],
        "Only these members and attributes; `relationship{name}` for linked entities (clause 4.21)",
    ),
    "omit": _list_of(["location"], "Without these members and attributes; as in pick"),
    "lang": Parameter(
        description="Language properties as plain strings of the preferred language, as in Accept-Language",
        example="ja,en;q=0.8",
    ),
    "geometryProperty": Parameter(
        description="With Accept: application/geo+json, the attribute that gives the geometry",
        example="location",
    ),
    "join": _choice(
        ["inline", "flat", "@none"], "Linked entities, inside their relationships or after the entities"
    ),
    "joinLevel": Parameter(
        description="With join: how many links are followed",
        schema={"type": "integer", "minimum": 1, "maximum": MAX_JOIN_LEVEL, "default": 1},
        example=1,
    ),
    "containedBy": _list_of(
        ["urn:ngsi-ld:City:1"], "With join: entities that the client has already", format="uri"
    ),
    "q": Parameter(description="A query over attributes (clause 4.9)", example="pm25>35"),
    "expandValues": _list_of(["category"], "Attributes whose values in q are terms of the @context"),
    "jsonKeys": _list_of(
        ["rawReading"], "Attributes whose values in q are never expanded, whatever expandValues says"
    ),
    "csf": Parameter(
        description="A query over context sources; there are none yet, so only its grammar is checked",
        example='contextSourceAlias=="north"',
    ),
    "georel": Parameter(
        description="near;maxDistance==METRES, near;minDistance==METRES, within, contains, overlaps,"
        " intersects, equals or disjoint (clause 4.10)",
        example="near;maxDistance==500",
    ),
    "geometry": Parameter(description="The type of the geometry: Point, Polygon, …", example="Point"),
    "coordinates": Parameter(
        description="The geometry's coordinates, as a JSON array", example="[139.4657,35.7598]"
    ),
    "geoproperty": Parameter(
        description="The attribute that a geoquery looks at; absent: location", example="location"
    ),
    "scopeQ": Parameter(description="A query over scopes (clause 4.19)", example="/Tokyo/#"),
    "orderBy": _list_of(
        ["pm25;desc"], "id, type, attributes or parts of them, with ;asc, ;desc, ;dist-asc or ;dist-desc"
    ),
    "orderFrom": Parameter(
        description="The coordinates from where distances are measured", example="[139.4657,35.7598]"
    ),
    "orderGeometry": Parameter(
        description="The type of the geometry whose coordinates orderFrom gives; absent: Point",
        example="Point",
    ),
    "collation": Parameter(description="The order of strings, a language tag", example="ja"),
    "splitEntities": Parameter(
        description="Whether parts of an entity may lie in several sources", schema=_BOOLEAN, example=False
    ),
    "timerel": _choice(["after", "before", "between"], "How an instance's time stands to timeAt"),
    "timeAt": Parameter(description="A DateTime, UTC", schema=_DATETIME, example="2026-11-23T00:00:00Z"),
    "endTimeAt": Parameter(
        description="With timerel=between: the end, exclusive",
        schema=_DATETIME,
        example="2026-11-24T00:00:00Z",
    ),
    "timeproperty": _choice(
        ["observedAt", "createdAt", "modifiedAt", "deletedAt"], "Which time of an instance is looked at"
    ),
    "lastN": Parameter(
        description="Only the newest N instances of each attribute",
        schema={"type": "integer", "minimum": 1},
        example=10,
    ),
    "timePage": Parameter(
        description="Where the page before this one ended; the Link to the next page has it (ours)",
        schema=_DATETIME,
        example="2026-11-23T12:00:00Z",
    ),
    "aggrMethods": _list_of(
        ["avg", "max"],
        "With aggregatedValues: what is calculated",
        enum=["totalCount", "distinctCount", "sum", "avg", "min", "max", "stddev", "sumsq"],
    ),
    "aggrPeriodDuration": Parameter(
        description="With aggregatedValues: the length of the periods, an ISO 8601 duration or (ours) one of"
        " minute, hour, day, week, month, quarter, year, fiscalYear; absent or PT0S: the whole window",
        example="P1D",
    ),
    "timezone": Parameter(
        description="With aggregatedValues (ours): periods follow the calendar of this zone instead of"
        " beginning with the window",
        example="Asia/Tokyo",
    ),
    "after": Parameter(description="Entries after this one", example="aq-001"),
    "phase": _choice(["normal", "pending", "raised"], "Where an entity stands with an alarm rule"),
    "text": Parameter(description="Part of the id or the name", example="aq"),
    "profile": Parameter(description="Devices of this profile", example="air-quality"),
}

LATER_ENTITIES = frozenset({"entityMap", "entityMapLifetime"})
LATER_TEMPORAL = LATER_ENTITIES
"""Parameters of NGSI-LD that this broker knows and does not serve yet."""


_LISTS = frozenset(name for name, parameter in PARAMETERS.items() if parameter.is_list)


class Query:
    """The checked parameters of one request."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str | None:
        """Give the value as it came. Raises BadRequestData where it is empty."""
        value = self._values.get(name)
        if value is not None and not value.strip():
            raise BadRequestData(f"The parameter {name} is empty")
        return value

    def items(self, name: str) -> tuple[str, ...]:
        """Split a list by commas. Raises BadRequestData where an item is empty."""
        text = self._values.get(name)
        if text is None:
            return ()
        found = tuple(item.strip() for item in text.split(","))
        if not all(found):
            raise BadRequestData(f"The parameter {name} has an empty item")
        if len(found) > MAX_LIST:
            raise BadRequestData(
                f"The parameter {name} has {len(found)} items; at most {MAX_LIST} are accepted"
            )
        return found

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read true or false."""
        text = self._values.get(name)
        if text is None:
            return default
        if text not in ("true", "false"):
            raise InvalidRequest(f"The parameter {name} is {text[:40]!r}; it must be true or false")
        return text == "true"

    def integer(self, name: str, *, default: int | None, minimum: int, maximum: int) -> int | None:
        """Read a whole number within bounds."""
        text = self._values.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise BadRequestData(f"The parameter {name} is {text[:40]!r}; it must be a whole number")
        number = int(text)
        if number < minimum:
            raise BadRequestData(f"The parameter {name} is {number}; it must be at least {minimum}")
        if number > maximum:
            raise TooManyResults(f"The parameter {name} is {number}; at most {maximum} is served")
        return number

    def page(self) -> tuple[int, int, bool]:
        """Read limit, offset and count (clause 6.3.10)."""
        count = self.flag("count")
        limit = self.integer("limit", default=DEFAULT_LIMIT, minimum=0, maximum=MAX_LIMIT)
        offset = self.integer("offset", default=0, minimum=0, maximum=MAX_OFFSET)
        if limit == 0 and not count:
            raise BadRequestData("The parameter limit is 0, which is only of use together with count=true")
        return limit or 0, offset or 0, count

    def without_page(self) -> dict[str, str]:
        """Give the parameters that a link to another page repeats."""
        return {name: value for name, value in self._values.items() if name not in _PAGE}


_PAGE = frozenset(("limit", "offset", "timePage"))
_EMPTY = Query({})


def parse_query(query_string: bytes, accepts: Collection[str], later: Collection[str] = ()) -> Query:
    """Read and check the parameters of a request."""
    if not query_string:
        return _EMPTY
    try:
        if query_string.count(b"&") >= MAX_PARAMETERS:
            raise InvalidRequest(f"The query string has more than {MAX_PARAMETERS} parameters")
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise InvalidRequest(f"The query string is not percent-encoded UTF-8: {error}") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        _check(name, accepts, later)
        if "\0" in value:
            raise BadRequestData(f"The parameter {name} holds the character U+0000")
        if name not in values:
            values[name] = value
        elif name in _LISTS:
            values[name] = f"{values[name]},{value}"
        else:
            raise InvalidRequest(f"The parameter {name} is given twice")
    return Query(values)


def _check(name: str, accepts: Collection[str], later: Collection[str]) -> None:
    if name in accepts:
        return
    if name in later:
        raise OperationNotSupported(f"The parameter {name} is not supported yet")
    known = ", ".join(sorted(accepts)) or "none"
    raise InvalidRequest(f"The parameter {name[:40]!r} is unknown here; accepted: {known}")
