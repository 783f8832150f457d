"""Attributes in normalized, concise and simplified representation -> instances (clause 4.5)."""

from enum import Enum
from typing import Any

from context_api.ngsild.attributes import FORMS, KINDS, RELATIONSHIPS, WITH_UNIT
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geometry import looks_like_geometry
from context_api.ngsild.model import DEFAULT_DATASET, NULL, Attributes, Instance, Iri, Kind, Micros
from context_api.ngsild.names import check_text, check_uri, escape, expand_name, shown
from context_api.ngsild.patch import NULL_TIME, PartialInstance, is_null
from context_api.ngsild.time import parse_datetime
from context_api.ngsild.values import ValueReader

MAX_DEPTH = 16
"""Sub-attributes of sub-attributes of …"""
MAX_INSTANCES = 1_000
"""Instances of one attribute."""

NGSI_LD = "https://uri.etsi.org/ngsi-ld/"
GEO_ONLY: frozenset[Iri] = frozenset(
    f"{NGSI_LD}{name}" for name in ("location", "observationSpace", "operationSpace")
)
PROOF: Iri = f"{NGSI_LD}ngsildproof"
SEALED: dict[str, Iri] = {name: f"{NGSI_LD}{name}" for name in ("entityIdSealed", "entityTypeSealed")}

_VALUE_MEMBERS: dict[str, Kind] = {
    "value": Kind.PROPERTY,
    "object": Kind.RELATIONSHIP,
    "languageMap": Kind.LANGUAGE_PROPERTY,
    "json": Kind.JSON_PROPERTY,
    "vocab": Kind.VOCAB_PROPERTY,
    "valueList": Kind.LIST_PROPERTY,
    "objectList": Kind.LIST_RELATIONSHIP,
}
_HINTS = frozenset(("observedAt", "unitCode", "datasetId", "expiresAt", "valueType", "objectType"))
"""Members that tell an attribute from a plain value."""
_OF_FRAGMENTS = frozenset(("is_bare", "bare_vocab", "bare_sub", "type_member"))
"""What only a fragment's instance has."""
_SYSTEM_MEMBERS = frozenset(("createdAt", "modifiedAt", "deletedAt", "instanceId"))
_OUTPUT_ONLY_NAMES = """
entity entityList previousValue previousObject previousLanguageMap previousJson previousVocab
previousValueList previousObjectList
"""
_OUTPUT_ONLY = frozenset(_OUTPUT_ONLY_NAMES.split())


class Mode(Enum):
    """What the attributes of a document are for."""

    CREATE = "create"
    """Complete, without NGSI-LD Null: creating, replacing, appending."""
    UPDATE = "update"
    """Complete, or NGSI-LD Null in the place of an attribute's value (clause 5.6.2)."""
    PARTIAL = "partial"
    """The members that are given count, NGSI-LD Null among them, but not inside values (clause 5.6.4)."""
    MERGE = "merge"
    """The members that are given count, NGSI-LD Null anywhere (clause 5.6.17)."""


