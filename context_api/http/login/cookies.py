"""The cookies of the console: of the session, of a browser that is known, of a login at a provider under way.

Behind TLS their names begin with `__Host-` (RFC 6265bis, 4.1.3.2): no other host, path or plain page can set
them. Scripts never see them, and other sites' requests never carry them, links that are followed apart.
"""

from starlette.datastructures import Headers
from starlette.responses import Response

SESSION = "machi_session"
KNOWN = "machi_known"
LOGIN = "machi_login"
KNOWN_AGE_S = 180 * 86_400
_HEADER_MAX = 8_192


class Cookies:
    """Reads and writes them; `is_secure` says whether callers come by TLS."""

    def __init__(self, *, is_secure: bool) -> None:
        self._prefix = "__Host-" if is_secure else ""
        self._is_secure = is_secure

    def read(self, headers: Headers, name: str) -> str | None:
        """Give a cookie's value; None without it, or where it is sent more than once."""
        wanted = f"{self._prefix}{name}"
        found: str | None = None
        for header in headers.getlist("cookie"):
            if len(header) > _HEADER_MAX:
                return None
            for part in header.split(";"):
                key, _, value = part.strip().partition("=")
                if key == wanted:
                    if found is not None:
                        return None
                    found = value
        return found

    def write(self, answer: Response, name: str, value: str, *, age_s: int | None = None) -> None:
        """Set a cookie; without an age it goes when the browser closes."""
        answer.set_cookie(
            f"{self._prefix}{name}",
            value,
            max_age=age_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def remove(self, answer: Response, name: str) -> None:
        """Take a cookie away."""
        self.write(answer, name, "", age_s=0)
