"""What the HTTP API needs to know; `deploy` fills it from MACHI_* variables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from context_api.http.console_files import BaseMap
from context_api.http.limits.rules import LimitDefaults
from context_api.http.login.settings import LoginSettings
from context_api.http.tls import TlsFiles
from context_api.notifications.mail import MailServer
from devices.authority import Authority
from devices.credentials import Service

MEBIBYTE = 1024 * 1024
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Settings of one API process; every limit is per process."""

    database_url: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    auth: bool = True
    """False: everything is allowed (refused by `serve` unless bound to loopback)."""
    installation_secret: bytes = field(default=b"", repr=False)
    """Keys the hashes of API keys; at least 16 bytes where `auth` is on."""
    login: LoginSettings = field(default_factory=LoginSettings)
    """How people log in to the console."""
    outbound_allow: Sequence[IPv4Network | IPv6Network] = ()
    """Networks that @contexts may be fetched from besides public addresses."""
    mail_server: MailServer | None = None
    """Where tests of `mailto:` subscriptions are handed in."""
    public_url: str | None = None
    """The address partners use, such as `https://machi.example.jp`; None: the Host header of the request."""
    broker_secret: bytes = field(default=b"", repr=False)
    """What a broker shows that asks who may come in; empty: none may."""
    broker_services: Sequence[Service] = field(default=(), repr=False)
    """The broker's users that are no devices."""
    read_authority: Callable[[], Authority] | None = None
    """Reads the operator's own authority; None: the installation has one."""
    mqtt_url: str | None = None
    """Where devices publish, shown with the credentials of a new device."""
    expected_processes: Sequence[str] = ("bridge", "notifier", "worker")
    """Processes whose heartbeat /readyz asks for."""
    heartbeat_limit_s: float = 10.0
    temporal_page_instances: int = 10_000
    waiting_per_subscription: int = 100_000
    """Notifications of a subscription that may wait; the notifier keeps the same bound."""
    exports_max: int = 4
    """Exports under way at the same time; each has a thread and a connection of its own."""
    limits: LimitDefaults = LimitDefaults()  # noqa: RUF009 - it is frozen
    """What callers may ask for, where nothing was set for them; nothing here: as much as they like."""
    streams_max: int = 2_500
    """Live streams that are open at the same time."""
    streams_per_key: int = 500
    stream_queue_events: int = 2_000
    """Events that may wait for one client, and …"""
    stream_queue_bytes: int = 4 * MEBIBYTE
    """… their bytes; a client above is let go, and comes back for what it missed."""
    stream_heartbeat_s: float = 15.0
    outward: bool = False
    """Whether this is the outward face: routes that read, a database session that cannot write."""
    tls_files: TlsFiles | None = None
    """The certificate of the API's own TLS; None: plain HTTP, behind a proxy or on loopback."""
    cors_origins: Sequence[str] = ()
    """Pages (`https://map.example.jp`, or `*`) whose browsers may read answers."""
    stream_age_s: float = 3_600.0
    """How long a stream is open; its client comes back by itself."""
    stream_origins: Sequence[str] = ()
    """Pages (`https://map.example.jp`) that may open WebSockets, besides our own address."""
    redis_url: str | None = field(default=None, repr=False)
    """What processes share the reading of changes by; None: each reads the database."""
    trusted_proxies: Sequence[IPv4Network | IPv6Network] = LOOPBACK
    """Proxies before us, who say where a caller is."""
    licence: str | None = None
    """The name of the licence of the town's data, which exports carry."""
    licence_url: str | None = None
    attribution: str | None = None
    """Whom a user of the data has to name."""
    key_days: int = 365
    """How long a key lasts whose end is not named, and …"""
    key_days_max: int = 730
    """… how long any key that is made here may last."""
    base_map: BaseMap | None = None
    """Tiles under the console's map; None: the town's outline."""
    clock_ahead_s: float = 300.0
    """Readings that are pushed may lie so far in the future."""
    device_rate: float = 1_200.0
    """Messages per minute that a device may push; 0: no limit."""
    fiware_keys: bool = False
    """Whether the key `k` of a FIWARE device opens its door alone."""
    read_lanes: int = 2
    """Coalesced reads under way at the same time."""
    write_lanes: int = 2
    batch_max: int = 256
    """Requests that share one statement or one transaction."""
    waiting_max: int = 2_000
    """Requests that may wait for a lane before new ones are refused with 503."""
    body_max_bytes: int = 8 * MEBIBYTE
    bodies_total_bytes: int = 32 * MEBIBYTE
    """Bodies that are read at the same time, together."""
    body_timeout_s: float = 30.0
    context_max_bytes: int = MEBIBYTE
    context_timeout_s: float = 5.0
    shutdown_s: int = 8

    @property
    def is_secure(self) -> bool:
        """Whether callers reach us by TLS: our own, or that of a proxy before us."""
        return self.tls_files is not None or (self.public_url or "").startswith("https://")
