"""Registering devices as a stranger does: over HTTP, with a key."""

import http.client
import json
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from devices.fleet import Login

_TIMEOUT_S = 15.0
_RETRY_S = 0.5
_THREADS = 24
"""Registrations that wait together share one reload of the broker."""
_log = logging.getLogger(__name__)


class RegistrationError(Exception):
    """The platform refuses a device; the message says why."""


class RegistrationClient:
    """`/api/v1/devices` of one platform. Threads may share it."""

    def __init__(
        self, api_url: str, api_key: str | None, *, tenant: str = "default", patience_s: float = 60.0
    ) -> None:
        parts = urlsplit(api_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{api_url!r} is no address of the API: write http://host:8080")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/api/v1/devices"
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        if tenant != "default":
            self._headers["NGSILD-Tenant"] = tenant
        self._patience_s = patience_s
        self._local = threading.local()

    def exists(self, device_id: str) -> bool:
        """Tell whether the device is registered. Raises RegistrationError."""
        return self._call("GET", f"/{quote(device_id)}", None, (200, 404))[0] == 200

    def register(self, document: Mapping[str, Any]) -> Login:
        """Register a device anew and return its credentials; one of the same id is retired first.

        Raises RegistrationError.
        """
        status, answer = self._call("POST", "", document, (201, 409))
        if status == 409:  # its credentials are lost, and nobody can ask for them again
            self._call("DELETE", f"/{quote(str(document['id']))}", None, (200, 204, 404))
            _, answer = self._call("POST", "", document, (201,))
        given = answer["mqtt"]
        return Login(given["username"], given["password"], given["topic"])

    def _call(
        self, method: str, path: str, document: Mapping[str, Any] | None, expected: Sequence[int]
    ) -> tuple[int, Any]:
        """Send a request; while the platform is away or busy, again, until the patience is over."""
        deadline = time.monotonic() + self._patience_s
        body = None if document is None else json.dumps(document)
        while True:
            try:
                status, answer = self._send(method, self._path + path, body)
            except (OSError, http.client.HTTPException) as error:
                status, answer = 503, str(error)
            if status in expected:
                return status, answer
            if status not in (429, 502, 503, 504) or time.monotonic() >= deadline:
                raise RegistrationError(f"{method} {self._path}{path} answers {status}: {_detail(answer)}")
            time.sleep(_RETRY_S)

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, Any]:
        connection = self._connection()
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text.decode(errors="replace")

    def _connection(self) -> http.client.HTTPConnection:
        """One connection per thread, reopened by http.client when it was closed."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._tls is None:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
            else:
                connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=_TIMEOUT_S, context=self._tls
                )
            self._local.connection = connection
        return connection


def register_all(
    client: RegistrationClient,
    documents: Sequence[Mapping[str, Any]],
    credentials_file: Path,
    on_progress: Callable[[int, int], None],
) -> dict[str, Login]:
    """Return the credentials of all devices, by id; those known from an earlier run are kept.

    New ones are written to `credentials_file` (readable by its owner only) as they come, so that a second run
    registers nothing twice. Raises RegistrationError.
    """
    known = read_logins(credentials_file)
    done: dict[str, Login] = {}
    lock = threading.Lock()

    def obtain(document: Mapping[str, Any]) -> None:
        device_id = str(document["id"])
        login = known.get(device_id)
        if login is None or not client.exists(device_id):
            login = client.register(document)
        with lock:
            done[device_id] = login
            if len(done) % 100 == 0:
                write_logins(credentials_file, known | done)
            on_progress(len(done), len(documents))

    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(obtain, documents):
                pass
    finally:
        if done and known != known | done:
            write_logins(credentials_file, known | done)
    return done


def read_logins(path: Path) -> dict[str, Login]:
    """Read the credentials that an earlier run kept; none if there is no usable file."""
    try:
        return {device: Login(*login) for device, login in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        _log.warning("Credentials unreadable", extra={"action": "read_logins", "path": str(path)})
        return {}


def write_logins(path: Path, logins: Mapping[str, Login]) -> None:
    """Keep credentials in a file that its owner alone can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({device: list(login) for device, login in sorted(logins.items())}, file, indent=0)
    new.replace(path)


def _detail(answer: Any) -> str:
    if isinstance(answer, dict):
        return str(answer.get("detail") or answer.get("title") or answer)[:300]
    return str(answer)[:300]
