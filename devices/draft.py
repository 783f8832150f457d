"""What a registration must look like, checked before anything is written. Pure."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec
import orjson

from adapters.json_text import check_value
from adapters.registry import adapter_names
from adapters.types import DecodeError
from context_api.ngsild.model import Micros
from devices.errors import InvalidDevice
from devices.gateways import FORMS
from devices.geometry import geometry_fault
from devices.model import DeviceDraft, HardwareDraft
from devices.profile import Profile, ProfileError, static_attributes

DEFAULT_ADAPTER = "native"
_Draft = TypeVar("_Draft", DeviceDraft, HardwareDraft)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ID_RULE = "1 to 64 of the characters A-Z a-z 0-9 _ . - (it becomes part of topics and of the entity's id)"
_GATEWAY_DEVICE = re.compile(r"[^+#\0-\x1f/]+(/[^+#\0-\x1f/]+){0,7}")
_MAX_GATEWAY_DEVICE_CHARS = 128
_APPLICATION = re.compile(r"[A-Za-z0-9_.-]{1,64}(@[A-Za-z0-9_.-]{1,64})?")
_MAX_NAME_CHARS = 200
_MAX_STATIC_BYTES = 16_384
_MAX_INTERVAL_S = 366 * 86_400.0
_MAX_OWNER_CHARS = 200
_MAX_SERIAL_CHARS = 100
_MAX_NOTES_CHARS = 4_000
_MAX_TAGS = 32
_MAX_TAG_CHARS = 64
_MAX_MESSAGES_PER_MINUTE = 1_000_000
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_JAPAN = timezone(timedelta(hours=9), "JST")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RESERVED = ("location", "refDevice", "id", "type", "scope")
_KINDS = ("device", "gateway")


def draft_from_json(document: Any) -> DeviceDraft:
    """Read the body of a registration. Raises InvalidDevice."""
    return _convert(document, DeviceDraft)


def hardware_from_json(document: Any) -> HardwareDraft:
    """Read the body of a replacement of hardware. Raises InvalidDevice."""
    return _convert(document, HardwareDraft)


def _convert(document: Any, kind: type[_Draft]) -> _Draft:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise InvalidDevice(_pointer(path), text) from error


def _pointer(path: str) -> str:
    """Turn `.tags[0]`, as msgspec names a place, into `tags/0`."""
    return path.strip("`.").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def check_tenant(tenant: str) -> None:
    """Refuse a tenant whose name cannot be a part of a topic. Raises InvalidDevice."""
    _check(bool(_ID.fullmatch(tenant)), "tenant", f"devices need a tenant whose name is {_ID_RULE}")


def check_draft(draft: DeviceDraft, profiles: Mapping[str, Profile]) -> None:
    """Refuse a draft that cannot be registered. Raises InvalidDevice for the first fault."""
    _check(bool(_ID.fullmatch(draft.id)), "id", f"{draft.id!r:.80} is no device id; write {_ID_RULE}")
    _check(draft.kind in _KINDS, "kind", f"kind is one of: {', '.join(_KINDS)}")
    _check_common(draft)
    if draft.kind == "gateway":
        _check_gateway(draft)
    else:
        _check_device(draft, profiles)


def _check_common(draft: DeviceDraft) -> None:
    known = adapter_names()
    _check(
        draft.adapter is None or draft.adapter in known,
        "adapter",
        f"there is no adapter {draft.adapter!r:.80}; there are: {', '.join(known)}",
    )
    _check(
        draft.name is None or (0 < len(draft.name) <= _MAX_NAME_CHARS and draft.name.isprintable()),
        "name",
        f"a name has 1 to {_MAX_NAME_CHARS} printable characters",
    )
    interval = draft.expected_interval_s
    _check(
        interval is None or (math.isfinite(interval) and 0 < interval <= _MAX_INTERVAL_S),
        "expectedIntervalS",
        "the expected interval is a number of seconds above 0, at most a year",
    )
    if draft.location is not None:
        _check_location(draft.location)
    _check_static(draft.static)
    _check_description(draft)
    _check_codec_parameters(draft.codec_parameters)
    _check(
        draft.messages_per_minute is None or 1 <= draft.messages_per_minute <= _MAX_MESSAGES_PER_MINUTE,
        "messagesPerMinute",
        f"the limit is a whole number of messages a minute, 1 to {_MAX_MESSAGES_PER_MINUTE}",
    )
    read_installed_at(draft.installed_at)


def read_installed_at(text: str | None) -> Micros | None:
    """Read when hardware was put in place: a date (its midnight in Japan) or a time with its zone.

    Raises InvalidDevice.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and _DATE.fullmatch(text):
        moment = moment.replace(tzinfo=_JAPAN)
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise InvalidDevice(
            "installedAt",
            f"{text!r:.80} is no date such as 2026-11-23 and no time such as 2026-11-23T09:00:00+09:00",
        )
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _check_description(draft: DeviceDraft) -> None:
    for field, text, most in (
        ("owner", draft.owner, _MAX_OWNER_CHARS),
        ("serial", draft.serial, _MAX_SERIAL_CHARS),
    ):
        _check(
            text is None or (0 < len(text) <= most and text.isprintable() and text.strip() == text),
            field,
            f"{field} has 1 to {most} printable characters, no space at its ends",
        )
    notes = draft.notes
    _check(
        notes is None or (0 < len(notes) <= _MAX_NOTES_CHARS and _is_text(notes)),
        "notes",
        f"notes have 1 to {_MAX_NOTES_CHARS} characters, and of control characters only line ends and tabs",
    )
    _check(len(draft.tags) <= _MAX_TAGS, "tags", f"{len(draft.tags)} tags; a device has at most {_MAX_TAGS}")
    for position, tag in enumerate(draft.tags):
        _check(
            0 < len(tag) <= _MAX_TAG_CHARS and tag.isprintable() and tag.strip() == tag and "," not in tag,
            f"tags/{position}",
            f"a tag has 1 to {_MAX_TAG_CHARS} printable characters, no comma and no space at its ends",
        )
    _check(len(set(draft.tags)) == len(draft.tags), "tags", "a tag stands there twice")


