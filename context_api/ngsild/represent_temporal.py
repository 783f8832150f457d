"""History -> JSON text: the temporal representations (clauses 4.5.6 to 4.5.9).

The text is put together directly: a page has thousands of instances, and all that differs between those of a
series is a number and a time.
"""

from enum import Enum
from typing import Any

import msgspec

from context_api.ngsild.attributes import FORMS, WRAPPED
from context_api.ngsild.contexts import Context
from context_api.ngsild.language import Languages, localize
from context_api.ngsild.model import DEFAULT_DATASET, Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.projection import WHOLE, Projection
from context_api.ngsild.query.temporal import TimeProperty
from context_api.ngsild.represent import (
    Document,
    as_object,
    write_concise,
    write_names,
    write_normalized,
    write_value,
)
from context_api.ngsild.temporal import SCOPE, History, Track
from context_api.ngsild.temporal_times import format_times
from context_api.ngsild.time import format_datetime

_encode = msgspec.json.encode


class TemporalStyle(Enum):
    """How instances are written."""

    NORMALIZED = "normalized"
    CONCISE = "concise"
    VALUES = "temporalValues"
    """[value, time] pairs (clause 4.5.9)."""


class TemporalForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks about the form of histories."""

    style: TemporalStyle = TemporalStyle.NORMALIZED
    sys_attrs: bool = False
    timeproperty: TimeProperty = TimeProperty.OBSERVED_AT
    """The time of a pair; an instance that lacks it shows the time it stands at in history."""
    projection: Projection = WHOLE
    languages: Languages | None = None


def write_history(
    history: History, context: Context, form: TemporalForm, served_context: bytes | None = None
) -> bytes | None:
    """Write an entity's history as a JSON object; None where pick and omit leave nothing of it.

    `served_context` is an @context, as JSON, that is to stand in the object.
    """
    members = write_members(history, context, form)
    write = _write_pairs if form.style is TemporalStyle.VALUES else _write_instances
    for attribute, tracks in group_tracks(history.tracks):
        name = "scope" if attribute == SCOPE else context.compact(attribute)
        members.append(_encode(name) + b":" + write(attribute, tracks, context, form))
    return join_members(members, served_context)


def write_members(history: History, context: Context, form: TemporalForm) -> list[bytes]:
    """Write what a history has besides attributes, as members of a JSON object."""
    document: Document = {"id": history.id, "type": write_names(history.types, context)}
    if history.scopes and not any(track.attribute == SCOPE for track in history.tracks):
        document["scope"] = history.scopes[0] if len(history.scopes) == 1 else list(history.scopes)
    if form.sys_attrs:
        times = {
            "createdAt": history.created_at,
            "modifiedAt": history.modified_at,
            "deletedAt": history.deleted_at,
            "expiresAt": history.expires_at,
        }
        document |= {key: format_datetime(time) for key, time in times.items() if time is not None}
    projection = form.projection
    return [
        _encode(name) + b":" + _encode(value)
        for name, value in document.items()
        if projection is WHOLE or projection.keeps_member(name)
    ]


def join_members(members: list[bytes], served_context: bytes | None) -> bytes | None:
    """Make a JSON object of members; None where there are none."""
    if not members:
        return None
    if served_context is not None:
        members.append(b'"@context":' + served_context)
    return b"{" + b",".join(members) + b"}"


def group_tracks(tracks: list[Track]) -> list[tuple[Iri, list[Track]]]:
    """Put the tracks of an attribute together, in the order in which attributes come first."""
    groups: dict[Iri, list[Track]] = {}
    for track in tracks:
        groups.setdefault(track.attribute, []).append(track)
    return list(groups.items())


# Normalized and concise


def _write_instances(attribute: Iri, tracks: list[Track], context: Context, form: TemporalForm) -> bytes:
    written = [text for track in tracks for text in _write_track(attribute, track, context, form)]
    return ("[" + ",".join(written) + "]").encode()


def _write_track(attribute: Iri, track: Track, context: Context, form: TemporalForm) -> list[str]:
    if not track.times:
        return []
    if track.is_plain() and track.kind is Kind.PROPERTY:
        return _write_numbers(track, form)
    return [
        _write_instance(attribute, track, position, context, form) for position in range(len(track.times))
    ]


def _write_numbers(track: Track, form: TemporalForm) -> list[str]:
    """Write observed numbers: between number, time and id stands the same text in each."""
    head = '{"value":' if form.style is TemporalStyle.CONCISE else '{"type":"Property","value":'
    unit = "" if track.unit_code is None else f',"unitCode":{_text(track.unit_code)}'
    dataset = "" if track.dataset_id == DEFAULT_DATASET else f',"datasetId":{_text(track.dataset_id)}'
    middle = f'{unit},"observedAt":"'
    tail = f'"{dataset},"instanceId":"{track.id_prefix}'
    rows = zip(write_numbers(track.values), format_times(track.times), track.times, strict=True)
    if not form.sys_attrs:
        return [f'{head}{number}{middle}{time}{tail}{at}"}}' for number, time, at in rows]
    recorded, modified = _system_times(track)
    return [
        f'{head}{number}{middle}{time}{tail}{at}","createdAt":"{created}","modifiedAt":"{changed}"}}'
        for (number, time, at), created, changed in zip(rows, recorded, modified, strict=True)
    ]


def write_numbers(values: list[Any]) -> list[str]:
    """Write numbers as JSON, each by itself."""
    return _encode(values)[1:-1].decode().split(",")


def _system_times(track: Track) -> tuple[list[str], list[str]]:
    recorded = track.times if track.recorded is None else track.recorded
    if track.modified is None:
        texts = format_times(recorded)
        return texts, texts
    modified = [
        created if changed is None else changed
        for created, changed in zip(recorded, track.modified, strict=True)
    ]
    return format_times(recorded), format_times(modified)


def _write_instance(attribute: Iri, track: Track, position: int, context: Context, form: TemporalForm) -> str:
    shown = _shown(track, position, form)
    if form.sys_attrs:
        recorded = track.times[position] if track.recorded is None else track.recorded[position]
        changed = track.modified_at(position)
        shown.created_at = recorded
        shown.modified_at = recorded if changed is None else changed
    write = write_concise if form.style is TemporalStyle.CONCISE else write_normalized
    written = as_object(shown, write(attribute, shown, context, form.sys_attrs))
    document: Document = {**written, "instanceId": track.instance_id(position)}
    deleted_at = track.deleted.get(position)
    if deleted_at is not None:
        document["deletedAt"] = format_datetime(deleted_at)
    return _encode(document).decode()


def _shown(track: Track, position: int, form: TemporalForm) -> Instance:
    instance = track.instance(position)
    name = track.attribute
    if name == SCOPE and len(instance.value) == 1:
        instance.value = instance.value[0]
    if form.languages is None or position in track.deleted:
        return instance
    localized = localize(Entity(id="", types=(), attributes={name: [instance]}), form.languages)
    return localized.attributes[name][0]


# temporalValues


def _write_pairs(_: Iri, tracks: list[Track], context: Context, form: TemporalForm) -> bytes:
    """Write [value, time] pairs, apart for each type and datasetId (clause 4.5.9)."""
    groups: dict[tuple[str, Kind], list[str]] = {}
    for track in tracks:
        if not track.times:
            groups.setdefault((track.dataset_id, track.kind), [])
        elif track.is_plain():
            pairs = zip(write_numbers(track.values), _pair_times(track, form), strict=True)
            written = [f'[{number},"{time}"]' for number, time in pairs]
            groups.setdefault((track.dataset_id, track.kind), []).extend(written)
        else:
            _add_pairs(groups, track, context, form)
    if len(groups) > 1:
        groups = {key: pairs for key, pairs in groups.items() if pairs} or groups
    listed = [_write_group(dataset_id, kind, pairs) for (dataset_id, kind), pairs in groups.items()]
    return (listed[0] if len(listed) == 1 else "[" + ",".join(listed) + "]").encode()


def _add_pairs(
    groups: dict[tuple[str, Kind], list[str]], track: Track, context: Context, form: TemporalForm
) -> None:
    for position, time in enumerate(_pair_times(track, form)):
        shown = _shown(track, position, form)
        value = write_value(shown, context, is_normalized=False)
        if shown.kind in WRAPPED:
            value = {FORMS[shown.kind].member: value}
        pairs = groups.setdefault((track.dataset_id, shown.kind), [])
        pairs.append(f'[{_encode(value).decode()},"{time}"]')


def _pair_times(track: Track, form: TemporalForm) -> list[str]:
    return format_times(times_of(track, form.timeproperty))


def times_of(track: Track, timeproperty: TimeProperty) -> list[Micros]:
    """Give the times of a track's instances that a temporal query looks at."""
    if timeproperty is TimeProperty.OBSERVED_AT:
        return track.times
    if timeproperty is TimeProperty.DELETED_AT:
        return [track.deleted.get(position, at) for position, at in enumerate(track.times)]
    recorded = track.times if track.recorded is None else track.recorded
    if timeproperty is TimeProperty.CREATED_AT or track.modified is None:
        return recorded
    return [
        created if changed is None else changed
        for created, changed in zip(recorded, track.modified, strict=True)
    ]


def _write_group(dataset_id: str, kind: Kind, pairs: list[str]) -> str:
    form = FORMS[kind]
    dataset = "" if dataset_id == DEFAULT_DATASET else f',"datasetId":{_text(dataset_id)}'
    return f'{{"type":"{form.type}"{dataset},"{form.plural}":[{",".join(pairs)}]}}'


def _text(value: str) -> str:
    return _encode(value).decode()
