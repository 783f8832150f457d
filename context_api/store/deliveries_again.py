"""What a partner does about deliveries: replay dead letters, catch up after an outage, pause and resume.

Notifications that are sent again are marked `replayed`: they are exempt from the order of their entity, and
throttling leaves them alone. Those of a change that was notified before carry the same notification id.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from context_api.matching import SubscriptionIndex
from context_api.ngsild.changes import Outcome, Trigger
from context_api.ngsild.errors import BadRequestData, Conflict
from context_api.ngsild.model import Entity, Instance, Micros
from context_api.ngsild.subscription import Subscription
from context_api.ngsild.transition import Touched, Transition
from context_api.store.access import Access
from context_api.store.audit import record_on_subscription
from context_api.store.batch import EPOCH_LOCK
from context_api.store.changes import wait_settled
from context_api.store.codec import CommittedChange
from context_api.store.database import Database
from context_api.store.owners import Sight
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries

_SQL = load_queries("partner")
_REPLAY_BITE = 1_000
_PAGE = 500
SCAN_MAX = 5_000
"""So many changes one call looks at."""
MATCH_MAX = 1_000
"""So many notifications one call makes, about."""
_LOOK_BACK_DAYS = 60
"""Longer than changes are kept."""
_SETTLE_S = 2.0
"""So long a catch-up waits for transactions that had begun before it."""
_CURSOR = re.compile(r"(\d{8})\.(\d{1,18})\.(\d{1,18})\.(\d{1,18})(?:\.(\d{1,18}))?")

_Transaction = Connection[TupleRow]


class CaughtUp(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of a catch-up did; `cursor` goes on with it, None where it is complete."""

    scanned: int
    queued: int
    cursor: str | None


class _Position(msgspec.Struct, frozen=True):
    """Where a catch-up is: within a day after a sequence. Each day begins after `start`, from `since` on.

    It ends at `until` on every day: all up to there was settled when it began (0: it has not begun). What has
    a later number is matched as it commits.
    """

    day: date
    after: int
    start: int
    since: Micros
    until: int = 0


def replay_dead_letters(database: Database, key: int, ids: Sequence[int] | None = None) -> int:
    """Send these dead letters again, or all of them (None); returns how many.

    Those of which nothing is kept any more stay as they are.
    """
    total = after = 0
    while True:
        taken, last = _replay(database, key, ids, after)
        total += taken
        if last is None:
            return total
        after = last


def _replay(database: Database, key: int, ids: Sequence[int] | None, after: int) -> tuple[int, int | None]:
    """Replay a bite; gives how many, and the last id looked at, None where there are no more."""
    with database.transaction() as connection:
        values = {
            "subscription_key": key,
            "ids": None if ids is None else list(ids),
            "after": after,
            "limit": _REPLAY_BITE,
        }
        found = connection.execute(_SQL["find_dead_letters"], values).fetchall()
        if not found:
            return 0, None
        # Queues before rows before counters, as whoever settles does
        _queue(connection, key, {row[2] for row in found})
        columns = {"days": [row[0] for row in found], "ids": [row[1] for row in found]}
        count = connection.execute(_SQL["revive"], columns).rowcount
        connection.execute(_SQL["uncount_dead"], {"subscription_key": key, "count": count})
        _wake(connection, key)
        record_on_subscription(connection, key, "replay", "dead-letter", after={"count": count})
    return count, found[-1][1] if len(found) == _REPLAY_BITE else None


def begin_at_time(since: Micros) -> str:
    """Give the cursor of a catch-up from a time on."""
    day = datetime.fromtimestamp(since / 1e6, UTC).date()
    return _write_cursor(_Position(day, 0, 0, since))


def begin_after(sequence: int) -> str:
    """Give the cursor of a catch-up of what came after a sequence number."""
    return _write_cursor(_Position(date(1970, 1, 1), sequence, sequence, 0))


