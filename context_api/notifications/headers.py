"""The HTTP headers of a notification, those of receiverInfo among them (clauses 5.2.15, 5.2.22). Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from context_api.ngsild.subscription_model import Endpoint

DEFAULT_TENANT = "default"
JSON = "application/json"
JSON_LD = "application/ld+json"
GEO_JSON = "application/geo+json"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODY_JSON = re.compile(r"(?:^|[,;\s])body\s*=\s*\"?json\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What the connection, the length of the body or our own promises depend on is not the subscriber's to set.
_RESERVED = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "link",
        "machi-signature",
        "machi-test",
        "ngsild-tenant",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)

Headers = list[tuple[bytes, bytes]]


def refuse_header(name: str, value: str) -> str | None:
    """Say why a pair of receiverInfo cannot be an HTTP header of ours; None if it can."""
    if not _TOKEN.fullmatch(name):
        return f"{name[:40]!r} is not the name of an HTTP header"
    if name.lower() in _RESERVED or name.lower().startswith("proxy-"):
        return f"the header {name} is set by the broker"
    if _CONTROL.search(value):
        return f"the value of {name} holds control characters"
    return None


class Form(NamedTuple):
    """How a notification says what its names mean."""

    content_type: str
    link: str | None
    """The URL of the @context for a Link; None: the @context is in the body."""


def choose_form(endpoint: Endpoint, link: str | None) -> Form:
    """Choose where the @context goes; `link` is its URL, None where it has none (an object, a list).

    JSON names it in a Link, JSON-LD and GeoJSON carry it, GeoJSON does not where receiverInfo asks with
    `Prefer: body=json` (clause 6.3.15). A @context without a URL has to travel in a body of JSON-LD.
    """
    accept = endpoint.accept
    if accept == GEO_JSON:
        asked = {key.lower(): value for key, value in endpoint.receiver_info}.get("prefer", "")
        return Form(GEO_JSON, link if _BODY_JSON.search(asked) else None)
    if accept == JSON_LD or link is None:
        return Form(JSON_LD, None)
    return Form(JSON, link)


def build_headers(
    accept: str,
    *,
    link: str | None,
    tenant: str,
    receiver_info: Iterable[tuple[str, str]],
    is_mqtt: bool = False,
) -> Headers:
    """Content-Type, the Link to the @context at the URL `link`, the tenant, what the subscriber asked for.

    Pairs that `refuse_header` refuses are left out: a subscription stored by an older version may hold some.
    The metadata of an MQTT message (clause 7.2) takes any name but those of ours.
    """
    headers: list[tuple[str, str]] = [("Content-Type", accept)]
    if link is not None:
        headers.append(("Link", context_link(link)))
    if tenant != DEFAULT_TENANT:
        headers.append(("NGSILD-Tenant", tenant))
    if is_mqtt:
        ours = {name for name, _ in headers}
        headers.extend(pair for pair in receiver_info if pair[0] not in ours)
    else:
        headers.extend(pair for pair in receiver_info if refuse_header(*pair) is None)
    # As bytes: httpx would refuse text that is not ASCII
    return [(name.encode(), value.strip().encode()) for name, value in headers]


def context_link(url: str) -> str:
    """The Link header value that names a JSON-LD @context."""
    return f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="{JSON_LD}"'
