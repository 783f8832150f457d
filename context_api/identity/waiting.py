"""How long somebody waits after wrong passwords: per account, per address, and per browser that is known.

An attacker can make others wait, but lock nobody out: whoever has logged in with a browser before keeps a
mark (a signed cookie) and is counted apart; failures are forgotten with time; the longest wait is short. The
counts live in a bounded number of buckets, so that no flood of names or addresses fills the table.
"""

import hashlib
import ipaddress
from enum import Enum
from typing import NamedTuple

BUCKETS = 65_536


class Rule(NamedTuple):
    """After `free` failures each further one doubles the wait, to `longest_s`; they fade after `fade_s`."""

    free: int
    first_s: float
    longest_s: float
    fade_s: float


class Whose(Enum):
    """What a count is kept of: its number, and its rule."""

    ACCOUNT_AT_ADDRESS = (0, Rule(5, 2.0, 900.0, 3_600.0))
    """One name from one address: what a single guesser does."""
    ACCOUNT = (1, Rule(50, 1.0, 60.0, 3_600.0))
    """One name from everywhere: a botnet's guesses. A minute at most, since its owner waits as well."""
    ADDRESS = (2, Rule(50, 1.0, 300.0, 900.0))
    """Many names from one address. A city hall has one address: its people's marks let them by."""
    KNOWN = (3, Rule(5, 2.0, 900.0, 3_600.0))
    """One name from a browser that logged in with it before."""
    CODE = (4, Rule(5, 2.0, 900.0, 86_400.0))
    """One-time codes of one account, by whoever has its password already: a hundred guesses a day."""


class Count(NamedTuple):
    """Failures of one bucket, as the database has them."""

    failures: int
    age_s: float
    """Since the last one."""


def bucket_of(key: bytes, whose: Whose, text: str) -> int:
    """Give the row in which failures are counted; the key keeps others from choosing who shares it."""
    number, _ = whose.value
    digest = hashlib.blake2b(f"{number} {text}".encode(), key=key, digest_size=8).digest()
    return number * BUCKETS + int.from_bytes(digest, "big") % BUCKETS


def wait_s(rule: Rule, count: Count) -> float:
    """Give the seconds until the next attempt is looked at; 0: now."""
    if count.age_s >= rule.fade_s or count.failures < rule.free:
        return 0.0
    wait = min(rule.longest_s, rule.first_s * 2.0 ** min(count.failures - rule.free, 30))
    return max(0.0, wait - count.age_s)


def network_of(address: str) -> str:
    """Give what counts as one address: of IPv6 the /64, since a single household has that many."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