class AttributeParser:
    """Reads the attributes of one document."""

    def __init__(self, context: Context, mode: Mode) -> None:
        self._context = context
        self._mode = mode
        self._is_partial = mode in {Mode.PARTIAL, Mode.MERGE}
        self._values = ValueReader(context, nulls_inside=mode is Mode.MERGE)

    def parse(self, name: Iri, value: Any, pointer: str, depth: int = 0) -> list[Instance]:
        """Read one attribute: its instances, the default one first.

        A list is several instances if one of its elements is an attribute; else it is a value.
        """
        if isinstance(value, list) and any(map(self._is_instance, value)):
            return self._parse_many(name, value, pointer, depth)
        return [self._parse_one(name, value, pointer, depth)]

    def parse_simplified(self, name: Iri, value: Any, pointer: str) -> list[Instance]:
        """Read an attribute in simplified representation (clause 4.5.4)."""
        if isinstance(value, dict) and len(value) == 1:
            member, inner = next(iter(value.items()))
            if member == "dataset" and isinstance(inner, dict):
                return self._parse_datasets(name, inner, f"{pointer}/dataset")
            if member in {"languageMap", "json", "vocab"}:
                return [self._parse_object(name, value, pointer, 0)]
        return [self._parse_bare(name, value, pointer, None)]

    def _parse_datasets(self, name: Iri, datasets: dict[str, Any], pointer: str) -> list[Instance]:
        instances = []
        for key, value in datasets.items():
            for instance in self.parse_simplified(name, value, f"{pointer}/{key}"):
                instance.dataset_id = _read_dataset_id(key, pointer)
                instances.append(instance)
        return instances

    def _parse_many(self, name: Iri, values: list[Any], pointer: str, depth: int) -> list[Instance]:
        if len(values) > MAX_INSTANCES:
            raise BadRequestData(f"an attribute has at most {MAX_INSTANCES} instances", pointer=pointer)
        instances: dict[str, Instance] = {}
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise BadRequestData(
                    "where an attribute has several instances, each is an object with a datasetId",
                    pointer=f"{pointer}/{index}",
                )
            instance = self._parse_one(name, value, f"{pointer}/{index}", depth)
            if instance.dataset_id in instances:
                raise BadRequestData(
                    "two instances have the same datasetId (without one, it is the default instance)",
                    pointer=f"{pointer}/{index}",
                )
            instances[instance.dataset_id] = instance
        return sorted(instances.values(), key=lambda one: one.dataset_id != DEFAULT_DATASET)

    def _parse_one(self, name: Iri, value: Any, pointer: str, depth: int) -> Instance:
        if depth > MAX_DEPTH:
            raise BadRequestData(f"sub-attributes nest at most {MAX_DEPTH} deep", pointer=pointer)
        if self._is_attribute(value) or (depth == 0 and self._is_fragment(value)):
            return self._parse_object(name, value, pointer, depth)
        return self._parse_bare(name, value, pointer, depth)

    def _is_attribute(self, value: Any) -> bool:
        """Whether a value is an attribute rather than the value of one (clause 4.5.2.3)."""
        if looks_like_attribute(value):
            return True
        return self._is_partial and isinstance(value, dict) and any(map(_names_its_type, value.values()))

    def _is_fragment(self, value: Any) -> bool:
        """Whether the body of a partial update is an object of members (clause 5.4) rather than a value."""
        is_object = isinstance(value, dict) and "@value" not in value
        return self._mode is Mode.PARTIAL and is_object and not looks_like_geometry(value)

    def _is_instance(self, value: Any) -> bool:
        """Whether an element of a list is an attribute: objects of other types are plain values there."""
        if not self._is_attribute(value):
            return False
        kind = value.get("type", value.get("@type"))
        is_known = kind is None or (isinstance(kind, str) and kind in KINDS)
        return is_known or not _KNOWN_VALUES.isdisjoint(value)

    def _parse_bare(self, name: Iri, value: Any, pointer: str, depth: int | None) -> Instance:
        """Read a value without its attribute: concise (clause 4.5.2.3) or, without a depth, simplified."""
        kind = Kind.GEO_PROPERTY if looks_like_geometry(value) else Kind.PROPERTY
        if self._is_null(value):
            return self._instance(kind=kind, value=NULL, kind_given=False)
        if name in GEO_ONLY:
            kind = Kind.GEO_PROPERTY
        read = self._values.read(kind, value, pointer)
        sub = None if depth is None else self._read_as_sub(name, value, pointer, depth)
        words = self._read_as_words(value)
        return self._instance(
            kind=kind, value=read, kind_given=False, is_bare=True, bare_vocab=words, bare_sub=sub
        )

    def _read_as_words(self, value: Any) -> Any:
        """Expand a bare value as that of a VocabProperty, in case that the target is one."""
        listed = value if isinstance(value, list) else [value]
        is_words = bool(listed) and all(isinstance(one, str) and one not in ("", NULL) for one in listed)
        return self._values.read(Kind.VOCAB_PROPERTY, value, "") if self._is_partial and is_words else None

    def _read_as_sub(self, name: Iri, value: Any, pointer: str, depth: int) -> Attributes | None:
        """Read the object of a merge as sub-attributes, in case the target has such; None: it is none."""
        if self._mode is not Mode.MERGE or not isinstance(value, dict) or looks_like_geometry(value):
            return None
        try:
            return self._read_sub(name, value, pointer, depth)
        except BadRequestData:
            return None

    def _instance(self, *, kind_given: bool, **members: Any) -> Instance:
        if self._is_partial:
            return PartialInstance(kind_given=kind_given, **members)
        kept = {field: value for field, value in members.items() if field not in _OF_FRAGMENTS}
        return Instance(**kept)

    def _parse_object(self, name: Iri, value: dict[str, Any], pointer: str, depth: int) -> Instance:
        """Read an attribute with its members."""
        kind, kind_given = self._read_kind(name, value, pointer)
        _refuse_foreign_members(kind, kind_given, value, pointer)
        type_member = _find_type_member(kind, kind_given, value, pointer)
        return self._instance(
            kind=kind,
            kind_given=kind_given,
            value=self._read_value(name, kind, value, pointer),
            observed_at=self._read_time(value, "observedAt", pointer),
            dataset_id=_read_dataset_id(value.get("datasetId"), pointer),
            unit_code=self._read_unit_code(value, pointer),
            value_type=self._read_type_member(kind, type_member, value, pointer),
            type_member=type_member if not kind_given and type_member in value else None,
            expires_at=self._read_time(value, "expiresAt", pointer),
            sub=self._read_sub(name, value, pointer, depth),
        )

    def _read_kind(self, name: Iri, value: dict[str, Any], pointer: str) -> tuple[Kind, bool]:
        """Tell the attribute's type from `type`, else from the member that holds its value."""
        given = value.get("type", value.get("@type"))
        if given is not None:
            kind = KINDS.get(given) if isinstance(given, str) else None
            if kind is None:
                raise BadRequestData(
                    f"{shown(given)} is no attribute type; give one of {', '.join(KINDS)}, or put an object"
                    ' that has a type of its own into "value"',
                    pointer=f"{pointer}/type",
                )
            if name in GEO_ONLY and kind is not Kind.GEO_PROPERTY:
                raise BadRequestData("this attribute is always a GeoProperty", pointer=f"{pointer}/type")
            return kind, True
        if name in GEO_ONLY:
            return Kind.GEO_PROPERTY, True
        for member, kind in _VALUE_MEMBERS.items():
            if member in value:
                if member != "value":
                    return kind, True
                is_geometry = looks_like_geometry(value["value"])
                return (Kind.GEO_PROPERTY if is_geometry else Kind.PROPERTY), False
        return Kind.PROPERTY, False

    def _read_value(self, name: Iri, kind: Kind, value: dict[str, Any], pointer: str) -> Any:
        member = FORMS[kind].member
        if member not in value:
            if self._is_partial:
                return None
            raise BadRequestData(f'a {FORMS[kind].type} needs "{member}"', pointer=pointer)
        inner = value[member]
        where = f"{pointer}/{member}"
        if self._is_null(inner) or (kind is Kind.LANGUAGE_PROPERTY and self._is_null_map(inner)):
            return inner
        if name == PROOF and not isinstance(inner, dict):
            raise BadRequestData("the value of a proof is an object", pointer=where)
        return self._values.read(kind, inner, where)

    def _is_null(self, value: Any) -> bool:
        """Whether a value is NGSI-LD Null, in a document that may have it."""
        return self._mode is not Mode.CREATE and value in (NULL, [NULL])

    def _is_null_map(self, value: Any) -> bool:
        return self._mode is not Mode.CREATE and value == {"@none": NULL}

    def _removes(self, value: Any) -> bool:
        """Whether a member is NGSI-LD Null, in a document that may have it."""
        return self._mode is not Mode.CREATE and value == NULL

    def _read_time(self, value: dict[str, Any], member: str, pointer: str) -> Micros | None:
        text = value.get(member)
        if text is None:
            return None
        if self._removes(text):
            return NULL_TIME if self._is_partial else None
        return parse_datetime(text, pointer=f"{pointer}/{member}")

    def _read_unit_code(self, value: dict[str, Any], pointer: str) -> str | None:
        unit_code = value.get("unitCode")
        if unit_code is None:
            return None
        if self._removes(unit_code):
            return NULL if self._is_partial else None
        if not isinstance(unit_code, str) or unit_code in ("", NULL):
            raise BadRequestData(
                "unitCode is a UN/CEFACT common code, such as CEL or GQ", pointer=f"{pointer}/unitCode"
            )
        return check_text(unit_code, f"{pointer}/unitCode")

    def _read_type_member(
        self, kind: Kind, member: str, value: dict[str, Any], pointer: str
    ) -> str | list[str] | None:
        """Read objectType of a relationship, valueType of the others (expanded)."""
        given = value.get(member)
        where = f"{pointer}/{member}"
        if given is None:
            return None
        if self._removes(given):
            return NULL if self._is_partial else None
        listed = given if isinstance(given, list) and member == "objectType" else [given]
        if not listed or not all(isinstance(one, str) and one not in ("", NULL) for one in listed):
            raise BadRequestData(f"{member} is the name of a type", pointer=where)
        if kind is Kind.LANGUAGE_PROPERTY and given != "langString":
            raise BadRequestData("valueType of a LanguageProperty can only be langString", pointer=where)
        expanded = [self._context.expand(check_text(one, where)) for one in listed]
        return expanded if isinstance(given, list) else expanded[0]

    def _read_sub(self, name: Iri, value: dict[str, Any], pointer: str, depth: int) -> Attributes | None:
        sub: Attributes = {}
        for key, inner in value.items():
            if key in _KNOWN_MEMBERS:
                continue
            where = f"{pointer}/{escape(key)}"
            if key in SEALED:
                sub[SEALED[key]] = [self._read_sealed(name, key, inner, where)]
                continue
            if key in {"id", "@id", "@context"} or key in _OUTPUT_ONLY:
                raise BadRequestData(f"an attribute has no {key} of its own", pointer=where)
            sub_name = expand_name(key, self._context, "a sub-attribute's name", where)
            if sub_name in sub:
                raise BadRequestData(f"two members stand for the sub-attribute {sub_name}", pointer=where)
            instances = self.parse(sub_name, inner, where, depth + 1)
            if self._mode is Mode.UPDATE:  # the whole attribute is replaced: there is nothing to remove
                instances = [one for one in instances if not is_null(one)]
            if instances:
                sub[sub_name] = instances
        return sub or None

    def _read_sealed(self, name: Iri, key: str, value: Any, pointer: str) -> Instance:
        """Read a sealed member of a proof: a plain string, and nowhere else (clause 4.5.2.2)."""
        if name != PROOF:
            raise BadRequestData(f"only ngsildproof has {key}", pointer=pointer)
        if not isinstance(value, str):
            raise BadRequestData(f"{key} is a string", pointer=pointer)
        check_text(value, pointer)
        return Instance(value=self._context.expand(value) if key == "entityTypeSealed" else value)


