"""Grants in words: what one gives, and why it is not about an entity."""

from collections.abc import Callable, Iterable, Iterator

from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.time import format_datetime
from context_api.policy.grant import CHANGING, Grant, Operation
from context_api.policy.rights import Rights

Compact = Callable[[Iri], str]


def name_grant(grant: Grant) -> str:
    """Name a grant."""
    return f"grant {grant.id}" if grant.id else "what comes with the role"


def describe(grant: Grant, compact: Compact) -> str:
    """Say what a grant gives."""
    types = _list(grant.types, compact) or "entities of any type"
    attributes = f" ({_list(grant.attributes, compact)})" if grant.attributes else ""
    limits = [
        *(["in certain scopes"] if grant.scopes is not None else []),
        *(["in an area"] if grant.area is not None else []),
        *([f"{len(grant.entities)} of them"] if grant.entities else []),
        *([f"history from {format_datetime(grant.history_from)}"] if grant.history_from is not None else []),
        *(["personal attributes too"] if grant.personal else []),
    ]
    about = f", {', '.join(limits)}" if limits else ""
    return f"{name_grant(grant)}: {', '.join(sorted(grant.operations))} of {types}{attributes}{about}"


def why_not(
    grant: Grant, entity: Entity, operation: Operation, now: Micros, compact: Compact
) -> Iterator[str]:
    """Say what keeps a grant from being about an entity; nothing where it is."""
    if operation not in grant.operations:
        yield f"it is not for {operation}"
    if grant.valid_from is not None and now < grant.valid_from:
        yield f"it begins at {format_datetime(grant.valid_from)}"
    if grant.valid_until is not None and grant.valid_until <= now:
        yield f"it ended at {format_datetime(grant.valid_until)}"
    if grant.types and grant.types.isdisjoint(entity.types):
        yield f"the entity is of the type {_list(entity.types, compact)}, not {_list(grant.types, compact)}"
    if grant.entities and entity.id not in grant.entities:
        yield "it is about other entities, by their ids"
    if grant.scopes is not None and not grant.scopes.matches(entity.scopes):
        yield f"the entity's scopes ({', '.join(entity.scopes) or 'none'}) are not those granted"
    if grant.area is not None and not Grant(id=0, operations=grant.operations, area=grant.area).matches(
        entity, operation
    ):
        inside = "inside" if operation in CHANGING else "in"
        yield f"the entity's location is not {inside} the area, or it has none"


def explain_hidden(
    rights: Rights, names: Iterable[Iri], types: Iterable[Iri], given: Iterable[Grant], compact: Compact
) -> Iterator[tuple[Iri, str]]:
    """Give the attributes that these grants do not give in an entity of these types, each with the reason."""
    personal, grants = rights.personal(types), list(given)
    for name in sorted(names):
        giving = [one for one in grants if one.gives(name)]
        if not giving:
            yield name, f"{compact(name)} is not granted: it behaves as absent"
        elif name in personal and not any(one.personal for one in giving):
            yield (
                name,
                f"{compact(name)} is marked as personal, and no grant says personal: it behaves as absent",
            )


def _list(names: Iterable[Iri], compact: Compact) -> str:
    return ", ".join(sorted(map(compact, names)))
