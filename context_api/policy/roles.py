"""The kinds of principals."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do by default; grants add to it."""

    ADMINISTRATOR = "administrator"
    """Everything in its tenants."""
    STAFF = "staff"
    """City staff: reads everything but what is marked personal, history and exports too."""
    OPERATOR = "operator"
    """Registers and manages the devices of its organisation, and reads their entities."""
    PARTNER = "partner"
    """What its grants say, nothing else; it does not write."""
    SERVICE = "service"
    """A program: what its grants say, writing too."""
    ANONYMOUS = "anonymous"
    """Nobody in particular: what the organisation `public` is granted."""
