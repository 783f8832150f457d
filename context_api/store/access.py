"""Who asks, and for which tenant: every read, write and match takes an `Access` (design, promise 6)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """One tenant, seen by one principal.

    `principal` is what history and audit name as the author: a device, a key, or "system".
    `filter` will narrow what the principal may see; None opens the whole tenant.
    """

    tenant: str
    tenant_id: int
    principal: str
    filter: None = None
    via: str = ""
    """Through which brokers the request came (header Via); notifications of its changes say so too."""
