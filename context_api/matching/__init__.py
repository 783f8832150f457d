"""Pure: which subscriptions a change touches."""

from context_api.matching.index import Match, SubscriptionIndex

__all__ = ["Match", "SubscriptionIndex"]
