"""The attribute types of clause 4.5 as tables: how each is written."""

from typing import NamedTuple

from context_api.ngsild.model import Kind


class Form(NamedTuple):
    """How an attribute type is written."""

    type: str
    member: str
    """The member that holds its value."""
    plural: str
    """The same in temporalValues (clause 4.5.9)."""


FORMS: dict[Kind, Form] = {
    Kind.PROPERTY: Form("Property", "value", "values"),
    Kind.RELATIONSHIP: Form("Relationship", "object", "objects"),
    Kind.GEO_PROPERTY: Form("GeoProperty", "value", "values"),
    Kind.LANGUAGE_PROPERTY: Form("LanguageProperty", "languageMap", "languageMaps"),
    Kind.JSON_PROPERTY: Form("JsonProperty", "json", "jsons"),
    Kind.VOCAB_PROPERTY: Form("VocabProperty", "vocab", "vocabs"),
    Kind.LIST_PROPERTY: Form("ListProperty", "valueList", "valueLists"),
    Kind.LIST_RELATIONSHIP: Form("ListRelationship", "objectList", "objectLists"),
}

KINDS: dict[str, Kind] = {form.type: kind for kind, form in FORMS.items()}

RELATIONSHIPS = frozenset((Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP))
WITH_UNIT = frozenset((Kind.PROPERTY, Kind.LIST_PROPERTY))
WRAPPED = frozenset((Kind.LANGUAGE_PROPERTY, Kind.JSON_PROPERTY, Kind.VOCAB_PROPERTY))
"""Their simplified form keeps the member's name, so that it can be told from a plain value (clause 4.5.4)."""
