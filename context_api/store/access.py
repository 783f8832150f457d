"""Who asks, and for which tenant: every read, write and match takes an `Access` (design, promise 6)."""

from dataclasses import dataclass

from context_api.policy.grant import Operation
from context_api.policy.rights import Rights


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
