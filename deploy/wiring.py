"""From the settings of the installation to the settings of each part."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy.data_folder import DataFolder
from deploy.errors import NotRunning
from deploy.limits import limit_defaults
from deploy.settings import Settings

if TYPE_CHECKING:
    from broker_bridge.settings import BridgeSettings
    from context_api.http.console_files import BaseMap
    from context_api.http.login.settings import LoginSettings
    from context_api.http.settings import ApiSettings
    from context_api.http.tls import TlsFiles
    from context_api.notifications.settings import NotifierSettings
    from devices.authority import Authority
    from devices.credentials import Service


@dataclass(frozen=True)
class Connections:
    """Where everything is: as the settings say, else as `machi up` runs it in the data folder."""

    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    mqtt_url: str
    http_url: str
    secret: bytes = field(repr=False)
    inner_mqtt_url: str = ""
    """Where our own processes speak with the broker: client ids are free there."""


def connect(settings: Settings) -> Connections:
    """Find the servers. NotRunning when a setting is missing and nothing runs in the data folder."""
    folder = DataFolder(settings.data_dir)
    running = folder.read_running()
    database_url = reveal(settings.database_url) or (running.database_url if running else None)
    if database_url is None:
        raise NotRunning(
            f"Nothing runs in {folder.path}: start it with `machi up` (make run), or set MACHI_DATABASE_URL."
        )
    mqtt_url = settings.mqtt_url or (
        running.mqtt_url if running else f"mqtt://{settings.mqtt_host}:{settings.mqtt_port}"
    )
    inner_mqtt_url = running.inner_mqtt_url if running and settings.mqtt_url is None else None
    return Connections(
        database_url=database_url,
        redis_url=reveal(settings.redis_url) or (running.redis_url if running else None),
        mqtt_url=mqtt_url,
        inner_mqtt_url=inner_mqtt_url or mqtt_url,
        http_url=running.http_url if running else f"http://{settings.http_host}:{settings.http_port}",
        secret=installation_secret(settings),
    )


def reveal(secret: "object") -> str | None:
    """The text of a hidden setting."""
    from pydantic import SecretStr

    return secret.get_secret_value() if isinstance(secret, SecretStr) else None


def api_key(settings: Settings) -> str | None:
    """The key for commands that speak with the API: as set, else the one of the data folder."""
    return reveal(settings.api_key) or DataFolder(settings.data_dir).read_local_key()


def api_settings(settings: Settings, found: Connections) -> "ApiSettings":
    from context_api.http.settings import LOOPBACK, ApiSettings

    return ApiSettings(
        database_url=found.database_url,
        host=settings.http_host,
        port=settings.http_port,
        auth=settings.auth,
        installation_secret=found.secret,
        mail_server=settings.mail_server,
        login=login_settings(settings),
        outbound_allow=settings.outbound_allow,
        public_url=settings.public_url,
        mqtt_url=settings.mqtt_public_url or found.mqtt_url,
        broker_secret=(reveal(settings.broker_secret) or "").encode(),
        broker_services=broker_services(settings) if settings.broker_secret is not None else (),
        read_authority=authority_reader(settings),
        temporal_page_instances=settings.temporal_page_instances,
        waiting_per_subscription=settings.notify_waiting,
        exports_max=settings.exports_max,
        streams_max=settings.streams_max,
        streams_per_key=settings.streams_per_key,
        stream_heartbeat_s=settings.stream_heartbeat,
        stream_age_s=settings.stream_age,
        stream_queue_events=settings.stream_queue,
        stream_origins=settings.stream_origins,
        cors_origins=settings.cors_origins,
        tls_files=tls_files(settings),
        outward=settings.outward,
        redis_url=found.redis_url,
        clock_ahead_s=settings.clock_ahead,
        trusted_proxies=settings.trusted_proxies or LOOPBACK,
        limits=limit_defaults(settings),
        device_rate=settings.device_rate,
        fiware_keys=settings.fiware_keys,
        key_days=settings.key_days,
        key_days_max=settings.key_days_max,
        licence=settings.licence,
        licence_url=settings.licence_url,
        attribution=settings.attribution,
        base_map=base_map(settings),
    )


def base_map(settings: Settings) -> "BaseMap | None":
    """The tiles under the console's map, where there are some."""
    from context_api.http.console_files import BaseMap

    if settings.map_tiles is None:
        return None
    return BaseMap(
        url=settings.map_tiles, attribution=settings.map_attribution, max_zoom=settings.map_max_zoom
    )


def tls_files(settings: Settings) -> "TlsFiles | None":
    """The API's certificate and key; settings see to it that both or none are set."""
    from context_api.http.tls import TlsFiles

    certificate, key = settings.http_certificate_file, settings.http_key_file
    return None if certificate is None or key is None else TlsFiles(certificate, key)


