"""The members of a subscription but its id, type, filters and endpoint (clause 5.2.12): how each is read."""

import re
from typing import Any

from context_api.ngsild.changes import Trigger
from context_api.ngsild.contexts import Context
from context_api.ngsild.downgrade import CURRENT_MINOR, parse_version
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.language import parse_languages
from context_api.ngsild.model import Micros
from context_api.ngsild.names import check_uri, shown
from context_api.ngsild.query.pattern import parse_id_pattern
from context_api.ngsild.query.q import parse_q
from context_api.ngsild.query.selector import EntitySelector
from context_api.ngsild.query.types import parse_type_selection
from context_api.ngsild.subscription_notifying import read_notification
from context_api.ngsild.subscription_readers import (
    MAX_LISTED,
    Reader,
    read_attribute,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_text,
)
from context_api.ngsild.time import parse_datetime

TRIGGERS: dict[str, Trigger] = {
    "entityCreated": Trigger.ENTITY_CREATED,
    "entityUpdated": Trigger.ENTITY_UPDATED,
    "entityDeleted": Trigger.ENTITY_DELETED,
    "attributeCreated": Trigger.ATTRIBUTE_CREATED,
    "attributeUpdated": Trigger.ATTRIBUTE_UPDATED,
    "attributeDeleted": Trigger.ATTRIBUTE_DELETED,
}
DEFAULT_INSTANCE = "@none"

_SELECTOR = frozenset(("type", "id", "idPattern"))
_CONTEXT_URL = re.compile(r"https?://[^/?#\s@]+(?:[/?#]\S*)?", re.IGNORECASE)


def make_readers(context: Context, now: Micros) -> dict[str, tuple[str, Reader]]:
    """Give, by member, the field of `Subscription` it becomes and what reads it."""
    return {
        "subscriptionName": ("name", read_text),
        "description": ("description", read_text),
        "entities": (
            "entities",
            lambda value, at: read_list(value, at, lambda one, where: _read_selector(one, where, context)),
        ),
        "watchedAttributes": (
            "watched_attributes",
            lambda value, at: read_list(value, at, lambda one, where: read_attribute(one, where, context)),
        ),
        "notificationTrigger": ("triggers", _read_triggers),
        "timeInterval": ("interval_s", lambda value, at: read_number(value, at, "seconds")),
        "throttling": ("throttling_s", lambda value, at: read_number(value, at, "seconds")),
        "isActive": ("is_active", read_flag),
        "expiresAt": ("expires_at", lambda value, at: _read_expiry(value, at, now)),
        "jsonldContext": ("jsonld_context", _read_context_url),
        "lang": ("lang", _read_languages),
        "datasetId": ("dataset_ids", lambda value, at: read_list(value, at, _read_dataset)),
        "ngsildConformance": ("conformance", _read_conformance),
        "jsonKeys": ("json_keys", read_names),
        "csf": ("csf_text", lambda value, at: _read_csf(value, at, context)),
        "localOnly": ("local_only", read_flag),
        "splitEntities": ("split_entities", read_flag),
        "notification": ("notification", lambda value, at: read_notification(value, at, context)),
    }


def read_names(value: Any, pointer: str) -> tuple[str, ...]:
    """Read attribute names as they are: a list separated by commas, or an array."""
    listed = value.split(",") if isinstance(value, str) else value
    if (
        not isinstance(listed, list)
        or not 0 < len(listed) <= MAX_LISTED
        or not all(isinstance(one, str) and one for one in listed)
    ):
        raise BadRequestData("attribute names are expected, separated by commas", pointer=pointer)
    return tuple(listed)


def _read_selector(value: Any, pointer: str, context: Context) -> EntitySelector:
    read_object(value, _SELECTOR, (), pointer)
    types = value.get("type")
    if not isinstance(types, str) or not types:
        raise BadRequestData('an entity selector needs a type ("*" for any)', pointer=f"{pointer}/type")
    ids = value.get("id")
    listed = ids if isinstance(ids, list) else [] if ids is None else [ids]
    if ids == [] or len(listed) > MAX_LISTED:
        raise BadRequestData(f"id is a URI or an array of 1 to {MAX_LISTED}", pointer=f"{pointer}/id")
    id_pattern = value.get("idPattern")
    where = f"{pointer}/idPattern"
    try:
        selection = parse_type_selection(types, context)
    except NgsiLdError as error:
        raise type(error)(error.detail, pointer=f"{pointer}/type") from error
    return EntitySelector(
        types=selection,
        ids=tuple(check_uri(one, "an entity's id", f"{pointer}/id") for one in listed),
        id_pattern=parse_id_pattern(id_pattern, pointer=where) if id_pattern is not None else None,
    )


def _read_triggers(value: Any, pointer: str) -> int:
    triggers = 0
    for name in read_list(value, pointer, lambda one, _: one):
        if not isinstance(name, str) or name not in TRIGGERS:
            raise BadRequestData(
                f"a trigger is one of {', '.join(TRIGGERS)}, not {shown(name)}", pointer=pointer
            )
        triggers |= TRIGGERS[name]
    return int(triggers)


def _read_expiry(value: Any, pointer: str, now: Micros) -> Micros:
    expires_at = parse_datetime(value, pointer=pointer)
    if expires_at <= now:
        raise BadRequestData("expiresAt lies in the past", pointer=pointer)
    return expires_at


def _read_context_url(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or not _CONTEXT_URL.fullmatch(value):
        raise BadRequestData("jsonldContext is the URL of a @context", pointer=pointer)
    return value


def _read_languages(value: Any, pointer: str) -> str:
    text = read_text(value, pointer)
    try:
        parse_languages(text)
    except BadRequestData as error:
        raise BadRequestData(error.detail, pointer=pointer) from error
    return text


def _read_dataset(value: Any, pointer: str) -> str:
    return value if value == DEFAULT_INSTANCE else check_uri(value, "a datasetId", pointer)


def _read_conformance(value: Any, pointer: str) -> str:
    text = read_text(value, pointer)
    if parse_version(text) is None:
        raise BadRequestData(
            f"a version of NGSI-LD from 1.0 to 1.{CURRENT_MINOR} is expected, not {shown(value)}",
            pointer=pointer,
        )
    return text


def _read_csf(value: Any, pointer: str, context: Context) -> str:
    text = read_text(value, pointer)
    try:
        parse_q(text, context)
    except NgsiLdError as error:
        raise type(error)(error.detail, pointer=pointer) from error
    return text
