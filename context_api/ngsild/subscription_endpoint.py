"""Where notifications go (clauses 5.2.15 and 7.2), and what of it is secret and never shown again."""

import re
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.names import is_uri, shown
from context_api.ngsild.subscription_model import (
    MQTT_QOS,
    MQTT_VERSION,
    STYLE,
    SUBJECT,
    TEMPLATE,
    Endpoint,
    MqttVersion,
)
from context_api.ngsild.subscription_readers import (
    read_list,
    read_members,
    read_number,
    read_object,
    read_pair,
    read_pairs,
    write_number,
)
from context_api.ngsild.template import parse_template

MASK = "********"
"""Stands for a secret in answers; in an update it stands for the one that is stored."""
ACCEPTED = ("application/json", "application/ld+json", "application/geo+json")
MAX_SECRETS = 2
MIN_SECRET_LENGTH = 16
MAX_SECRET_LENGTH = 512
MAX_TOPIC_BYTES = 1_024
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}

_MEMBERS = frozenset(("uri", "accept", "receiverInfo", "notifierInfo", "timeout", "cooldown", "secrets"))
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
_SECRET = re.compile(r"[\x21-\x7e]*")
_SECRET_NAME = re.compile(r"auth|cookie|token|secret|passw|key$|credential|signature|session", re.IGNORECASE)
_HTTP_URI = re.compile(r"https?://[^/?#\s]+(?:[/?#]\S*)?", re.IGNORECASE)
_MAIL_URI = re.compile(
    r"mailto:[A-Za-z0-9.!#$&'*+/=^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,186}[A-Za-z0-9])?",
    re.IGNORECASE,
)
_NOTIFIER_VALUES = {
    MQTT_VERSION: tuple(map(str, MqttVersion)),
    MQTT_QOS: ("0", "1", "2"),
    STYLE: ("slack",),
}


class MqttAddress(NamedTuple):
    """What an MQTT endpoint's URI says."""

    scheme: str
    host: str
    port: int
    topic: str
    username: str | None = None
    password: str | None = None


def read_endpoint(value: Any, pointer: str) -> Endpoint:
    """Read an endpoint. Raises BadRequestData, which shows no part of it that may be secret."""
    read_object(value, _MEMBERS, (), pointer)
    uri = _read_uri(value.get("uri"), f"{pointer}/uri")
    is_mqtt = uri.lower().startswith("mqtt")
    read_info = read_pair if is_mqtt else _read_header
    readers = {
        "accept": ("accept", _read_accept),
        "receiverInfo": ("receiver_info", lambda given, at: read_pairs(given, at, read_info)),
        "notifierInfo": ("notifier_info", lambda given, at: read_pairs(given, at, _read_notifier)),
        "timeout": ("timeout_ms", lambda given, at: read_number(given, at, "milliseconds")),
        "cooldown": ("cooldown_ms", lambda given, at: read_number(given, at, "milliseconds")),
        "secrets": ("secrets", _read_secrets),
    }
    return Endpoint(uri=uri, **read_members(value, readers, pointer))


def render_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """Write an endpoint as it is served: with masks in the place of secrets."""
    document: dict[str, Any] = {"uri": mask_uri(endpoint.uri), "accept": endpoint.accept}
    if endpoint.receiver_info:
        document["receiverInfo"] = [
            {"key": key, "value": MASK if is_secret_name(key) and value else value}
            for key, value in endpoint.receiver_info
        ]
    if endpoint.notifier_info:
        document["notifierInfo"] = [{"key": key, "value": value} for key, value in endpoint.notifier_info]
    if endpoint.timeout_ms is not None:
        document["timeout"] = write_number(endpoint.timeout_ms)
    if endpoint.cooldown_ms is not None:
        document["cooldown"] = write_number(endpoint.cooldown_ms)
    if endpoint.secrets:
        document["secrets"] = [MASK for _ in endpoint.secrets]
    return document


def unmask_endpoint(endpoint: Endpoint, stored: Endpoint | None, pointer: str) -> Endpoint:
    """Put the stored secrets in the place of masks, so that what was served can be sent back.

    They stay with the address they were given for: where it changes, they have to be given again, else
    whoever may change a subscription could have its secrets sent to their own server. Raises BadRequestData.
    """
    if MASK not in (_password(endpoint.uri), *endpoint.secrets, *dict(endpoint.receiver_info).values()):
        return endpoint
    origin = _origin(endpoint.uri)
    if stored is None or origin is None or _origin(stored.uri) != origin:
        raise BadRequestData(
            f"{MASK} stands for a secret that this subscription has for this address; give the secret itself",
            pointer=pointer,
        )
    kept = dict(stored.receiver_info)
    info = [
        (key, _restore(value, kept.get(key), f"{pointer}/receiverInfo/{index}/value"))
        for index, (key, value) in enumerate(endpoint.receiver_info)
    ]
    listed = stored.secrets + (None,) * MAX_SECRETS
    secrets = [
        _restore(secret, listed[index], f"{pointer}/secrets/{index}")
        for index, secret in enumerate(endpoint.secrets)
    ]
    uri = endpoint.uri
    if _password(uri) == MASK:
        _restore(MASK, _password(stored.uri), f"{pointer}/uri")
        uri = _with_password(uri, _password(stored.uri) or "")
    return msgspec.structs.replace(endpoint, uri=uri, receiver_info=tuple(info), secrets=tuple(secrets))


def is_secret_name(name: str) -> bool:
    """Whether a member of receiverInfo of this name is likely to be a secret."""
    return _SECRET_NAME.search(name) is not None


def mask_uri(uri: str) -> str:
    """Give a URI without its password."""
    return uri if _password(uri) is None else _with_password(uri, MASK)


