"""The context model in memory: entities, attributes, instances.

Names are full IRIs, times are integers: microseconds since 1970-01-01T00:00:00Z (UTC). The structs decode
straight from the store's compact JSON (the short names below) at C speed, which is why they are msgspec
structs and not pydantic models. Source of the terms: ETSI GS CIM 009 V1.9.1, clauses 4.5 and 5.2.
"""

from enum import IntEnum
from typing import Any

import msgspec

Micros = int
"""A time: microseconds since the epoch, UTC."""

Iri = str
"""An expanded name."""

NULL = "urn:ngsi-ld:null"
"""NGSI-LD Null (4.5.0): "remove this" in a fragment, "was removed" in history and notifications."""

DEFAULT_DATASET = ""
"""The datasetId of the default instance, which is written without a datasetId (clause 4.5.5)."""


class Kind(IntEnum):
    """The attribute types of clause 4.5; the number is what the store keeps."""

    PROPERTY = 0
    RELATIONSHIP = 1
    GEO_PROPERTY = 2
    LANGUAGE_PROPERTY = 3
    JSON_PROPERTY = 4
    VOCAB_PROPERTY = 5
    LIST_PROPERTY = 6
    LIST_RELATIONSHIP = 7


class Instance(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One instance of an attribute (clause 4.5.5).

    `value` holds the member that the kind names: value, object, languageMap, json, vocab, valueList or
    objectList. Vocab values are IRIs; relationship objects are a URI or a list of URIs.
    """

    kind: Kind = msgspec.field(name="k", default=Kind.PROPERTY)
    value: Any = msgspec.field(name="v", default=None)
    observed_at: Micros | None = msgspec.field(name="o", default=None)
    dataset_id: str = msgspec.field(name="d", default=DEFAULT_DATASET)
    unit_code: str | None = msgspec.field(name="u", default=None)
    value_type: str | list[str] | None = msgspec.field(name="y", default=None)
    """valueType of a Property, objectType of a Relationship (expanded)."""
    expires_at: Micros | None = msgspec.field(name="x", default=None)
    created_at: Micros | None = msgspec.field(name="c", default=None)
    modified_at: Micros | None = msgspec.field(name="m", default=None)
    sub: "dict[Iri, list[Instance]] | None" = msgspec.field(name="s", default=None)
    """Sub-attributes: properties of properties, relationships of properties, and so on."""


Attributes = dict[Iri, list[Instance]]
"""Attribute name -> its instances, each with another dataset_id; the default instance stands first."""


class Entity(msgspec.Struct, kw_only=True, gc=False):
    """An entity (clause 5.2.4), with expanded names."""

    id: str
    types: tuple[Iri, ...]
    attributes: Attributes
    scopes: tuple[str, ...] = ()
    created_at: Micros = 0
    modified_at: Micros = 0
    expires_at: Micros | None = None
