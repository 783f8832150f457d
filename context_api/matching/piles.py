"""Subscriptions that lie together in the index, found by what they ask of values and places.

Every look-up gives more than what matches, never less: what it gives is judged one by one.
"""

from bisect import bisect_right, insort
from typing import NamedTuple

import msgspec
import shapely

from context_api.matching.seen import View
from context_api.ngsild.model import Entity, Instance, Iri, Kind, Micros
from context_api.ngsild.query import GeoQuery, search_boxes
from context_api.ngsild.query.geo import read_shape
from context_api.ngsild.query.keys import Bound, Key, Keyed, keys_at, numbers_at
from context_api.ngsild.subscription import EntitySelector
from context_api.ngsild.subscription_filters import Filter

PLACES_REMEMBERED = 10_000
"""Of so many entities it is remembered which areas they may lie in."""
_HIGHEST = float("inf")

Subject = tuple[str, str]
_NONE: dict[int, "Filed"] = {}


class Filed(msgspec.Struct, frozen=True):
    """A subscription in the form that matching needs."""

    key: int
    subjects: tuple[Subject, ...]
    """Where it is filed."""
    selectors: tuple[EntitySelector, ...]
    watched: frozenset[Iri]
    triggers: int
    expires_at: Micros | None
    filters: tuple[Filter, ...]
    keyed: Keyed | None
    """What its q wants an attribute to be equal to."""
    bound: Bound | None
    """What its q wants a number to reach."""
    geo: GeoQuery | None
    view: View | None = None
    """What its owner sees; None: everything."""


class Change(msgspec.Struct):
    """A change in the form that matching needs; the integers are bits of `Trigger`."""

    entity: Entity
    by_attribute: dict[Iri, int]
    of_entity: int
    all: int
    now: Micros


