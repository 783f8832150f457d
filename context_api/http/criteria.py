"""What a client asks of entities, from a URL or from the body of a query (clauses 5.2.23 and 5.7.2)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from context_api.http.parameters import LATER_ENTITIES, Query
from context_api.ngsild.errors import BadRequestData, OperationNotSupported
from context_api.ngsild.linked import MAX_JOIN_LEVEL, Join
from context_api.ngsild.names import plain_keywords

NO_JOIN = "@none"
GEO_MEMBERS = ("georel", "geometry", "coordinates")


class Selector(NamedTuple):
    """Which entities, by type and id; ids win over a pattern."""

    type: str | None = None
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None


class Criteria(NamedTuple):
    """The parameters of a query or retrieval as they were given, names not yet expanded."""

    selectors: tuple[Selector, ...] = ()
    """Entities that one of them selects."""
    attrs: tuple[str, ...] = ()
    pick: str | None = None
    omit: str | None = None
    lang: str | None = None
    datasets: tuple[str, ...] = ()
    join: Join | None = None
    join_level: int = 1
    contained_by: tuple[str, ...] = ()
    geometry_property: str | None = None
    q: str | None = None
    csf: str | None = None
    expand_values: tuple[str, ...] = ()
    json_keys: tuple[str, ...] = ()
    """Attributes whose values are never expanded."""
    scope_q: str | None = None
    geo: Mapping[str, Any] | None = None
    """georel, geometry and coordinates."""
    geoproperty: str | None = None
    order_by: tuple[str, ...] = ()
    order_from: Any = None
    order_geometry: str | None = None
    collation: str | None = None
    is_local: bool | None = None


NOTHING = Criteria()
"""What most retrievals ask."""


def criteria_of_url(query: Query) -> Criteria:
    """Read the parameters of a URL. Raises BadRequestData, InvalidRequest."""
    if not query:
        return NOTHING
    selector = Selector(query.text("type"), query.items("id"), query.text("idPattern"))
    geo = {name: query.text(name) for name in GEO_MEMBERS if name in query}
    query.flag("splitEntities")  # without sources there is nothing to split
    return Criteria(
        selectors=(selector,) if selector != Selector() else (),
        attrs=query.items("attrs"),
        pick=query.text("pick"),
        omit=query.text("omit"),
        lang=query.text("lang"),
        datasets=query.items("datasetId"),
        join=_join(query.text("join")),
        join_level=_join_level(query.integer("joinLevel", default=1, minimum=1, maximum=10**6)),
        contained_by=query.items("containedBy"),
        geometry_property=query.text("geometryProperty"),
        q=query.text("q"),
        csf=query.text("csf"),
        expand_values=query.items("expandValues"),
        json_keys=query.items("jsonKeys"),
        scope_q=query.text("scopeQ"),
        geo=geo or None,
        geoproperty=query.text("geoproperty"),
        order_by=query.items("orderBy"),
        order_from=query.text("orderFrom"),
        order_geometry=query.text("orderGeometry"),
        collation=query.text("collation"),
        is_local=query.flag("local") if "local" in query else None,
    )


_BODY_MEMBERS = frozenset(
    (
        *("type", "entities", "attrs", "pick", "omit", "q", "expandValues", "geoQ", "scopeQ", "csf", "lang"),
        *("jsonKeys",),
        *("datasetId", "join", "joinLevel", "containedBy", "geometryProperty", "splitEntities", "ordering"),
    )
)
_GEO_Q_MEMBERS = frozenset((*GEO_MEMBERS, "geoproperty"))
_ORDERING_MEMBERS = frozenset(("orderBy", "coordinates", "geometry", "collation"))


def criteria_of_body(document: Mapping[str, Any], *, is_local: bool | None = None) -> Criteria:
    """Read a Query (clause 5.2.23). Raises BadRequestData, OperationNotSupported."""
    document = plain_keywords(document, "")
    for name in LATER_ENTITIES:
        if name in document:
            raise OperationNotSupported(f"The member {name} is not supported yet", pointer=f"/{name}")
    _refuse_unknown(document, _BODY_MEMBERS, "a Query", "")
    if document.get("type") != "Query":
        raise BadRequestData("the type of a query is Query", pointer="/type")
    reader = _Reader(document, "")
    reader.flag("splitEntities")  # without sources there is nothing to split
    geo = reader.object("geoQ", _GEO_Q_MEMBERS)
    ordering = reader.object("ordering", _ORDERING_MEMBERS)
    ordered = _Reader(ordering or {}, "/ordering")
    if ordering is not None and "orderBy" not in ordering:
        raise BadRequestData("ordering needs orderBy", pointer="/ordering/orderBy")
    return Criteria(
        selectors=_selectors(document),
        attrs=reader.texts("attrs"),
        pick=",".join(reader.texts("pick")) or None,
        omit=",".join(reader.texts("omit")) or None,
        lang=reader.text("lang"),
        datasets=reader.texts("datasetId"),
        join=_join(reader.text("join")),
        join_level=_join_level(reader.integer("joinLevel", 1)),
        contained_by=reader.texts("containedBy"),
        geometry_property=reader.text("geometryProperty"),
        q=reader.text("q"),
        csf=reader.text("csf"),
        expand_values=reader.names("expandValues"),
        json_keys=reader.names("jsonKeys"),
        scope_q=reader.text("scopeQ"),
        geo=_geo_of_body(geo),
        geoproperty=_Reader(geo or {}, "/geoQ").text("geoproperty"),
        order_by=ordered.texts("orderBy"),
        order_from=ordered.array("coordinates"),
        order_geometry=ordered.text("geometry"),
        collation=ordered.text("collation"),
        is_local=is_local,
    )


def _selectors(document: Mapping[str, Any]) -> tuple[Selector, ...]:
    if "entities" not in document:
        return ()
    listed = document["entities"]
    if not isinstance(listed, list) or not listed:
        raise BadRequestData("entities is an array of at least one selector", pointer="/entities")
    return tuple(_selector(one, f"/entities/{index}") for index, one in enumerate(listed))


def _selector(value: Any, pointer: str) -> Selector:
    if not isinstance(value, dict):
        raise BadRequestData("a selector is an object with a type", pointer=pointer)
    selector = plain_keywords(value, pointer)
    _refuse_unknown(selector, frozenset(("type", "id", "idPattern")), "a selector", pointer)
    reader = _Reader(selector, pointer)
    type_text = reader.text("type")
    if type_text is None:
        raise BadRequestData("a selector needs a type; * stands for any", pointer=f"{pointer}/type")
    return Selector(type_text, reader.texts("id"), reader.text("idPattern"))


def _geo_of_body(geo: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if geo is None:
        return None
    return {name: geo.get(name) for name in GEO_MEMBERS}


def _join(text: str | None) -> Join | None:
    if text is None or text == NO_JOIN:
        return None
    try:
        return Join(text)
    except ValueError as error:
        raise BadRequestData(f"join is inline, flat or {NO_JOIN}, not {text[:40]!r}") from error


def _join_level(level: int | None) -> int:
    if level is None or not 1 <= level <= MAX_JOIN_LEVEL:
        raise BadRequestData(f"joinLevel is a whole number from 1 to {MAX_JOIN_LEVEL}")
    return level


def _refuse_unknown(document: Mapping[str, Any], known: frozenset[str], what: str, pointer: str) -> None:
    for name in document:
        if name not in known:
            raise BadRequestData(
                f"{what} has no member {name[:40]!r}; it may have {', '.join(sorted(known))}",
                pointer=f"{pointer}/{name[:40].replace('~', '~0').replace('/', '~1')}",
            )


class _Reader:
    """Reads members of a JSON object; one that is there has to be right."""

    def __init__(self, document: Mapping[str, Any], pointer: str) -> None:
        self._document = document
        self._pointer = pointer

    def text(self, name: str) -> str | None:
        value = self._document.get(name)
        if name in self._document and (not isinstance(value, str) or not value.strip()):
            raise self._wrong(name, "text that is not empty")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a text or an array of at least one."""
        if name not in self._document:
            return ()
        value = self._document[name]
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and one.strip() for one in listed):
            raise self._wrong(name, "a text or an array of at least one")
        return tuple(listed)

    def names(self, name: str) -> tuple[str, ...]:
        """Read names separated by commas, or an array of them."""
        found = tuple(part.strip() for text in self.texts(name) for part in text.split(","))
        if not all(found):
            raise self._wrong(name, "a list of names separated by commas, of which none is empty")
        return found

    def flag(self, name: str) -> bool:
        value = self._document.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def integer(self, name: str, default: int) -> int:
        value = self._document.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "a whole number")
        return value

    def array(self, name: str) -> list[Any] | None:
        value = self._document.get(name)
        if name in self._document and not isinstance(value, list):
            raise self._wrong(name, "an array")
        return value

    def object(self, name: str, members: frozenset[str]) -> Mapping[str, Any] | None:
        value = self._document.get(name)
        if name not in self._document:
            return None
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        _refuse_unknown(value, members, name, f"{self._pointer}/{name}")
        return value

    def _wrong(self, name: str, right: str) -> BadRequestData:
        return BadRequestData(f"{name} is {right}", pointer=f"{self._pointer}/{name}")
