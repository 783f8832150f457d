"""All that logging in needs, opened and closed together."""

from typing import Any

import structlog

from context_api.http.login.attempts import Run
from context_api.http.login.cookies import Cookies
from context_api.http.login.desk import Desk
from context_api.http.login.hashing import Hashing
from context_api.http.login.oidc.bearer import Bearers
from context_api.http.login.oidc.flow import Flow, LoginFailed
from context_api.http.login.oidc.trust import Trust
from context_api.http.login.sessions import Sessions
from context_api.http.settings import ApiSettings
from context_api.notifications.outbound import OutboundPolicy
from context_api.store.database import Database

log = structlog.get_logger("http")


class Logins:
    """What the routes of sessions and accounts work with, and the gate asks."""

    def __init__(self, database: Database, settings: ApiSettings, outbound: OutboundPolicy, run: Run) -> None:
        secret = settings.installation_secret
        self.settings = settings.login
        self.is_on = settings.auth
        self.cookies = Cookies(is_secure=settings.is_secure)
        self.hashing = Hashing()
        self.sessions = Sessions(
            database,
            secret,
            settings.login,
            cookies=self.cookies,
            public_url=settings.public_url,
            run=run,
        )
        self._trusts = {one.id: Trust(one, outbound, database, run) for one in settings.login.providers}
        self.bearers = Bearers(tuple(self._trusts.values()))
        self.flow = Flow(
            database, secret, settings.login, trusts=self._trusts, sessions=self.sessions, run=run
        )
        self.desk = Desk(
            database, secret, settings.login, sessions=self.sessions, hashing=self.hashing, run=run
        )

    def ways(self) -> dict[str, Any]:
        """Say how one can log in."""
        providers = [
            {
                "id": one.provider.id,
                "name": one.provider.name,
                "start": f"/api/v1/session/oidc/start?provider={one.provider.id}",
            }
            for one in self._trusts.values()
            if one.provider.client_id is not None
        ]
        return {"password": self.settings.local, "providers": providers}

    def note_failure(self, error: LoginFailed) -> None:
        """Say in the log why somebody did not come in."""
        log.warning("login_failed", reason=error.reason, detail=error.detail[:300])

    async def close(self) -> None:
        """Let go who waits for a password's hash, and close the connections to providers."""
        self.hashing.close()
        for trust in self._trusts.values():
            await trust.close()
