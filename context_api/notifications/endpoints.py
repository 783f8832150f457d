"""Limits per endpoint, so that one that hangs delays nobody else. No I/O; used from one event loop."""

import asyncio
from collections import Counter, defaultdict
from urllib.parse import urlsplit


def origin_of(url: str) -> str:
    """Scheme, host and port: what goes down together. A URL that is none stands for itself."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or ''}"
    except ValueError:
        return url


class EndpointLimits:
    """How many queues are held, and how many requests are under way, per subscription and per endpoint."""

    def __init__(self, *, per_subscription: int, per_endpoint: int, sends: int) -> None:
        self._per_subscription = per_subscription
        self._per_endpoint = per_endpoint
        self._sends = sends
        self._of_subscription: Counter[int] = Counter()
        self._of_endpoint: Counter[str] = Counter()
        self._behind: dict[str, set[int]] = defaultdict(set)
        self._slots: dict[str, asyncio.Semaphore] = {}

    def has_room(self, endpoint: str) -> bool:
        """May another queue of this endpoint be held?"""
        return self._of_endpoint[endpoint] < self._per_endpoint

    def note(self, subscription_key: int, endpoint: str) -> None:
        """Remember that a subscription leads to an endpoint that has no room, until it has."""
        self._behind[endpoint].add(subscription_key)

    def hold(self, subscription_key: int, endpoint: str) -> asyncio.Semaphore:
        """Count a queue that is held; the semaphore lets so many requests at once through."""
        self._of_subscription[subscription_key] += 1
        self._of_endpoint[endpoint] += 1
        self._behind[endpoint].add(subscription_key)
        return self._slots.setdefault(endpoint, asyncio.Semaphore(self._sends))

    def let_go(self, subscription_key: int, endpoint: str) -> None:
        """A held queue was given back. An endpoint without any is forgotten."""
        self._of_subscription[subscription_key] -= 1
        if self._of_subscription[subscription_key] <= 0:
            del self._of_subscription[subscription_key]
        self._of_endpoint[endpoint] -= 1
        if self._of_endpoint[endpoint] <= 0:
            del self._of_endpoint[endpoint]
            self._slots.pop(endpoint, None)
            self._behind.pop(endpoint, None)

    def full_subscriptions(self) -> list[int]:
        """Subscriptions of which no more queues should be leased now."""
        full = {key for key, held in self._of_subscription.items() if held >= self._per_subscription}
        for endpoint, held in self._of_endpoint.items():
            if held >= self._per_endpoint:
                full |= self._behind[endpoint]
        return sorted(full)
