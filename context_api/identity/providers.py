"""Providers of identity as an operator describes them: whom to believe, and what that makes of people."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from context_api.identity.claims import ClaimRule
from context_api.identity.signatures import ALGORITHMS
from context_api.policy.roles import Role

PROVIDERS_MAX = 20
_ID = re.compile(r"[a-z0-9](-?[a-z0-9]){0,31}")
_ROLES = frozenset(Role) - {Role.ANONYMOUS}
_KNOWN = frozenset(
    (
        *("id", "name", "issuer", "audience", "client_id", "client_secret_file", "scopes", "algorithms"),
        *("authorized_parties", "clock_skew", "userinfo", "rule"),
    )
)
_RULE_KNOWN = frozenset(
    ("claim", "value", "role", "organisation", "organisation_claim", "tenants", "tenants_claim")
)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider of identity."""

    id: str
    """In the names of its people: `user:<id>:<sub>`; never to be changed."""
    name: str
    """On the button."""
    issuer: str
    rules: tuple[ClaimRule, ...]
    audiences: tuple[str, ...] = ()
    """Tokens for one of these open the API; none: this provider is for logging in only."""
    client_id: str | None = None
    """Ours, for logging in to the console; None: this provider is for tokens only."""
    client_secret: str | None = field(default=None, repr=False)
    """None: a public client, which PKCE alone protects."""
    scopes: tuple[str, ...] = ("openid", "profile")
    algorithms: tuple[str, ...] = ALGORITHMS
    parties: tuple[str, ...] = ()
    skew_s: float = 60.0
    userinfo: bool = False
    """Whether claims are asked for at the provider as well, when somebody logs in."""


class ProviderWrong(ValueError):
    """The description of a provider cannot be used; the message says where and why."""


def read_provider(document: Mapping[str, Any], *, client_secret: str | None = None) -> Provider:
    """Read one table of the file. Raises ProviderWrong."""
    identifier = _text(document, "id", "provider")
    where = f"provider {identifier!r}"
    if not _ID.fullmatch(identifier):
        raise ProviderWrong(f"{where}: id must be of small letters, digits and hyphens, at most 32")
    _check_names(document, _KNOWN, where)
    algorithms = _texts(document, "algorithms", where) or ALGORITHMS
    unknown = set(algorithms) - set(ALGORITHMS)
    if unknown:
        raise ProviderWrong(f"{where}: algorithms may be {', '.join(ALGORITHMS)}; not {sorted(unknown)[0]!r}")
    provider = Provider(
        id=identifier,
        name=_text(document, "name", where, default=identifier),
        issuer=_issuer(document, where),
        rules=_rules(document, where),
        audiences=_texts(document, "audience", where),
        client_id=_text(document, "client_id", where) if "client_id" in document else None,
        client_secret=client_secret,
        scopes=_texts(document, "scopes", where) or ("openid", "profile"),
        algorithms=algorithms,
        parties=_texts(document, "authorized_parties", where),
        skew_s=_number(document, "clock_skew", where, default=60.0, most=600.0),
        userinfo=_flag(document, "userinfo", where),
    )
    if not provider.audiences and provider.client_id is None:
        raise ProviderWrong(f"{where}: audience (for tokens) or client_id (for logging in) is needed")
    if provider.client_id is not None and "openid" not in provider.scopes:
        raise ProviderWrong(f"{where}: scopes must hold openid")
    return provider


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _issuer(document: Mapping[str, Any], where: str) -> str:
    issuer = _text(document, "issuer", where)
    parts = urlsplit(issuer)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ProviderWrong(f"{where}: issuer must be an https address, as the provider names itself")
    return issuer


def _rules(document: Mapping[str, Any], where: str) -> tuple[ClaimRule, ...]:
    listed = document.get("rule", [])
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise ProviderWrong(f"{where}: rules are written as [[provider.rule]]")
    return tuple(_rule(one, f"{where}, rule {number}") for number, one in enumerate(listed, 1))


def _rule(document: Mapping[str, Any], where: str) -> ClaimRule:
    _check_names(document, _RULE_KNOWN, where)
    role = _text(document, "role", where)
    if role not in _ROLES:
        raise ProviderWrong(f"{where}: role must be one of {', '.join(sorted(_ROLES))}")
    if ("organisation" in document) == ("organisation_claim" in document):
        raise ProviderWrong(f"{where}: organisation or organisation_claim is needed, not both")
    if "tenants" in document and "tenants_claim" in document:
        raise ProviderWrong(f"{where}: tenants and tenants_claim exclude each other")
    return ClaimRule(
        claim=_path(document, "claim", where),
        value=_text(document, "value", where),
        role=Role(role),
        organisation=_text(document, "organisation", where) if "organisation" in document else None,
        organisation_claim=_maybe_path(document, "organisation_claim", where),
        tenants=frozenset(_texts(document, "tenants", where)) if "tenants" in document else None,
        tenants_claim=_maybe_path(document, "tenants_claim", where),
    )


def _maybe_path(document: Mapping[str, Any], name: str, where: str) -> tuple[str, ...] | None:
    return _path(document, name, where) if name in document else None


def _path(document: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """A path is written `realm_access.roles`, or as a list where a name holds a point itself."""
    value = document.get(name)
    parts = value.split(".") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(one, str) and one for one in parts):
        raise ProviderWrong(f"{where}: {name} is a path such as realm_access.roles")
    return tuple(parts)


def _check_names(document: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = set(document) - known
    if unknown:
        raise ProviderWrong(
            f"{where}: {sorted(unknown)[0]!r} is unknown; known are {', '.join(sorted(known))}"
        )


def _text(document: Mapping[str, Any], name: str, where: str, *, default: str | None = None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ProviderWrong(f"{where}: {name} must be a text")
    return value


def _texts(document: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = document.get(name, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise ProviderWrong(f"{where}: {name} must be a list of texts")
    return tuple(listed)


def _number(document: Mapping[str, Any], name: str, where: str, *, default: float, most: float) -> float:
    value = document.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ProviderWrong(f"{where}: {name} must be seconds, at most {most:g}")
    return float(value)


def _flag(document: Mapping[str, Any], name: str, where: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise ProviderWrong(f"{where}: {name} must be true or false")
    return value
