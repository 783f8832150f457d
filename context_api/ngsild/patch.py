"""Patching one attribute instance: partial update (clause 5.5.8) and merge (clause 5.5.12).

A fragment's instance is a `PartialInstance`: a member that is None was not given and stays as it is; NGSI-LD
Null (or `NULL_TIME`, for times) removes it.
"""

from collections.abc import Callable
from copy import copy
from typing import Any

import msgspec

from context_api.ngsild.attributes import FORMS, RELATIONSHIPS, WITH_UNIT
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import NULL, Attributes, Instance, Iri, Kind, Micros
from context_api.ngsild.names import is_language, is_uri
from context_api.ngsild.transition import find_instance, put_instance

NULL_TIME: Micros = -(2**63)
"""NGSI-LD Null in the place of a time."""


class PartialInstance(Instance, kw_only=True):
    """An attribute instance of a fragment."""

    kind_given: bool = True
    """False where the fragment does not tell the attribute's type: it is that of the target."""
    is_bare: bool = False
    """True where the fragment gives a value alone (concise or simplified)."""
    bare_vocab: Any = None
    """A bare word or list of words, expanded, in case that the target is a VocabProperty."""
    bare_sub: Attributes | None = None
    """A bare object, read as sub-attributes: which of both it is, the target tells."""
    type_member: str | None = None
    """The member that `value_type` was read from, where the fragment does not tell the attribute's type."""


class MergeHints(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge request says for all its attributes."""

    observed_at: Micros | None = None
    lang: str | None = None


NO_HINTS = MergeHints()


def is_null(instance: Instance) -> bool:
    """Whether a fragment's instance asks for the removal of the whole instance."""
    value = instance.value
    if isinstance(value, str):
        return value == NULL
    if instance.kind is Kind.LANGUAGE_PROPERTY:
        return isinstance(value, dict) and value.get("@none") == NULL and len(value) == 1
    # Lists hold a single Null: "if an array is required, an array with one single NGSI-LD Null" (4.5.0)
    return isinstance(value, list) and len(value) == 1 and value[0] == NULL


def update_instance(current: Instance, patch: Instance) -> Instance:
    """Replace the members that a partial update gives; its sub-attributes are replaced as a whole."""
    _check_kind(current, patch)
    updated = _patch_members(current, patch)
    if patch.value is not None:
        _check_value_member(current, patch)
        updated.value = patch.value
        if isinstance(patch, PartialInstance) and patch.is_bare:
            updated.value = _fit(current.kind, patch)
        if current.kind is Kind.GEO_PROPERTY:
            updated.value = read_geometry(updated.value, "/value")
    updated.sub = _update_sub(current.sub, patch.sub)
    return updated


def merge_instance(current: Instance, patch: Instance, hints: MergeHints = NO_HINTS) -> Instance:
    """Merge a fragment's instance into the current one, to any depth."""
    patch = _read_for(current, patch)
    if patch.kind is not current.kind and _kind_given(patch):
        # Another type has other members: nothing of the former can be kept
        replaced = complete_instance(patch)
        replaced.created_at = current.created_at
        return replaced
    merged = _patch_members(current, patch)
    if patch.value is not None:
        _check_value_member(current, patch)
        merged.value = _merge_value(current, patch, hints)
    if patch.observed_at is None and hints.observed_at is not None and current.observed_at is not None:
        merged.observed_at = hints.observed_at
    merged.sub = _merge_sub(current.sub, patch.sub)
    return merged


def _read_for(current: Instance, patch: Instance) -> Instance:
    """Take a bare object for sub-attributes where the target has all of them and its value has none such."""
    if not isinstance(patch, PartialInstance) or not patch.bare_sub or not current.sub:
        return patch
    of_value = isinstance(current.value, dict) and not current.value.keys().isdisjoint(patch.value)
    if of_value or not patch.bare_sub.keys() <= current.sub.keys():
        return patch
    return PartialInstance(kind_given=False, dataset_id=patch.dataset_id, sub=patch.bare_sub)


def complete_instance(patch: Instance) -> Instance:
    """Turn a fragment's instance into one that stands alone; what it wants removed is left out.

    Raises BadRequestData where it has no value.
    """
    if patch.value is None:
        raise BadRequestData("the fragment gives no value to an attribute that does not exist yet")
    sub = {
        name: [complete_instance(one) for one in listed if not is_null(one)]
        for name, listed in (patch.sub or {}).items()
    }
    value = strip_nulls(patch.value)
    if patch.kind is Kind.GEO_PROPERTY:
        value = read_geometry(value, "/value")  # a part of one was fine as long as there might be the rest
    return Instance(
        kind=patch.kind,
        value=value,
        observed_at=_without_null_time(patch.observed_at),
        dataset_id=patch.dataset_id,
        unit_code=None if patch.unit_code == NULL else patch.unit_code,
        value_type=None if patch.value_type == NULL else patch.value_type,
        expires_at=_without_null_time(patch.expires_at),
        sub={name: listed for name, listed in sub.items() if listed} or None,
    )


def merge_json(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396), NGSI-LD Null in the place of null."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value == NULL:
            merged.pop(key, None)
        else:
            merged[key] = merge_json(merged.get(key), value)
    return merged


def strip_nulls(value: Any) -> Any:
    """Leave out the members that are NGSI-LD Null: there is nothing that they could remove."""
    return merge_json({}, value) if isinstance(value, dict) else value


def _kind_given(patch: Instance) -> bool:
    return not isinstance(patch, PartialInstance) or patch.kind_given


def _check_kind(current: Instance, patch: Instance) -> None:
    if _kind_given(patch) and patch.kind is not current.kind:
        raise BadRequestData(
            f"the attribute is a {FORMS[current.kind].type}; a partial update cannot make it a"
            f" {FORMS[patch.kind].type}",
            pointer="/type",
        )


def _check_value_member(current: Instance, patch: Instance) -> None:
    """A fragment that gives no type but a `value` can only mean an attribute that has such a member."""
    if isinstance(patch, PartialInstance) and not patch.kind_given and not patch.is_bare:
        member = FORMS[current.kind].member
        if member != "value":
            raise BadRequestData(
                f"the attribute is a {FORMS[current.kind].type}: it has {member}, no value", pointer="/value"
            )


def _patch_members(current: Instance, patch: Instance) -> Instance:
    """Copy the current instance with the members that hold no value and no sub-attribute patched."""
    _check_members(current.kind, patch)
    patched = copy(current)
    if patch.observed_at is not None:
        patched.observed_at = _without_null_time(patch.observed_at)
    if patch.expires_at is not None:
        patched.expires_at = _without_null_time(patch.expires_at)
    if patch.unit_code is not None:
        patched.unit_code = None if patch.unit_code == NULL else patch.unit_code
    if patch.value_type is not None:
        patched.value_type = None if patch.value_type == NULL else patch.value_type
    return patched


def _check_members(kind: Kind, patch: Instance) -> None:
    """Refuse members that the target's attribute type does not have; the fragment need not have told it."""
    member = None
    if patch.unit_code not in (None, NULL) and kind not in WITH_UNIT:
        member = "unitCode"
    elif patch.value_type is not None and isinstance(patch, PartialInstance) and patch.type_member:
        expected = "objectType" if kind in RELATIONSHIPS else "valueType"
        member = None if patch.type_member == expected else patch.type_member
    if member is not None:
        raise BadRequestData(
            f"the attribute is a {FORMS[kind].type}: it has no {member}", pointer=f"/{member}"
        )


def _without_null_time(time: Micros | None) -> Micros | None:
    return None if time == NULL_TIME else time


def _merge_value(current: Instance, patch: Instance, hints: MergeHints) -> Any:
    value = patch.value
    if current.kind is Kind.LANGUAGE_PROPERTY and _is_text(value):
        return merge_json(current.value, {hints.lang or "@none": value})
    if isinstance(patch, PartialInstance) and patch.is_bare:
        value = _fit(current.kind, patch)
    merged = merge_json(current.value, value)
    if current.kind is Kind.GEO_PROPERTY:
        return read_geometry(merged, "/value")
    if current.kind is Kind.LANGUAGE_PROPERTY and not merged:
        raise BadRequestData("nothing would be left of the languageMap; remove the attribute instead")
    return merged


def _is_text(value: Any) -> bool:
    """Whether a value is a string or an array of them, as one language of a languageMap is."""
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    )


