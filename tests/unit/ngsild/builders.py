"""Short ways to write what the tests are about."""

import os
from pathlib import Path
from typing import Any

import pytest

from context_api.ngsild.changes import Change
from context_api.ngsild.contexts import DEFAULT_VOCABULARY, core_context
from context_api.ngsild.merge import Removed, Transition, apply_change
from context_api.ngsild.model import Entity, Micros
from context_api.ngsild.parse import parse_entity

CORE = core_context()
SECOND: Micros = 1_000_000
T0: Micros = 1_790_000_000 * SECOND
ROOM = "urn:ngsi-ld:Room:1"


def name(term: str) -> str:
    """Expand a term by the core @context."""
    return CORE.expand(term)


def room(*, at: Micros = T0, **members: Any) -> Entity:
    """Build an entity of type Room as it is once it was created."""
    entity = parse_entity({"id": ROOM, "type": "Room", **members}, CORE, now=at)
    for instances in entity.attributes.values():
        for instance in instances:
            instance.created_at = instance.modified_at = at
    return entity


def applied(current: Entity | None, change: Change, now: Micros = T0 + SECOND) -> Transition:
    """Apply a change that is expected to succeed."""
    transition = apply_change(current, change, now, Removed())
    assert transition.outcome.error is None
    return transition


def resulting(transition: Transition) -> Entity:
    """Give the entity after a change, which must be there."""
    assert transition.after is not None
    return transition.after


def find_data(*parts: str) -> Path:
    """Give a path of the recorded test data; skip where it is absent."""
    root = os.environ.get("MACHI_TEST_DATA", "")
    path = Path(root, *parts)
    if not root or not path.exists():
        pytest.skip(f"MACHI_TEST_DATA/{'/'.join(parts)} is not here")
    return path


__all__ = [
    "CORE",
    "DEFAULT_VOCABULARY",
    "ROOM",
    "SECOND",
    "T0",
    "applied",
    "find_data",
    "name",
    "resulting",
    "room",
]
