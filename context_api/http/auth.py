"""Who is calling, and for which tenant: what the gate asks before a request goes on (design, promise 6).

An `Authenticator` knows one kind of credential: a key, a token of a provider, the session of a browser. It
gives None where a request shows nothing of its kind, and raises Unauthorized where what it shows is void.
What comes `After` (limits) may refuse a request whose principal and tenant are known.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.errors import Forbidden, Unauthorized
from context_api.http.problem_codes import ProblemCode, mark
from context_api.ngsild.errors import BadRequestData
from context_api.policy.principal import Principal as Principal  # noqa: PLC0414 - its old address
from context_api.policy.roles import Role

Authenticator = Callable[[Headers, Scope], Awaitable[Principal | None]]
After = Callable[[Principal, Scope], Awaitable[None]]

CACHE_SECONDS = 2.0
"""A credential that is void opens nothing after this time at the latest, even where nobody was told."""
DEFAULT_TENANT = "default"
TENANT_HEADER = "NGSILD-Tenant"
_TENANT_NAME = TENANT_HEADER.lower().encode()
_CREDENTIAL_NAME = b"authorization"
_SHOWN_TENANTS = 20

ANYONE = Principal("anyone", Role.ADMINISTRATOR)
"""Everyone, where access control is off."""
NOBODY = Principal("anyone", Role.ANONYMOUS, tenants=frozenset())
"""Whoever comes in by a door that asks for nothing, or looks at secrets of its own."""
ANONYMOUS = Principal("anyone", Role.ANONYMOUS)
"""Whoever shows no credential: what is granted to the public, in whatever tenant."""


class Admission:
    """Asks the authenticators in their order; the first that knows the credential decides."""

    def __init__(self, authenticators: Sequence[Authenticator]) -> None:
        self._authenticators = tuple(authenticators)

    async def authenticate(self, headers: Headers, scope: Scope) -> Principal:
        """Give who makes a request. Raises Unauthorized."""
        for authenticate in self._authenticators:
            principal = await authenticate(headers, scope)
            if principal is not None:
                return principal
        raise unknown(headers.get("authorization"))


def choose_tenant(principal: Principal, named: str | None) -> str:
    """Give the tenant of a request: the one that is named, among those that the credential opens.

    Without a name it is the default tenant, or the only one there is. Raises Forbidden for any other, whether
    it exists or not, and BadRequestData where one has to be named.
    """
    tenants = principal.tenants
    if tenants is None:
        return named or DEFAULT_TENANT
    if named is not None:
        if named in tenants:
            return named
        refused = Forbidden(f"This credential does not open the tenant {named!r}{_opened(tenants)}")
        raise mark(refused, ProblemCode.TENANT_CLOSED)
    if DEFAULT_TENANT in tenants:
        return DEFAULT_TENANT
    if len(tenants) == 1:
        return next(iter(tenants))
    if not tenants:
        refused = Forbidden("This credential opens no tenant; an administrator can give its organisation one")
        raise mark(refused, ProblemCode.NO_TENANT)
    raise BadRequestData(f"Name the tenant with the header {TENANT_HEADER}{_opened(tenants)}")


def read_heads(scope: Scope) -> str | None:
    """Give the tenant that a request names. Raises BadRequestData where it or a credential is sent twice."""
    tenant: bytes | None = None
    has_credential = False
    for name, value in scope["headers"]:
        if name == _TENANT_NAME:
            if tenant is not None:
                raise BadRequestData(f"The header {TENANT_HEADER} is sent more than once")
            tenant = value
        elif name == _CREDENTIAL_NAME:
            if has_credential:
                raise BadRequestData("The header Authorization is sent more than once")
            has_credential = True
    return None if tenant is None else tenant.decode("latin-1")


def _opened(tenants: frozenset[str]) -> str:
    if not tenants:
        return ""
    more = ", …" if len(tenants) > _SHOWN_TENANTS else ""
    return f"; it opens: {', '.join(sorted(tenants)[:_SHOWN_TENANTS])}{more}"


def unknown(authorization: str | None) -> Unauthorized:
    """Say that nobody knows a credential, or that there is none."""
    if authorization is None:
        return Unauthorized("A key is needed: send the header Authorization: Bearer <key>")
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        return Unauthorized("The Authorization header must be: Bearer <key>")
    return Unauthorized("The key is unknown or void")
