"""Why a request is allowed or not: the steps of the gate and of the store, told instead of taken."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from context_api.http.access.rules import check_role, first_role, manages
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
from context_api.ngsild.subscription import parse_subscription
from context_api.policy.credentials import OrganisationKind, bound_tenants
from context_api.policy.explaining import (
    Code,
    Step,
    Why,
    describe,
    explain_hidden,
    name_grant,
    why_never,
    why_not,
)
from context_api.policy.grant import Grant, Operation
from context_api.policy.principal import Principal
from context_api.policy.rights import Rights
from context_api.policy.roles import Role
from context_api.policy.writing import apply_within
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.keys import get_key
from context_api.store.organisations import get_organisation
from context_api.store.rights import load_ended, load_rights
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


class Holder(NamedTuple):
    """Who might make it: the holder of a key, or of a role in an organisation; else nobody in particular."""

    key: str | None = None
    organisation: str | None = None
    role: Role | None = None
    """In the organisation; None: that which its first key usually has."""


class Explanation(msgspec.Struct, omit_defaults=True):
    """What would become of it."""

    allowed: bool
    status: int
    reasons: list[str]
    """The texts of the steps."""
    steps: list[Step]
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
        self, access: Access, holder: Holder, question: Question, context: Context, asker: Principal
    ) -> Explanation:
        """Tell what would become of a request in the tenant of `access`.

        Short names stand in `context`. Raises BadRequestData where the key or the organisation is not one
        that `asker` may know, or the request is for another tenant.
        """
        explanation = Explanation(False, 200, [], [], [], [])
        case = _Case(access, question, context, explanation)
        try:
            self._explain(case, holder, asker)
        except _Refused as refused:
            case.refuse(
                refused.code, status_of(refused.error), str(refused.error), operation=refused.operation
            )
        except (HttpError, NgsiLdError) as error:
            if isinstance(error, _Unanswerable):
                raise BadRequestData(error.detail) from error
            case.refuse(Code.REFUSED, status_of(error), str(error))
        explanation.reasons = [step.text for step in explanation.steps]
        explanation.allowed = explanation.status == 200
        return explanation

    def _explain(self, case: "_Case", holder: Holder, asker: Principal) -> None:
        principal = self._find_principal(holder, asker, case.access.tenant)
        case.told.principal = {"name": principal.name, "role": str(principal.role)}
        headers = {name.lower(): value for name, value in case.question.headers.items()}
        named = headers.get(TENANT_HEADER.lower(), case.access.tenant)
        try:
            case.told.tenant = choose_tenant(principal, named)
        except HttpError as error:
            raise _Refused(Code.TENANT_CLOSED, error) from error
        if case.told.tenant != case.access.tenant:
            raise _Unanswerable(f"the request is for another tenant: ask in {case.told.tenant} itself")
        match = self._find_route(case.question)
        if match is None:
            case.refuse(Code.NO_ROUTE, 404, "No route of the API answers this method and path")
            return
        permission = PERMISSIONS.get(match.route.name)
        case.told.operation, case.told.permission = match.route.name, str(permission or "")
        if permission is None or principal.role not in ROLES[permission]:
            raise _Refused(Code.NO_PERMISSION, refusal(principal, permission))
        case.say(Code.PERMISSION, f"the role {principal.role} has the permission {permission}", ok=True)
        if principal.role is Role.ADMINISTRATOR:
            case.say(Code.ADMINISTRATOR, "administrators see and change everything in their tenants", ok=True)
            return
        operation = OPERATIONS.get(permission)
        if operation is None:
            case.say(Code.NO_GRANT_NEEDED, "grants are not asked for this", ok=True)
            return
        with self._database.connection() as connection:
            rights = load_rights(connection, case.access.tenant_id, principal)
            case.ended = load_ended(connection, case.access.tenant_id, principal, MAX_TOLD)
        if rights is not None:
            self._judge(case, rights, principal, operation, match)

    def _judge(
        self, case: "_Case", rights: Rights, principal: Principal, operation: Operation, match: Match
    ) -> None:
        for grant in rights.grants[:MAX_TOLD]:
            case.say(Code.GRANT, describe(grant, case.context.compact), grant=grant.id)
        if not rights.allows(operation, case.now):
            _tell_others(case, rights, operation, frozenset())
            error = no_grant(principal, operation, case.access.tenant)
            raise _Refused(Code.NOTHING_GRANTED, error, operation)
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
            _judge_query(case, rights, operation, match)
        elif entity is None:
            case.refuse(Code.ENTITY_MISSING, 404, f"There is no entity {wanted}: nobody gets it")
        else:
            _judge_entity(case, rights, operation, entity)

    def _find_principal(self, holder: Holder, asker: Principal, tenant: str) -> Principal:
        if holder.key is not None:
            return self._find_key(holder.key, asker, tenant)
        return ANONYMOUS if holder.organisation is None else self._find_member(holder, asker)

    def _find_key(self, key: str, asker: Principal, tenant: str) -> Principal:
        prefix = key.split("_")[1] if key.startswith("machi_") else key
        found = get_key(self._database, prefix)
        opens = None if found is None else found.tenants
        if found is None or not (asker.runs_installation or opens is None or tenant in opens):
            raise _Unanswerable(f"there is no key {prefix[:40]!r} that you look after")
        fault = found.fault(datetime.now(UTC))
        if fault is not None:
            raise _Refused(Code.KEY_VOID, Unauthorized(f"The key {prefix} {fault}"))
        return found.principal

    def _find_member(self, holder: Holder, asker: Principal) -> Principal:
        """Give somebody of an organisation, to whom nothing is granted alone."""
        name = holder.organisation or ""
        found = get_organisation(self._database, name)
        if found is None or not manages(asker, found):
            raise _Unanswerable(f"there is no organisation {name[:80]!r} that you look after")
        if found.kind is OrganisationKind.PUBLIC:
            return ANONYMOUS
        if found.disabled_at is not None:
            raise _Refused(Code.ORGANISATION_DISABLED, Unauthorized(f"The organisation {name} is disabled"))
        role = check_role(found, holder.role or first_role(found))
        tenants = bound_tenants(
            role, every_tenant=found.is_of_every_tenant, organisation=found.tenants, own=None
        )
        return Principal(f"organisation:{name}", role, found.id, tenants)

    def _find_route(self, question: Question) -> Match | None:
        path = question.path.partition("?")[0]
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        return self._routes.find(question.method.upper(), path)


class _Unanswerable(NgsiLdError):
    """The question itself is wrong."""


class _Refused(Exception):
    """The request would be refused, for a reason that has a code."""

    def __init__(self, code: Code, error: HttpError, operation: str = "") -> None:
        super().__init__(str(error))
        self.code = code
        self.error = error
        self.operation = operation


class _Case:
    """One question, and what is told of it so far."""

    def __init__(self, access: Access, question: Question, context: Context, told: Explanation) -> None:
        self.access = access
        self.question = question
        self.context = context
        self.told = told
        self.now: Micros = now_micros()
        self.ended: list[Grant] = []
        """Grants of which the time is over: they give nothing, and are often what was meant."""

    def say(self, code: Code, text: str, **more: Any) -> None:
        """Add a reason."""
        self.told.steps.append(Step(code=code, text=text, **more))

    def refuse(self, code: Code, status: int, text: str, *, operation: str = "") -> None:
        """Add the reason that decides."""
        self.told.status = status
        self.say(code, text, ok=False, operation=operation)

    def allow(self, grants: tuple[Grant, ...]) -> None:
        """Name the grants that allow it."""
        self.told.grants = sorted({one.id for one in grants})
        for number in self.told.grants[:MAX_TOLD]:
            name = f"grant {number}" if number else "what comes with the role"
            self.say(Code.GRANT_APPLIES, f"{name} is about this", ok=True, grant=number)

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
        for grant in (*rights.grants, *case.ended)[:MAX_TOLD]:
            _tell_why(
                case,
                grant,
                entity.id,
                list(why_not(grant, entity, operation, case.now, case.context.compact)),
            )
        case.refuse(Code.ENTITY_HIDDEN, 404, f"{entity.id} exists, and answers as if it did not")
        return
    case.allow(matching)
    _hide(case, rights, frozenset(entity.attributes), entity.types, matching)
    if operation is Operation.WRITE and case.question.body is None:
        case.say(Code.BODY_DECIDES, "what it changes decides as well: give the body to know")


def _judge_query(case: _Case, rights: Rights, operation: Operation, match: Match) -> None:
    """Tell of a query what its grants leave of the types and attributes that it names."""
    types, names = _subscribed(case) if match.route.name == "createSubscription" else _queried(case)
    about = tuple(
        one for one in rights.valid(operation, case.now) if not types or not one.types or types & one.types
    )
    if not about:
        _tell_others(case, rights, operation, types)
        text = "no grant is about entities of this type: the answer is empty"
        case.say(Code.TYPE_NOT_GRANTED, text, ok=False, operation=operation)
        return
    case.allow(about)
    text = "the answer holds the entities that these grants are about, and counts no others"
    case.say(Code.GRANTED_ENTITIES, text, ok=True)
    _hide(case, rights, names, types, about)


def _tell_others(case: _Case, rights: Rights, operation: Operation, types: frozenset[Iri]) -> None:
    """Say of each grant why it is not about entities of these types (empty: of any)."""
    for grant in (*rights.grants, *case.ended)[:MAX_TOLD]:
        why = list(why_never(grant, types, operation, case.now, case.context.compact))
        _tell_why(case, grant, "this", why)


def _tell_why(case: _Case, grant: Grant, about: str, why: list[tuple[Why, str]]) -> None:
    text = f"{name_grant(grant)} is not about {about}: {'; '.join(text for _, text in why)}"
    case.say(Code.GRANT_NOT_ABOUT, text, ok=False, grant=grant.id, why=tuple(one for one, _ in why))


def _queried(case: _Case) -> tuple[frozenset[Iri], frozenset[Iri]]:
    """Give the types and the attributes that the parameters of a query name."""
    query = dict(parse_qsl(case.question.path.partition("?")[2]))
    return _types_of(case, query.get("type")), _names_of(case, query.get("attrs"), query.get("q"))


def _subscribed(case: _Case) -> tuple[frozenset[Iri], frozenset[Iri]]:
    """Give the types and the attributes that a subscription names; none where its body is not given."""
    if case.question.body is None:
        return frozenset(), frozenset()
    draft = parse_subscription(case.question.body, case.context, case.now)
    types = [selected_types(one.types) for one in draft.entities if one.types is not None]
    return frozenset().union(*types), frozenset(draft.watched_attributes)


def _types_of(case: _Case, text: str | None) -> frozenset[Iri]:
    selection = None if text is None else parse_type_selection(text, case.context)
    return frozenset() if selection is None else frozenset(selected_types(selection))


def _names_of(case: _Case, attrs: str | None, q: str | None) -> frozenset[Iri]:
    names = {parse_attribute_name(name, case.context) for name in attrs.split(",")} if attrs else set()
    if q is not None:
        for term in terms_of(parse_q(q, case.context)):
            path = term.path
            names.add(path.hops[0].relationship if path.hops else path.names[0])
    return frozenset(names) - frozenset(ENTITY_MEMBERS)


def _hide(case: _Case, rights: Rights, names: frozenset[Iri], types: Any, given: tuple[Grant, ...]) -> None:
    for step in explain_hidden(rights, names, types, given, case.context.compact):
        case.told.hidden.append(step.attribute)
        case.told.steps.append(step)
