"""Organisations, keys and invitations as the API shows them."""

from datetime import UTC, datetime
from typing import Any

from context_api.policy.principal import Principal
from context_api.store.invitations import Invitation
from context_api.store.key_texts import KEY_MARK
from context_api.store.keys import ApiKey
from context_api.store.organisations import Organisation


def show_organisation(one: Organisation) -> dict[str, Any]:
    """Show an organisation; its tenants null: every one."""
    return {
        "name": one.name,
        "number": one.id,
        "nameJa": one.name_ja,
        "nameEn": one.name_en,
        "kind": one.kind,
        "contact": one.contact,
        "tenants": None if one.is_of_every_tenant else list(one.tenants),
        "keys": one.keys,
        "createdAt": moment(one.created_at),
        "createdBy": one.created_by,
        "modifiedAt": moment(one.modified_at),
        "disabledAt": moment(one.disabled_at),
    }


def show_key(key: ApiKey, now: datetime | None = None) -> dict[str, Any]:
    """Show what is known of a key; its tenants null: every one."""
    tenants = key.tenants
    return {
        "prefix": key.prefix,
        "shown": f"{KEY_MARK}{key.prefix}_…",
        "organisation": key.organisation,
        "role": key.role,
        "tenants": None if tenants is None else sorted(tenants),
        "label": key.label,
        "state": state_of(key, now or datetime.now(UTC)),
        "createdAt": moment(key.created_at),
        "createdBy": key.created_by,
        "expiresAt": moment(key.expires_at),
        "lastUsedAt": moment(key.last_used_at),
        "revokedAt": moment(key.revoked_at),
        "successor": key.successor,
    }


def state_of(key: ApiKey, now: datetime) -> str:
    """Say in a word whether a key opens anything."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    if key.disabled_at is not None:
        return "disabled"
    return "valid" if key.successor is None else "rotated"


def show_invitation(one: Invitation) -> dict[str, Any]:
    """Show what is known of an invitation."""
    return {
        "prefix": one.prefix,
        "organisation": one.organisation,
        "role": one.role,
        "tenants": None if one.tenants is None else list(one.tenants),
        "label": one.label,
        "keyDays": one.key_days,
        "state": _state_of_invitation(one),
        "createdAt": moment(one.created_at),
        "createdBy": one.created_by,
        "expiresAt": moment(one.expires_at),
        "acceptedAt": moment(one.accepted_at),
        "key": one.key_prefix,
    }


def show_principal(
    principal: Principal, organisation: Organisation | None, key: ApiKey | None
) -> dict[str, Any]:
    """Show a caller to themselves."""
    house = None
    if organisation is not None:
        house = {
            "name": organisation.name,
            "nameJa": organisation.name_ja,
            "nameEn": organisation.name_en,
            "kind": organisation.kind,
        }
    return {
        "name": principal.name,
        "role": principal.role,
        "organisation": house,
        "tenants": None if principal.tenants is None else sorted(principal.tenants),
        "key": None if key is None else show_key(key),
    }


def moment(at: datetime | None) -> str | None:
    """Write a time, to the second."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _state_of_invitation(one: Invitation) -> str:
    if one.accepted_at is not None:
        return "accepted"
    if one.revoked_at is not None:
        return "revoked"
    return "expired" if one.expires_at <= datetime.now(UTC) else "open"
