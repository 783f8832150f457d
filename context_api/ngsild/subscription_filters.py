"""q, geoQ and scopeQ of a subscription (clauses 5.2.12 and 5.2.13): what an entity has to be like."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.model import NULL, Entity
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.query.conditions import Condition, linked_depth
from context_api.ngsild.query.geo import (
    LOCATION,
    GeoQuery,
    compile_geo_query,
    parse_geo_query,
    write_relation,
)
from context_api.ngsild.query.predicate import matches
from context_api.ngsild.query.q import parse_q
from context_api.ngsild.query.scope import parse_scope_query

MEMBERS = frozenset(("q", "expandValues", "geoQ", "scopeQ"))
_GEO_MEMBERS = frozenset(("georel", "geometry", "coordinates", "geoproperty"))

Filter = Callable[[Entity], bool]


class Filters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the resulting entity has to be like; all that is given must hold."""

    q: Condition | None = None
    q_text: str | None = None
    """The q as it was given and is served."""
    expand_values: tuple[str, ...] = ()
    geo: GeoQuery | None = None
    scope_text: str | None = None

    @property
    def follows_links(self) -> bool:
        """Whether q is about linked entities: it is judged when the notification is written."""
        return self.q is not None and linked_depth(self.q) > 0


NO_FILTERS = Filters()


def read_filters(document: Mapping[str, Any], context: Context, current: Filters = NO_FILTERS) -> Filters:
    """Read the members of a subscription that filter; those that are not there stay as they are in `current`.

    NGSI-LD Null removes. Raises BadRequestData and TooComplexQuery.
    """
    given = MEMBERS & document.keys()
    if not given:
        return current
    kept = {member: document[member] for member in given if document[member] != NULL}
    fields: dict[str, Any] = {}
    if given & {"q", "expandValues"}:
        fields |= _read_q(kept, context, given, current)
    if "geoQ" in given:
        fields["geo"] = _read_geo(kept["geoQ"], context) if "geoQ" in kept else None
    if "scopeQ" in given:
        fields["scope_text"] = _read_scopes(kept)
    return msgspec.structs.replace(current, **fields)


def _read_q(
    kept: Mapping[str, Any], context: Context, given: Collection[str], current: Filters
) -> dict[str, Any]:
    """Read q with the names whose values it expands: a term means what it does in the @context beside it."""
    if current.q is not None and "q" not in given:
        raise BadRequestData("expandValues changes what q means: give q with it", pointer="/expandValues")
    if current.expand_values and "expandValues" not in given:
        raise BadRequestData("expandValues changes what q means: give it with q", pointer="/q")
    expand_values = _read_names(kept)
    text = _read_text(kept, "q")
    if text is None:
        return {"q": None, "q_text": None, "expand_values": expand_values}
    with _pointing_to("/q"):
        q = parse_q(_decode(text), context, expand_values=expand_values)
    return {"q": q, "q_text": text, "expand_values": expand_values}


def _decode(text: str) -> str:
    """Take percent-encoding off: q is often copied from a URL as it stands there."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _read_scopes(kept: Mapping[str, Any]) -> str | None:
    text = _read_text(kept, "scopeQ")
    if text is not None:
        with _pointing_to("/scopeQ"):
            parse_scope_query(text)
    return text


def render_filters(filters: Filters, context: Context) -> dict[str, Any]:
    """Write them as they are served."""
    document: dict[str, Any] = {}
    if filters.q_text is not None:
        document["q"] = filters.q_text
    if filters.expand_values:
        document["expandValues"] = list(filters.expand_values)
    if filters.geo is not None:
        geometry = filters.geo.geometry
        document["geoQ"] = {
            "georel": write_relation(filters.geo),
            "geometry": geometry["type"],
            "coordinates": geometry["coordinates"],
        }
        if filters.geo.geoproperty != LOCATION:
            document["geoQ"]["geoproperty"] = context.compact(filters.geo.geoproperty)
    if filters.scope_text is not None:
        document["scopeQ"] = filters.scope_text
    return document


def compile_filters(filters: Filters) -> tuple[Filter, ...]:
    """Make them ready to judge entities, the cheap ones first; a q that follows links is not among them."""
    ready: list[Filter] = []
    if filters.scope_text is not None:
        scopes = parse_scope_query(filters.scope_text)
        ready.append(lambda entity: scopes.matches(entity.scopes))
    if filters.q is not None and not filters.follows_links:
        q = filters.q
        ready.append(lambda entity: matches(q, entity))
    if filters.geo is not None:
        ready.append(compile_geo_query(filters.geo).matches)
    return tuple(ready)


def _read_geo(value: Any, context: Context) -> GeoQuery:
    if not isinstance(value, dict) or not value.keys() <= _GEO_MEMBERS:
        raise BadRequestData(
            "geoQ is an object with georel, geometry, coordinates and perhaps geoproperty", pointer="/geoQ"
        )
    with _pointing_to("/geoQ"):
        name = value.get("geoproperty", "location")
        if not isinstance(name, str):
            raise BadRequestData("geoproperty is the name of a GeoProperty")
        return parse_geo_query(value, geoproperty=parse_attribute_name(name, context))


def _read_text(document: Mapping[str, Any], member: str) -> str | None:
    if member not in document:
        return None
    value = document[member]
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{member} is a string that is not empty", pointer=f"/{member}")
    return value


def _read_names(document: Mapping[str, Any]) -> tuple[str, ...]:
    if "expandValues" not in document:
        return ()
    value = document["expandValues"]
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
        raise BadRequestData("expandValues is an array of attribute names", pointer="/expandValues")
    return tuple(listed)


@contextmanager
def _pointing_to(pointer: str) -> Iterator[None]:
    """Say of an error where in the document it lies."""
    try:
        yield
    except NgsiLdError as error:
        raise type(error)(error.detail, pointer=pointer) from error
