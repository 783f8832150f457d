"""Who makes a request."""

from dataclasses import dataclass

from context_api.policy.roles import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request, however it came to be known."""

    name: str
    """`key:<prefix>`, `user:<id>`, or `anyone`: what history and audit name as the author."""
    role: Role
    organisation: int | None = None
    tenants: frozenset[str] | None = None
    """The names of the tenants it is bound to; None: every one (administrators of the installation only)."""

    @property
    def runs_installation(self) -> bool:
        """An administrator of every tenant: the only one who makes tenants and settles what all share."""
        return self.tenants is None and self.role is Role.ADMINISTRATOR
