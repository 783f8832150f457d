"""What a payload would become: decoded, mapped, shown as the entities it would make. Nothing is written."""

import base64
import binascii
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from adapters.types import MAX_PAYLOAD_BYTES, DecodeError, Message, RawReading, RawValue
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Attributes, Entity, Instance, Micros
from context_api.store.access import Access
from devices.draft import check_draft, draft_from_json
from devices.gateways import FORMS
from devices.ingest import CLOCK_AHEAD_US, ingest, prepare_readings
from devices.lookup import build_source
from devices.mapping import BadValue, Faulty, convert
from devices.model import Device, Ingested, Source
from devices.payload_rules import dig
from devices.preparing import prepare_device
from devices.profile import Field, Profile

ENCODINGS = ("utf-8", "hex", "base64")
_DEFAULT_DEVICE = "preview"
_MAX_SHOWN = 200
"""Values that are shown as the adapter read them."""
_LEAVES = {"tasmota": "SENSOR", "chirpstack_v4": "up"}
"""What stands for `+` in the topic of a usual message."""


class PreviewError(ValueError):
    """A preview that cannot be made; `member` is where in the request."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(detail)
        self.member = member
        self.detail = detail


class Converted(msgspec.Struct, frozen=True, rename="camel"):
    """A number that changed its unit or scale on the way."""

    key: str
    attribute: str
    value: Any
    unit_code: str | None
    becomes: Any
    becomes_unit: str | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a message would become."""

    ingested: Ingested
    decoded: Sequence[RawReading]
    """As the adapter read them, before the profile; empty where it could not."""
    entities: Sequence[Entity]
    converted: Sequence[Converted]
    hints: Sequence[str]
    context: str | None = None
    """The @context that the profile names; None: the core @context."""


def preview(
    profile: Profile,
    device: Device,
    payload: bytes,
    *,
    topic: str | None = None,
    is_anybody: bool = False,
    retained: bool = False,
    arrived_at: Micros | None = None,
) -> Preview:
    """Decode and map a payload as the bridge would. Raises PreviewError.

    `is_anybody`: the payload may name whatever device it likes.
    """
    source = build_source(msgspec.structs.replace(device, profile=profile.name), {profile.name: profile})
    if source is None:
        raise PreviewError("device", f"there is no adapter {device.adapter!r:.60} that reads for this device")
    now = time.time_ns() // 1000 if arrived_at is None else arrived_at
    message = Message(topic or default_topic(device), payload, retain=retained, arrived_at=now)
    decoded = _decode(message, source)
    if is_anybody and decoded and decoded[0].device is not None:
        source = msgspec.structs.replace(source, device_name=decoded[0].device)
    ingested = ingest(message, source, now, clock_ahead_us=CLOCK_AHEAD_US)
    return Preview(
        ingested=ingested,
        decoded=decoded,
        entities=_entities(ingested.readings),
        converted=list(_converted(profile, decoded)),
        hints=profile.hints,
        context=profile.context,
    )


def read_payload(payload: Any, encoding: str) -> bytes:
    """Return the bytes of a payload: JSON itself, or a text in `encoding`. Raises PreviewError."""
    if encoding not in ENCODINGS:
        raise PreviewError("payloadEncoding", f"write one of {', '.join(ENCODINGS)}")
    if not isinstance(payload, str):
        return orjson.dumps(payload)
    try:
        raw = _decode_text(payload, encoding)
    except (ValueError, binascii.Error) as error:
        raise PreviewError("payload", f"this is not {encoding}: {error}") from error
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise PreviewError("payload", f"{len(raw)} bytes; at most {MAX_PAYLOAD_BYTES} are accepted")
    return raw


def _decode_text(text: str, encoding: str) -> bytes:
    if encoding == "utf-8":
        return text.encode()
    return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)


def draft_device(access: Access, profile: Profile, adapter: str, given: Any) -> Device:
    """Return a device that is not registered, to preview with. Raises InvalidDevice."""
    members = given if isinstance(given, dict) else {}
    document = {"id": _DEFAULT_DEVICE, **members, "profile": profile.name, "adapter": adapter}
    draft = draft_from_json(document)
    profiles = {profile.name: profile}
    check_draft(draft, profiles)
    return prepare_device(access, draft, profiles, {})


def default_topic(device: Device) -> str:
    """Return a topic that a device's usual message comes on."""
    forms = FORMS.get(device.adapter)
    if forms is None:
        return f"machi/v1/{device.tenant}/{device.id}/up"
    name = device.gateway_device or device.id
    form = forms[0].replace("{application}", device.application or "town").replace("{device}", name)
    return form.replace("+", _LEAVES.get(device.adapter, "up"))


def _decode(message: Message, source: Source) -> list[RawReading]:
    try:
        return prepare_readings(message, source)
    except DecodeError:
        return []


def _entities(readings: Sequence[Reading]) -> list[Entity]:
    """The entities as they would be if there were nothing yet: later values over earlier ones."""
    found: dict[str, Entity] = {}
    for reading in readings:
        entity = found.get(reading.entity_id)
        if entity is None:
            statics: Attributes = {name: list(held) for name, held in reading.static.items()}
            entity = found[reading.entity_id] = Entity(
                id=reading.entity_id, types=reading.types, attributes=statics
            )
        for name, instances in reading.attributes.items():
            entity.attributes[name] = _over(entity.attributes.get(name, []), instances)
    return list(found.values())


def _over(current: list[Instance], later: list[Instance]) -> list[Instance]:
    """Each dataset by its latest instance."""
    by_dataset = {one.dataset_id: one for one in current}
    for one in later:
        before = by_dataset.get(one.dataset_id)
        if before is None or (one.observed_at or 0) >= (before.observed_at or 0):
            by_dataset[one.dataset_id] = one
    return sorted(by_dataset.values(), key=lambda one: one.dataset_id)


def _converted(profile: Profile, decoded: Sequence[RawReading]) -> list[Converted]:
    shown: list[Converted] = []
    for raw in decoded:
        for key, given in raw.values.items():
            for field, value in _fields(profile, key, given):
                one = _conversion(field, value)
                if one is not None and len(shown) < _MAX_SHOWN:
                    shown.append(one)
    return shown


def _fields(profile: Profile, key: str, given: RawValue) -> list[tuple[Field, RawValue]]:
    field = profile.fields.get(key)
    if field is not None:
        return [(field, given)]
    return [
        (nested, RawValue(value, given.unit_code))
        for path, nested in profile.nested.get(key, ())
        if (value := dig(given.value, path)) is not None
    ]


def _conversion(field: Field, given: RawValue) -> Converted | None:
    if given.value is None or given.value in field.missing:
        return None
    try:
        value, unit_code = convert(field, given)
    except (BadValue, Faulty):
        return None
    source_unit = given.unit_code or field.payload_unit or field.unit_code
    if type(value) is type(given.value) and value == given.value and unit_code == source_unit:
        return None
    return Converted(field.key, field.attribute, given.value, source_unit, value, unit_code)
