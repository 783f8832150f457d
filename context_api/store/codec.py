"""Entities as rows and documents, and back. Documents are compact (docs/decisions/0001-entity-layout.md).

An attribute is named by its term's number; its instances are `Instance` structs with their short names.
System times are left out where they follow from their surroundings:
- createdAt where it is the entity's;
- in `live` (attributes that carry observedAt) modifiedAt where it is the entity's, since every write of an
  entity writes `live` anew;
- in `fixed` (all others) modifiedAt where it is the instance's createdAt, since `fixed` is not rewritten when
  the entity's modifiedAt moves.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec

from context_api.ngsild.model import Attributes, Entity, Instance, Iri, Micros
from context_api.ngsild.transition import Removed, Touched
from context_api.store.errors import StoreRefused
from context_api.store.terms import Terms

_encode = msgspec.json.Encoder().encode
_decode_attributes = msgspec.json.Decoder(dict[str, list[Instance]]).decode

_AS_IT_IS = frozenset((str, int, bool, type(None)))
_PLAIN_FLOAT_LIMIT = 1e16
"""From here on a float's shortest form has an exponent, of which jsonb makes an integer."""


class EntityRow(NamedTuple):
    """A row of the table entity, in the order of its queries; times are Micros, documents JSON."""

    id: str
    types: list[int]
    scopes: list[str]
    fixed: bytes
    live: bytes
    removed: bytes | None
    created_at: Micros
    modified_at: Micros
    expires_at: Micros | None


class ChangeDocument(msgspec.Struct, kw_only=True, rename={
    "id": "i", "types": "t", "scopes": "s", "created_at": "c", "modified_at": "m", "expires_at": "x",
    "deleted_at": "d", "fixed": "f", "live": "l", "former": "p", "same": "u", "arrived": "a",
}):  # fmt: skip
    """What a change row holds: the resulting entity and, where somebody is notified, the former instances."""

    id: str
    types: list[int]
    scopes: list[str] = []
    created_at: Micros
    modified_at: Micros
    expires_at: Micros | None = None
    deleted_at: Micros | None = None
    fixed: dict[str, list[Instance]] = {}
    live: dict[str, list[Instance]] = {}
    former: dict[str, list[Instance | None]] = {}
    same: dict[str, list[str]] = {}
    """Instances that were written with the content they had: attribute -> datasetIds."""
    arrived: dict[str, list[str]] = {}
    """Instances that were written with the time of their arrival, not that of the change."""


class CommittedChange(NamedTuple):
    """A change row in expanded names.

    `entity` is what the change made of the entity; of a deleted one it has id, types, scopes and times only.
    """

    entity: Entity
    deleted_at: Micros | None
    former: dict[Iri, dict[str, Instance]]
    """What it deleted and, where somebody is notified, replaced: attribute -> datasetId -> instance."""
    same: frozenset[tuple[Iri, str]] = frozenset()
    arrived: frozenset[tuple[Iri, str]] = frozenset()
    """What it wrote of readings that carry no time: their modifiedAt is their arrival."""
    """Attribute and datasetId of what was written with the content it had."""


_decode_change = msgspec.json.Decoder(ChangeDocument).decode


class _RemovedDocument(msgspec.Struct, omit_defaults=True):
    e: Micros | None = None
    a: dict[str, dict[str, Micros]] = {}


_decode_removed = msgspec.json.Decoder(_RemovedDocument).decode


def is_live(instances: list[Instance]) -> bool:
    """Whether an attribute belongs to `live`: any of its instances carries observedAt."""
    for instance in instances:  # noqa: SIM110 - a generator takes three times as long
        if instance.observed_at is not None:
            return True
    return False


def live_names(entity: Entity) -> tuple[Iri, ...]:
    """Give the attributes that belong to `live`."""
    return tuple([name for name, instances in entity.attributes.items() if is_live(instances)])


def encode_live(terms: Terms, entity: Entity, names: Sequence[Iri]) -> bytes:
    """Write the attributes that carry observedAt, named by `names`. Raises TermsMissing, StoreRefused."""
    created, modified = entity.created_at, entity.modified_at
    attributes = entity.attributes
    document = {
        terms.key(name): [_shorten(terms, one, created, modified) for one in attributes[name]]
        for name in names
    }
    return encode_storable(document)


