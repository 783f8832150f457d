"""The entity selector (clause 5.2.33), which queries and subscriptions have."""

import msgspec

from context_api.ngsild.model import Entity
from context_api.ngsild.query.pattern import compile_id_pattern
from context_api.ngsild.query.types import TypeSelection


class EntitySelector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which entities; `ids` win over `id_pattern`."""

    types: TypeSelection | None = None
    """None stands for `*`: any type."""
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None

    def matches(self, entity: Entity) -> bool:
        """Whether an entity is selected."""
        if self.types is not None and not self.types.matches(entity.types):
            return False
        if self.ids:
            return entity.id in self.ids
        return self.id_pattern is None or compile_id_pattern(self.id_pattern).search(entity.id) is not None
