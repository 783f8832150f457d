"""From one message to readings: decode, map, judge. Pure, and shared by every door messages come in by."""

from adapters.types import DecodeError, Message, RawReading, shorten
from context_api.ngsild.changes import Reading
from context_api.ngsild.model import Attributes, Micros
from context_api.ngsild.time import format_datetime
from devices.mapping import BadValue, Mapping
from devices.model import Ingested, Quarantine, Source

CLOCK_AHEAD_US = 300_000_000
"""Readings further in the future than this are quarantined (design, promise 3; MACHI_CLOCK_AHEAD)."""

REASONS = {
    "no-known-key": "the profile knows none of the message's names",
    "bad-value": "a value is not of the kind that the profile maps",
    "clock-ahead": "a time lies in the future, beyond what clocks are allowed to differ",
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
        raw_readings, _ = source.adapter.decode(message, None)
    except DecodeError as error:
        return _quarantined(error.reason, error.detail, 0)
    if not raw_readings:
        return _ignored(NO_MEASUREMENT, 0)
    values = sum([len(raw.values) for raw in raw_readings])
    for raw in raw_readings:
        if raw.device is not None and raw.device != source.device_name:
            detail = f"the payload is of {raw.device!r:.80}, the topic of {source.device_name!r}"
            return _quarantined("other-device", detail, values)
    if message.retain:
        raw_readings = [timed for raw in raw_readings if (timed := _timed_only(raw)).values]
        if not raw_readings:
            return _ignored(RETAINED_WITHOUT_TIME, values)
    return _map_readings(raw_readings, source, arrived_at, clock_ahead_us, values)


def _map_readings(
    raw_readings: list[RawReading], source: Source, arrived_at: Micros, clock_ahead_us: int, values: int
) -> Ingested:
    mapping = Mapping(source.profile)
    try:
        mapped = [attributes for raw in raw_readings if (attributes := mapping.map_values(raw))]
    except BadValue as error:
        return _quarantined("bad-value", error.detail, values)
    if mapping.latest is not None and mapping.latest > arrived_at + clock_ahead_us:
        detail = (
            f"{format_datetime(mapping.latest)} is more than {clock_ahead_us / 1e6:g} s after the arrival"
        )
        return _quarantined("clock-ahead", detail, values)
    if not mapping.known:
        return _quarantined("no-known-key", f"the message has {', '.join(mapping.unknown)}", values)
    if not mapped:
        return _ignored(NO_MEASUREMENT, values)
    return Ingested(
        readings=tuple([_build_reading(source, attributes, arrived_at) for attributes in mapped]),
        values=values,
        ignored_values=values - mapping.mapped,
        ignored_keys=tuple(mapping.unknown),
        timed=mapping.untimed == 0,
    )


def _build_reading(source: Source, attributes: Attributes, arrived_at: Micros) -> Reading:
    return Reading(
        entity_id=source.entity_id,
        types=source.profile.types,
        attributes=attributes,
        static=source.static,
        arrived_at=arrived_at,
    )


def _timed_only(raw: RawReading) -> RawReading:
    if raw.observed_at is not None:
        return raw
    timed = {key: value for key, value in raw.values.items() if value.observed_at is not None}
    return RawReading(timed, raw.device, None)


def _quarantined(reason: str, detail: str, values: int) -> Ingested:
    return Ingested(quarantine=Quarantine(reason, shorten(detail)), values=values)


def _ignored(reason: str, values: int) -> Ingested:
    return Ingested(ignored=reason, values=values, ignored_values=values)