def encode_fixed(terms: Terms, entity: Entity, live: Collection[Iri] | None = None) -> bytes:
    """Write the attributes without observedAt, all but `live`. Raises TermsMissing, StoreRefused."""
    created = entity.created_at
    if live is None:
        live = live_names(entity)
    document = {
        terms.key(name): [_shorten(terms, one, created, one.created_at) for one in instances]
        for name, instances in entity.attributes.items()
        if name not in live
    }
    return encode_storable(document)


def decode_entity(terms: Terms, row: EntityRow) -> Entity:
    """Read an entity. Raises TermsMissing."""
    return _build_entity(
        terms,
        ChangeDocument(
            id=row.id,
            types=row.types,
            scopes=row.scopes,
            created_at=row.created_at,
            modified_at=row.modified_at,
            expires_at=row.expires_at,
            fixed=_decode_attributes(row.fixed),
            live=_decode_attributes(row.live),
        ),
    )


def encode_change(  # noqa: PLR0917
    terms: Terms,
    entity: Entity,
    fixed: bytes,
    live: bytes,
    deleted_at: Micros | None,
    touched: Sequence[Touched],
    arrived: Sequence[Touched] = (),
) -> bytes:
    """Write a change's document around the encoded entity; `touched` gives the former instances.

    `arrived` are those that were written with another time than the change's.
    """
    types = ",".join([terms.key(name) for name in entity.types])
    parts = [
        b'{"i":%b,"t":[%b],"c":%d,"m":%d'
        % (_encode(entity.id), types.encode(), entity.created_at, entity.modified_at)
    ]
    if entity.scopes:
        parts.append(b',"s":' + _encode(entity.scopes))
    if entity.expires_at is not None:
        parts.append(b',"x":%d' % entity.expires_at)
    if deleted_at is not None:
        parts.append(b',"d":%d' % deleted_at)
    else:
        parts += (b',"f":', fixed, b',"l":', live)
    former = _former(terms, touched)
    if former:
        parts.append(b',"p":' + encode_storable(former))
    same = _datasets(terms, [one for one in touched if not one.is_change])
    if same:
        parts.append(b',"u":' + encode_storable(same))
    if arrived:
        parts.append(b',"a":' + encode_storable(_datasets(terms, arrived)))
    parts.append(b"}")
    return b"".join(parts)


def decode_change(terms: Terms, document: bytes) -> CommittedChange:
    """Read a change row's document. Raises TermsMissing."""
    change = _decode_change(document)
    former = {
        terms.iri(key): {
            one.dataset_id: _restore(terms, one, None, None) for one in instances if one is not None
        }
        for key, instances in change.former.items()
    }
    same, arrived = (_named(terms, each) for each in (change.same, change.arrived))
    return CommittedChange(_build_entity(terms, change), change.deleted_at, former, same, arrived)


def _named(terms: Terms, datasets: dict[str, list[str]]) -> frozenset[tuple[Iri, str]]:
    return frozenset((terms.iri(key), one) for key, each in datasets.items() for one in each)


def encode_removed(terms: Terms, removed: Removed) -> bytes | None:
    """Write an entity's tombstones; None where there are none."""
    if removed.entity is None and not removed.attributes:
        return None
    named = {terms.key(name): times for name, times in removed.attributes.items()}
    return _encode(_RemovedDocument(removed.entity, named))


def decode_removed(terms: Terms, document: bytes | None) -> Removed:
    """Read an entity's tombstones. Raises TermsMissing."""
    if document is None:
        return Removed(None, {})
    stored = _decode_removed(document)
    return Removed(stored.e, {terms.iri(key): times for key, times in stored.a.items()})


