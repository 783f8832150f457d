"""Sessions of the console, for the gate and for the routes: a cookie -> who it is."""

import time
from collections import OrderedDict
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import Scope

from context_api.http.errors import Unauthorized
from context_api.http.login.attempts import Run
from context_api.http.login.cookies import SESSION, Cookies
from context_api.http.login.origin import SAFE_METHODS, check_csrf, check_page
from context_api.http.login.settings import LoginSettings
from context_api.identity.secrets import keyed_hash, keyed_text
from context_api.policy.principal import Principal
from context_api.policy.roles import Role
from context_api.store.database import Database
from context_api.store.sessions import Session, Stage, find_session, touch_session

CACHE_SECONDS = 1.5
"""A session that ended, here or by another process, opens nothing after this time at the latest."""
CACHE_ENTRIES = 2_000
TOUCH_SECONDS = 60.0
SESSION_KEY = "machi.session"
"""In the scope: the session that a request belongs to."""
_TOKEN_MAX = 100


class Visit(NamedTuple):
    """A session with its cookie."""

    session: Session
    token: str
    csrf: str

    @property
    def principal(self) -> Principal:
        """Who it is; to be asked of open sessions only."""
        one = self.session
        return Principal(one.principal, Role(one.role), one.organisation_id, one.tenants)


class Sessions:
    """Finds sessions; an `Authenticator` of the gate."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        settings: LoginSettings,
        *,
        cookies: Cookies,
        public_url: str | None,
        run: Run,
    ) -> None:
        self._database = database
        self._secret = secret
        self._settings = settings
        self._cookies = cookies
        self._public_url = public_url
        self._providers = frozenset(one.id for one in settings.providers)
        self._run = run
        self._known: OrderedDict[bytes, tuple[float, Session | None]] = OrderedDict()
        self._touched: OrderedDict[int, float] = OrderedDict()

    async def __call__(self, headers: Headers, scope: Scope) -> Principal | None:
        """Give whom the cookie of a request stands for; None without one that counts.

        Raises Forbidden for changes that no page of ours asks for.
        """
        if "cookie" not in headers or headers.get("sec-fetch-site", "same-origin") == "cross-site":
            return None
        visit = await self.find(headers)
        if visit is None or visit.session.stage is not Stage.OPEN:
            return None
        if scope["method"] not in SAFE_METHODS:
            check_page(headers, scope, self._public_url)
            check_csrf(headers, visit.csrf)
        scope[SESSION_KEY] = visit
        return visit.principal

    async def find(self, headers: Headers) -> Visit | None:
        """Give the session of a cookie, whatever its stage; None where there is none."""
        token = self._cookies.read(headers, SESSION)
        return None if token is None else await self.look_up(token)

    async def look_up(self, token: str) -> Visit | None:
        """Give the session that a cookie's value stands for."""
        if not token or len(token) > _TOKEN_MAX:
            return None
        hash_ = self.hash(token)
        remembered = self._known.get(hash_)
        now = time.monotonic()
        if remembered is not None and remembered[0] > now:
            session = remembered[1]
        else:
            session = await self._run(find_session, self._database, hash_, self._settings.idle_s)
            self._remember(hash_, session, now + CACHE_SECONDS)
            if session is not None:
                await self._touch(session, now)
        if session is None or not self._is_vouched(session):
            return None
        return Visit(session, token, self.csrf(token))

    async def need(self, headers: Headers, scope: Scope) -> Visit:
        """Give the session of a request that changes it, at any stage. Raises Unauthorized, Forbidden."""
        visit = await self.find(headers)
        if visit is None:
            raise Unauthorized("There is no session, or it is over; log in")
        check_page(headers, scope, self._public_url)
        check_csrf(headers, visit.csrf)
        return visit

    def check_page(self, headers: Headers, scope: Scope) -> None:
        """Raise Forbidden where the page that sends this is of elsewhere."""
        check_page(headers, scope, self._public_url)

    def hash(self, token: str) -> bytes:
        """Give what the database keeps of a cookie."""
        return keyed_hash(self._secret, "session", token)

    def csrf(self, token: str) -> str:
        """Give what a page of ours shows besides the cookie."""
        return keyed_text(self._secret, "csrf", token)

    def forget(self) -> None:
        """Ask the database anew: a session ended or changed."""
        self._known.clear()

    def _is_vouched(self, session: Session) -> bool:
        """Whether it is of an account, or of a provider whose word still counts."""
        return session.provider is None or session.provider in self._providers

    async def _touch(self, session: Session, now: float) -> None:
        if self._touched.get(session.id, -TOUCH_SECONDS) + TOUCH_SECONDS > now:
            return
        self._touched[session.id] = now
        self._touched.move_to_end(session.id)
        while len(self._touched) > CACHE_ENTRIES:
            self._touched.popitem(last=False)
        await self._run(touch_session, self._database, session.id)

    def _remember(self, hash_: bytes, session: Session | None, until: float) -> None:
        self._known[hash_] = (until, session)
        self._known.move_to_end(hash_)
        while len(self._known) > CACHE_ENTRIES:
            self._known.popitem(last=False)
