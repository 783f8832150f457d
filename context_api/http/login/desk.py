"""The steps of a login with a local account, and what people do about their own."""

import hmac
import io
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

import segno

from context_api.http.errors import Forbidden, Unauthorized
from context_api.http.login.attempts import Attempts, Run
from context_api.http.login.hashing import Hashing
from context_api.http.login.refusals import Refusals
from context_api.http.login.sessions import Sessions, Visit
from context_api.http.login.settings import LoginSettings
from context_api.identity import totp
from context_api.identity.passwords import fault_of
from context_api.identity.secrets import keyed_hash, new_token, seal, unseal
from context_api.ngsild.errors import BadRequestData, Conflict
from context_api.policy.roles import Role
from context_api.store import logins
from context_api.store.accounts import Login, find_login, find_login_by_id, find_reset, upgrade_hash
from context_api.store.database import Database
from context_api.store.logins import Step
from context_api.store.sessions import NewSession, Stage

NAME_PATTERN = r"[a-z0-9][a-z0-9._@+-]{0,127}"
_NAME = re.compile(NAME_PATTERN)
_WRONG = "The name or the password is wrong"
_TOTP = "totp"


class Visitor(NamedTuple):
    """Who knocks."""

    address: str
    agent: str
    known: str | None
    """The mark of a browser that logged in before."""


class Opened(NamedTuple):
    """A session under its new cookie."""

    token: str
    stage: Stage
    known: str | None = None
    """The browser's new mark, once the login is complete."""


class Enrolment(NamedTuple):
    """What an authenticator app takes in."""

    secret: str
    uri: str
    svg: str


class App(NamedTuple):
    """How it stands with somebody's authenticator app."""

    is_added: bool
    is_required: bool
    recovery_codes: int
    """Not used yet."""


