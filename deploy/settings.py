"""Every setting of Machi: read once, from MACHI_* environment variables, frozen afterwards."""

import re
import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from context_api.notifications.mail import MailServer, parse_mail_server

PREFIX = "MACHI_"
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
Network = IPv4Network | IPv6Network
Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is wrong; the message names it."""


def _instance() -> str:
    return socket.gethostname() or "machi"


class Settings(BaseSettings):
    """All processes share these; each reads the part it needs. Descriptions are the documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(
        Path(".machi"),
        description="Folder of the embedded servers, logs and secrets; made at the first start.",
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL, `postgresql://user:password@host:port/database`. Unset: embedded."
    )
    serving_password: SecretStr | None = Field(
        None,
        min_length=16,
        description="`machi migrate` lets the database user `machi_serving`, which changes rows and nothing "
        "else, log in with it: for the `MACHI_DATABASE_URL` of API, bridge and notifier. Unset: it does not.",
    )
    outward_password: SecretStr | None = Field(
        None,
        min_length=16,
        description="The same for `machi_showing`, which reads what the outward API shows, and writes "
        "nothing.",
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis or Valkey, `redis://:password@host:port/0`. Unset: embedded."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server for notifications to `mailto:` addresses, `smtp://`, `smtps://` or "
        "`smtp+starttls://` with `user:password@host:port`. Unset: such notifications wait.",
    )
    mail_from: str = Field("machi@localhost", description="Address that mails come from.")
    mqtt_url: str | None = Field(
        None, description="MQTT broker, `mqtt://host:port` or `mqtts://host:port`. Unset: embedded."
    )
    mqtt_host: str = Field(
        "127.0.0.1",
        description="Address the embedded broker listens on; `0.0.0.0` lets sensors in from the network.",
    )
    mqtt_port: Port = Field(1883, description="Port of the embedded broker.")
    mqtt_tls_port: Port = Field(8883, description="TLS port of the embedded broker. `0`: none.")
    mqtt_certificate_port: Port = Field(
        8884,
        description="TLS port of the embedded broker (Mosquitto only) where devices show certificates "
        "instead of passwords. `0`: none.",
    )
    embedded_broker: Literal["auto", "mosquitto", "amqtt"] = Field(
        "auto", description="Which broker `machi up` starts; `auto` is mosquitto where it is installed."
    )
    mqtt_public_url: str | None = Field(
        None,
        description="Broker address told to new devices, where it differs from the one Machi itself uses.",
    )
    mqtt_username: str = Field("machi-bridge", description="The bridge's user at the broker.")
    mqtt_password: SecretStr | None = Field(
        None, description="The bridge's password at the broker. Unset: made and kept in the data folder."
    )
    mqtt_ca_file: Path | None = Field(
        None, description="Certificates to trust for `mqtts`. Unset: the system's."
    )
    mqtt_version: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="Protocol of the bridge; `auto` is MQTT 5, and 3.1.1 where the broker refuses it."
    )
    mqtt_client_id: str = Field(
        "machi-bridge-1",
        description="Names the bridges' persistent sessions at the broker; several get a suffix each.",
    )
    bridges: int = Field(
        1,
        ge=1,
        le=32,
        description="How many bridges share the messages: `machi up` starts so many, and every bridge is "
        "told. One that dies is replaced by the others.",
    )
    bridge_spread: Literal["divided", "shared"] = Field(
        "divided",
        description="How several bridges share: `divided`, each stores its part of the devices; `shared`, "
        "the broker deals messages out (MQTT 5 shared subscriptions), for brokers that keep those over a "
        "restart.",
    )
    bridge_silence: float = Field(
        900.0,
        ge=0,
        description="Seconds without any message after which a bridge connects anew and is not ready until "
        "one comes; `0` is never.",
    )
    broker_password_file: Path | None = Field(
        None,
        description="Password file that the worker writes for the broker. Unset: in the data folder.",
    )
    broker_acl_file: Path | None = Field(
        None, description="ACL file that the worker writes for the broker. Unset: in the data folder."
    )
    broker_file_mode: str = Field(
        "600", pattern="^[0-7]{3}$", description="Permissions (octal) of the broker's files."
    )
    broker_max_connections: int = Field(
        20_000, ge=1, description="Connections to each port of the embedded broker at the same time."
    )
    broker_names: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names and addresses (comma-separated) in the broker's own certificate, besides those "
        "that Machi knows: localhost, this machine's, and those of the broker's addresses.",
    )
    broker_certificate_file: Path | None = Field(
        None,
        description="Certificate chain of the broker (PEM), such as one that your city's authority signed; "
        "the worker hands it to the broker. Unset: one is made.",
    )
    broker_key_file: Path | None = Field(None, description="Key of that certificate (PEM).")
    broker_ca_file: Path | None = Field(
        None,
        description="Certificate (PEM) of an authority of your own that signs devices' certificates. "
        "Unset: one is made, and kept in the database.",
    )
    broker_ca_key_file: Path | None = Field(
        None, description="Key of that authority (PEM, without a passphrase)."
    )
    broker_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="What EMQX shows when it asks `/api/v1/broker/…` who may come in. Unset: nobody may ask.",
    )

    http_host: str = Field("127.0.0.1", description="Address the HTTP API listens on.")
    http_port: Port = Field(8080, description="Port of the HTTP API.")
    public_url: str | None = Field(
        None,
        description="Address that partners use, `https://machi.example.jp`. Unset: as the request says.",
    )
    auth: bool = Field(
        True,
        description="`on`: keys and device passwords are asked for. `off`: everything is allowed, and HTTP "
        "and MQTT must be bound to loopback.",
    )
    secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Keys the hashes of API keys and device passwords: keep it, and back it up. Unset: made "
        "and kept in the data folder.",
    )
    api_key: SecretStr | None = Field(
        None,
        description="Key that `machi simulate` and `machi replay` register devices with; not needed beside "
        "`machi up`.",
    )
    local_login: bool = Field(
        True,
        description="`on`: people log in to the console with accounts of Machi's own. `off`: with those of "
        "`MACHI_OIDC_FILE` only.",
    )
    second_factor: Literal["optional", "administrators", "all"] = Field(
        "administrators",
        description="Who has to add an authenticator app to an account of Machi's own.",
    )
    session_idle: float = Field(
        3_600.0, ge=60, description="Seconds without a request after which a console session is over."
    )
    session_age: float = Field(
        43_200.0, ge=60, description="Seconds after which a console session is over, however much it is used."
    )
    reset_age: float = Field(
        172_800.0, ge=60, description="Seconds for which an administrator's code sets a password."
    )
    account_password: SecretStr | None = Field(
        None,
        description="First password of the account that `machi account create` makes, where it is not typed.",
    )
    oidc_file: Path | None = Field(
        None,
        description="Providers of identity (OpenID Connect) whose tokens open the API and whose people log "
        "in to the console: a TOML file, see docs/en/access.md. Unset: none.",
    )
    outbound_allow: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Networks (CIDR, comma-separated) that notifications may be sent to, and @contexts "
        "fetched from, besides public addresses. `machi up`: loopback.",
    )
    notify_retry_for: float = Field(
        86_400.0,
        ge=1,
        le=6 * 86_400,
        description="Seconds for which a notification is tried before it becomes a dead letter.",
    )
    notify_retry_longest: float = Field(
        600.0, ge=0.1, le=86_400, description="Seconds between two attempts at most; it begins with one."
    )
    notify_timeout: float = Field(
        10.0, gt=0, le=60, description="Seconds a receiver has to answer, where its subscription names none."
    )
    notify_concurrency: int = Field(
        16, ge=1, le=1_000, description="Requests of one notifier to one receiver at the same time."
    )
    notify_waiting: int = Field(
        100_000,
        ge=1,
        description="Notifications of a subscription that may wait; above it the newest per entity are kept.",
    )
    notify_waiting_tenant: int = Field(
        1_000_000, ge=1, description="Notifications of all subscriptions of a tenant that may wait."
    )
    temporal_page_instances: int = Field(
        10_000, ge=1, description="Most attribute instances in one page of a temporal query."
    )
    exports_max: int = Field(
        4, ge=1, le=64, description="Exports of history that one API process has under way at the same time."
    )
    streams_max: int = Field(
        2_500, ge=1, le=20_000, description="Live streams that are open at one API process at the same time."
    )
    streams_per_key: int = Field(
        500, ge=1, le=20_000, description="Live streams of one key at one API process."
    )
    stream_heartbeat: float = Field(
        15.0,
        gt=0,
        le=300,
        description="Seconds between two signs of life on a live stream where nothing happens.",
    )
    stream_age: float = Field(
        3_600.0, gt=0, description="Seconds that a live stream is open; its client comes back by itself."
    )
    stream_queue: int = Field(
        2_000,
        ge=1,
        description="Events that may wait for one client of a live stream; one that is slower is let go.",
    )
    stream_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Pages (`https://map.example.jp`, comma-separated) that may open WebSockets to live "
        "streams, besides those of `MACHI_PUBLIC_URL` and of the address itself.",
    )
    outward: bool = Field(
        False,
        description="`on`: this API is the outward face. It has the routes that read, calls nobody, and its "
        "database sessions cannot write; give it the database user `machi_showing`.",
    )
    http_certificate_file: Path | None = Field(
        None,
        description="Certificate chain (PEM) with which the API speaks TLS itself; renewed files count at "
        "once. Unset: plain HTTP, for a proxy that ends TLS.",
    )
    http_key_file: Path | None = Field(None, description="Key of that certificate (PEM).")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Pages (`https://map.example.jp`, comma-separated; `*` is every page) whose scripts may "
        "read the API's answers. Cookies never count for them.",
    )
    licence: str | None = Field(
        None,
        description=(
            "Licence of the town's data, such as `CC BY 4.0`: exports carry it. Unset: none is named."
        ),
    )
    licence_url: str | None = Field(None, description="Where that licence can be read.")
    attribution: str | None = Field(
        None, description="Whom users of the data have to name, such as `東村山市`: exports carry it."
    )
    map_tiles: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.\-]+(:\d{1,5})?/[A-Za-z0-9._~/{}\-]*$",
        description="Tiles under the console's map, such as "
        "`https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png` (国土地理院): browsers fetch them "
        "there. Unset: the town's outline, and nothing is fetched from elsewhere.",
    )
    map_attribution: str = Field("国土地理院", description="Whom the map has to name where there are tiles.")
    map_max_zoom: int = Field(18, ge=1, le=22, description="The closest tiles that there are.")
    limit_key: float = Field(
        100.0,
        ge=0,
        description="Requests per second of one key or person of partners, operators and services; those of "
        "two seconds may come at once. `0`: no limit. Administrators and staff have none.",
    )
    limit_organisation: float = Field(
        300.0,
        ge=0,
        description="The same for all keys and persons of an organisation together. `0`: no limit.",
    )
    limit_anonymous: float = Field(
        20.0,
        ge=0,
        description="The same for one address without a credential. `0`: no limit.",
    )
    limit_streams: int = Field(
        100,
        ge=0,
        description="Live streams that an organisation may have open at the same time. `0`: no limit.",
    )
    limit_subscriptions: int = Field(
        1_000,
        ge=0,
        description="Subscriptions that an organisation may have. `0`: no limit.",
    )
    limit_entities: int = Field(
        0,
        ge=0,
        description="Entities that an organisation may write by HTTP in a day of Japan. `0`: no limit.",
    )
    audit_months: int = Field(
        60, ge=0, le=1_200, description="Whole months that the audit trail is kept. `0`: for ever."
    )
    audit_anchors: Path | None = Field(
        None,
        description="File that the worker notes the ends of the audit trail in, best on another machine. "
        "Unset: in the data folder.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Networks (CIDR, comma-separated) of the proxies before the API: what they say in "
        "X-Forwarded-For and X-Forwarded-Proto about a caller counts, others' words do not. Unset: loopback.",
    )
    device_rate: float = Field(
        1_200,
        ge=0,
        description="Messages per minute that a device may send; ten minutes' worth may come at once. More "
        "is not stored by MQTT and refused by HTTP. `0`: no limit.",
    )
    silent_after: float = Field(
        3.0,
        ge=1,
        description="So many expected intervals without a message make a device silent: an Alert, and its "
        "state.",
    )
    key_days: int = Field(
        365, ge=1, le=36_500, description="Days that a key of the API lasts whose end is not named."
    )
    key_days_max: int = Field(
        730,
        ge=1,
        le=36_500,
        description="Days that a key made by HTTP may last. `machi key create --expires never` may anyway.",
    )
    fiware_keys: bool = Field(
        False,
        description="`on`: devices of the FIWARE IoT Agents push by HTTP with their key `k` alone. `off`: "
        "they send the gateway's password too.",
    )
    trace_ratio: float = Field(
        0.0,
        ge=0,
        le=1,
        description="So many of all readings are traced from the broker to the notification; needs "
        "`machi[telemetry]` and OTEL_EXPORTER_OTLP_ENDPOINT.",
    )
    clock_ahead: float = Field(
        300.0, ge=0, description="Seconds that a reading may lie in the future before it is quarantined."
    )

    simulate: bool = Field(True, description="`1`: `machi up` starts simulated devices. `0`: none.")
    simulate_devices: int = Field(200, ge=1, le=100_000, description="How many simulated devices.")
    simulate_interval: str = Field("10s", description="Time between two messages of a simulated device.")

    bridge_http_port: Port | None = Field(
        None, description="Port of the bridge's /healthz, /readyz, /metrics; 0 = a free one. Unset: none."
    )
    notifier_http_port: Port | None = Field(None, description="The same for the notifier.")
    worker_http_port: Port | None = Field(None, description="The same for the worker.")
    process_http_host: str = Field(
        "127.0.0.1", description="Address of the health ports of bridge, notifier and worker."
    )
    instance: str = Field(
        default_factory=_instance,
        description="Names this process among its kind in heartbeats and logs. Unset: the host name.",
    )

    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Log lines on standard error; `auto` is text on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log lines that are written."
    )

    @field_validator("outbound_allow", "trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("stream_origins", "cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("stream_origins", "cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for origin in value:
            is_any = origin == "*" and info.field_name == "cors_origins"
            if not is_any and not _ORIGIN.fullmatch(origin):
                raise ValueError("takes origins such as https://map.example.jp: no path, no slash at the end")
        return value

    @field_validator("broker_names", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _check_pairs(self) -> "Settings":
        for first, second in (
            ("broker_certificate_file", "broker_key_file"),
            ("broker_ca_file", "broker_ca_key_file"),
            ("http_certificate_file", "http_key_file"),
        ):
            if (getattr(self, first) is None) != (getattr(self, second) is None):
                raise ValueError(f"{variable_name(first)} and {variable_name(second)} belong together")
        return self

    @property
    def mail_server(self) -> MailServer | None:
        """Where mails are handed in."""
        if self.smtp_url is None:
            return None
        return parse_mail_server(self.smtp_url.get_secret_value(), self.mail_from)

    @field_validator("mqtt_url")
    @classmethod
    def _check_mqtt_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
                raise ValueError("must look like mqtt://host:1883 or mqtts://host:8883")
            if parts.username or parts.password:
                raise ValueError("carries a password: use MACHI_MQTT_USERNAME and MACHI_MQTT_PASSWORD")
        return value

    @model_validator(mode="after")
    def _check_mail_server(self) -> "Settings":
        _ = self.mail_server  # what it raises names neither user nor password
        return self

    @model_validator(mode="after")
    def _refuse_open_doors(self) -> "Settings":
        """Without access control nobody but this machine may come in (design, section 6)."""
        if self.auth:
            return self
        mqtt_host = urlsplit(self.mqtt_url).hostname if self.mqtt_url else self.mqtt_host
        for name, host in (("HTTP", self.http_host), ("MQTT", mqtt_host or "")):
            if not is_loopback(host):
                raise ValueError(f"MACHI_AUTH=off is for loopback only, but {name} is bound to {host}")
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on that address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_settings(**given: Any) -> Settings:
    """Read the environment. SettingsError has one line per wrong setting and never shows a value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_describe(problem) for problem in error.errors())) from None


def _describe(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: {message}"


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()
