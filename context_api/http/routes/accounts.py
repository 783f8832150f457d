"""Accounts of people, for administrators: create, list, change, disable, reset."""

import re
from typing import Any, Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query, segment
from context_api.http.errors import Forbidden
from context_api.http.login.desk import NAME_PATTERN
from context_api.http.negotiation import negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.responses import json_response, location_of
from context_api.http.routes.session import JSON_ONLY, PREFIX, PRIVATE, moment, number, read_draft
from context_api.http.schemas_accounts import (
    ACCOUNT,
    ACCOUNT_CHANGE,
    ACCOUNT_DRAFT,
    ACCOUNT_RESET,
    ACCOUNT_WITH_CODE,
)
from context_api.http.services import Services
from context_api.identity.secrets import keyed_hash
from context_api.identity.totp import new_code, plain_recovery_code
from context_api.ngsild.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from context_api.policy.credentials import covers, may_manage
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store import account_changes
from context_api.store.account_changes import (
    AccountExists,
    AccountFault,
    AccountUnknown,
    Judge,
    Wanted,
)
from context_api.store.accounts import Account
from context_api.store.memberships import Membership

TAG = "Accounts"
_PATH = {"account_id": "7"}
_PAGE = 100
_LIMITS = {
    "limit": Parameter(
        description="Accounts per page",
        schema={"type": "integer", "minimum": 1, "maximum": 200, "default": _PAGE},
        example=_PAGE,
    ),
    "after": Parameter(description="What the last page calls `next`", example="7"),
}

CREATE = Operation(
    id="createAccount",
    tag=TAG,
    summary="Create an account for a person",
    description="The answer holds a code, this once: with it the person sets a password "
    "(POST /api/v1/session/reset) within two days, or as MACHI_RESET_AGE says.",
    body=RequestBody(schema="AccountDraft", example=ACCOUNT_DRAFT, media_types=JSON_ONLY),
    answers={
        201: Answer(
            description="Created",
            schema="AccountWithCode",
            example=ACCOUNT_WITH_CODE,
            headers={"Location": "The account's path"},
        )
    },
    errors=(403, 406, 409),
    headers=(),
)
LIST = Operation(
    id="listAccounts",
    tag=TAG,
    summary="List accounts",
    description="Those of the organisations that you look after, disabled ones too.",
    accepts=("limit", "after"),
    overrides=_LIMITS,
    answers={
        200: Answer(description="By id", schema="AccountList", example={"accounts": [ACCOUNT], "next": None})
    },
    errors=(403, 406),
    headers=(),
)
GET = Operation(
    id="getAccount",
    tag=TAG,
    summary="Get an account",
    path_examples=_PATH,
    answers={200: Answer(description="The account", schema="Account", example=ACCOUNT)},
    errors=(403, 404, 406),
    headers=(),
)
CHANGE = Operation(
    id="changeAccount",
    tag=TAG,
    summary="Change or disable an account",
    description="What is not named stays. An account is never deleted, because history names it.",
    path_examples=_PATH,
    body=RequestBody(schema="AccountChange", example=ACCOUNT_CHANGE, media_types=JSON_ONLY),
    answers={200: Answer(description="The account as it is now", schema="Account", example=ACCOUNT)},
    errors=(403, 404, 406, 409),
    headers=(),
)
RESET = Operation(
    id="resetAccount",
    tag=TAG,
    summary="Take an account's password away in exchange for a code",
    description="For a person who forgot it, or (with `app`) lost the telephone. All their sessions end.",
    path_examples=_PATH,
    body=RequestBody(schema="AccountReset", example=ACCOUNT_RESET, media_types=JSON_ONLY),
    answers={
        200: Answer(description="The code, this once", schema="AccountWithCode", example=ACCOUNT_WITH_CODE)
    },
    errors=(403, 404, 406),
    headers=(),
)

_Role = Literal["administrator", "staff", "operator", "partner"]


