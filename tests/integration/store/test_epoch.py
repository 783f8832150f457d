"""A subscription counts from its answer: the epoch rule, both interleavings forced on real connections."""

import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from context_api.ngsild.errors import AlreadyExists, BadRequestData, ResourceNotFound
from context_api.ngsild.subscription import Subscription
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.store import Store
from tests.integration.store.town import PM25, ask, create, subscription, update, value

EPOCH_LOCK_CLASS = 1


def start(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_until_blocked(database: Database, mode: str) -> None:
    """Wait until a connection waits for the epoch lock in the given mode."""
    for _ in range(3_000):
        waiting = ask(
            database,
            "select count(*) from pg_locks where locktype = 'advisory' and classid = %s and mode = %s"
            " and not granted"
            " and database = (select oid from pg_database where datname = current_database())",
            EPOCH_LOCK_CLASS,
            mode,
        )
        if waiting == [(1,)]:
            return
        time.sleep(0.01)
    pytest.fail(f"nobody waits for {mode}")


def wait_until_held(database: Database) -> None:
    """Wait until a writer has the epoch lock, and has therefore read the epoch or is about to."""
    for _ in range(3_000):
        held = ask(
            database,
            "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted"
            " and database = (select oid from pg_database where datname = current_database())",
        )
        if held == [(1,)]:
            return
        time.sleep(0.01)
    pytest.fail("nobody holds the epoch lock")


def matched(database: Database) -> int:
    return int(ask(database, "select coalesce(sum(matched), 0) from subscription_counter")[0][0])


def test_a_writer_that_came_first_is_waited_for(store: Store, access: Access, database: Database) -> None:
    """The writer has read the epoch and not committed: the subscription waits, and does not count it."""
    store.apply(access, [create(1, {PM25: value(0.0)})])
    answered = threading.Event()

    def subscribe() -> None:
        store.create_subscription(access, subscription("rooms"), None)
        answered.set()

    with database.connection() as blocker:
        # Holds the entity, so that the writer stops between reading the epoch and committing.
        blocker.execute("begin")
        blocker.execute("select from entity for update")
        writer = start(lambda: store.apply(access, [update(1, {PM25: value(1.0)})]))
        wait_until_held(database)
        subscriber = start(subscribe)
        wait_until_blocked(database, "ExclusiveLock")
        assert not answered.is_set()
        blocker.execute("commit")
    writer.join(30)
    subscriber.join(30)
    assert answered.is_set()
    assert matched(database) == 0
    store.apply(access, [update(1, {PM25: value(2.0)})])
    assert matched(database) == 1


def test_a_writer_that_comes_second_sees_the_subscription(
    store: Store, access: Access, database: Database
) -> None:
    """The subscription is inserted and not committed: the writer, whose index is older, waits and reloads."""
    store.apply(access, [create(1, {PM25: value(0.0)})])  # fills the writer's index with the old epoch
    with database.connection() as subscriber:
        subscriber.execute("begin")
        subscriber.execute("select pg_advisory_xact_lock(%s, %s)", [EPOCH_LOCK_CLASS, access.tenant_id])
        writer = start(lambda: store.apply(access, [update(1, {PM25: value(1.0)})]))
        wait_until_blocked(database, "ShareLock")
        other = store.tenant("other", create=True)
        key = store.create_subscription(other, subscription("rooms"), None)
        subscriber.execute("update subscription set tenant_id = %s where key = %s", [access.tenant_id, key])
        subscriber.execute("update tenant set epoch = epoch + 1 where id = %s", [access.tenant_id])
        subscriber.execute("commit")
    writer.join(30)
    assert matched(database) == 1


def test_another_process_learns_of_a_subscription_at_once(
    store: Store, access: Access, database: Database
) -> None:
    bridge = Store(database)
    bridge.apply(access, [create(1)])
    store.create_subscription(access, subscription("rooms"), None)
    bridge.apply(access, [update(1, {PM25: value(1.0)})])
    assert matched(database) == 1
    store.delete_subscription(access, "urn:ngsi-ld:Subscription:rooms")
    bridge.apply(access, [update(1, {PM25: value(2.0)})])
    assert ask(database, "select count(*) from outbox") == [(1,)]


def test_a_writer_that_came_first_is_matched_as_the_subscription_was(
    store: Store, access: Access, database: Database
) -> None:
    """The writer has read the epoch and not committed: the update waits for it, it is matched as before."""
    store.apply(access, [create(1, {PM25: value(0.0)})])
    rooms = subscription("rooms")
    store.create_subscription(access, rooms, None)
    with database.connection() as blocker:
        blocker.execute("begin")
        blocker.execute("select from entity for update")
        writer = start(lambda: store.apply(access, [update(1, {PM25: value(1.0)})]))
        wait_until_held(database)
        updater = start(lambda: store.update_subscription(access, rooms.id, _to_other_attributes))
        wait_until_blocked(database, "ExclusiveLock")
        blocker.execute("commit")
    writer.join(30)
    updater.join(30)
    assert matched(database) == 1
    store.apply(access, [update(1, {PM25: value(2.0)})])
    assert matched(database) == 1


def test_a_writer_that_comes_second_is_matched_as_the_subscription_is_now(
    store: Store, access: Access, database: Database
) -> None:
    """The update holds the epoch and has not committed: the writer waits and matches it as it is now."""
    store.apply(access, [create(1, {PM25: value(0.0)})])
    rooms = subscription("rooms")
    store.create_subscription(access, rooms, None)
    store.apply(access, [update(1, {PM25: value(1.0)})])  # fills the writer's index with the old epoch
    entered, go_on = threading.Event(), threading.Event()

    def change(current: Subscription) -> Subscription:
        entered.set()
        assert go_on.wait(30)
        return _to_other_attributes(current)

    updater = start(lambda: store.update_subscription(access, rooms.id, change))
    assert entered.wait(30)
    writer = start(lambda: store.apply(access, [update(1, {PM25: value(2.0)})]))
    wait_until_blocked(database, "ShareLock")
    go_on.set()
    updater.join(30)
    writer.join(30)
    assert matched(database) == 1


def _to_other_attributes(current: Subscription) -> Subscription:
    return msgspec.structs.replace(current, watched_attributes=("urn:x:never",))


def test_an_update_changes_the_subscription_and_nothing_else(
    store: Store, access: Access, database: Database
) -> None:
    rooms = subscription("rooms", description="x")
    key = store.create_subscription(access, rooms, ["https://x.example/c"])
    before = store.get_subscription(access, rooms.id)
    changed = msgspec.structs.replace(rooms, expires_at=4_102_444_800_000_000)
    store.update_subscription(access, rooms.id, lambda current: changed, is_active=False)
    found = store.get_subscription(access, rooms.id)
    assert (found.key, found.subscription, found.context) == (key, changed, before.context)
    assert not found.state.is_active
    assert found.state.modified_at is not None
    assert before.state.modified_at is not None
    assert found.state.modified_at > before.state.modified_at
    assert found.state.created_at == before.state.created_at
    with pytest.raises(ResourceNotFound):
        store.update_subscription(store.tenant("other", create=True), rooms.id, lambda current: changed)

    def fail(current: Subscription) -> Subscription:
        raise BadRequestData("no")

    epoch = ask(database, "select epoch from tenant where id = %s", access.tenant_id)
    with pytest.raises(BadRequestData):
        store.update_subscription(access, rooms.id, fail)
    assert store.get_subscription(access, rooms.id) == found
    assert ask(database, "select epoch from tenant where id = %s", access.tenant_id) == epoch


def test_writers_of_another_tenant_are_not_kept_waiting(
    store: Store, access: Access, database: Database
) -> None:
    other = store.tenant("other", create=True)
    with database.connection() as subscriber:
        subscriber.execute("begin")
        subscriber.execute("select pg_advisory_xact_lock(%s, %s)", [EPOCH_LOCK_CLASS, access.tenant_id])
        (outcome,) = store.apply(other, [create(1)])
        subscriber.execute("rollback")
    assert outcome.created


def test_subscriptions_are_stored_listed_and_deleted(store: Store, access: Access) -> None:
    given = [subscription(name, description="説明") for name in ("a", "b", "c")]
    keys = [store.create_subscription(access, one, ["https://x.example/c", {"a": "urn:a"}]) for one in given]
    assert keys == sorted(keys)
    with pytest.raises(AlreadyExists):
        store.create_subscription(access, given[1], None)
    found = store.get_subscription(access, given[1].id)
    assert found.subscription == given[1]
    assert found.context == ["https://x.example/c", {"a": "urn:a"}]
    assert (found.state.is_active, found.state.times_sent, found.state.last_failure) == (True, 0, None)
    page, total = store.list_subscriptions(access, limit=2, offset=1)
    assert ([one.key for one in page], total) == (keys[1:], 3)
    store.delete_subscription(access, given[1].id)
    assert [one.key for one in store.list_subscriptions(access)[0]] == [keys[0], keys[2]]
    with pytest.raises(ResourceNotFound):
        store.get_subscription(access, given[1].id)
    with pytest.raises(ResourceNotFound):
        store.delete_subscription(access, given[1].id)
    other = store.tenant("other", create=True)
    assert store.list_subscriptions(other) == ([], 0)


def test_an_inactive_subscription_matches_nothing(store: Store, access: Access, database: Database) -> None:
    store.create_subscription(access, subscription("rooms", is_active=False), None)
    store.apply(access, [create(1)])
    assert matched(database) == 0
    assert not store.get_subscription(access, "urn:ngsi-ld:Subscription:rooms").state.is_active
