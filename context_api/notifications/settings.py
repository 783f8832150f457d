"""What the notifier needs to know; `deploy` fills it from MACHI_* variables."""

from dataclasses import dataclass, field

from context_api.notifications.mail import MailServer
from context_api.notifications.outbound import Network
from context_api.notifications.retry import RetryPolicy
from context_api.store.deliveries import RestPolicy
from context_api.store.deliveries_timers import Bounds


@dataclass(frozen=True, kw_only=True)
class NotifierSettings:
    """Settings of one notifier process; every limit is per process, N processes may run."""

    database_url: str = field(repr=False)
    instance: str = "notifier"
    """Names this process in the heartbeat table."""
    outbound_allow: tuple[Network, ...] = ()
    """Networks that may be called besides public addresses."""
    public_url: str = ""
    """Where partners reach the API, for the Link to @contexts that it serves itself; no slash at the end."""
    http_host: str = "127.0.0.1"
    http_port: int | None = None
    """/healthz, /readyz and /metrics; 0 = a free port, None = none."""
    mail_server: MailServer | None = None
    """Where mails are handed in; None: `mailto:` endpoints wait."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rest: RestPolicy = field(default_factory=RestPolicy)
    """When endpoints are left alone after failures."""
    bounds: Bounds = field(default_factory=Bounds)
    """How many notifications may wait."""
    timers_s: float = 0.25
    """How often to look for periodic notifications that are due; bounds are kept every eighth time."""
    lease_s: float = 15.0
    """How long a killed process holds its queues; renewed three times in that time while it lives."""
    leases: int = 2_048
    """Queues held at once."""
    leases_per_subscription: int = 32
    leases_per_endpoint: int = 768
    sends_per_endpoint: int = 16
    """Requests to one scheme, host and port under way at once."""
    rows_per_queue: int = 16
    """Notifications taken along with one lease."""
    poll_s: float = 0.5
    """How often to look for due queues without being woken."""
    paused_check_s: float = 60.0
    """How often the waiting rows of a paused subscription are looked at."""
    timeout_s: float = 10.0
    """For an endpoint that names none."""
    longest_timeout_s: float = 60.0
    trace_ratio: float = 0.0
    """How many of all readings are traced, 0 to 1 (see `context_api.tracing`)."""
    stop_s: float = 3.0
    """How long requests under way may take to finish when the process stops."""
