"""What logging in needs to know; `deploy` fills it from MACHI_* variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from context_api.identity.providers import Provider

SecondFactor = Literal["optional", "administrators", "all"]


@dataclass(frozen=True, kw_only=True)
class LoginSettings:
    """Times are seconds."""

    idle_s: float = 3_600.0
    """A session that nobody uses for so long is over."""
    age_s: float = 43_200.0
    """A session is over after so long, however much it is used."""
    stage_age_s: float = 600.0
    """A login that is not finished is over after so long."""
    reset_s: float = 172_800.0
    """For how long a code sets a password."""
    second_factor: SecondFactor = "administrators"
    """Who has to have an authenticator app."""
    local: bool = True
    """Whether people log in with passwords of ours at all."""
    town: str = "Machi"
    """How the installation is called in an authenticator app."""
    providers: Sequence[Provider] = ()
    """Whose word counts, for tokens and for logging in."""
