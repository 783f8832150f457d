"""The members of a registration document, read one by one into the fields of `Registration`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.names import check_text, check_uri, escape, plain_keywords, read_scopes, shown
from context_api.ngsild.operations import OPERATION_NAMES
from context_api.ngsild.parse import parse_attribute_name, read_types
from context_api.ngsild.query.pattern import parse_id_pattern
from context_api.ngsild.registration_model import EntityInfo, Information, Interval, Management, Mode
from context_api.ngsild.time import parse_datetime

MAX_LISTED = 1_000
"""Elements of a list in a registration."""

_HTTP_URI = re.compile(r"https?://[^/?#\s]+(?:[/?#]\S*)?", re.IGNORECASE)
_DURATION = re.compile(
    r"P(?=[\dT])(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?W)?(?:\d+(?:\.\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?S)?)?",
    re.ASCII,
)
_CONFORMANCE = re.compile(r"\d{1,3}\.\d{1,3}", re.ASCII)
_ALIAS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?::\d{1,5})?|[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_MEDIA_TYPES = frozenset(("application/json", "application/ld+json"))
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")

_Element = TypeVar("_Element")


class Member(NamedTuple):
    """How a member is read."""

    field: str
    read: Callable[[Any, Context, Micros, str], Any]
    """Value, @context, now, pointer -> the field's value."""


