"""Who asks, and for which tenant: every read, write and match takes an `Access` (design, promise 6)."""

from dataclasses import dataclass
from typing import NamedTuple

from context_api.policy.grant import Operation
from context_api.policy.rights import Rights


class Owner(NamedTuple):
    """Whose the subscriptions, registrations and alarm rules are that somebody makes, sees and changes."""

    organisation: int
    role: str
    """Of whoever makes them."""


TOWN = Owner(1, "administrator")
"""Whose they are that an administrator or a process of ours makes."""


@dataclass(frozen=True, slots=True)
class Access:
    """One tenant, seen by one principal.

    `principal` is what history and audit name as the author: a device, a key, or "system".
    `filter` narrows what the principal may see and do; None opens the whole tenant
    (administrators, and our own processes).
    """

    tenant: str
    tenant_id: int
    principal: str
    filter: Rights | None = None
    via: str = ""
    """Through which brokers the request came (header Via); notifications of its changes say so too."""
    operation: Operation = Operation.READ
    """For what the request reads the current state: entities are seen by the grants of this operation."""
    owner: Owner | None = None
    """Narrows subscriptions, registrations and alarm rules to those of one organisation, without those that
    its administrators made; None: all of the tenant, and what is made is the town's."""
    devices_of: str | None = None
    """Narrows devices to those of the organisation of this name; None: all of the tenant."""