class _Draft(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    role: _Role
    shown: str = ""
    organisation: str = "town"
    tenants: list[str] | None = None


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    shown: str | msgspec.UnsetType = msgspec.UNSET
    organisation: str | msgspec.UnsetType = msgspec.UNSET
    role: _Role | msgspec.UnsetType = msgspec.UNSET
    tenants: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


class _Reset(msgspec.Struct, forbid_unknown_fields=True):
    app: bool = False


def accounts_router(services: Services) -> APIRouter:
    """Make the routes of accounts."""
    resource = _Accounts(services)
    router = new_router(PREFIX)
    one = "/accounts/{account_id:segment}"
    add_route(router, "POST", "/accounts", resource.create, CREATE)
    add_route(router, "GET", "/accounts", resource.list_all, LIST)
    add_route(router, "GET", one, resource.get, GET)
    add_route(router, "PATCH", one, resource.change, CHANGE)
    add_route(router, "POST", f"{one}/reset", resource.reset, RESET)
    return router


class _Accounts:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        draft: _Draft = await read_draft(request, self._services, _Draft)
        check_name(draft.name)
        wanted = Wanted(
            shown=check_shown(draft.shown),
            organisation=draft.organisation,
            role=Role(draft.role),
            tenants=draft.tenants,
        )
        principal = _principal(request)
        code = new_code()
        made = await self._run(
            account_changes.create_account,
            wanted,
            draft.name,
            _judge(principal),
            by=principal.name,
            reset_hash=self._hash(code),
            reset_s=self._services.logins.settings.reset_s,
        )
        location = location_of(f"{PREFIX}/accounts", str(made.id))
        return json_response(
            {**describe(made), "code": code}, status=201, headers={**PRIVATE, "Location": location}
        )

    async def list_all(self, request: Request) -> Response:
        query = read_query(request, LIST)
        negotiate(request, JSON_ONLY)
        limit = _bounded(query.text("limit"), _PAGE, "limit", 1, 200)
        after = _bounded(query.text("after"), 0, "after", 0, 2**62)
        principal = _principal(request)
        found = await self._run(
            account_changes.list_accounts,
            _judge(principal),
            organisation_id=None if principal.tenants is None else principal.organisation,
            after=after,
            limit=limit,
        )
        following = str(found[-1].id) if len(found) == limit else None
        return json_response({"accounts": [describe(one) for one in found], "next": following})

    async def get(self, request: Request) -> Response:
        read_query(request, GET)
        negotiate(request, JSON_ONLY)
        found = await self._run(account_changes.get_account, _id(request), _judge(_principal(request)))
        return json_response(describe(found))

    async def change(self, request: Request) -> Response:
        read_query(request, CHANGE)
        account_id = _id(request)
        draft: _Change = await read_draft(request, self._services, _Change)
        principal = _principal(request)
        if draft.disabled is True and principal.name == f"user:{account_id}":
            own = Conflict("This is your own account; another administrator can disable it")
            raise mark(own, ProblemCode.ACCOUNT_IS_OWN)
        changed = await self._run(
            account_changes.change_account,
            account_id,
            lambda former: _wanted(former, draft),
            _judge(principal),
            by=principal.name,
        )
        self._services.logins.sessions.forget()
        return json_response(describe(changed))

    async def reset(self, request: Request) -> Response:
        read_query(request, RESET)
        account_id = _id(request)
        draft: _Reset = await read_draft(request, self._services, _Reset)
        code = new_code()
        settings = self._services.logins.settings
        changed = await self._run(
            account_changes.reset_account,
            account_id,
            _judge(_principal(request)),
            self._hash(code),
            settings.reset_s,
            totp=draft.app,
        )
        self._services.logins.sessions.forget()
        return json_response({**describe(changed), "code": code}, headers=PRIVATE)

    def _hash(self, code: str) -> bytes:
        secret = self._services.settings.installation_secret
        return keyed_hash(secret, "reset", plain_recovery_code(code))

    async def _run(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await self._services.run(call, self._services.database, *args, **kwargs)
        except AccountUnknown as error:
            raise ResourceNotFound(error.detail) from error
        except AccountExists as error:
            raise AlreadyExists(error.detail) from error
        except AccountFault as error:
            if not error.field:
                raise mark(Forbidden(error.detail), ProblemCode.NOT_YOURS) from error
            raise BadRequestData(error.detail, pointer=f"/{error.field}") from error


def describe(account: Account) -> dict[str, Any]:
    """Describe an account to an administrator."""
    return {
        "id": str(account.id),
        "name": account.name,
        "shown": account.shown,
        "organisation": account.organisation,
        "role": account.role,
        "tenants": None if account.tenant_ids is None else account.tenants,
        "hasPassword": account.has_password,
        "mustChangePassword": account.must_change,
        "hasApp": account.has_totp,
        "recoveryCodes": account.recovery_codes,
        "codeUntil": moment(account.reset_until),
        "createdAt": moment(account.created_at),
        "createdBy": account.created_by,
        "loggedInAt": moment(account.logged_in_at),
        "disabledAt": moment(account.disabled_at),
    }


def check_name(name: str) -> None:
    """Raise BadRequestData for what cannot be an account's name."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise BadRequestData(
            "A name is of small letters, digits and . _ @ + -, at most 128, not a sign first", pointer="/name"
        )


def check_shown(shown: str) -> str:
    """Give how people are called. Raises BadRequestData."""
    if len(shown) > 200 or not shown.isprintable():
        raise BadRequestData("At most 200 characters, and no control characters", pointer="/shown")
    return shown


def _wanted(former: Account, draft: _Change) -> Wanted:
    """Make what an account is to be from what it is."""
    tenants = None if former.tenant_ids is None else former.tenants
    return Wanted(
        shown=former.shown if draft.shown is msgspec.UNSET else check_shown(draft.shown),
        organisation=former.organisation if draft.organisation is msgspec.UNSET else draft.organisation,
        role=Role(former.role if draft.role is msgspec.UNSET else draft.role),
        tenants=tenants if draft.tenants is msgspec.UNSET else draft.tenants,
        is_disabled=former.disabled_at is not None if draft.disabled is msgspec.UNSET else draft.disabled,
    )


def _judge(principal: Principal) -> Judge:
    """Make what decides whether a principal looks after somebody: nobody gives more than they have."""

    def judge(membership: Membership, tenants: frozenset[str] | None) -> None:
        may = may_manage(
            principal,
            membership.id,
            every_tenant=membership.is_of_every_tenant,
            tenants=membership.tenants,
        )
        if not may or not covers(principal, tenants):
            raise AccountFault(f"You do not look after people of {membership.name} with these tenants")

    return judge


def _principal(request: Request) -> Principal:
    principal: Principal = request.scope["machi.principal"]
    return principal


def _id(request: Request) -> int:
    return number(segment(request, "account_id"), "account")


def _bounded(text: str | None, default: int, name: str, least: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise BadRequestData(f"The parameter {name} is {text[:40]!r}; it must be {least} to {most}")
    return int(text)
