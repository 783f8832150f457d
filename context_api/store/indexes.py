"""Who has subscribed, per tenant: an index that is as old as the epoch it was read under."""

from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.matching import SubscriptionIndex
from context_api.ngsild.subscription import subscription_from_json
from context_api.store.queries import load_queries

MAX_CACHED_TENANTS = 256

_SQL = load_queries("subscriptions")


class IndexCache:
    """The indexes of the tenants written to last; shared by all threads."""

    def __init__(self) -> None:
        self._indexes: dict[int, tuple[int, SubscriptionIndex]] = {}

    def get(self, connection: Connection[TupleRow], tenant_id: int, epoch: int) -> SubscriptionIndex:
        """Give the index of an epoch; read inside the caller's transaction, which holds the epoch lock."""
        cached = self._indexes.get(tenant_id)
        if cached is not None and cached[0] == epoch:
            return cached[1]
        rows = connection.execute(_SQL["get_active_subscriptions"], [tenant_id], binary=True).fetchall()
        index = SubscriptionIndex([(key, subscription_from_json(document)) for key, document in rows])
        if len(self._indexes) >= MAX_CACHED_TENANTS:
            self._indexes.clear()
        self._indexes[tenant_id] = (epoch, index)
        return index

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        self._indexes.clear()
