"""Subscriptions, indexed so that a change finds those that it touches (clauses 5.2.12 and 5.8.6).

A subscription is filed under what its selectors name (an id, a type, an idPattern, or anything) and, below
that, under its watched attributes and the values and places that it asks for (see `piles`). A change looks up
its own id, types, attributes, values and place: what it costs does not depend on how many subscriptions wait
for something else.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec

from context_api.matching.piles import Change, Filed, Pile, Subject
from context_api.matching.seen import View, see_change
from context_api.ngsild.changes import Trigger
from context_api.ngsild.merge import Transition
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query import selected_types
from context_api.ngsild.query.keys import find_bound, find_keys
from context_api.ngsild.query.pattern_set import PatternSet
from context_api.ngsild.subscription import EntitySelector, Subscription
from context_api.ngsild.subscription_filters import compile_filters

_ENTITY_BITS = int(Trigger.ENTITY_CREATED | Trigger.ENTITY_UPDATED | Trigger.ENTITY_DELETED)
_CREATED, _UPDATED, _DELETED = (
    int(Trigger.ATTRIBUTE_CREATED),
    int(Trigger.ATTRIBUTE_UPDATED),
    int(Trigger.ATTRIBUTE_DELETED),
)
_TRIGGERS = tuple(Trigger(bits) for bits in range(64))
_ALL_SEEN: Mapping[int, View] = {}
# Which patterns an entity's id matches is remembered, for this many entities
_PATTERN_CACHE_LIMIT = 100_000

_ANYTHING: Subject = ("any", "")
_PATTERN = "pattern"


class Match(msgspec.Struct, frozen=True):
    """A subscription that a change touches."""

    subscription_key: int
    trigger: Trigger
    """The bits of the change that the subscription asked for."""


class _Drawer(msgspec.Struct):
    """The subscriptions of one subject: those that watch an attribute, and those that watch all."""

    watching: dict[Iri, Pile] = {}
    watching_all: Pile = msgspec.field(default_factory=Pile)

    def copy(self) -> "_Drawer":
        """Give a copy that can be changed."""
        return _Drawer({name: pile.copy() for name, pile in self.watching.items()}, self.watching_all.copy())

    @property
    def is_empty(self) -> bool:
        return not self.watching and self.watching_all.is_empty


class SubscriptionIndex:
    """The active subscriptions of a tenant, as they were at one time; `changed` gives another.

    `views` say, by key, what the owners of some see; the owners of all others see everything.
    """

    def __init__(
        self,
        subscriptions: Iterable[tuple[int, Subscription]] = (),
        views: Mapping[int, View] = _ALL_SEEN,
    ) -> None:
        self._drawers: dict[Subject, _Drawer] = {}
        self._filed: dict[int, Filed] = {}
        self._patterns: Counter[str] = Counter()
        self._pattern_set: PatternSet | None = None
        self._matched_patterns: dict[str, tuple[Subject, ...]] = {}
        self._change((), subscriptions, views)

    def changed(
        self,
        gone: Collection[int],
        new: Iterable[tuple[int, Subscription]],
        views: Mapping[int, View] = _ALL_SEEN,
    ) -> "SubscriptionIndex":
        """Give the index without the subscriptions of these keys, and with others.

        What it costs depends on how many change, hardly on how many there are.
        """
        other = SubscriptionIndex()
        other._drawers = dict(self._drawers)
        other._filed = dict(self._filed)
        other._patterns = self._patterns.copy()
        other._pattern_set, other._matched_patterns = self._pattern_set, self._matched_patterns
        other._change(gone, new, views)
        return other

    def match(
        self, before: Entity | None, after: Entity | None, transition: Transition, now: Micros
    ) -> list[Match]:
        """Find the subscriptions that a change touches, in the order of their keys.

        Selectors and filters look at the entity as it is after the change, or as it was where it is gone.
        Subscriptions that have expired at `now` do not match.
        """
        entity = after if after is not None else before
        if not self._drawers or entity is None or not transition.trigger:
            return []
        change = _Sights(before, transition, _describe(entity, transition, now))
        found: dict[int, Match] = {}
        for subject in self._subjects(entity):
            drawer = self._drawers.get(subject)
            if drawer is not None:
                _search(drawer, change, found)
        return [found[key] for key in sorted(found)]

    def _subjects(self, entity: Entity) -> list[Subject]:
        subjects: list[Subject] = [_ANYTHING, ("id", entity.id)]
        subjects += [("type", one) for one in entity.types]
        if self._pattern_set is not None:
            subjects += self._match_patterns(self._pattern_set, entity.id)
        return subjects

    def _match_patterns(self, patterns: PatternSet, entity_id: str) -> tuple[Subject, ...]:
        known = self._matched_patterns.get(entity_id)
        if known is None:
            known = tuple((_PATTERN, pattern) for pattern in patterns.search(entity_id))
            if len(self._matched_patterns) < _PATTERN_CACHE_LIMIT:
                self._matched_patterns[entity_id] = known
        return known

    def _change(
        self, gone: Iterable[int], new: Iterable[tuple[int, Subscription]], views: Mapping[int, View]
    ) -> None:
        known = set(self._patterns)
        mine: set[Subject] = set()
        for key in gone:
            filed = self._filed.pop(key, None)
            if filed is not None:
                for subject in filed.subjects:
                    self._take_out(self._open(subject, mine), subject, filed)
        for key, subscription in new:
            # A periodic one is told by the clock, not by changes (clause 5.8.6)
            if subscription.is_active is not False and subscription.interval_s is None:
                self._file(_prepare(key, subscription, views.get(key)), mine)
        for subject in mine:
            if self._drawers[subject].is_empty:
                del self._drawers[subject]
        self._patterns = +self._patterns
        if set(self._patterns) != known:
            self._pattern_set = PatternSet(tuple(self._patterns)) if self._patterns else None
            self._matched_patterns = {}

    def _open(self, subject: Subject, mine: set[Subject]) -> _Drawer:
        """Give a drawer to change: a copy, unless it is ours already."""
        drawer = self._drawers.get(subject)
        if subject not in mine:
            mine.add(subject)
            drawer = _Drawer() if drawer is None else drawer.copy()
            self._drawers[subject] = drawer
        return drawer or self._drawers[subject]

    def _file(self, filed: Filed, mine: set[Subject]) -> None:
        self._filed[filed.key] = filed
        for subject in filed.subjects:
            drawer = self._open(subject, mine)
            if subject[0] == _PATTERN:
                self._patterns[subject[1]] += 1
            if not filed.watched:
                drawer.watching_all.put(filed)
            for attribute in filed.watched:
                drawer.watching.setdefault(attribute, Pile()).put(filed)

    def _take_out(self, drawer: _Drawer, subject: Subject, filed: Filed) -> None:
        if subject[0] == _PATTERN:
            self._patterns[subject[1]] -= 1
        drawer.watching_all.drop(filed)
        for attribute in filed.watched:
            pile = drawer.watching.get(attribute, Pile())
            pile.drop(filed)
            if pile.is_empty:
                drawer.watching.pop(attribute, None)


def _prepare(key: int, subscription: Subscription, view: View | None) -> Filed:
    selectors = subscription.entities or (EntitySelector(),)
    q = subscription.filters.q
    return Filed(
        key,
        tuple(dict.fromkeys(subject for selector in selectors for subject in _name_subjects(selector))),
        subscription.entities,
        frozenset(subscription.watched_attributes),
        int(subscription.effective_triggers),
        subscription.expires_at,
        compile_filters(subscription.filters),
        None if q is None else find_keys(q),
        None if q is None or subscription.filters.follows_links else find_bound(q),
        subscription.filters.geo,
        view,
    )


def _name_subjects(selector: EntitySelector) -> Iterable[Subject]:
    """Name the narrowest subjects of which every selected entity has one."""
    if selector.ids:
        return [("id", one) for one in selector.ids]
    if selector.id_pattern is not None:
        return [(_PATTERN, selector.id_pattern)]
    if selector.types is not None:
        return [("type", one) for one in selected_types(selector.types)]
    return [_ANYTHING]


def _describe(entity: Entity, transition: Transition, now: Micros) -> Change:
    by_attribute: dict[Iri, int] = {}
    of_entity = int(transition.trigger) & _ENTITY_BITS
    total = of_entity
    for one in transition.touched:
        if one.is_change:
            bit = _CREATED if one.before is None else _DELETED if one.after is None else _UPDATED
            by_attribute[one.attribute] = by_attribute.get(one.attribute, 0) | bit
            total |= bit
    return Change(entity, by_attribute, of_entity, total, now)


class _Sights:
    """A change, and how those see it who do not see everything: worked out once for each view."""

    __slots__ = ("_before", "_by_view", "_transition", "change")

    def __init__(self, before: Entity | None, transition: Transition, change: Change) -> None:
        self.change = change
        self._before = before
        self._transition = transition
        self._by_view: dict[View, Change | None] | None = None

    def through(self, view: View) -> Change | None:
        """Give the change as it is seen; None where nothing of it is."""
        if self._by_view is None:
            self._by_view = {}
        if view not in self._by_view:
            now = self.change.now
            seen = see_change(view, self._before, self._transition, now)
            entity = None if seen is None else seen.transition.after or seen.before
            self._by_view[view] = (
                None if seen is None or entity is None else _describe(entity, seen.transition, now)
            )
        return self._by_view[view]


def _search(drawer: _Drawer, sights: _Sights, found: dict[int, Match]) -> None:
    change = sights.change
    for filed in drawer.watching_all.find(change.entity):
        _try(filed, sights, change.all, found)
    if drawer.watching:
        for attribute in change.by_attribute:
            pile = drawer.watching.get(attribute)
            for filed in pile.find(change.entity) if pile is not None else ():
                _try(filed, sights, _fired(filed, change), found)


def _fired(filed: Filed, change: Change) -> int:
    """Give the bits of what happened to the attributes that a subscription watches."""
    fired = change.of_entity
    for watched in filed.watched:
        fired |= change.by_attribute.get(watched, 0)
    return fired


def _try(filed: Filed, sights: _Sights, fired: int, found: dict[int, Match]) -> None:
    wanted = fired & filed.triggers
    if not wanted or filed.key in found:
        return
    change = sights.change
    if filed.expires_at is not None and filed.expires_at <= change.now:
        return
    if filed.view is not None:
        seen = sights.through(filed.view)
        if seen is None or (filed.watched and filed.watched.isdisjoint(seen.by_attribute)):
            return
        wanted = (_fired(filed, seen) if filed.watched else seen.all) & filed.triggers
        if not wanted:
            return
        change = seen
    if filed.selectors and not any(selector.matches(change.entity) for selector in filed.selectors):
        return
    if filed.filters and not all(passes(change.entity) for passes in filed.filters):
        return
    found[filed.key] = Match(filed.key, _TRIGGERS[wanted])
