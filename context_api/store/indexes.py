"""Who has subscribed, per tenant: an index that is as old as the epoch it was read under."""

from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.matching import SubscriptionIndex
from context_api.ngsild.subscription import subscription_from_json
from context_api.policy.grant import Operation
from context_api.store.access import Owner
from context_api.store.owners import ADMINISTRATOR, Sight, load_sights
from context_api.store.packing import pack_bigints
from context_api.store.queries import load_queries

MAX_CACHED_TENANTS = 256

_SQL = load_queries("subscriptions")


class _Cached(msgspec.Struct, frozen=True):
    """An index and what it was made of."""

    epoch: int
    index: SubscriptionIndex
    versions: "dict[int, _Version]"
    sights: dict[Owner, Sight]
    """What owners see who do not see everything."""


class _Version(NamedTuple):
    """What a subscription was filed as."""

    xmin: str
    """Of its row."""
    sight: Sight | None


class IndexCache:
    """The indexes of the tenants written to last; shared by all threads."""

    def __init__(self) -> None:
        self._indexes: dict[int, _Cached] = {}

    def get(self, connection: Connection[TupleRow], tenant_id: int, epoch: int) -> SubscriptionIndex:
        """Give the index of an epoch; read inside the caller's transaction, which holds the epoch lock.

        Only what changed since the last time is read and filed anew.
        """
        cached = self._indexes.get(tenant_id)
        if cached is None:
            cached = _Cached(epoch - 1, SubscriptionIndex(), {}, {})
        if cached.epoch != epoch:
            cached = _bring_up_to(epoch, cached, connection, tenant_id)
            if len(self._indexes) >= MAX_CACHED_TENANTS:
                self._indexes.clear()
            self._indexes[tenant_id] = cached
        return cached.index

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        self._indexes.clear()


def _bring_up_to(epoch: int, cached: _Cached, connection: Connection[TupleRow], tenant_id: int) -> _Cached:
    found = connection.execute(_SQL["get_active_versions"], [tenant_id, tenant_id], binary=True).fetchall()
    sights = load_sights(connection, tenant_id, {Owner(*row[2:]) for row in found}, cached.sights)
    versions = {
        key: _Version(xmin, sights.get(Owner(organisation, role)))
        for key, xmin, organisation, role in found
        if role == ADMINISTRATOR or _may_subscribe(sights.get(Owner(organisation, role)))
    }
    new = [key for key, version in versions.items() if cached.versions.get(key) != version]
    gone = {*new, *(cached.versions.keys() - versions.keys())} & cached.versions.keys()
    documents: list[Any] = []
    if new:
        documents = connection.execute(_SQL["get_documents"], [pack_bigints(new)], binary=True).fetchall()
    subscriptions = [(key, subscription_from_json(document)) for key, document in documents]
    views = {key: sight for key in new if (sight := versions[key].sight) is not None}
    return _Cached(epoch, cached.index.changed(gone, subscriptions, views), versions, sights)


def _may_subscribe(sight: Sight | None) -> bool:
    """Whether an owner who is no administrator may be notified of anything at all."""
    return sight is not None and sight.rights.allows(Operation.SUBSCRIBE)