def parse_mqtt_uri(uri: str) -> MqttAddress:
    """Read `mqtt[s]://[user[:password]@]host[:port]/topic`, percent-decoded.

    Raises ValueError, whose message shows nothing of the URI.
    """
    parts = _split(uri)
    if parts is None or parts.scheme not in MQTT_PORTS or not parts.hostname:
        raise ValueError("an MQTT endpoint is written mqtt[s]://[user[:password]@]host[:port]/topic")
    if uri.endswith(("?", "#")):
        raise ValueError("a topic has no wildcard # at its end; a question mark in it is written %3F")
    if parts.password is not None and not parts.username:
        raise ValueError("a password needs a username before it")
    return MqttAddress(
        parts.scheme,
        parts.hostname,
        parts.port or MQTT_PORTS[parts.scheme],
        _read_topic(parts),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password is not None else None,
    )


def _read_topic(parts: SplitResult) -> str:
    try:
        topic = unquote(parts.path.removeprefix("/"), errors="strict")
    except UnicodeDecodeError:
        raise ValueError("the topic is not UTF-8") from None
    size = len(topic.encode(errors="replace"))
    if parts.query or parts.fragment or not 0 < size <= MAX_TOPIC_BYTES or set(topic) & set("+#\0"):
        raise ValueError(
            f"behind the host of an MQTT endpoint stands a topic of 1 to {MAX_TOPIC_BYTES} bytes, without the"
            " wildcards + and #; a question mark in it is written %3F"
        )
    return topic


def _split(uri: str) -> SplitResult | None:
    """Take a URI apart; None where it is none. What urllib says of it may show secrets."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _read_uri(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or not is_uri(value):
        raise BadRequestData("an endpoint's uri is a URL such as https://example.org/notify", pointer=pointer)
    if value.lower().startswith(("mqtt://", "mqtts://")):
        try:
            parse_mqtt_uri(value)
        except ValueError as error:
            raise BadRequestData(str(error), pointer=pointer) from None
        return value
    if value.lower().startswith("mailto:"):
        if not _MAIL_URI.fullmatch(value):
            raise BadRequestData(
                "a mail endpoint names one address, mailto:name@example.org", pointer=pointer
            )
        return value
    if not _HTTP_URI.fullmatch(value):
        raise BadRequestData(
            "an endpoint's uri is an http, https, mqtt, mqtts or mailto URL", pointer=pointer
        )
    if "@" in re.split(r"[/?#\\]", value.partition("://")[2], maxsplit=1)[0]:
        raise BadRequestData(
            "an http endpoint's uri carries no credentials: give them as a header in receiverInfo,"
            ' {"key": "Authorization", "value": …}; answers never show it',
            pointer=pointer,
        )
    return value


def _read_accept(value: Any, pointer: str) -> str:
    if value not in ACCEPTED:
        raise BadRequestData(f"accept is one of {', '.join(ACCEPTED)}, not {shown(value)}", pointer=pointer)
    return str(value)


def _read_header(value: Any, pointer: str) -> tuple[str, str]:
    name, text = read_pair(value, pointer)
    if not _HEADER_NAME.fullmatch(name):
        raise BadRequestData(f"{shown(name)} is no name of an HTTP header", pointer=f"{pointer}/key")
    if not _HEADER_VALUE.fullmatch(text):
        raise BadRequestData("the value of an HTTP header is one line of text", pointer=f"{pointer}/value")
    return name, text


def _read_notifier(value: Any, pointer: str) -> tuple[str, str]:
    key, text = read_pair(value, pointer)
    allowed = _NOTIFIER_VALUES.get(key)
    if allowed is not None and text not in allowed:
        raise BadRequestData(f"{key} is one of {', '.join(allowed)}, as a string", pointer=f"{pointer}/value")
    if key in (TEMPLATE, SUBJECT):
        parse_template(text, f"{pointer}/value")
    return key, text


def _read_secrets(value: Any, pointer: str) -> tuple[str, ...]:
    secrets = read_list(value, pointer, _read_secret)
    if len(secrets) > MAX_SECRETS:
        raise BadRequestData(
            f"there are at most {MAX_SECRETS} secrets: the new one, then the one it replaces", pointer=pointer
        )
    return secrets


def _read_secret(value: Any, pointer: str) -> str:
    if value == MASK:
        return MASK
    if (
        not isinstance(value, str)
        or not MIN_SECRET_LENGTH <= len(value) <= MAX_SECRET_LENGTH
        or not _SECRET.fullmatch(value)
    ):
        raise BadRequestData(
            f"a secret is {MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} visible ASCII characters",
            pointer=pointer,
        )
    return value


def _restore(value: str, stored: str | None, pointer: str) -> str:
    if value != MASK:
        return value
    if stored is None:
        raise BadRequestData(f"{MASK} stands for a secret that is stored; there is none", pointer=pointer)
    return stored


def _password(uri: str) -> str | None:
    """Give the password as it is written in a URI."""
    parts = _split(uri)
    return None if parts is None else parts.password


def _with_password(uri: str, password: str) -> str:
    """Put a password, as a URI has it, in the place of that of a URI that has one."""
    parts = urlsplit(uri)
    user_info, _, host = parts.netloc.rpartition("@")
    username = user_info.partition(":")[0]
    return parts._replace(netloc=f"{username}:{password}@{host}").geturl()


def _origin(uri: str) -> tuple[str, str | None, int | None, str | None] | None:
    """Scheme, host, port and user."""
    parts = _split(uri)
    if parts is None:
        return None
    default = {"http": 80, "https": 443, **MQTT_PORTS}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default, parts.username
