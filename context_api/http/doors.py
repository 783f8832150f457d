"""Who pushes messages: a device or a gateway by its own secret, or somebody with a key.

`Authorization: Basic` carries the user name and password of MQTT, `Authorization: Bearer` the password alone
(the path names the device) or an API key. What was right a moment ago is not asked again for two seconds.
"""

import base64
import binascii
import hashlib
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from starlette.requests import Request

from context_api.http.auth import CACHE_SECONDS
from context_api.http.errors import Forbidden, HttpError, TooManyRequests, Unauthorized
from context_api.http.settings import ApiSettings
from context_api.store import devices as store
from context_api.store.access import Access
from context_api.store.database import Database
from devices.errors import DeviceUnknown
from devices.limits import RateLimiter
from devices.model import Device
from devices.registry import DeviceRegistry

PRINCIPAL = "push"
CACHED = 20_000
FAILURES_PER_MINUTE = 10.0
MAX_CREDENTIAL_CHARS = 400
_KEY_PREFIX = "machi_"


class Speaker(NamedTuple):
    """Who was let in, and the gateway that it stands behind."""

    device: Device
    gateway: Device | None = None

    @property
    def access(self) -> Access:
        """The same for all who push to a tenant, so that they share transactions."""
        return Access(self.device.tenant, self.device.tenant_id, PRINCIPAL)


class Presented(NamedTuple):
    """What a request shows of itself."""

    username: str | None
    """None: the password alone."""
    secret: str
    is_key: bool = False


class Doors:
    """Lets devices in. `find` and `find_application` ask the database: call them in a thread."""

    def __init__(self, database: Database, registry: DeviceRegistry, settings: ApiSettings) -> None:
        self._database = database
        self._registry = registry
        self._is_open = not settings.auth
        self._by_fiware_key = settings.fiware_keys
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[float, Speaker]] = OrderedDict()
        self._applications: OrderedDict[str, tuple[float, store.Application]] = OrderedDict()
        self._failures = RateLimiter(FAILURES_PER_MINUTE, burst_minutes=1.0, max_keys=CACHED)

    @property
    def is_open(self) -> bool:
        """Nobody is asked who they are."""
        return self._is_open

    def recall(self, tenant: str, device_id: str, shown: Presented | None) -> Speaker | None:
        """Give who was let in a moment ago by the same."""
        found = self._known.get(_digest(tenant, device_id, shown))
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def find(self, tenant: str, device_id: str, shown: Presented | None, host: str) -> Speaker:
        """Let in whoever may speak as this device. `shown` None: that was decided already.

        Raises Unauthorized, Forbidden, TooManyRequests (too many wrong passwords), DeviceUnknown.
        """
        if shown is not None:
            tenant = self._check(tenant, device_id, shown, host)
        access = Access(tenant, self._tenant_id(tenant), PRINCIPAL)
        device = self._registry.get(access, device_id)
        gateway = None if device.gateway is None else self._registry.get(access, device.gateway)
        return self._remember(tenant, device_id, shown, Speaker(device, gateway))

    def check_presented(self, shown: Presented | None) -> None:
        """Refuse who shows nothing, unless the key `k` is to do. Raises Unauthorized."""
        if shown is None and not (self._is_open or self._by_fiware_key):
            raise _wrong("The gateway's password is needed (Basic); MACHI_FIWARE_KEYS=on lets k alone in")

    def find_application(self, application: str, adapter: str, shown: Presented | None, host: str) -> Speaker:
        """Let in a gateway by the name of its application, as the FIWARE IoT Agents do by their API key.

        Raises Unauthorized, Forbidden, TooManyRequests.
        """
        now = time.monotonic()
        self._refuse_guessing((host, "/iot"), now)
        found = self._application(application, now)
        if found is None or found.adapter != adapter:
            self._note_failure((host, "/iot"), now)
            raise _wrong("No gateway of this kind is registered for the key k")
        if shown is not None and shown.is_key:
            shown = None  # the key was found right before
        recalled = self.recall(found.tenant, found.gateway, shown)
        return recalled or self.find(found.tenant, found.gateway, shown, host)

    def _application(self, name: str, now: float) -> store.Application | None:
        remembered = self._applications.get(name)
        if remembered is not None and remembered[0] > now:
            return remembered[1]
        found = store.find_applications(self._database, {name}).get(name)
        if found is not None:
            with self._lock:
                self._applications[name] = (now + CACHE_SECONDS, found)
                while len(self._applications) > CACHED:
                    self._applications.popitem(last=False)
        return found

    def _check(self, tenant: str, device_id: str, shown: Presented, host: str) -> str:
        username = shown.username or f"{tenant}/{device_id}"
        if "/" not in username:
            username = f"{tenant}/{username}"
        now = time.monotonic()
        self._refuse_guessing((host, username), now)
        found = self._registry.verify(username, shown.secret)
        if found is None:
            self._note_failure((host, username), now)
            raise _wrong("The user name or password is wrong")
        if found[1] != device_id:
            raise Forbidden(f"These credentials are those of {found[1]!r:.80}, not of {device_id!r:.80}")
        return found[0]

    def _note_failure(self, key: tuple[str, str], now: float) -> None:
        with self._lock:
            self._failures.judge(key, now)

    def _refuse_guessing(self, key: tuple[str, str], now: float) -> None:
        with self._lock:
            wait_s = self._failures.wait_s(key, now)
        if wait_s > 0:
            raise TooManyRequests("Too many wrong passwords", retry_after_s=int(wait_s) + 1)

    def _tenant_id(self, tenant: str) -> int:
        found = store.find_tenants(self._database, {tenant})
        if tenant not in found:
            raise DeviceUnknown(f"There is no tenant {tenant!r:.80}")
        return found[tenant]

    def _remember(self, tenant: str, device_id: str, shown: Presented | None, speaker: Speaker) -> Speaker:
        with self._lock:
            for name in {tenant, speaker.device.tenant}:
                self._known[_digest(name, device_id, shown)] = (time.monotonic() + CACHE_SECONDS, speaker)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
        return speaker


def read_credentials(request: Request) -> Presented | None:
    """Read the Authorization header; None without one. Raises Unauthorized where it cannot be read."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if len(rest) > MAX_CREDENTIAL_CHARS or not rest:
        raise _wrong("The Authorization header must be Basic or Bearer")
    if scheme.lower() == "bearer":
        return Presented(None, rest, is_key=rest.startswith(_KEY_PREFIX))
    if scheme.lower() != "basic":
        raise _wrong("The Authorization header must be Basic or Bearer")
    try:
        username, colon, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _wrong("The Basic credentials are not base64 of user:password") from None
    if not colon or not username or "\0" in username:
        raise _wrong("The Basic credentials are not base64 of user:password")
    return Presented(username, secret)


def _wrong(detail: str) -> HttpError:
    error = Unauthorized(detail)
    error.headers["WWW-Authenticate"] = 'Basic realm="machi", Bearer realm="machi"'
    return error


def _digest(tenant: str, device_id: str, shown: Presented | None) -> bytes:
    """What is remembered is no secret."""
    parts = (tenant, device_id) if shown is None else (tenant, device_id, shown.username or "", shown.secret)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