def _is_text(text: str) -> bool:
    return all(character.isprintable() or character in "\n\r\t" for character in text)


def _check_codec_parameters(parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        _check(
            bool(_PARAMETER.fullmatch(name)),
            "codecParameters",
            f"{name!r:.80} is no name of a parameter: 1 to 64 letters, digits, _ . and -",
        )
        try:
            check_value(value, name)
        except DecodeError as error:
            raise InvalidDevice("codecParameters", error.detail) from error
    size = len(orjson.dumps(parameters))
    _check(size <= _MAX_STATIC_BYTES, "codecParameters", f"{size} bytes; at most {_MAX_STATIC_BYTES}")


def _check_location(location: dict[str, Any]) -> None:
    fault = geometry_fault(location)
    _check(fault is None, "location", fault or "")
    _check(location["type"] == "Point", "location", "the location of a device is a GeoJSON Point")


def _check_static(static: dict[str, Any]) -> None:
    for term, value in static.items():
        _check(term not in _RESERVED, "static", f"{term!r} cannot be a static attribute")
        _check(value is not None, "static", f"{term!r} has no value")
        try:
            check_value(value, term)
        except DecodeError as error:
            raise InvalidDevice("static", error.detail) from error
    try:
        static_attributes(static, str)
    except ProfileError as error:
        raise InvalidDevice("static", str(error)) from error
    size = len(orjson.dumps(static))
    _check(
        size <= _MAX_STATIC_BYTES, "static", f"{size} bytes of static attributes; at most {_MAX_STATIC_BYTES}"
    )


def _check_gateway(draft: DeviceDraft) -> None:
    _check(draft.profile is None, "profile", "a gateway has no profile; its devices have")
    _check(draft.gateway is None, "gateway", "a gateway stands behind no gateway")
    _check(draft.gateway_device is None, "gatewayDevice", "a gateway stands behind no gateway")
    _check(
        draft.adapter in FORMS, "adapter", f"the adapter of a gateway is one of: {', '.join(sorted(FORMS))}"
    )
    _check(
        draft.application is not None and bool(_APPLICATION.fullmatch(draft.application)),
        "application",
        "a gateway names the application it speaks for, as its topics do: application@tenant",
    )
    _check(
        draft.adapter != DEFAULT_ADAPTER or "@" in (draft.application or ""),
        "application",
        "a group's key speaks for group@tenant; without @ its topics would be those of a tenant's devices",
    )


def _check_device(draft: DeviceDraft, profiles: Mapping[str, Profile]) -> None:
    known = ", ".join(sorted(profiles))
    _check(draft.profile is not None, "profile", f"a device has a profile, one of: {known}")
    _check(
        draft.profile in profiles,
        "profile",
        f"there is no profile {draft.profile!r:.80}; there are: {known}",
    )
    _check(draft.application is None, "application", "only a gateway has an application")
    if draft.gateway is None:
        _check(draft.gateway_device is None, "gatewayDevice", "only a device behind a gateway has this")
        return
    _check(bool(_ID.fullmatch(draft.gateway)), "gateway", f"{draft.gateway!r:.80} is no device id")
    _check(draft.adapter is None, "adapter", "a device behind a gateway is read by the gateway's adapter")
    _check(
        draft.gateway_device is None or _is_gateway_device(draft.gateway_device),
        "gatewayDevice",
        "the gateway's name for the device has 1 to 128 characters that a topic may hold, no + or #",
    )


def _is_gateway_device(name: str) -> bool:
    return len(name) <= _MAX_GATEWAY_DEVICE_CHARS and bool(_GATEWAY_DEVICE.fullmatch(name))


def _check(holds: bool, field: str, detail: str) -> None:
    if not holds:
        raise InvalidDevice(field, detail)
