"""The member `notification` of a subscription (clause 5.2.14): what a notification holds."""

from typing import Any

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.linked import MAX_JOIN_LEVEL, Join
from context_api.ngsild.names import shown
from context_api.ngsild.projection import Names, check_apart, join_names, parse_names, write_names
from context_api.ngsild.subscription_endpoint import read_endpoint, render_endpoint
from context_api.ngsild.subscription_model import NotificationFormat, Notifying
from context_api.ngsild.subscription_readers import (
    read_attribute,
    read_flag,
    read_list,
    read_members,
    read_object,
)

_MEMBERS = frozenset(
    (
        "endpoint",
        "attributes",
        "pick",
        "omit",
        "format",
        "sysAttrs",
        "showChanges",
        "join",
        "joinLevel",
    )
)
_OUTPUT = frozenset(("status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure"))
_NO_JOIN = "@none"


def read_notification(value: Any, pointer: str, context: Context) -> Notifying:
    """Read what and where to notify. Raises BadRequestData and TooComplexQuery."""
    read_object(value, _MEMBERS, _OUTPUT, pointer)
    if "endpoint" not in value:
        raise BadRequestData("a notification needs an endpoint", pointer=f"{pointer}/endpoint")
    readers = {
        "endpoint": ("endpoint", read_endpoint),
        "attributes": (
            "attributes",
            lambda given, at: read_list(given, at, lambda one, where: read_attribute(one, where, context)),
        ),
        "pick": ("pick", lambda given, at: _read_projection(given, at, context)),
        "omit": ("omit", lambda given, at: _read_projection(given, at, context)),
        "format": ("format", _read_format),
        "sysAttrs": ("sys_attrs", read_flag),
        "showChanges": ("show_changes", read_flag),
        "join": ("join", _read_join),
        "joinLevel": ("join_level", _read_join_level),
    }
    notifying = Notifying(**read_members(value, readers, pointer))
    _check_rules(notifying, pointer, context)
    return notifying


def render_notifying(notifying: Notifying, context: Context) -> dict[str, Any]:
    """Write it as it is served, without what became of notifications."""
    document: dict[str, Any] = {}
    if notifying.attributes:
        document["attributes"] = list(map(context.compact, notifying.attributes))
    if notifying.pick:
        document["pick"] = [write_names(one, context) for one in notifying.pick]
    if notifying.omit:
        document["omit"] = [write_names(one, context) for one in notifying.omit]
    document["format"] = str(notifying.format)
    if notifying.sys_attrs:
        document["sysAttrs"] = True
    if notifying.show_changes:
        document["showChanges"] = True
    if notifying.join is not None:
        document["join"] = str(notifying.join)
    if notifying.join_level is not None:
        document["joinLevel"] = notifying.join_level
    document["endpoint"] = render_endpoint(notifying.endpoint)
    return document


def _check_rules(notifying: Notifying, pointer: str, context: Context) -> None:
    """Check what members ask of each other. Raises BadRequestData."""
    projected = "pick" if notifying.pick else "omit"
    if notifying.attributes and (notifying.pick or notifying.omit):
        raise BadRequestData(f"attributes excludes {projected}", pointer=f"{pointer}/attributes")
    if notifying.pick and notifying.omit:
        with_pointer = f"{pointer}/omit"
        try:
            check_apart(join_names(notifying.pick), join_names(notifying.omit), context)
        except BadRequestData as error:
            raise BadRequestData(error.detail, pointer=with_pointer) from error
    if notifying.show_changes and notifying.format.is_simplified:
        raise BadRequestData(
            f"showChanges needs the format normalized or concise: {notifying.format} has values alone",
            pointer=f"{pointer}/showChanges",
        )
    if notifying.join is None and notifying.join_level is not None:
        raise BadRequestData("joinLevel needs join, flat or inline", pointer=f"{pointer}/joinLevel")
    followed = 0 if notifying.join is None else notifying.join_level or 1
    depth = notifying.projection.depth
    if depth > followed:
        raise BadRequestData(
            f"it names members of entities {depth} links away; join and joinLevel follow {followed}",
            pointer=f"{pointer}/{projected}",
        )


def _read_projection(value: Any, pointer: str, context: Context) -> tuple[Names, ...]:
    return read_list(value, pointer, lambda one, at: _read_names(one, at, context))


def _read_names(value: Any, pointer: str, context: Context) -> Names:
    if not isinstance(value, str):
        raise BadRequestData(
            f"the name of an attribute or member is expected, not {shown(value)}", pointer=pointer
        )
    try:
        return parse_names(value, "the projection", context)
    except NgsiLdError as error:
        raise type(error)(error.detail, pointer=pointer) from error


def _read_format(value: Any, pointer: str) -> NotificationFormat:
    try:
        return NotificationFormat(value)
    except ValueError:
        raise BadRequestData(
            f"format is one of {', '.join(NotificationFormat)}, not {shown(value)}", pointer=pointer
        ) from None


def _read_join(value: Any, pointer: str) -> Join | None:
    if value == _NO_JOIN:
        return None
    try:
        return Join(value)
    except ValueError:
        raise BadRequestData(
            f"join is one of {', '.join(Join)}, {_NO_JOIN}, not {shown(value)}", pointer=pointer
        ) from None


def _read_join_level(value: Any, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_JOIN_LEVEL:
        raise BadRequestData(f"joinLevel is an integer from 1 to {MAX_JOIN_LEVEL}", pointer=pointer)
    return value
