"""The values of attributes, checked by type (clauses 4.5.2 to 4.5.24 and 4.6.3)."""

import math
from typing import Any

from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.geometry import read_geometry
from context_api.ngsild.model import NULL, Kind
from context_api.ngsild.names import check_text, check_uri, escape, is_language, shown

MAX_VALUE_DEPTH = 64
"""Arrays and objects inside each other."""


class ValueReader:
    """Reads the value members of one document's attributes."""

    def __init__(self, context: Context, *, nulls_inside: bool) -> None:
        self._context = context
        self._nulls_inside = nulls_inside
        self._readers = {
            Kind.PROPERTY: self._read_property,
            Kind.RELATIONSHIP: self._read_object,
            Kind.GEO_PROPERTY: self._read_geometry,
            Kind.LANGUAGE_PROPERTY: self._read_language_map,
            Kind.JSON_PROPERTY: self._read_json,
            Kind.VOCAB_PROPERTY: self._read_vocab,
            Kind.LIST_PROPERTY: self._read_value_list,
            Kind.LIST_RELATIONSHIP: self._read_object_list,
        }

    def read(self, kind: Kind, value: Any, pointer: str) -> Any:
        """Give the value as it is kept. Raises BadRequestData where it is not one of this attribute type."""
        if value is None:
            raise BadRequestData(
                f"null is no value; {NULL} removes an attribute in an update", pointer=pointer
            )
        return self._readers[kind](value, pointer)

    def _read_property(self, value: Any, pointer: str) -> Any:
        if type(value) in _SCALARS:
            return self._read_scalar(value, pointer)
        self._check_nested(value, pointer, 0)
        return value

    def _read_scalar(self, value: Any, pointer: str) -> Any:
        if value == NULL:
            raise _null(pointer)
        if isinstance(value, str):
            check_text(value, pointer)
        if isinstance(value, float) and not math.isfinite(value):
            raise BadRequestData("a number is finite", pointer=pointer)
        return value

    def _check_nested(self, value: Any, pointer: str, depth: int) -> None:
        """Look for NGSI-LD Null where it has no meaning, and for values nested beyond reason."""
        if depth > MAX_VALUE_DEPTH:
            raise BadRequestData(f"a value nests at most {MAX_VALUE_DEPTH} deep", pointer=pointer)
        if isinstance(value, dict):
            for key, inner in value.items():
                check_text(key, pointer)
                self._check_nested(inner, f"{pointer}/{escape(key)}", depth + 1)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                self._check_element(inner, f"{pointer}/{index}", depth + 1)
        elif not (value == NULL and self._nulls_inside):
            self._read_scalar(value, pointer)

    def _check_element(self, value: Any, pointer: str, depth: int) -> None:
        """Check an element of an array: a merge replaces arrays as a whole, so Null removes nothing."""
        if not self._nulls_inside:
            self._check_nested(value, pointer, depth)
            return
        self._nulls_inside = False
        try:
            self._check_nested(value, pointer, depth)
        finally:
            self._nulls_inside = True

    def _read_object(self, value: Any, pointer: str) -> Any:
        if isinstance(value, list):
            if not value:
                raise BadRequestData("a Relationship needs an object", pointer=pointer)
            return [
                check_uri(one, "a Relationship's object", f"{pointer}/{index}")
                for index, one in enumerate(value)
            ]
        return check_uri(value, "a Relationship's object", pointer)

    def _read_object_list(self, value: Any, pointer: str) -> Any:
        if not isinstance(value, list):
            raise BadRequestData("objectList is an array of URIs", pointer=pointer)
        uris = []
        for index, one in enumerate(value):
            uri = one.get("object") if isinstance(one, dict) and len(one) == 1 else one
            uris.append(check_uri(uri, "an element of objectList", f"{pointer}/{index}"))
        return uris

    def _read_geometry(self, value: Any, pointer: str) -> Any:
        if self._nulls_inside and isinstance(value, dict) and "type" not in value:
            return value  # part of a geometry: the whole is checked once it is merged
        geometry = read_geometry(value, pointer)
        for key, inner in geometry.items():
            if key not in _OF_GEOMETRIES:
                self._check_nested(inner, f"{pointer}/{escape(check_text(key, pointer))}", 0)
        return geometry

    def _read_language_map(self, value: Any, pointer: str) -> Any:
        if not isinstance(value, dict) or not value:
            raise BadRequestData("languageMap is an object of language tag -> text", pointer=pointer)
        for tag, texts in value.items():
            check_text(tag, pointer)
            if not is_language(tag):
                raise BadRequestData(
                    f"{shown(tag)} is no language tag such as ja or en-GB (RFC 5646); @none is the default",
                    pointer=f"{pointer}/{escape(tag)}",
                )
            listed = texts if isinstance(texts, list) else [texts]
            for text in listed:
                if not isinstance(text, str):
                    raise BadRequestData(
                        f"a text or an array of texts, not {shown(text)}", pointer=f"{pointer}/{tag}"
                    )
                check_text(text, f"{pointer}/{tag}")
                if text == NULL and not self._nulls_inside:
                    raise _null(f"{pointer}/{tag}")
        return value

    def _read_json(self, value: Any, pointer: str) -> Any:
        is_raw = isinstance(value, dict) or (
            isinstance(value, list) and all(isinstance(one, dict) for one in value)
        )
        if not is_raw:
            raise BadRequestData("json is an object or an array of objects", pointer=pointer)
        self._check_nested(value, pointer, 0)
        return value

    def _read_vocab(self, value: Any, pointer: str) -> Any:
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and one for one in listed):
            raise BadRequestData("vocab is a word or an array of words", pointer=pointer)
        for word in listed:
            check_text(word, pointer)
        if NULL in listed:
            raise _null(pointer)
        expanded = [self._context.expand(one) for one in listed]
        return expanded if isinstance(value, list) else expanded[0]

    def _read_value_list(self, value: Any, pointer: str) -> Any:
        if not isinstance(value, list):
            raise BadRequestData("valueList is an array", pointer=pointer)
        self._check_nested(value, pointer, 0)
        return value


_OF_GEOMETRIES = frozenset(("type", "coordinates"))
_SCALARS = frozenset((str, int, float, bool))


def _null(pointer: str) -> BadRequestData:
    return BadRequestData(f"{NULL} has no place here; it removes members in an update", pointer=pointer)
