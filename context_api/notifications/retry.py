"""When a notification counts as delivered, when it is tried again, when it is given up. Pure."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

MICROS_PER_S = 1_000_000


class Verdict(Enum):
    """What a receiver's answer means for the notification."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"
    """The receiver will never take it again (410), or it went in a circle (508): a dead letter, and the
    subscription pauses."""
    EMPTY = "empty"
    """There was nothing to tell: cancelled."""


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with full jitter; what has failed for `give_up_s` becomes a dead letter."""

    first_s: float = 1.0
    longest_s: float = 600.0
    give_up_s: float = 86_400.0
    longest_retry_after_s: float = 3_600.0
    """A receiver may ask for more time than our own back-off, up to this."""

    def backoff_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row (from 1).

        Full jitter spreads those that failed together over the whole span.
        """
        span = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return random.uniform(0.0, span)  # noqa: S311 - jitter, not a secret

    def delay_s(self, failures: int, retry_after_s: float | None) -> float:
        """As `backoff_s`, but at least what the receiver asked for (Retry-After), within bounds."""
        asked_s = min(retry_after_s or 0.0, self.longest_retry_after_s)
        return max(self.backoff_s(failures), asked_s)


def judge_status(status: int) -> Verdict:
    """Any 2xx is success (clause 5.8.6 names 200 only; receivers answer 201, 202 and 204 as well)."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status in (410, 508) else Verdict.RETRY


def explain_status(status: int) -> str:
    """What a receiver's owner may not expect, to be added to the error; empty for what speaks for itself."""
    if 300 <= status < 400:
        return ": redirects are not followed, the subscription has to name the address itself"
    if status == 508:
        return ": the notification went in a circle between brokers"
    return ""


def parse_retry_after(text: str | None, now: int) -> float | None:
    """Seconds until the time that a Retry-After header names (RFC 9110, 10.2.3); None if absent or wrong.

    `now` is in microseconds since the epoch.
    """
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:12]), 10**9))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone ("-0000") is GMT: HTTP has no other.
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now / MICROS_PER_S, UTC)).total_seconds())
