"""What a role brings with it, before and besides any grant."""

from collections.abc import Iterable, Mapping

from context_api.policy.grant import Grant, Operation
from context_api.policy.rights import NO_FLOORS, NO_MARKS, Floors, Marks, Rights
from context_api.policy.roles import Role

READING = frozenset((Operation.READ, Operation.HISTORY))
LISTENING = READING | {Operation.SUBSCRIBE}

MAY_BE_GRANTED: Mapping[Role, frozenset[Operation]] = {
    Role.STAFF: LISTENING,
    Role.OPERATOR: LISTENING,
    Role.PARTNER: LISTENING,
    Role.SERVICE: frozenset(Operation),
    Role.ANONYMOUS: READING,
}
"""Operations for which a grant counts; what else it says, it says to other roles."""


def rights_of(
    role: Role,
    grants: Iterable[Grant],
    marks: Marks = NO_MARKS,
    own_entities: Iterable[str] = (),
    floors: Floors = NO_FLOORS,
) -> Rights | None:
    """Put together what a role brings and what was granted; None: the whole tenant, for an administrator.

    `own_entities`: ids of the entities of the devices that the principal's organisation owns, which operators
    read.
    """
    if role is Role.ADMINISTRATOR:
        return None
    return Rights([*_brought(role, own_entities), *_counting(role, grants)], marks, floors)


def _brought(role: Role, own_entities: Iterable[str]) -> list[Grant]:
    if role is Role.STAFF:
        return [Grant(id=0, operations=READING)]
    own = frozenset(own_entities)
    return [Grant(id=0, operations=READING, entities=own)] if role is Role.OPERATOR and own else []


def _counting(role: Role, grants: Iterable[Grant]) -> Iterable[Grant]:
    allowed = MAY_BE_GRANTED[role]
    for grant in grants:
        if grant.operations <= allowed:
            yield grant
        elif grant.operations & allowed:
            yield grant.only(grant.operations & allowed)