def catch_up(
    database: Database,
    access: Access,
    key: int,
    subscription: Subscription,
    cursor: str,
    *,
    decode: Callable[[bytes], CommittedChange],
    now: Micros,
    waiting_limit: int,
    sight: Sight | None = None,
) -> CaughtUp:
    """Match kept changes against a subscription anew and queue what matches; one bounded step.

    `sight` is what the subscription's owner sees; None: everything.

    Changes of before the subscription, or of while it was paused, are among them. Nothing is done yet where a
    transaction has not ended: its change may have a number between others. Raises BadRequestData for a wrong
    cursor, Conflict where the subscription cannot take any now.
    """
    position = _begin(database, _read_cursor(cursor))
    if position is None:
        return CaughtUp(scanned=0, queued=0, cursor=cursor)
    index = SubscriptionIndex([(key, subscription)], {} if sight is None else {key: sight})
    scanned = queued = 0
    with database.transaction() as connection:
        waiting = connection.execute(_SQL["count_waiting"], {"subscription_key": key}).fetchone()
        if waiting is None or waiting[0] >= waiting_limit:
            raise Conflict("so many notifications wait already that no more can be added: try again later")
        days = _get_days(connection, position.day)
    for day in days:
        if day != position.day:
            position = msgspec.structs.replace(position, day=day, after=position.start)
        while True:
            with database.transaction() as connection:
                page = _get_page(connection, access, position)
                matched = _match(index, page, decode, now)
                queued += _insert(connection, access, key, position.day, matched)
            scanned += len(page)
            if page:
                position = msgspec.structs.replace(position, after=page[-1][0])
            if scanned >= SCAN_MAX or queued >= MATCH_MAX:
                return CaughtUp(scanned=scanned, queued=queued, cursor=_write_cursor(position))
            if len(page) < _PAGE:
                break
    return CaughtUp(scanned=scanned, queued=queued, cursor=None)


def pause(database: Database, access: Access, key: int, reason: str) -> None:
    """No change that commits after this returns is matched, what waits is kept until it is too old."""
    _switch(database, access, key, "pause", reason)


def resume(database: Database, access: Access, key: int) -> None:
    """Every change that commits after this returns is matched, and what waits is sent."""
    _switch(database, access, key, "resume", None)


def set_waiting_limit(database: Database, key: int, limit: int | None) -> None:
    """Let so many notifications wait, at most as many as the installation allows; None: as many."""
    with database.transaction() as connection:
        connection.execute(_SQL["set_waiting_limit"], {"subscription_key": key, "limit": limit})
        record_on_subscription(connection, key, "change", "subscription", after={"waitingLimit": limit})


def _switch(database: Database, access: Access, key: int, block: str, reason: str | None) -> None:
    with database.transaction() as connection:
        # Writers share this lock until they commit (see subscriptions.py): it comes before any row
        connection.execute(_SQL["lock_epoch"], {"lock": EPOCH_LOCK, "tenant_id": access.tenant_id})
        connection.execute(_SQL[block], {"subscription_key": key, "reason": reason})
        connection.execute(_SQL["bump_epoch"], {"tenant_id": access.tenant_id})
        record_on_subscription(connection, key, block, "subscription", after={"reason": reason})
        if block == "resume":
            connection.execute(_SQL["wake_queues"], {"subscription_key": key})
            _wake(connection, key)


def _queue(connection: _Transaction, key: int, entity_ids: set[str]) -> None:
    connection.execute(_SQL["queue_again"], {"subscription_key": key, "entity_ids": sorted(entity_ids)})


def _wake(connection: _Transaction, key: int) -> None:
    """Who asks for something to be sent says that the endpoint is well: it is tried at once."""
    connection.execute(_SQL["try_endpoint"], {"subscription_key": key})
    connection.execute("select pg_notify('machi_outbox', '')")


