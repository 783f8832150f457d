"""Grants in words: what one gives, and why it is not about an entity. Each reason has a code for programs."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.time import format_datetime
from context_api.policy.grant import CHANGING, Grant, Operation
from context_api.policy.rights import Rights

Compact = Callable[[Iri], str]


class Code(StrEnum):
    """What a step of an explanation says; what it is about stands beside it."""

    NO_ROUTE = "noRoute"
    """Nothing answers this method and path."""
    KEY_VOID = "keyVoid"
    ORGANISATION_DISABLED = "organisationDisabled"
    TENANT_CLOSED = "tenantClosed"
    """The credential does not open the tenant."""
    PERMISSION = "permission"
    """The role may use the route."""
    NO_PERMISSION = "noPermission"
    ADMINISTRATOR = "administrator"
    """Grants are not asked: everything is allowed."""
    NO_GRANT_NEEDED = "noGrantNeeded"
    """Behind this route there is nothing that grants give."""
    GRANT = "grant"
    """One of the grants there are, whatever it is about."""
    GRANT_APPLIES = "grantApplies"
    GRANT_NOT_ABOUT = "grantNotAbout"
    """Why not stands in `why`."""
    NOTHING_GRANTED = "nothingGranted"
    """No grant counts now for the operation."""
    GRANTED_ENTITIES = "grantedEntities"
    """The answer holds what the grants are about."""
    TYPE_NOT_GRANTED = "typeNotGranted"
    """The answer is empty."""
    ENTITY_MISSING = "entityMissing"
    ENTITY_HIDDEN = "entityHidden"
    ATTRIBUTE_NOT_GRANTED = "attributeNotGranted"
    ATTRIBUTE_PERSONAL = "attributePersonal"
    BODY_DECIDES = "bodyDecides"
    """Without the body it is not known."""
    REFUSED = "refused"
    """For another reason: the text says it."""


class Why(StrEnum):
    """What keeps a grant from being about something."""

    OPERATION = "operation"
    NOT_BEGUN = "notBegun"
    ENDED = "ended"
    TYPE = "type"
    ENTITIES = "entities"
    """It is about other entities, by their ids."""
    SCOPES = "scopes"
    AREA = "area"


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason of an explanation."""

    code: Code
    text: str
    """The same in English."""
    ok: bool | None = None
    """Whether it speaks for the request; None: it only tells."""
    grant: int | None = None
    operation: str = ""
    """read, history, subscribe, write, delete."""
    attribute: str = ""
    why: tuple[Why, ...] = ()


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


def why_never(
    grant: Grant, types: frozenset[Iri], operation: Operation, now: Micros, compact: Compact
) -> Iterator[tuple[Why, str]]:
    """Say what keeps a grant from being about any entity of these types (empty: of any)."""
    if operation not in grant.operations:
        yield Why.OPERATION, f"it is not for {operation}"
    if grant.valid_from is not None and now < grant.valid_from:
        yield Why.NOT_BEGUN, f"it begins at {format_datetime(grant.valid_from)}"
    if grant.valid_until is not None and grant.valid_until <= now:
        yield Why.ENDED, f"it ended at {format_datetime(grant.valid_until)}"
    if grant.types and types and grant.types.isdisjoint(types):
        yield (
            Why.TYPE,
            f"the entity is of the type {_list(types, compact)}, not {_list(grant.types, compact)}",
        )


def why_not(
    grant: Grant, entity: Entity, operation: Operation, now: Micros, compact: Compact
) -> Iterator[tuple[Why, str]]:
    """Say what keeps a grant from being about an entity; nothing where it is."""
    yield from why_never(grant, frozenset(entity.types), operation, now, compact)
    if grant.entities and entity.id not in grant.entities:
        yield Why.ENTITIES, "it is about other entities, by their ids"
    if grant.scopes is not None and not grant.scopes.matches(entity.scopes):
        yield Why.SCOPES, f"the entity's scopes ({', '.join(entity.scopes) or 'none'}) are not those granted"
    if grant.area is not None and not Grant(id=0, operations=grant.operations, area=grant.area).matches(
        entity, operation
    ):
        inside = "inside" if operation in CHANGING else "in"
        yield Why.AREA, f"the entity's location is not {inside} the area, or it has none"


def explain_hidden(
    rights: Rights, names: Iterable[Iri], types: Iterable[Iri], given: Iterable[Grant], compact: Compact
) -> Iterator[Step]:
    """Give the attributes that these grants do not give in an entity of these types, each with the reason."""
    personal, grants = rights.personal(types), list(given)
    for name in sorted(names):
        giving = [one for one in grants if one.gives(name)]
        shown = compact(name)
        if not giving:
            text = f"{shown} is not granted: it behaves as absent"
            yield Step(code=Code.ATTRIBUTE_NOT_GRANTED, ok=False, attribute=shown, text=text)
        elif name in personal and not any(one.personal for one in giving):
            text = f"{shown} is marked as personal, and no grant says personal: it behaves as absent"
            yield Step(code=Code.ATTRIBUTE_PERSONAL, ok=False, attribute=shown, text=text)


def _list(names: Iterable[Iri], compact: Compact) -> str:
    return ", ".join(sorted(map(compact, names)))
