"""Plain conditions as SQL over a row `e` of entity, for queries and for grants alike; see `where`."""

from collections.abc import Sequence

from context_api.ngsild.query import ScopeQuery
from context_api.ngsild.query.scope import AllScopes, AnyScope
from context_api.store.packing import pack_ints, pack_texts
from context_api.store.queries import load_queries
from context_api.store.where import NOTHING, Where, all_of, any_of

_SQL = load_queries("reading")


def has_type(numbers: Sequence[int]) -> Where:
    """Write that an entity has one of these types, so that an index serves it."""
    return Where(_SQL["has_type"], (pack_ints(numbers),)) if numbers else NOTHING


def is_entity(ids: Sequence[str]) -> Where:
    """Write that an entity is one of these."""
    return Where(b"e.id = any(%s)", (pack_texts(askable(ids)),))


def askable(ids: Sequence[str]) -> list[str]:
    """Leave out ids that no row can have: PostgreSQL refuses the character U+0000."""
    return [each for each in ids if "\0" not in each]


def where_scopes(query: ScopeQuery) -> Where:
    """Write a scope query: a scope is tested as text."""
    if isinstance(query, AnyScope):
        return any_of([where_scopes(part) for part in query.parts])
    if isinstance(query, AllScopes):
        return all_of([where_scopes(part) for part in query.parts])
    # Levels are letters, digits and underscores: nothing in them means anything to a pattern
    pattern = "^/?" + "/".join("[^/]+" if level == "+" else level for level in query.levels)
    if not query.deep:
        pattern += "$"
    elif query.levels:
        pattern += "(/|$)"
    return Where(b'exists (select from unnest(e.scopes) as scope where scope ~ %s collate "C")', (pattern,))