def read_list(
    value: Any, what: str, pointer: str, read: Callable[[Any, str], _Element]
) -> tuple[_Element, ...]:
    """Read an array that must not be empty."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LISTED:
        raise BadRequestData(f"{what} is an array of 1 to {MAX_LISTED} elements", pointer=pointer)
    return tuple(read(one, f"{pointer}/{index}") for index, one in enumerate(value))


def _read_endpoint(value: Any, _: Context, __: Micros, pointer: str) -> str:
    if not isinstance(value, str) or not _HTTP_URI.fullmatch(value):
        raise BadRequestData(f"endpoint is an http or https URL, not {shown(value)}", pointer=pointer)
    return check_uri(value, "endpoint", pointer)


def _read_information(value: Any, context: Context, _: Micros, pointer: str) -> tuple[Information, ...]:
    return read_list(value, "information", pointer, lambda one, at: _read_info(one, context, at))


def _read_info(value: Any, context: Context, pointer: str) -> Information:
    members = _read_object(value, ("entities", "propertyNames", "relationshipNames"), pointer)
    if not members:
        raise BadRequestData("an element of information is not empty", pointer=pointer)

    def names(member: str) -> tuple[Iri, ...]:
        where = f"{pointer}/{member}"
        if member not in members:
            return ()
        return read_list(members[member], member, where, lambda one, at: _read_name(one, context, at))

    entities: tuple[EntityInfo, ...] = ()
    if "entities" in members:
        where = f"{pointer}/entities"
        entities = read_list(
            members["entities"], "entities", where, lambda one, at: _read_entity(one, context, at)
        )
    return Information(entities, names("propertyNames"), names("relationshipNames"))


def _read_entity(value: Any, context: Context, pointer: str) -> EntityInfo:
    members = _read_object(value, ("id", "idPattern", "type"), pointer)
    if "type" not in members:
        raise BadRequestData("registered entities have a type", pointer=f"{pointer}/type")
    entity_id, pattern = members.get("id"), members.get("idPattern")
    return EntityInfo(
        read_types(members["type"], context, f"{pointer}/type"),
        None if "id" not in members else check_uri(entity_id, "an entity's id", f"{pointer}/id"),
        None if "idPattern" not in members else parse_id_pattern(pattern, pointer=f"{pointer}/idPattern"),
    )


def _read_name(value: Any, context: Context, pointer: str) -> Iri:
    if not isinstance(value, str):
        raise BadRequestData(f"an attribute's name is a string, not {shown(value)}", pointer=pointer)
    try:
        return parse_attribute_name(value, context)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer) from error


def _read_mode(value: Any, _: Context, __: Micros, pointer: str) -> Mode:
    if not isinstance(value, str) or value not in Mode.__members__.values():
        raise BadRequestData(f"mode is one of {', '.join(Mode)}, not {shown(value)}", pointer=pointer)
    return Mode(value)


def _read_operations(value: Any, _: Context, __: Micros, pointer: str) -> tuple[str, ...]:
    def read(one: Any, at: str) -> str:
        if not isinstance(one, str) or one not in OPERATION_NAMES:
            raise BadRequestData(f"{shown(one)} is no operation or group of them (clause 4.20)", pointer=at)
        return one

    return tuple(dict.fromkeys(read_list(value, "operations", pointer, read)))


def _read_text(value: Any, _: Context, __: Micros, pointer: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{pointer.rpartition('/')[2]} is a string, not empty", pointer=pointer)
    return check_text(value, pointer)


def _read_alias(value: Any, context: Context, now: Micros, pointer: str) -> str:
    text = _read_text(value, context, now, pointer)
    if not _ALIAS.fullmatch(text):
        raise BadRequestData("contextSourceAlias is a pseudonym as in the header Via", pointer=pointer)
    return text


def _read_expiry(value: Any, _: Context, now: Micros, pointer: str) -> Micros:
    expires_at = parse_datetime(value, pointer=pointer)
    if expires_at <= now:
        raise BadRequestData("expiresAt lies in the past", pointer=pointer)
    return expires_at


def _read_scopes(value: Any, _: Context, __: Micros, pointer: str) -> tuple[str, ...]:
    return read_scopes(value, pointer)


def _read_datasets(value: Any, _: Context, __: Micros, pointer: str) -> tuple[str, ...]:
    return read_list(
        value,
        "datasetId",
        pointer,
        lambda one, at: one if one == "@none" else check_uri(one, "datasetId", at),
    )


def _read_source_info(value: Any, _: Context, __: Micros, pointer: str) -> tuple[tuple[str, str], ...]:
    return read_list(value, "contextSourceInfo", pointer, _read_pair)


def _read_pair(value: Any, pointer: str) -> tuple[str, str]:
    members = _read_object(value, ("key", "value"), pointer)
    key, text = members.get("key"), members.get("value")
    if not isinstance(key, str) or not isinstance(text, str):
        raise BadRequestData("a pair of contextSourceInfo has the strings key and value", pointer=pointer)
    if not _HEADER_NAME.fullmatch(key) or not _HEADER_VALUE.fullmatch(text):
        raise BadRequestData("key and value can stand in a header of HTTP", pointer=pointer)
    if key in {"accept", "contentType"} and text not in _MEDIA_TYPES:
        raise BadRequestData(f"{key} is one of {', '.join(sorted(_MEDIA_TYPES))}", pointer=pointer)
    if key == "jsonldContext" and not _HTTP_URI.fullmatch(text):
        raise BadRequestData("jsonldContext is the URL of an @context", pointer=pointer)
    if key == "ngsildConformance" and not _CONFORMANCE.fullmatch(text):
        raise BadRequestData("ngsildConformance is a version such as 1.5", pointer=pointer)
    return key, text


def _read_management(value: Any, _: Context, __: Micros, pointer: str) -> Management:
    members = _read_object(value, ("cacheDuration", "cooldown", "localOnly", "timeout"), pointer)
    local_only = members.get("localOnly", False)
    if not isinstance(local_only, bool):
        raise BadRequestData("localOnly is true or false", pointer=f"{pointer}/localOnly")
    for name in ("cooldown", "timeout"):
        number = members.get(name, 1)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e12:
            raise BadRequestData(f"{name} is a number of milliseconds above 0", pointer=f"{pointer}/{name}")
    if "cacheDuration" in members:
        _check_duration(members["cacheDuration"], f"{pointer}/cacheDuration")
    return Management(
        local_only=members.get("localOnly"),
        cache_duration=members.get("cacheDuration"),
        timeout_ms=members.get("timeout"),
        cooldown_ms=members.get("cooldown"),
    )


def _read_duration(value: Any, _: Context, __: Micros, pointer: str) -> str:
    return _check_duration(value, pointer)


def _check_duration(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or len(value) > 100 or not _DURATION.fullmatch(value):
        raise BadRequestData(
            f"{pointer.rpartition('/')[2]} is an ISO 8601 duration such as PT5M, not {shown(value)}",
            pointer=pointer,
        )
    return value


def _read_interval(value: Any, _: Context, __: Micros, pointer: str) -> Interval:
    members = _read_object(value, ("startAt", "endAt"), pointer)
    if "startAt" not in members:
        raise BadRequestData("a time interval needs startAt", pointer=pointer)
    start = parse_datetime(members["startAt"], pointer=f"{pointer}/startAt")
    if "endAt" not in members:
        return Interval(start)
    end = parse_datetime(members["endAt"], pointer=f"{pointer}/endAt")
    if end < start:
        raise BadRequestData("a time interval ends after its start", pointer=f"{pointer}/endAt")
    return Interval(start, end)


def _read_geometry(value: Any, _: Context, __: Micros, pointer: str) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("type") == "GeoProperty":
        value = value.get("value")
    return read_geometry(value, pointer)


def _read_object(value: Any, known: tuple[str, ...], pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequestData(f"it is an object with {', '.join(known)}", pointer=pointer)
    members = plain_keywords(value, pointer)
    for member in members:
        if member not in known:
            raise BadRequestData(
                f"{shown(member)} is no member here; there are {', '.join(known)}",
                pointer=f"{pointer}/{escape(member)}",
            )
    return members


MEMBERS: dict[str, Member] = {
    "endpoint": Member("endpoint", _read_endpoint),
    "information": Member("information", _read_information),
    "mode": Member("mode", _read_mode),
    "operations": Member("operations", _read_operations),
    "registrationName": Member("name", _read_text),
    "description": Member("description", _read_text),
    "expiresAt": Member("expires_at", _read_expiry),
    "scope": Member("scopes", _read_scopes),
    "tenant": Member("tenant", _read_text),
    "contextSourceAlias": Member("alias", _read_alias),
    "datasetId": Member("dataset_ids", _read_datasets),
    "contextSourceInfo": Member("source_info", _read_source_info),
    "management": Member("management", _read_management),
    "refreshRate": Member("refresh_rate", _read_duration),
    "observationInterval": Member("observation_interval", _read_interval),
    "managementInterval": Member("management_interval", _read_interval),
    "location": Member("location", _read_geometry),
    "observationSpace": Member("observation_space", _read_geometry),
    "operationSpace": Member("operation_space", _read_geometry),
}
IGNORED = frozenset(
    (
        "@context",
        "createdAt",
        "modifiedAt",
        "status",
        "timesSent",
        "timesFailed",
        "lastSuccess",
        "lastFailure",
    )
)
"""What the broker writes and clients may send back (table 5.2.9-2)."""


def read_property(name: str, value: Any, context: Context) -> tuple[Iri, Any]:
    """Read a context source property: its name is expanded, its value stays as it is."""
    pointer = f"/{name}"
    try:
        iri = parse_attribute_name(name, context)
    except NgsiLdError as error:
        raise BadRequestData(
            f"{shown(name)} is neither a member of a registration nor a name for a property of its own",
            pointer=pointer,
        ) from error
    if value is None:
        raise BadRequestData("a property is not null", pointer=pointer)
    return iri, value
