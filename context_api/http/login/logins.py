"""All that logging in needs, opened and closed together."""

from context_api.http.login.attempts import Run
from context_api.http.login.cookies import Cookies
from context_api.http.login.desk import Desk
from context_api.http.login.hashing import Hashing
from context_api.http.login.sessions import Sessions
from context_api.http.settings import ApiSettings
from context_api.store.database import Database


class Logins:
    """What the routes of sessions and accounts work with, and the gate asks."""

    def __init__(self, database: Database, settings: ApiSettings, run: Run) -> None:
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
        self.desk = Desk(
            database, secret, settings.login, sessions=self.sessions, hashing=self.hashing, run=run
        )

    def close(self) -> None:
        """Let go who waits for a password's hash."""
        self.hashing.close()
