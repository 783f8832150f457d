"""The question "which entities" (clause 5.7.2), in expanded names."""

import msgspec

from context_api.ngsild.model import Iri
from context_api.ngsild.query.types import TypeSelection

DEFAULT_LIMIT = 20


class EntityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A selector of entities and the page that is wanted; all parts that are given must hold."""

    ids: tuple[str, ...] = ()
    """Empty: any id."""
    id_pattern: str | None = None
    """A regular expression that is searched (not anchored) in the id; not looked at where `ids` are given."""
    types: TypeSelection | None = None
    """None: any type."""
    attrs: tuple[Iri, ...] = ()
    """Entities with at least one of these attributes; empty: any."""
    limit: int = DEFAULT_LIMIT
    """Entities per page; 0 only where nothing but the count is wanted."""
    offset: int = 0
    count: bool = False
    """Whether the number of all matching entities is wanted too."""
