"""Why a request is allowed or not: the steps of the gate and of the store, told instead of taken."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from context_api.http.auth import ANONYMOUS, TENANT_HEADER, choose_tenant
from context_api.http.calls import now_micros
from context_api.http.direct import Match, RouteTable
from context_api.http.errors import HttpError, Unauthorized, status_of
from context_api.http.permissions import OPERATIONS, PERMISSIONS, ROLES, no_grant, refusal
from context_api.ngsild.changes import (
    AppendAttributes,
    Change,
    CreateEntity,
    DeleteAttribute,
    DeleteEntity,
    MergeEntity,
    ReplaceEntity,
    UpdateAttributes,
)
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, NgsiLdError
from context_api.ngsild.merge import Removed
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.parse import Mode, parse_attribute_name, parse_entity, parse_fragment
from context_api.ngsild.query import parse_q, parse_type_selection, selected_types
from context_api.ngsild.query.conditions import ENTITY_MEMBERS, terms_of
from context_api.policy.explaining import describe, explain_hidden, name_grant, why_not
from context_api.policy.grant import Grant, Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Rights
from context_api.policy.roles import Role
from context_api.policy.writing import apply_within
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.keys import get_key
from context_api.store.rights import load_rights
from context_api.store.store import Store

MAX_TOLD = 50
"""Grants that are told of one by one."""
_FRAGMENTS: Mapping[str, tuple[type[Any], Mode]] = {
    "mergeEntity": (MergeEntity, Mode.MERGE),
    "updateAttributes": (UpdateAttributes, Mode.UPDATE),
    "appendAttributes": (AppendAttributes, Mode.CREATE),
}


class Question(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A request that somebody might make."""

    method: str
    path: str
    """With its parameters."""
    headers: dict[str, str] = {}
    body: Any = None


class Explanation(msgspec.Struct, omit_defaults=True):
    """What would become of it."""

    allowed: bool
    status: int
    reasons: list[str]
    grants: list[int]
    """That allow it; 0 is what comes with the role."""
    hidden: list[str]
    """Attributes that behave as absent."""
    principal: dict[str, str] = {}
    tenant: str = ""
    operation: str = ""
    permission: str = ""


class Explainer:
    """Tells what would become of requests; it executes none and writes nothing."""

    def __init__(self, routes: RouteTable, database: Database, store: Store) -> None:
        self._routes = routes
        self._database = database
        self._store = store

    def explain(
        self, access: Access, key: str | None, question: Question, context: Context, asker: Principal
    ) -> Explanation:
        """Tell what would become of a request in the tenant of `access`, by the holder of a key or by nobody.

        Short names stand in `context`. Raises BadRequestData where the key is not one that `asker` may know,
        or the request is for another tenant.
        """
        explanation = Explanation(False, 200, [], [], [])
        try:
            self._explain(_Case(access, question, context, explanation), key, asker)
        except (HttpError, NgsiLdError) as error:
            if isinstance(error, _Unanswerable):
                raise BadRequestData(error.detail) from error
            explanation.status = status_of(error)
            explanation.reasons.append(str(error))
        explanation.allowed = explanation.status == 200
        return explanation

    def _explain(self, case: "_Case", key: str | None, asker: Principal) -> None:
        principal = self._find_principal(key, asker, case.access.tenant)
        case.told.principal = {"name": principal.name, "role": str(principal.role)}
        headers = {name.lower(): value for name, value in case.question.headers.items()}
        named = headers.get(TENANT_HEADER.lower(), case.access.tenant)
        case.told.tenant = choose_tenant(principal, named)
        if case.told.tenant != case.access.tenant:
            raise _Unanswerable(f"the request is for another tenant: ask in {case.told.tenant} itself")
        match = self._find_route(case.question)
        if match is None:
            case.refuse(404, "No route of the API answers this method and path")
            return
        permission = PERMISSIONS.get(match.route.name)
        case.told.operation, case.told.permission = match.route.name, str(permission or "")
        if permission is None or principal.role not in ROLES[permission]:
            raise refusal(principal, permission)
        case.say(f"the role {principal.role} has the permission {permission}")
        if principal.role is Role.ADMINISTRATOR:
            case.say("administrators see and change everything in their tenants")
            return
        operation = OPERATIONS.get(permission)
        if operation is None:
            case.say("grants are not asked for this")
            return
        with self._database.connection() as connection:
            rights = load_rights(connection, case.access.tenant_id, principal)
        if rights is not None:
            self._judge(case, rights, principal, operation, match)

    def _judge(
        self, case: "_Case", rights: Rights, principal: Principal, operation: Operation, match: Match
    ) -> None:
        for grant in rights.grants[:MAX_TOLD]:
            case.say(describe(grant, case.context.compact))
        if not rights.allows(operation, case.now):
            raise no_grant(principal, operation, case.access.tenant)
        change = case.change(match)
        entity_id = match.parameters.get("entity_id")
        wanted = change.entity_id if change is not None else entity_id and unquote(entity_id)
        entity = None
        if wanted is not None:
            whole = replace(case.access, filter=None)
            entity = self._store.get_entities(whole, [wanted]).get(wanted)
        if change is not None:
            _judge_change(case, rights, entity, change)
        elif entity_id is None:
            _judge_query(case, rights, operation)
        elif entity is None:
            case.refuse(404, f"There is no entity {wanted}: nobody gets it")
        else:
            _judge_entity(case, rights, operation, entity)

    def _find_principal(self, key: str | None, asker: Principal, tenant: str) -> Principal:
        if key is None:
            return ANONYMOUS
        prefix = key.split("_")[1] if key.startswith("machi_") else key
        found = get_key(self._database, prefix)
        opens = None if found is None else found.tenants
        if found is None or not (asker.runs_installation or opens is None or tenant in opens):
            raise _Unanswerable(f"there is no key {prefix[:40]!r} that you look after")
        fault = found.fault(datetime.now(UTC))
        if fault is not None:
            raise Unauthorized(f"The key {prefix} {fault}")
        return found.principal

    def _find_route(self, question: Question) -> Match | None:
        path = question.path.partition("?")[0]
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        return self._routes.find(question.method.upper(), path)


