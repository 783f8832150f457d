"""What the owner of a subscription may be told now, whatever was so when the change was matched."""

from collections import OrderedDict

import msgspec

from context_api.matching import SubscriptionIndex
from context_api.matching.seen import former_names, see_change
from context_api.ngsild.changes import Trigger
from context_api.ngsild.model import Iri, Micros
from context_api.ngsild.subscription import Subscription
from context_api.ngsild.transition import Touched, Transition
from context_api.policy.grant import Operation
from context_api.store.codec import CommittedChange
from context_api.store.database import Database
from context_api.store.deliveries import OutboxRow, SubscriptionRow
from context_api.store.deliveries_again import restore_transition
from context_api.store.owners import ADMINISTRATOR, Sight, as_principal
from context_api.store.rights import RightsCache

INDEXES_MAX = 1_000
_Known = tuple[Sight | None]


class OwnerSights:
    """The rights of owners, remembered for two seconds; an administrator's subscription costs one look."""

    def __init__(self, database: Database) -> None:
        self._rights = RightsCache(database)
        self._indexes: OrderedDict[int, tuple[Micros, Sight, SubscriptionIndex]] = OrderedDict()

    def forget(self) -> None:
        """Read rights anew: some have changed."""
        self._rights.forget()

    def recall(self, stored: SubscriptionRow) -> _Known | None:
        """Give what an owner sees (None in it: everything), if that is known; None: ask `find`."""
        if stored.owner_role == ADMINISTRATOR:
            return (None,)
        known = self._rights.recall(stored.tenant_id, as_principal(stored.owner))
        if known is None:
            return None
        return (None,) if known[0] is None else (Sight(known[0], Operation.SUBSCRIBE),)

    def find(self, stored: SubscriptionRow) -> Sight | None:
        """Give what an owner sees, None: everything; asks the database. Raises StoreError."""
        rights = self._rights.get(stored.tenant_id, as_principal(stored.owner))
        return None if rights is None else Sight(rights, Operation.SUBSCRIBE)

    def mask(
        self,
        subscription: Subscription,
        stored: SubscriptionRow,
        row: OutboxRow,
        change: CommittedChange,
        *,
        sight: Sight,
        now: Micros,
    ) -> CommittedChange | None:
        """Give of a change what its owner sees of it; None where they would not be told of it now."""
        before, transition = restore_transition(change, Trigger(row.trigger), row.changed_at or 0)
        index = self._index(subscription, stored, sight)
        if not index.match(before, transition.after, transition, now):
            return None
        left = see_change(sight, before, transition, now)
        if left is None:
            return None
        names = {one.attribute for one in left.transition.touched}
        if transition.after is None:
            return _with_former(change, names)
        replaced = [one for one in _replaced(change, transition) if one.attribute in names]
        if replaced:
            shown = former_names(sight, transition.after, replaced, now)
            names -= {one.attribute for one in replaced if one.attribute not in shown}
        return _with_former(change._replace(entity=left.transition.after or change.entity), names)

    def _index(self, subscription: Subscription, stored: SubscriptionRow, sight: Sight) -> SubscriptionIndex:
        known = self._indexes.get(stored.key)
        if known is not None and known[0] == stored.modified_at and known[1].rights is sight.rights:
            return known[2]
        # Whether it is active, and for how long, was judged before; here it is asked what it would be told
        asking = msgspec.structs.replace(subscription, is_active=True, expires_at=None, interval_s=None)
        index = SubscriptionIndex([(stored.key, asking)], {stored.key: sight})
        self._indexes[stored.key] = (stored.modified_at, sight, index)
        while len(self._indexes) > INDEXES_MAX:
            self._indexes.popitem(last=False)
        return index


def _with_former(change: CommittedChange, names: set[Iri]) -> CommittedChange:
    return change._replace(former={name: one for name, one in change.former.items() if name in names})


def _replaced(change: CommittedChange, transition: Transition) -> list[Touched]:
    """Give what was replaced, with the values that it had."""
    found = []
    for one in transition.touched:
        former = change.former.get(one.attribute, {}).get(one.dataset_id)
        if one.after is not None and former is not None:
            found.append(msgspec.structs.replace(one, before=former))
    return found