def storable(value: Any) -> Any:
    """Give a JSON value in the form that survives jsonb: floats stay floats, integers integers, to the digit.

    Raises StoreRefused for numbers that are not finite; text is judged by `encode_storable`.
    """
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is float:
        return value if -_PLAIN_FLOAT_LIMIT < value < _PLAIN_FLOAT_LIMIT else _spelled_out(value)
    if kind is dict:
        return {
            key: member if type(member) in _AS_IT_IS else storable(member) for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [member if type(member) in _AS_IT_IS else storable(member) for member in value]
    return value


def encode_json(value: Any) -> bytes:
    """Write a JSON value; raises StoreRefused where PostgreSQL cannot hold it."""
    return encode_storable(storable(value))


def instance_members(terms: Terms, instance: Instance) -> dict[str, Any]:
    """Give the members of an instance that are not what most have, under their short names, without times."""
    members: dict[str, Any] = {}
    if instance.value_type is not None:
        members["y"] = storable(instance.value_type)
    if instance.expires_at is not None:
        members["x"] = instance.expires_at
    if instance.sub:
        members["s"] = {
            terms.key(name): [_shorten(terms, one, None, None) for one in instances]
            for name, instances in instance.sub.items()
        }
    return members


def restore_sub(terms: Terms, instance: Instance) -> Instance:
    """Give an instance that was read from a document its expanded sub-attribute names."""
    if instance.sub:
        instance.sub = {
            terms.iri(key): [restore_sub(terms, one) for one in instances]
            for key, instances in instance.sub.items()
        }
    return instance


def _shorten(terms: Terms, one: Instance, created: Micros | None, modified: Micros | None) -> Instance:
    """Copy an instance without what a reader can infer; names of sub-attributes become keys."""
    value = one.value
    kind = type(value)
    if kind is float:
        if not -_PLAIN_FLOAT_LIMIT < value < _PLAIN_FLOAT_LIMIT:
            value = _spelled_out(value)
    elif kind not in _AS_IT_IS:
        value = storable(value)
    sub = one.sub
    return Instance(
        kind=one.kind,
        value=value,
        observed_at=one.observed_at,
        dataset_id=one.dataset_id,
        unit_code=one.unit_code,
        value_type=one.value_type,
        expires_at=one.expires_at,
        created_at=None if one.created_at == created else one.created_at,
        modified_at=None if one.modified_at == modified else one.modified_at,
        sub={terms.key(name): [_shorten(terms, each, None, None) for each in sub[name]] for name in sub}
        if sub
        else None,
    )


def _spelled_out(value: float) -> msgspec.Raw:
    """Write a huge float as digits with a fraction, which jsonb keeps and readers take for a float."""
    if not math.isfinite(value):
        raise StoreRefused(f"The number {value} cannot be stored")
    return msgspec.Raw(f"{int(value)}.0".encode())


def encode_storable(document: Any) -> bytes:
    """Write what `storable` gave; raises StoreRefused where it is not text."""
    try:
        encoded = _encode(document)
    except UnicodeEncodeError as error:
        raise StoreRefused("Text with a lone surrogate cannot be stored") from error
    except ValueError as error:  # Python writes no integer of more than 4,300 digits
        raise StoreRefused(f"A value cannot be stored: {error}") from error
    if b"\\u0000" in encoded and _holds_nul(msgspec.json.decode(encoded)):
        raise StoreRefused("Text with the character U+0000 cannot be stored")
    return encoded


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(member) for key, member in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _build_entity(terms: Terms, document: ChangeDocument) -> Entity:
    created, modified = document.created_at, document.modified_at
    attributes: Attributes = {}
    for key, instances in document.fixed.items():
        attributes[terms.iri(key)] = [_restore(terms, one, created, None) for one in instances]
    for key, instances in document.live.items():
        attributes[terms.iri(key)] = [_restore(terms, one, created, modified) for one in instances]
    return Entity(
        id=document.id,
        types=terms.iris(document.types),
        attributes=attributes,
        scopes=tuple(document.scopes),
        created_at=created,
        modified_at=modified,
        expires_at=document.expires_at,
    )


def _restore(terms: Terms, one: Instance, created: Micros | None, modified: Micros | None) -> Instance:
    """Fill in what `_shorten` left out, in place: the instance has just been decoded and is nobody else's."""
    if one.created_at is None:
        one.created_at = created
    if one.modified_at is None:
        one.modified_at = one.created_at if modified is None else modified
    return restore_sub(terms, one) if one.sub else one


def _datasets(terms: Terms, touched: Sequence[Touched]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in touched:
        found.setdefault(terms.key(one.attribute), []).append(one.dataset_id)
    return found


def _former(terms: Terms, touched: Sequence[Touched]) -> dict[str, list[Instance]]:
    former: dict[str, list[Instance]] = {}
    for one in touched:
        if one.before is not None:
            # Without inference: a former instance has no surroundings any more.
            former.setdefault(terms.key(one.attribute), []).append(_shorten(terms, one.before, None, None))
    return former
