"""From one message to readings: decode, map, judge. Pure, and shared by every door messages come in by."""

from typing import Any

from adapters.types import DecodeError, Message, RawReading, shorten
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Attributes, Micros
from context_api.ngsild.time import format_datetime
from context_api.store.deliveries_in import Finding
from devices.entity_ids import EntityIdError
from devices.mapping import MODEL_VIOLATION, OUT_OF_RANGE, UNKNOWN_WORD, BadValue, Mapping
from devices.model import Ingested, Quarantine, Source
from devices.profile import DEVICE, Profile, Target

CLOCK_UNSET_US = 978_307_200_000_000
"""2001-01-01: clocks that nobody has set begin at 1970, 1980 or 2000. No sensor of ours measured before."""
CLOCK_AHEAD_US = 300_000_000
"""Readings further in the future than this are quarantined (design, promise 3; MACHI_CLOCK_AHEAD)."""

REASONS = {
    "no-known-key": "the profile knows none of the message's names",
    "bad-value": "a value is not of the kind that the profile maps",
    OUT_OF_RANGE: "a value lies beyond the range that the profile gives it; the others are stored",
    UNKNOWN_WORD: "the profile's map does not have a value; the others are stored",
    MODEL_VIOLATION: "a value breaks the data model, and the profile rejects what does",
    "bad-entity-id": "the payload names an entity in a way that is no part of an id",
    "clock-ahead": "a time lies in the future, beyond what clocks are allowed to differ",
    "clock-unset": "a time lies before 2001: the device's clock was never set",
    "other-device": "the payload names another device than the topic",
}
"""The reasons of the mapping; those of the adapters stand in `adapters.types.REASONS`."""

RETAINED_WITHOUT_TIME = "retained-without-time"
NO_MEASUREMENT = "no-measurement"


def ingest(
    message: Message, source: Source, arrived_at: Micros, *, clock_ahead_us: int = CLOCK_AHEAD_US
) -> Ingested:
    """Return what a message of a known source becomes; never raises on a payload.

    A message is all or nothing: if one of its values lies more than `clock_ahead_us` after `arrived_at`, one
    wrong clock wrote them all, and quarantine keeps (and replays) messages, not values. A retained message's
    values without a time are ignored: nobody knows when they were measured (design, promise 1).
    """
    try:
        raw_readings = prepare_readings(message, source)
    except DecodeError as error:
        return _quarantined(error.reason, error.detail, 0)
    if not raw_readings:
        return _ignored(NO_MEASUREMENT, 0)
    values = sum([len(raw.values) for raw in raw_readings])
    for raw in raw_readings:
        if raw.device is not None and raw.device != source.device_name:
            detail = f"the payload is of {raw.device!r:.80}, the topic of {source.device_name!r}"
            return _quarantined("other-device", detail, values)
        if (unset := _unset_time(raw)) is not None:
            return _quarantined("clock-unset", f"{format_datetime(unset)} is no time of a sensor", values)
    if message.retain:
        raw_readings = [timed for raw in raw_readings if (timed := _timed_only(raw)).values]
        if not raw_readings:
            return _ignored(RETAINED_WITHOUT_TIME, values)
    return _map_readings(raw_readings, source, arrived_at, clock_ahead_us, values)


def prepare_readings(message: Message, source: Source) -> list[RawReading]:
    """Return what the adapter reads, with the times and places that the profile finds. Raises DecodeError."""
    raw_readings, _ = source.adapter.decode(message, None)
    profile = source.profile
    if profile.time is not None or profile.position is not None:
        return [_prepared(raw, profile) for raw in raw_readings]
    return raw_readings


def _map_readings(
    raw_readings: list[RawReading], source: Source, arrived_at: Micros, clock_ahead_us: int, values: int
) -> Ingested:
    mapping = Mapping(source.profile)
    try:
        readings = _build_readings(raw_readings, mapping, source, arrived_at)
    except BadValue as error:
        return _quarantined(error.reason, error.detail, values, error.findings)
    except EntityIdError as error:
        return _quarantined("bad-entity-id", str(error), values)
    return _judge(mapping, readings, arrived_at + clock_ahead_us, clock_ahead_us, values + mapping.extra)