_KNOWN_VALUES = frozenset(_VALUE_MEMBERS) | _HINTS
_KNOWN_MEMBERS = frozenset(("type", "@type")) | _VALUE_MEMBERS.keys() | _HINTS | _SYSTEM_MEMBERS


def looks_like_attribute(value: Any) -> bool:
    """Whether a JSON value, in the place of a concise attribute, is taken for an attribute with members."""
    if not isinstance(value, dict):
        return False
    if "@context" in value:
        return True
    if "type" in value or "@type" in value:
        # "If the value … contains a type field, the whole Attribute shall be treated as normalized"; a
        # geometry (4.7.3) and a JSON-LD typed value are values none the less
        return not looks_like_geometry(value) and "@value" not in value
    return any(member in value for member in _VALUE_MEMBERS) or not _HINTS.isdisjoint(value)


def _names_its_type(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in KINDS


def _refuse_foreign_members(kind: Kind, kind_given: bool, value: dict[str, Any], pointer: str) -> None:
    """Refuse the members that only other attribute types have (the Prohibited lists of clause 4.5)."""
    form = FORMS[kind]
    for member in value:
        is_foreign = (
            (member in _VALUE_MEMBERS and member != form.member)
            or member in _OUTPUT_ONLY
            or (member == "unitCode" and kind not in WITH_UNIT)
            or (member == "valueType" and kind in RELATIONSHIPS)
            or (member == "objectType" and kind not in RELATIONSHIPS)
        )
        if is_foreign and (kind_given or member not in _HINTS or form.member in value):
            raise BadRequestData(f"a {form.type} has no {member}", pointer=f"{pointer}/{member}")


def _find_type_member(kind: Kind, kind_given: bool, value: dict[str, Any], pointer: str) -> str:
    """Tell which member may name a type: either, while the attribute's type is not told."""
    expected = "objectType" if kind in RELATIONSHIPS else "valueType"
    if kind_given or expected in value:
        if "objectType" in value and "valueType" in value:
            raise BadRequestData("no attribute has both objectType and valueType", pointer=pointer)
        return expected
    return "objectType" if "objectType" in value else expected


def _read_dataset_id(value: Any, pointer: str) -> str:
    if value is None or value == "@none":
        return DEFAULT_DATASET
    return check_uri(value, "a datasetId", f"{pointer}/datasetId")