def _fit(kind: Kind, patch: PartialInstance) -> Any:
    """Take a value that stands alone for one of the target's attribute type (clause 5.6.17).

    Raises BadRequestData where it cannot be one.
    """
    value = patch.value
    if kind is Kind.VOCAB_PROPERTY and patch.bare_vocab is not None:
        return patch.bare_vocab
    if kind is Kind.LIST_RELATIONSHIP and isinstance(value, list):
        value = [_target_of(one) for one in value]
    if not _FITS[kind](value):
        raise BadRequestData(
            f"the attribute is a {FORMS[kind].type}, which the value {str(patch.value)[:60]!r} does not fit"
        )
    return value


def _target_of(element: Any) -> Any:
    """Take the URI out of an element of objectList."""
    return element["object"] if isinstance(element, dict) and element.keys() == {"object"} else element


def _is_target(value: Any) -> bool:
    return is_uri(value) and value != NULL


_FITS: dict[Kind, Callable[[Any], bool]] = {
    Kind.PROPERTY: lambda _: True,
    Kind.RELATIONSHIP: lambda value: (
        _is_target(value) or (isinstance(value, list) and bool(value) and all(map(_is_target, value)))
    ),
    Kind.GEO_PROPERTY: lambda value: isinstance(value, dict),
    Kind.LANGUAGE_PROPERTY: lambda value: (
        isinstance(value, dict) and all(is_language(tag) and _is_text(one) for tag, one in value.items())
    ),
    Kind.JSON_PROPERTY: lambda value: (
        isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    ),
    Kind.VOCAB_PROPERTY: lambda _: False,
    Kind.LIST_PROPERTY: lambda value: isinstance(value, list),
    Kind.LIST_RELATIONSHIP: lambda value: isinstance(value, list) and all(map(_is_target, value)),
}


def _update_sub(current: Attributes | None, patch: Attributes | None) -> Attributes | None:
    if not patch:
        return current
    updated = dict(current or {})
    for name, instances in patch.items():
        kept = [complete_instance(one) for one in instances if not is_null(one)]
        if kept:
            updated[name] = kept
        else:
            updated.pop(name, None)
    return updated or None


def _merge_sub(current: Attributes | None, patch: Attributes | None) -> Attributes | None:
    if not patch:
        return current
    merged = dict(current or {})
    for name, instances in patch.items():
        for one in instances:
            _merge_sub_instance(merged, name, one)
    return merged or None


def _merge_sub_instance(merged: Attributes, name: Iri, patch: Instance) -> None:
    listed = merged.get(name, [])
    target = find_instance(listed, patch.dataset_id)
    if is_null(patch):
        listed = [one for one in listed if one is not target]
    elif target is None:
        listed = put_instance(listed, complete_instance(patch))
    else:
        listed = put_instance(listed, merge_instance(target, patch))
    if listed:
        merged[name] = listed
    else:
        merged.pop(name, None)
