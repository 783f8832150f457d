"""Logging in at a provider: authorization code with PKCE (RFC 6749, 7636, 9700; OpenID Connect Core 3.1).

What a login needs between its start and its return travels in a cookie of the browser that began it, sealed:
so nobody can finish a login that another browser began, and nothing is kept of those that are not finished.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from context_api.http.errors import Forbidden, HttpError, Unauthorized, Unavailable
from context_api.http.login.attempts import Run
from context_api.http.login.desk import Visitor
from context_api.http.login.oidc.documents import ProviderUnreachable, check_endpoint
from context_api.http.login.oidc.trust import Trust, Vouched
from context_api.http.login.sessions import Sessions
from context_api.http.login.settings import LoginSettings
from context_api.identity.secrets import new_token, seal, unseal
from context_api.identity.tokens import Expected
from context_api.ngsild.errors import BadRequestData
from context_api.store import logins
from context_api.store.database import Database
from context_api.store.memberships import find_tenants
from context_api.store.sessions import NewSession, Stage

CALLBACK = "/api/v1/session/oidc/callback"
UNDER_WAY_S = 600
_PURPOSE = "login under way"
_ID_TOKEN = "id token"  # noqa: S105
_RETURN = re.compile(r"/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]{0,500}")
_CODE_MAX = 4_096
_ID_TOKEN_KEPT = 6_000
_SHOWN_MAX = 200


class UnderWay(msgspec.Struct, frozen=True, array_like=True):
    """A login between its start and its return."""

    provider: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    return_to: str
    until: int
    """Seconds since 1970."""


class LoginFailed(HttpError):
    """The way back from the provider did not open a session; `reason` is a word for the console."""

    status = 400

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Flow:
    """Sends people to a provider, and takes them back."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        settings: LoginSettings,
        *,
        trusts: Mapping[str, Trust],
        sessions: Sessions,
        run: Run,
    ) -> None:
        self._database = database
        self._secret = secret
        self._settings = settings
        self._trusts = trusts
        self._sessions = sessions
        self._run = run

    async def start(self, provider: str, return_to: str, base_url: str) -> tuple[str, str]:
        """Give where the browser goes, and the cookie it takes along. Raises BadRequestData, Unavailable."""
        trust = self._trusts.get(provider)
        if trust is None or trust.provider.client_id is None:
            raise BadRequestData(f"There is no provider {provider[:40]!r} to log in at")
        check_return(return_to)
        try:
            endpoint = check_endpoint(trust.provider, await trust.keys.metadata(), "authorization_endpoint")
        except ProviderUnreachable as error:
            detail = f"{trust.provider.name} cannot be reached: {error}"
            raise Unavailable(detail, retry_after_s=10) from error
        begun = UnderWay(
            provider=provider,
            state=new_token(),
            nonce=new_token(),
            verifier=new_token(),
            redirect_uri=f"{base_url}{CALLBACK}",
            return_to=return_to,
            until=int(time.time()) + UNDER_WAY_S,
        )
        query = {
            "response_type": "code",
            "client_id": trust.provider.client_id,
            "redirect_uri": begun.redirect_uri,
            "scope": " ".join(trust.provider.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in endpoint else "?"
        return f"{endpoint}{separator}{urlencode(query)}", self._seal(begun)

    async def finish(self, said: Mapping[str, str], cookie: str | None, visitor: Visitor) -> tuple[str, str]:
        """Take somebody back from a provider: gives the new session's cookie and where to go.

        Raises LoginFailed.
        """
        begun = self._unseal(cookie)
        if begun is None or not hmac.compare_digest(begun.state.encode(), said.get("state", "").encode()):
            raise LoginFailed("expired", "This login was not begun by this browser, or too long ago")
        trust = self._trusts.get(begun.provider)
        if trust is None:
            raise LoginFailed("expired", "The provider is no longer known here")
        if said.get("iss", trust.provider.issuer) != trust.provider.issuer:
            raise LoginFailed("denied", "Another provider sent this answer")
        if "code" not in said:
            raise LoginFailed("denied", f"The provider says: {said.get('error', 'nothing')[:100]}")
        try:
            vouched, id_token = await self._redeem(trust, begun, said["code"][:_CODE_MAX])
            return await self._open(trust, vouched, id_token, visitor), begun.return_to
        except Forbidden as error:
            raise LoginFailed("unknown", error.detail) from error
        except Unauthorized as error:
            raise LoginFailed("denied", error.detail) from error
        except (Unavailable, ProviderUnreachable) as error:
            raise LoginFailed("unreachable", str(error)) from error

    async def logout_url(self, provider: str, id_token: bytes | None, base_url: str) -> str | None:
        """Give where a session ends at the provider, too; None where it offers none, or is away."""
        trust = self._trusts.get(provider)
        if trust is None or trust.provider.client_id is None:
            return None
        try:
            metadata = await trust.keys.metadata()
            endpoint = check_endpoint(trust.provider, metadata, "end_session_endpoint")
        except ProviderUnreachable:
            return None
        query = {"client_id": trust.provider.client_id, "post_logout_redirect_uri": f"{base_url}/"}
        plain = None if id_token is None else unseal(self._secret, _ID_TOKEN, bytes(id_token))
        if plain is not None:
            query["id_token_hint"] = plain.decode()
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def _redeem(self, trust: Trust, begun: UnderWay, code: str) -> tuple[Vouched, str]:
        """Exchange the code for tokens, and judge them."""
        provider = trust.provider
        client_id = provider.client_id or ""
        tokens = await self._exchange(trust, begun, code)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise Unauthorized("The provider sent no id_token")
        expected = Expected(
            issuer=provider.issuer, audiences=(client_id,), nonce=begun.nonce, skew_s=provider.skew_s
        )
        subject, claims = await trust.verify(id_token, expected)
        if claims.get("azp", client_id) != client_id:
            raise Unauthorized("The id_token is another client's")
        if provider.userinfo:
            claims = {**await self._ask_userinfo(trust, tokens, subject), **claims}
        return await trust.vouch(subject, claims), id_token

    async def _exchange(self, trust: Trust, begun: UnderWay, code: str) -> dict[str, Any]:
        provider = trust.provider
        metadata = await trust.keys.metadata()
        endpoint = check_endpoint(provider, metadata, "token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect_uri,
            "code_verifier": begun.verifier,
        }
        client_id, secret = provider.client_id or "", provider.client_secret
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret is not None and "client_secret_basic" in ways:
            return await trust.documents.post(endpoint, form, basic=(client_id, secret))
        form["client_id"] = client_id
        if secret is not None:
            form["client_secret"] = secret
        return await trust.documents.post(endpoint, form)

    async def _ask_userinfo(self, trust: Trust, tokens: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """Ask for more claims (OpenID Connect Core 5.3); they have to be about the same person."""
        access_token = tokens.get("access_token")
        if not isinstance(access_token, str):
            raise Unauthorized("The provider sent no access_token")
        endpoint = check_endpoint(trust.provider, await trust.keys.metadata(), "userinfo_endpoint")
        said = await trust.documents.get(endpoint, token=access_token)
        if said.get("sub") != subject:
            raise Unauthorized("The provider's userinfo is about somebody else")
        return said

    async def _open(self, trust: Trust, vouched: Vouched, id_token: str, visitor: Visitor) -> str:
        token = new_token()
        kept = id_token.encode() if len(id_token) <= _ID_TOKEN_KEPT else None
        name = vouched.claims.get("name")
        session = NewSession(
            hash=self._sessions.hash(token),
            stage=Stage.OPEN,
            principal=trust.name_of(vouched.subject),
            age_s=self._settings.age_s,
            shown=(name if isinstance(name, str) and name.isprintable() else vouched.subject)[:_SHOWN_MAX],
            organisation_id=vouched.membership.id,
            role=vouched.role.value,
            tenants=await self._run(self._tenant_ids, vouched.own_tenants),
            provider=trust.provider.id,
            id_token=None if kept is None else seal(self._secret, _ID_TOKEN, kept),
            address=visitor.address,
            agent=visitor.agent,
        )
        await self._run(logins.begin_session, self._database, session)
        return token

    def _tenant_ids(self, names: frozenset[str] | None) -> list[int] | None:
        if names is None:
            return None
        with self._database.connection() as connection:
            return sorted(find_tenants(connection, names).values())

    def _seal(self, begun: UnderWay) -> str:
        sealed = seal(self._secret, _PURPOSE, msgspec.json.encode(begun))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def _unseal(self, cookie: str | None) -> UnderWay | None:
        """Read the cookie of a login that is under way; None without one, or where it is too old."""
        if cookie is None or len(cookie) > _CODE_MAX:
            return None
        try:
            sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        except ValueError:
            return None
        plain = unseal(self._secret, _PURPOSE, sealed)
        begun = None if plain is None else msgspec.json.decode(plain, type=UnderWay)
        return begun if begun is not None and begun.until >= time.time() else None


def challenge_of(verifier: str) -> str:
    """Give what the provider sees of the verifier at first (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def check_return(path: str) -> None:
    """Raise BadRequestData unless a path leads to a page of ours (no open redirect)."""
    if not _RETURN.fullmatch(path):
        raise BadRequestData("The parameter return must be a path of this address, such as /map")