class _Unanswerable(NgsiLdError):
    """The question itself is wrong."""


class _Case:
    """One question, and what is told of it so far."""

    def __init__(self, access: Access, question: Question, context: Context, told: Explanation) -> None:
        self.access = access
        self.question = question
        self.context = context
        self.told = told
        self.now: Micros = now_micros()

    def say(self, text: str) -> None:
        """Add a reason."""
        self.told.reasons.append(text)

    def refuse(self, status: int, text: str) -> None:
        """Add the reason that decides."""
        self.told.status = status
        self.say(text)

    def allow(self, grants: tuple[Grant, ...]) -> None:
        """Name the grants that allow it."""
        self.told.grants = sorted({one.id for one in grants})

    def change(self, match: Match) -> Change | None:
        """Read what the request would change, where that can be told without executing it."""
        name, body, context = match.route.name, self.question.body, self.context
        entity_id = unquote(match.parameters.get("entity_id", ""))
        if name == "deleteEntity":
            return DeleteEntity(entity_id=entity_id)
        if name == "deleteAttribute":
            attribute = parse_attribute_name(unquote(match.parameters["attribute"]), context)
            return DeleteAttribute(entity_id=entity_id, attribute=attribute, delete_all=True)
        if not isinstance(body, dict):
            return None
        if name in ("createEntity", "replaceEntity"):
            entity = parse_entity({"id": entity_id, **body} if entity_id else body, context, now=self.now)
            kind = CreateEntity if name == "createEntity" else ReplaceEntity
            return kind(entity_id=entity.id, entity=entity)
        if name not in _FRAGMENTS:
            return None
        kind_of_change, mode = _FRAGMENTS[name]
        fragment = parse_fragment(body, context, mode=mode)
        changed: Change = kind_of_change(
            entity_id=entity_id,
            types=fragment.types,
            scopes=fragment.scopes,
            attributes=fragment.attributes,
            expires_at=fragment.expires_at,
        )
        return changed


def _judge_change(case: _Case, rights: Rights, entity: Entity | None, change: Change) -> None:
    outcome = apply_within(rights, entity, change, case.now, Removed()).outcome
    if outcome.error is not None:
        raise outcome.error
    about = change.entity if isinstance(change, CreateEntity) else entity
    operation = Operation.DELETE if isinstance(change, DeleteEntity | DeleteAttribute) else Operation.WRITE
    if about is not None:
        case.allow(rights.matching(about, operation, case.now))


def _judge_entity(case: _Case, rights: Rights, operation: Operation, entity: Entity) -> None:
    matching = rights.matching(entity, operation, case.now)
    if not matching:
        for grant in rights.grants[:MAX_TOLD]:
            reasons = "; ".join(why_not(grant, entity, operation, case.now, case.context.compact))
            case.say(f"{name_grant(grant)} is not about {entity.id}: {reasons}")
        case.refuse(404, f"{entity.id} exists, and answers as if it did not")
        return
    case.allow(matching)
    _hide(case, rights, frozenset(entity.attributes), entity.types, matching)
    if operation is Operation.WRITE and case.question.body is None:
        case.say("what it changes decides as well: give the body to know")


def _judge_query(case: _Case, rights: Rights, operation: Operation) -> None:
    """Tell of a query what its grants leave of the types and attributes that it names."""
    query = dict(parse_qsl(case.question.path.partition("?")[2]))
    text, valid = query.get("type"), rights.valid(operation, case.now)
    selection = None if text is None else parse_type_selection(text, case.context)
    types = frozenset[Iri]() if selection is None else selected_types(selection)
    about = tuple(one for one in valid if not types or not one.types or types & one.types)
    if not about:
        case.say("no grant is about entities of this type: the answer is empty")
        return
    case.allow(about)
    case.say("the answer holds the entities that these grants are about, and counts no others")
    _hide(case, rights, _names_of(case, query.get("attrs"), query.get("q")), types, about)


def _names_of(case: _Case, attrs: str | None, q: str | None) -> frozenset[Iri]:
    names = {parse_attribute_name(name, case.context) for name in attrs.split(",")} if attrs else set()
    if q is not None:
        for term in terms_of(parse_q(q, case.context)):
            path = term.path
            names.add(path.hops[0].relationship if path.hops else path.names[0])
    return frozenset(names) - frozenset(ENTITY_MEMBERS)


def _hide(case: _Case, rights: Rights, names: frozenset[Iri], types: Any, given: tuple[Grant, ...]) -> None:
    for name, reason in explain_hidden(rights, names, types, given, case.context.compact):
        case.told.hidden.append(case.context.compact(name))
        case.say(reason)