def _judge(
    mapping: Mapping, readings: list[Reading], latest: Micros, clock_ahead_us: int, values: int
) -> Ingested:
    """What a message becomes whose values are mapped."""
    if mapping.latest is not None and mapping.latest > latest:
        detail = (
            f"{format_datetime(mapping.latest)} is more than {clock_ahead_us / 1e6:g} s after the arrival"
        )
        return _quarantined("clock-ahead", detail, values)
    if not mapping.known:
        return _quarantined("no-known-key", f"the message has {', '.join(mapping.unknown)}", values)
    findings = tuple(mapping.findings.values())
    quarantine = _judge_faulty(mapping, values) if mapping.faulty else None
    if not readings:
        if quarantine is None:
            return _ignored(NO_MEASUREMENT, values)
        return _quarantined(*quarantine, values, findings)
    return Ingested(
        readings=tuple(readings),
        quarantine=quarantine,
        values=values,
        ignored_values=values - mapping.mapped - mapping.faulty,
        ignored_keys=tuple(mapping.unknown),
        timed=mapping.untimed == 0,
        findings=findings,
    )


def _build_readings(
    raw_readings: list[RawReading], mapping: Mapping, source: Source, arrived_at: Micros
) -> list[Reading]:
    """Raises BadValue, EntityIdError."""
    readings: list[Reading] = []
    for raw in raw_readings:
        attributes = mapping.map_values(raw)
        if attributes:
            readings.append(_build_reading(source, attributes, arrived_at))
        if mapping.others is not None:
            readings += _build_others(source, mapping.others, raw, arrived_at)
    return readings


def _prepared(raw: RawReading, profile: Profile) -> RawReading:
    """The reading with the time and the place that the profile takes out of its values."""
    if profile.time is not None:
        raw = profile.time.applied(raw)
    return raw if profile.position is None else profile.position.applied(raw)


def _judge_faulty(mapping: Mapping, values: int) -> Quarantine:
    """Why some values are kept aside although the message's others are stored."""
    reason, detail = mapping.first_fault
    return Quarantine(reason, shorten(f"{mapping.faulty} of {values} values; the first: {detail}"))


def _build_reading(source: Source, attributes: Attributes, arrived_at: Micros) -> Reading:
    return Reading(
        entity_id=source.entity_id,
        types=source.profile.types,
        attributes=attributes,
        static=source.static,
        arrived_at=arrived_at,
    )


def _build_others(
    source: Source, others: dict[int, Attributes], raw: RawReading, arrived_at: Micros
) -> list[Reading]:
    """The readings of the Device entity and of the profile's further ones. Raises EntityIdError."""
    return [
        Reading(
            entity_id=_entity_id(source, target, raw),
            types=target.types,
            attributes=attributes,
            static={} if number == DEVICE else source.link | target.static,
            arrived_at=arrived_at,
        )
        for number, attributes in others.items()
        for target in (source.profile.targets[number - 1],)
    ]


def _unset_time(raw: RawReading) -> Micros | None:
    """A time that only a clock which was never set can show."""
    if raw.observed_at is not None and raw.observed_at < CLOCK_UNSET_US:
        return raw.observed_at
    for value in raw.values.values():
        if value.observed_at is not None and value.observed_at < CLOCK_UNSET_US:
            return value.observed_at
    return None


def _entity_id(source: Source, target: Target, raw: RawReading) -> str:
    names: dict[str, Any] = {
        "tenant": source.tenant,
        "device": source.device_id,
        "static": source.device_static,
    }
    if target.is_of_payload:
        names["payload"] = {key: given.value for key, given in raw.values.items()}
    return target.template.fill(names)


def _timed_only(raw: RawReading) -> RawReading:
    if raw.observed_at is not None:
        return raw
    timed = {key: value for key, value in raw.values.items() if value.observed_at is not None}
    return RawReading(timed, raw.device, None)


def _quarantined(reason: str, detail: str, values: int, findings: tuple[Finding, ...] = ()) -> Ingested:
    return Ingested(quarantine=Quarantine(reason, shorten(detail)), values=values, findings=findings)


def _ignored(reason: str, values: int) -> Ingested:
    return Ingested(ignored=reason, values=values, ignored_values=values)