def login_settings(settings: Settings) -> "LoginSettings":
    """How people log in. Raises SettingsError for a file of providers that cannot be used."""
    from context_api.http.login.settings import LoginSettings
    from deploy.providers import read_providers

    return LoginSettings(
        idle_s=settings.session_idle,
        age_s=settings.session_age,
        reset_s=settings.reset_age,
        second_factor=settings.second_factor,
        local=settings.local_login,
        providers=() if settings.oidc_file is None else read_providers(settings.oidc_file),
    )


def bridge_settings(settings: Settings, found: Connections) -> "BridgeSettings":
    from broker_bridge.settings import BridgeSettings

    return BridgeSettings(
        database_url=found.database_url,
        mqtt_url=found.inner_mqtt_url,
        mqtt_username=settings.mqtt_username if settings.auth else None,
        mqtt_password=bridge_password(settings) if settings.auth else None,
        mqtt_ca_file=str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None,
        mqtt_version=settings.mqtt_version,
        client_id=settings.mqtt_client_id,
        bridges=settings.bridges,
        spread=settings.bridge_spread,
        silent_after_s=settings.bridge_silence,
        clock_ahead_s=settings.clock_ahead,
        device_rate=settings.device_rate,
        trace_ratio=settings.trace_ratio,
        http_host=settings.process_http_host,
        http_port=settings.bridge_http_port,
        instance=settings.instance,
    )


def notifier_settings(settings: Settings, found: Connections) -> "NotifierSettings":
    from context_api.notifications.retry import RetryPolicy
    from context_api.notifications.settings import NotifierSettings
    from context_api.store.deliveries import RestPolicy
    from context_api.store.deliveries_timers import Bounds

    longest_s = settings.notify_retry_longest
    return NotifierSettings(
        database_url=found.database_url,
        retry=RetryPolicy(
            first_s=min(1.0, longest_s), longest_s=longest_s, give_up_s=settings.notify_retry_for
        ),
        rest=RestPolicy(first_s=min(1.0, longest_s), longest_s=longest_s),
        bounds=Bounds(per_subscription=settings.notify_waiting, per_tenant=settings.notify_waiting_tenant),
        mail_server=settings.mail_server,
        timeout_s=settings.notify_timeout,
        sends_per_endpoint=settings.notify_concurrency,
        instance=settings.instance,
        outbound_allow=settings.outbound_allow,
        public_url=(settings.public_url or found.http_url).rstrip("/"),
        trace_ratio=settings.trace_ratio,
        http_host=settings.process_http_host,
        http_port=settings.notifier_http_port,
    )


def bridge_password(settings: Settings) -> str:
    return reveal(settings.mqtt_password) or DataFolder(settings.data_dir).secret("bridge")


def audit_anchor_file(settings: Settings) -> Path:
    """Where the ends of the audit trail are noted."""
    return settings.audit_anchors or settings.data_dir.resolve() / "audit" / "anchors.jsonl"


def installation_secret(settings: Settings) -> bytes:
    """What keys all hashes, and seals the authority's key."""
    return (reveal(settings.secret) or DataFolder(settings.data_dir).secret("installation")).encode()


def broker_services(settings: Settings) -> "list[Service]":
    """The broker's users that are no devices."""
    from devices.credentials import BRIDGE_RULES, Service

    bridge = Service(settings.mqtt_username, bridge_password(settings), BRIDGE_RULES)
    return [bridge, kicking_service(settings)]


def kicking_service(settings: Settings) -> "Service":
    """Who closes connections of revoked credentials."""
    from devices.credentials import WORKER_USERNAME, Service, derived_secret

    return Service(WORKER_USERNAME, derived_secret(WORKER_USERNAME, installation_secret(settings)), ())


def broker_names(settings: Settings) -> list[str]:
    """What clients may call the broker by, for its own certificate."""
    urls = (settings.mqtt_public_url, settings.mqtt_url)
    hosts = [urlsplit(url).hostname for url in urls if url]
    bound = [] if settings.mqtt_host in ("0.0.0.0", "::") else [settings.mqtt_host]  # noqa: S104
    known = ["localhost", "127.0.0.1", "::1", socket.gethostname(), *hosts, *bound, *settings.broker_names]
    return list(dict.fromkeys(name for name in known if name and name.isascii()))


def authority_reader(settings: Settings) -> "Callable[[], Authority] | None":
    """Reads the operator's own authority; None where the installation has one of its own."""
    files = (settings.broker_ca_file, settings.broker_ca_key_file)
    if files[0] is None or files[1] is None:
        return None
    certificate, key = files[0], files[1]

    def read() -> "Authority":
        from devices.authority import read_authority
        from devices.errors import AuthorityUnusable

        try:
            return read_authority(certificate.read_bytes(), key.read_bytes())
        except OSError as error:
            raise AuthorityUnusable(f"MACHI_BROKER_CA_FILE or its key cannot be read: {error}") from error

    return read


def broker_files(settings: Settings) -> tuple[Path, Path]:
    """Password file and ACL file."""
    folder = DataFolder(settings.data_dir)
    return (
        settings.broker_password_file or folder.password_file,
        settings.broker_acl_file or folder.acl_file,
    )
