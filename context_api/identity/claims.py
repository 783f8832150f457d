"""What a provider's claims make of somebody: role, organisation, tenants. Whom no rule names is nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from context_api.policy.roles import Role

_TENANTS_MAX = 200
_WORDS_CLAIM = ("scope",)
"""A list of words in one text (RFC 8693, 4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """Whoever has `value` in the claim at this path is of this role."""

    claim: tuple[str, ...]
    """A path: `realm_access`, `roles`."""
    value: str
    role: Role
    organisation: str | None = None
    """Its name; or …"""
    organisation_claim: tuple[str, ...] | None = None
    """… the claim that names it."""
    tenants: frozenset[str] | None = None
    """Of the organisation's tenants these only; None: all of them; or …"""
    tenants_claim: tuple[str, ...] | None = None
    """… the claim that lists them."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What somebody is here by a provider's word."""

    role: Role
    organisation: str
    tenants: frozenset[str] | None
    """None: all that the organisation has."""


def map_claims(rules: Sequence[ClaimRule], claims: Mapping[str, Any]) -> Mapped | None:
    """Apply the first rule that fits; None where none does, or what it points to is not there."""
    for rule in rules:
        if rule.value in texts_at(claims, rule.claim):
            return _apply(rule, claims)
    return None


def texts_at(claims: Mapping[str, Any], path: tuple[str, ...]) -> frozenset[str]:
    """Give the texts of a claim: itself, or those of its list."""
    value: Any = claims
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return frozenset()
        value = value[name]
    if isinstance(value, str):
        return frozenset(value.split()) if path == _WORDS_CLAIM else frozenset((value,))
    if isinstance(value, list):
        return frozenset(one for one in value if isinstance(one, str))
    return frozenset()


def _apply(rule: ClaimRule, claims: Mapping[str, Any]) -> Mapped | None:
    organisation = rule.organisation
    if rule.organisation_claim is not None:
        named = texts_at(claims, rule.organisation_claim)
        organisation = next(iter(named)) if len(named) == 1 else None
    if organisation is None:
        return None
    tenants = rule.tenants
    if rule.tenants_claim is not None:
        tenants = texts_at(claims, rule.tenants_claim)
        if len(tenants) > _TENANTS_MAX:
            return None
    return Mapped(rule.role, organisation, tenants)