class Desk:
    """What the routes of logging in call; the database is asked in threads (`run`)."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        settings: LoginSettings,
        *,
        sessions: Sessions,
        hashing: Hashing,
        run: Run,
    ) -> None:
        self._database = database
        self._secret = secret
        self._settings = settings
        self._sessions = sessions
        self._hashing = hashing
        self._run = run
        self._attempts = Attempts(database, secret, run)
        self._refusals = Refusals(database, run)

    async def log_in(self, name: str, password: str, visitor: Visitor) -> Opened:
        """Open a session, which may still wait for a code or a new password.

        Raises Unauthorized for a wrong name, password or both alike; TooManyRequests; Unavailable.
        """
        name = plain_name(name)
        attempt = await self._attempts.begin(name, visitor.address, visitor.known)
        login = await self._run(find_login, self._database, name) if _NAME.fullmatch(name) else None
        stored = None if login is None else login.password_hash
        if not await self._hashing.verify(stored, password) or login is None or stored is None:
            await self._refusals.note(name if login else "(unknown)", "wrong name or password")
            raise Unauthorized(_WRONG)
        await self._attempts.forgive(attempt)
        if self._hashing.is_outdated(stored):
            new = await self._hashing.hash(password)
            await self._run(upgrade_hash, self._database, login.id, stored, new)
        stage = self._stage_after(login)
        token = new_token()
        session = NewSession(
            hash=self._sessions.hash(token),
            stage=stage,
            principal=login.principal,
            age_s=self._age(stage),
            shown=login.shown or login.name,
            account_id=login.id,
            address=visitor.address,
            agent=visitor.agent,
        )
        await self._run(logins.begin_session, self._database, session)
        return self._opened(token, stage, login, visitor)

    async def pass_code(self, visit: Visit, code: str, visitor: Visitor) -> Opened:
        """Take a code of the app, or a recovery code. Raises Unauthorized where it does not count."""
        if visit.session.stage is not Stage.TOTP:
            raise Conflict("This session waits for no code")
        login = await self._login_of(visit)
        attempt = await self._attempts.begin_code(login.id)
        stage = self._stage_after(login, has_code=True)
        token, step = self._step(visit, stage)
        if not await self._take_code(login, code, step):
            await self._refusals.note(login.name, "wrong code")
            raise Unauthorized("The code is wrong, or was used before; an app shows another every 30 s")
        await self._attempts.forgive(attempt)
        self._sessions.forget()
        return self._opened(token, stage, login, visitor)

    async def change_password(self, visit: Visit, current: str | None, new: str, visitor: Visitor) -> Opened:
        """Set a new password of one's own; an open session has to show the current one."""
        login = await self._login_of(visit)
        stage = visit.session.stage
        if stage not in (Stage.PASSWORD, Stage.OPEN):
            raise Conflict("This session waits for something else first")
        if stage is Stage.OPEN:
            await self._check_password(login, current, visitor)
        _check_new(new, login.name)
        if await self._hashing.verify(login.password_hash, new):
            raise BadRequestData("The new password is the old one", pointer="/new")
        hashed = await self._hashing.hash(new)
        stage = (
            Stage.OPEN if stage is Stage.OPEN else self._stage_after(login, has_code=True, has_changed=True)
        )
        token, step = self._step(visit, stage)
        await self._run(
            logins.change_password, self._database, login, hashed, step, session_id=visit.session.id
        )
        self._sessions.forget()
        return self._opened(token, stage, login, visitor)

    async def redeem_reset(self, name: str, code: str, password: str, visitor: Visitor) -> None:
        """Set a password with the code that an administrator gave. Raises Unauthorized."""
        name = plain_name(name)
        attempt = await self._attempts.begin(name, visitor.address, None)
        _check_new(password, name)
        found = await self._run(find_reset, self._database, name) if _NAME.fullmatch(name) else None
        given = keyed_hash(self._secret, "reset", totp.plain_recovery_code(code))
        hashed = await self._hashing.hash(password)
        if found is None or not hmac.compare_digest(found[2], given):
            await self._refusals.note(name if found else "(unknown)", "wrong reset code")
            raise Unauthorized("The name or the code is wrong, or the code is used or too old")
        await self._run(logins.redeem_reset, self._database, found[0], name, hashed)
        await self._attempts.forgive(attempt)
        self._sessions.forget()

    async def describe_app(self, visit: Visit) -> App:
        """Say whether an app belongs to one's own account. Raises Conflict for sessions of a provider."""
        login = await self._login_of(visit)
        left = await self._run(logins.count_recovery_codes, self._database, login.id)
        return App(login.asks_code, self.needs_app(login.role), left if login.asks_code else 0)

    async def begin_enrolment(self, visit: Visit, password: str | None, visitor: Visitor) -> Enrolment:
        """Make a secret for an authenticator app; it counts once a code of it was shown."""
        login = await self._login_of(visit)
        await self._check_again(visit, login, password, visitor)
        secret = totp.new_secret()
        sealed = seal(self._secret, _TOTP, secret, str(login.id))
        if not await self._run(logins.begin_totp, self._database, login, sealed):
            raise Conflict("An authenticator app belongs to this account already; remove it first")
        uri = totp.app_uri(secret, issuer=self._settings.town, account=login.name)
        return Enrolment(totp.secret_text(secret), uri, draw(uri))

    async def confirm_enrolment(
        self, visit: Visit, code: str, visitor: Visitor
    ) -> tuple[Opened, Sequence[str]]:
        """Take the first code of an app; gives the recovery codes, this once."""
        login = await self._login_of(visit)
        if visit.session.stage not in (Stage.ENROL, Stage.OPEN):
            raise Conflict("This session waits for something else first")
        attempt = await self._attempts.begin_code(login.id)
        secret = self._secret_of(login)
        if secret is None or login.totp_confirmed:
            raise Conflict("No authenticator app waits for its first code")
        found = totp.find_step(secret, code.strip(), time.time(), login.totp_step)
        if found is None:
            raise BadRequestData(
                "The code is wrong: is the telephone's clock right, and the app's newest entry taken?",
                pointer="/code",
            )
        codes = totp.new_recovery_codes()
        token, step = self._step(visit, Stage.OPEN)
        hashes = [self._code_hash(login, one) for one in codes]
        await self._run(logins.confirm_totp, self._database, login, step, totp_step=found, codes=hashes)
        await self._attempts.forgive(attempt)
        self._sessions.forget()
        return self._opened(token, Stage.OPEN, login, visitor), codes

    async def remove_app(self, visit: Visit, password: str | None, visitor: Visitor) -> None:
        """Ask for no codes any more."""
        login = await self._login_of(visit)
        await self._check_again(visit, login, password, visitor)
        if self.needs_app(login.role):
            raise Forbidden(
                "This installation asks for an authenticator app; an administrator can reset yours"
            )
        await self._run(logins.remove_totp, self._database, login)

    async def renew_recovery_codes(
        self, visit: Visit, password: str | None, visitor: Visitor
    ) -> Sequence[str]:
        """Make new recovery codes in place of all former ones."""
        login = await self._login_of(visit)
        await self._check_again(visit, login, password, visitor)
        if not login.asks_code:
            raise Conflict("No authenticator app belongs to this account")
        codes = totp.new_recovery_codes()
        hashes = [self._code_hash(login, one) for one in codes]
        await self._run(logins.replace_recovery_codes, self._database, login, hashes)
        return codes

    def needs_app(self, role: str) -> bool:
        """Whether people of a role have to have an authenticator app here."""
        wanted = self._settings.second_factor
        return wanted == "all" or (wanted == "administrators" and role == Role.ADMINISTRATOR)

    async def _login_of(self, visit: Visit) -> Login:
        account_id = visit.session.account_id
        if account_id is None:
            raise Conflict(
                "Whoever vouches for this session keeps its passwords and codes; change them there"
            )
        login: Login | None = await self._run(find_login_by_id, self._database, account_id)
        if login is None:
            raise Unauthorized("The account is disabled")
        return login

    async def _check_again(self, visit: Visit, login: Login, password: str | None, visitor: Visitor) -> None:
        """Ask for the password once more: a session that somebody found open is not enough."""
        if visit.session.stage is Stage.OPEN:
            await self._check_password(login, password, visitor)
        elif visit.session.stage is not Stage.ENROL:
            raise Conflict("This session waits for something else first")

    async def _check_password(self, login: Login, password: str | None, visitor: Visitor) -> None:
        if password is None:
            raise BadRequestData("The current password is needed as well")
        attempt = await self._attempts.begin(login.name, visitor.address, visitor.known)
        if not await self._hashing.verify(login.password_hash, password):
            raise Forbidden("The current password is wrong")
        await self._attempts.forgive(attempt)

    async def _take_code(self, login: Login, code: str, step: Step) -> bool:
        secret = self._secret_of(login)
        found = None if secret is None else totp.find_step(secret, code.strip(), time.time(), login.totp_step)
        if found is not None:
            return bool(await self._run(logins.pass_code, self._database, login, step, totp_step=found))
        hash_ = self._code_hash(login, code)
        return bool(await self._run(logins.pass_recovery_code, self._database, login, step, code_hash=hash_))

    def _secret_of(self, login: Login) -> bytes | None:
        if login.totp_secret is None:
            return None
        return unseal(self._secret, _TOTP, bytes(login.totp_secret), str(login.id))

    def _code_hash(self, login: Login, code: str) -> bytes:
        return keyed_hash(self._secret, "recovery", f"{login.id} {totp.plain_recovery_code(code)}")

    def _stage_after(self, login: Login, *, has_code: bool = False, has_changed: bool = False) -> Stage:
        if login.asks_code and not has_code:
            return Stage.TOTP
        if login.must_change and not has_changed:
            return Stage.PASSWORD
        if self.needs_app(login.role) and not login.asks_code:
            return Stage.ENROL
        return Stage.OPEN

    def _step(self, visit: Visit, stage: Stage) -> tuple[str, Step]:
        """Make the next cookie of a session."""
        token = new_token()
        is_news = visit.session.stage is not Stage.OPEN
        return token, Step(
            hash=self._sessions.hash(visit.token),
            new_hash=self._sessions.hash(token),
            stage=stage,
            age_s=self._age(stage) if is_news else None,
        )

    def _age(self, stage: Stage) -> float:
        return self._settings.age_s if stage is Stage.OPEN else self._settings.stage_age_s

    def _opened(self, token: str, stage: Stage, login: Login, visitor: Visitor) -> Opened:
        known = self._attempts.make_known(visitor.known, login.name) if stage is Stage.OPEN else None
        return Opened(token, stage, known)


def plain_name(name: str) -> str:
    """Give the name of an account as it is kept."""
    return name.strip().lower()[:200]


def draw(uri: str) -> str:
    """Draw a QR code (SVG)."""
    picture = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(picture, kind="svg", scale=5, border=4, xmldecl=False)
    return picture.getvalue().decode()


def _check_new(password: str, name: str) -> None:
    fault = fault_of(password, name=name)
    if fault is not None:
        raise BadRequestData(fault)