def _begin(database: Database, position: _Position) -> _Position | None:
    """Find out how far to go; None where that is not settled yet."""
    if position.until:
        return position
    until = wait_settled(database, _SETTLE_S)
    return None if until is None else msgspec.structs.replace(position, until=until)


def _get_days(connection: _Transaction, first: date) -> list[date]:
    earliest = datetime.now(UTC).date() - timedelta(days=_LOOK_BACK_DAYS)
    rows = connection.execute(_SQL["get_change_days"], {"first": max(first, earliest)})
    return [row[0] for row in rows]


def _get_page(connection: _Transaction, access: Access, position: _Position) -> list[TupleRow]:
    values = {
        "day": position.day,
        "after": position.after,
        "until": position.until,
        "tenant_id": access.tenant_id,
        "since": pack_time(position.since),
        "limit": _PAGE,
    }
    return connection.execute(_SQL["get_changes"], values).fetchall()


def _match(
    index: SubscriptionIndex,
    page: Sequence[TupleRow],
    decode: Callable[[bytes], CommittedChange],
    now: Micros,
) -> list[tuple[str, int, int]]:
    """Give (entity, sequence, trigger) of those changes that match."""
    found: list[tuple[str, int, int]] = []
    for seq, entity_id, trigger, at, document in page:
        change = decode(document)
        before, transition = restore_transition(change, Trigger(trigger), at)
        matches = index.match(before, transition.after, transition, now)
        found += [(entity_id, seq, int(match.trigger)) for match in matches]
    return found


def restore_transition(
    change: CommittedChange, trigger: Trigger, at: Micros
) -> tuple[Entity | None, Transition]:
    """Give the change as the write path saw it, as far as its row tells.

    An attribute counts as created where its createdAt is the time it was written at: that of the change, or
    of the arrival of a reading that carries none.
    """
    touched = [
        Touched(name, dataset_id, former, None)
        for name, instances in change.former.items()
        for dataset_id, former in instances.items()
        if _find(change.entity, name, dataset_id) is None
    ]
    for name, instances in change.entity.attributes.items():
        for one in instances:
            if one.modified_at == at or (name, one.dataset_id) in change.arrived:
                former = None if one.created_at == one.modified_at else one
                is_change = (name, one.dataset_id) not in change.same
                touched.append(Touched(name, one.dataset_id, former, one, is_change))
    if change.deleted_at is None:
        return None, Transition(change.entity, Outcome(), touched, trigger)
    before = msgspec.structs.replace(
        change.entity, attributes={name: list(each.values()) for name, each in change.former.items()}
    )
    return before, Transition(None, Outcome(), touched, trigger)


def _find(entity: Entity, name: str, dataset_id: str) -> Instance | None:
    for one in entity.attributes.get(name, ()):
        if one.dataset_id == dataset_id:
            return one
    return None


def _insert(
    connection: _Transaction, access: Access, key: int, day: date, matched: Sequence[tuple[str, int, int]]
) -> int:
    if not matched:
        return 0
    _queue(connection, key, {entity_id for entity_id, _, _ in matched})
    row = connection.execute(
        _SQL["insert_caught_up"],
        {
            "tenant_id": access.tenant_id,
            "subscription_key": key,
            "day": day,
            "entity_ids": [one[0] for one in matched],
            "seqs": [one[1] for one in matched],
            "triggers": [one[2] for one in matched],
        },
    ).fetchone()
    count: int = row[0] if row is not None else 0
    connection.execute(_SQL["count_caught_up"], {"subscription_key": key, "count": count})
    _wake(connection, key)
    return count


def _write_cursor(position: _Position) -> str:
    parts = (position.after, position.start, position.since, position.until)
    return f"{position.day:%Y%m%d}." + ".".join(str(part) for part in parts)


def _read_cursor(text: str) -> _Position:
    found = _CURSOR.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day = datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise BadRequestData("the cursor is not one that an answer gave") from None
    return _Position(day, int(found[2]), int(found[3]), int(found[4]), int(found[5] or 0))