class Pile:
    """Subscriptions by key; each lies where it is found by the narrowest thing that it asks for."""

    __slots__ = ("_bounded", "_free", "_keyed", "_placed")

    def __init__(self) -> None:
        self._free: dict[int, Filed] = {}
        self._keyed: dict[Iri, dict[Key, dict[int, Filed]]] = {}
        self._bounded: dict[Iri, _Bounded] = {}
        self._placed: dict[Iri, _Placed] = {}

    def copy(self) -> "Pile":
        """Give a copy that can be changed."""
        other = Pile()
        other._free = dict(self._free)
        other._keyed = {
            name: {key: dict(filed) for key, filed in by_key.items()} for name, by_key in self._keyed.items()
        }
        other._bounded = {name: bounded.copy() for name, bounded in self._bounded.items()}
        other._placed = {name: _Placed(placed.filed) for name, placed in self._placed.items()}
        return other

    def put(self, filed: Filed) -> None:
        """Put one in."""
        if filed.keyed is not None:
            by_key = self._keyed.setdefault(filed.keyed.attribute, {})
            for key in filed.keyed.keys:
                by_key.setdefault(key, {})[filed.key] = filed
        elif filed.bound is not None:
            self._bounded.setdefault(filed.bound.attribute, _Bounded()).put(filed, filed.bound)
        elif filed.geo is not None:
            self._placed.setdefault(filed.geo.geoproperty, _Placed({})).filed[filed.key] = filed
        else:
            self._free[filed.key] = filed

    def drop(self, filed: Filed) -> None:
        """Take one out, if it is there."""
        if filed.keyed is not None:
            self._drop_keyed(filed, filed.keyed)
        elif filed.bound is not None:
            bounded = self._bounded.get(filed.bound.attribute)
            if bounded is not None and bounded.drop(filed, filed.bound):
                del self._bounded[filed.bound.attribute]
        elif filed.geo is not None:
            placed = self._placed.get(filed.geo.geoproperty)
            if placed is not None and placed.drop(filed):
                del self._placed[filed.geo.geoproperty]
        else:
            self._free.pop(filed.key, None)

    def _drop_keyed(self, filed: Filed, keyed: Keyed) -> None:
        by_key = self._keyed.get(keyed.attribute, {})
        for key in keyed.keys:
            by_key.get(key, {}).pop(filed.key, None)
            if key in by_key and not by_key[key]:
                del by_key[key]
        if not by_key:
            self._keyed.pop(keyed.attribute, None)

    def find(self, entity: Entity) -> list[Filed]:
        """Give those that a change of the entity may touch."""
        found = list(self._free.values()) if self._free else []
        if self._keyed:
            for name, by_key in self._keyed.items():
                for key in keys_at(name, entity):
                    found += by_key.get(key, _NONE).values()
        for name, bounded in self._bounded.items():
            listed = entity.attributes.get(name, ())
            if (
                len(listed) == 1
                and type(value := listed[0].value) is float
                and bounded.ceiling < value < bounded.floor
            ):
                continue  # nearly always: what follows would find nothing
            numbers = numbers_at(name, entity)
            if numbers is not None:
                bounded.find(*numbers, found)
        for name, placed in self._placed.items():
            found += placed.find(entity, name)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies here."""
        return not (self._free or self._keyed or self._bounded or self._placed)


class _Bounded:
    """Subscriptions that want a number to reach something, in the order of what they want."""

    def __init__(self) -> None:
        self._floors: list[tuple[float, int]] = []
        self._ceilings: list[tuple[float, int]] = []
        """Negated, so that those within reach come first here too."""
        self._filed: dict[int, Filed] = {}
        self.floor = _HIGHEST
        """The lowest of the floors."""
        self.ceiling = -_HIGHEST
        """The highest of the ceilings."""

    def copy(self) -> "_Bounded":
        other = _Bounded()
        other.floor, other.ceiling = self.floor, self.ceiling
        other._floors, other._ceilings = list(self._floors), list(self._ceilings)
        other._filed = dict(self._filed)
        return other

    def put(self, filed: Filed, bound: Bound) -> None:
        if filed.key in self._filed:
            return
        self._filed[filed.key] = filed
        if bound.is_floor:
            insort(self._floors, (bound.number, filed.key))
        else:
            insort(self._ceilings, (-bound.number, filed.key))
        self._note_reach()

    def drop(self, filed: Filed, bound: Bound) -> bool:
        """Take one out; True where none is left."""
        if self._filed.pop(filed.key, None) is not None:
            if bound.is_floor:
                self._floors.remove((bound.number, filed.key))
            else:
                self._ceilings.remove((-bound.number, filed.key))
            self._note_reach()
        return not self._filed

    def _note_reach(self) -> None:
        self.floor = self._floors[0][0] if self._floors else _HIGHEST
        self.ceiling = -self._ceilings[0][0] if self._ceilings else -_HIGHEST

    def find(self, smallest: float, largest: float, found: list[Filed]) -> None:
        """Add those whose bound is reached."""
        for bounds, number in ((self._floors, largest), (self._ceilings, -smallest)):
            if bounds and bounds[0][0] <= number:
                reached = bounds[: bisect_right(bounds, (number, _HIGHEST))]
                found += [self._filed[key] for _, key in reached]


class _Seen(NamedTuple):
    """Where an entity was when it was looked up, and what may hold there."""

    listed: list[Instance] | None
    filed: tuple[Filed, ...]


class _Placed:
    """Subscriptions that want a geometry to lie somehow; `filed` is not changed once `find` was called."""

    def __init__(self, filed: dict[int, Filed]) -> None:
        self.filed = dict(filed)
        self._anywhere: list[Filed] = []
        self._boxed: list[Filed] = []
        self._tree: shapely.STRtree | None = None
        self._seen: dict[str, _Seen] = {}

    def drop(self, filed: Filed) -> bool:
        """Take one out; True where none is left."""
        self.filed.pop(filed.key, None)
        return not self.filed

    def find(self, entity: Entity, name: Iri) -> tuple[Filed, ...]:
        """Give those whose boxes the entity touches; most entities are where they were."""
        listed = entity.attributes.get(name)
        seen = self._seen.get(entity.id)
        if seen is None or seen.listed is not listed:
            if seen is None and len(self._seen) >= PLACES_REMEMBERED:
                self._seen.clear()
            seen = self._seen[entity.id] = _Seen(listed, tuple(self._search(listed or [])))
        return seen.filed

    def _search(self, listed: list[Instance]) -> list[Filed]:
        shapes = [read_shape(one.value) for one in listed if one.kind is Kind.GEO_PROPERTY]
        if not shapes:
            return []
        tree = self._tree or self._build()
        found = dict.fromkeys(int(index) for each in shapes for index in tree.query(each))
        return [*self._anywhere, *(self._boxed[index] for index in found)]

    def _build(self) -> shapely.STRtree:
        boxes: list[shapely.Geometry] = []
        boxed: list[Filed] = []
        anywhere: list[Filed] = []
        for filed in self.filed.values():
            wanted = None if filed.geo is None else search_boxes(filed.geo)
            if wanted is None:
                anywhere.append(filed)
            for box in wanted or ():
                boxes.append(shapely.box(*box))
                boxed.append(filed)
        self._anywhere, self._boxed = anywhere, boxed
        self._tree = tree = shapely.STRtree(boxes)
        return tree
