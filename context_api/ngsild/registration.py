"""Context source registrations: read, changed, checked and written (clauses 5.2.9, 5.9.2, 5.9.3)."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import NULL, Micros
from context_api.ngsild.names import check_uri, plain_keywords
from context_api.ngsild.operations import WRITING, list_operations
from context_api.ngsild.registration_members import IGNORED, MAX_LISTED, MEMBERS, read_property
from context_api.ngsild.registration_model import (
    DEFAULT_OPERATIONS,
    EntityInfo,
    Information,
    Interval,
    Management,
    Mode,
    Registration,
    RegistrationTimes,
)
from context_api.ngsild.time import format_datetime

TYPE = "ContextSourceRegistration"
_MANDATORY = ("information", "endpoint")
_EMPTY: dict[str, Any] = {
    "mode": Mode.INCLUSIVE,
    "operations": (),
    "scopes": (),
    "dataset_ids": (),
    "source_info": (),
}
"""What a field holds of a member that is not there; None where it is not named here."""


def parse_registration(document: Mapping[str, Any], context: Context, now: Micros) -> Registration:
    """Read a registration that is to be created; without an id it gets one. Raises BadRequestData."""
    document = plain_keywords(document, "")
    for member in ("type", *_MANDATORY):
        if document.get(member) is None:
            raise BadRequestData(f"a registration needs {member}", pointer=f"/{member}")
    fields, properties = _read_members(document, context, now)
    registration_id = document.get("id", f"urn:ngsi-ld:{TYPE}:{uuid.uuid4()}")
    registration = Registration(
        id=check_uri(registration_id, "a registration's id", "/id"), properties=properties, **fields
    )
    _check_rules(registration)
    return registration


def change_registration(
    current: Registration, fragment: Mapping[str, Any], context: Context, now: Micros
) -> Registration:
    """Put the members of a fragment in the place of what there is; null removes (clause 5.5.8).

    Raises BadRequestData.
    """
    fragment = plain_keywords(fragment, "")
    if fragment.get("id", current.id) != current.id:
        raise BadRequestData("the id of a registration cannot be changed", pointer="/id")
    removed = {name for name, value in fragment.items() if value is None or value == NULL}
    for member in ("type", *_MANDATORY):
        if member in removed:
            raise BadRequestData(f"a registration needs {member}", pointer=f"/{member}")
    kept = {name: value for name, value in fragment.items() if name not in removed}
    fields, properties = _read_members(kept, context, now)
    properties = {**current.properties, **properties}
    for name in removed:
        if name in MEMBERS:
            field = MEMBERS[name].field
            fields[field] = _EMPTY.get(field)
        else:
            properties.pop(context.expand(name), None)
    changed = msgspec.structs.replace(current, properties=properties, **fields)
    _check_rules(changed)
    return changed


def render_registration(
    registration: Registration, times: RegistrationTimes, context: Context, *, sys_attrs: bool = False
) -> dict[str, Any]:
    """Write a registration as it is served."""
    document: dict[str, Any] = {"id": registration.id, "type": TYPE}
    optional: dict[str, Any] = {
        "registrationName": registration.name,
        "description": registration.description,
        "information": [_render_information(one, context) for one in registration.information],
        "endpoint": registration.endpoint,
        "mode": str(registration.mode),
        "operations": list(registration.operations or DEFAULT_OPERATIONS),
        "expiresAt": None if registration.expires_at is None else format_datetime(registration.expires_at),
        "scope": _one_or_more(registration.scopes),
        "tenant": registration.tenant,
        "contextSourceAlias": registration.alias,
        "datasetId": list(registration.dataset_ids) or None,
        "contextSourceInfo": _render_pairs(registration.source_info),
        "management": _render_management(registration.management),
        "refreshRate": registration.refresh_rate,
        "observationInterval": _render_interval(registration.observation_interval),
        "managementInterval": _render_interval(registration.management_interval),
        "location": registration.location,
        "observationSpace": registration.observation_space,
        "operationSpace": registration.operation_space,
    }
    document |= {name: value for name, value in optional.items() if value is not None}
    document |= {context.compact(name): value for name, value in registration.properties.items()}
    if sys_attrs:
        document["createdAt"] = format_datetime(times.created_at)
        document["modifiedAt"] = format_datetime(times.modified_at)
    return document


def _read_members(
    document: Mapping[str, Any], context: Context, now: Micros
) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(document) > MAX_LISTED:
        raise BadRequestData(f"a registration has at most {MAX_LISTED} members", pointer="")
    fields: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, value in document.items():
        if name in MEMBERS:
            member = MEMBERS[name]
            fields[member.field] = member.read(value, context, now, f"/{name}")
        elif name == "type":
            if value != TYPE:
                raise BadRequestData(f'a registration has the type "{TYPE}"', pointer="/type")
        elif name != "id" and name not in IGNORED:
            iri, kept = read_property(name, value, context)
            properties[iri] = kept
    return fields, properties


def _check_rules(registration: Registration) -> None:
    """Check what a mode asks of a registration (clauses 4.3.6.3 and 5.9.2.4)."""
    if registration.mode is Mode.EXCLUSIVE:
        for index, info in enumerate(registration.information):
            _check_exclusive(info, f"/information/{index}")
    if registration.mode is Mode.AUXILIARY:
        writing = list_operations(registration.operations or DEFAULT_OPERATIONS) & WRITING
        if writing:
            raise BadRequestData(
                f"an auxiliary source is only read from; {', '.join(sorted(writing))} writes",
                pointer="/operations",
            )


def _check_exclusive(info: Information, pointer: str) -> None:
    if not info.entities or any(one.id is None or one.id_pattern is not None for one in info.entities):
        raise BadRequestData(
            "an exclusive registration is about entities by their ids, not by types or patterns alone",
            pointer=f"{pointer}/entities",
        )
    if not info.attributes:
        raise BadRequestData(
            "an exclusive registration names attributes, in propertyNames or relationshipNames",
            pointer=pointer,
        )


def _render_information(info: Information, context: Context) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if info.entities:
        document["entities"] = [_render_entity(one, context) for one in info.entities]
    if info.properties:
        document["propertyNames"] = list(map(context.compact, info.properties))
    if info.relationships:
        document["relationshipNames"] = list(map(context.compact, info.relationships))
    return document


def _render_entity(entity: EntityInfo, context: Context) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if entity.id is not None:
        document["id"] = entity.id
    if entity.id_pattern is not None:
        document["idPattern"] = entity.id_pattern
    document["type"] = _one_or_more(tuple(map(context.compact, entity.types)))
    return document


def _render_interval(interval: Interval | None) -> dict[str, str] | None:
    if interval is None:
        return None
    document = {"startAt": format_datetime(interval.start_at)}
    if interval.end_at is not None:
        document["endAt"] = format_datetime(interval.end_at)
    return document


def _render_management(management: Management | None) -> dict[str, Any] | None:
    if management is None:
        return None
    members = {
        "localOnly": management.local_only,
        "cacheDuration": management.cache_duration,
        "timeout": management.timeout_ms,
        "cooldown": management.cooldown_ms,
    }
    return {name: value for name, value in members.items() if value is not None}


def _render_pairs(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]] | None:
    return [{"key": key, "value": value} for key, value in pairs] or None


def _one_or_more(values: tuple[str, ...]) -> str | list[str] | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else list(values)
