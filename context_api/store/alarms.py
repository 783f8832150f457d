"""Alarm rules in the database, and where each entity stands with them.

A rule is fed by a subscription of its own (`ngsild.alert`), so that no value is missed and those of one
entity come in order. What a step brings about is written like any other change: first the Alert, then the
state, so that a process that dies between the two does it again and nobody misses it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from context_api.ngsild.alarm import ALERT_PREFIX, AlarmRule, AlarmState, Phase, Step, observe, tick
from context_api.ngsild.alert import alert_entity, feeding_subscription, subscription_id
from context_api.ngsild.changes import UpsertEntity
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import AlreadyExists, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.database import Database
from context_api.store.owners import narrowed, owner_of
from context_api.store.packing import pack_time
from context_api.store.queries import load_queries
from context_api.store.store import Store, system_clock

_SQL = load_queries("alarms")
_DUE_MAX = 100
PRINCIPAL = "alarms"

Transit = Callable[[AlarmRule, AlarmState], tuple[AlarmState, Step]]


class StoredRule(NamedTuple):
    """A rule and when it was made and changed."""

    rule: AlarmRule
    created_at: datetime
    modified_at: datetime


class EntityAlarm(NamedTuple):
    """Where an entity stands with a rule."""

    entity_id: str
    phase: str
    since: datetime
    value: float | None
    at: datetime


class Observed(NamedTuple):
    """A value that a rule's subscription told of; without a value it is gone."""

    entity_id: str
    value: float | None
    at: Micros
    location: Any = None


class _Place(NamedTuple):
    tenant_id: int
    rule_id: str
    entity_id: str


class Alarms:
    """The alarm rules of all tenants. Threads may share it."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def put(self, access: Access, rule: AlarmRule, context: Context) -> bool:
        """Make or replace a rule; gives whether it is new. Values from now on are held against it.

        The subscription comes first: without its rule it does nothing, and the next attempt finds it.
        Raises BadRequestData, and AlreadyExists where a rule of somebody else has the id.
        """
        subscription = feeding_subscription(rule, context, access.tenant, system_clock())
        try:
            self._store.create_subscription(access, subscription, context.source)
        except AlreadyExists:
            try:
                self._store.update_subscription(
                    access, subscription.id, lambda _: subscription, is_active=rule.is_active
                )
            except ResourceNotFound:
                raise AlreadyExists(f"another organisation has an alarm rule {rule.id!r:.80}") from None
        owner = owner_of(access)
        values = {
            **_one(access, rule.id),
            "document": Jsonb(_document(rule)),
            "owner": owner.organisation,
            "role": owner.role,
        }
        with self._database.transaction() as connection:
            row = connection.execute(_SQL["put_rule"], values).fetchone()
            if row is None:
                raise AlreadyExists(f"another organisation has an alarm rule {rule.id!r:.80}")
            if not rule.is_active:
                connection.execute(_SQL["forget_pending"], {"tenant_id": access.tenant_id, "id": rule.id})
            record_act(connection, access, "put", "alarm-rule", rule.id, after=_document(rule))
        return bool(row[0])

    def switch(self, access: Access, rule_id: str, *, is_active: bool) -> None:
        """Let a rule rest, or use it again; its names keep their @context. Raises ResourceNotFound."""
        self._store.update_subscription(
            access,
            subscription_id(rule_id),
            lambda one: msgspec.structs.replace(one, is_active=is_active),
            is_active=is_active,
        )
        values = {**_one(access, rule_id), "is_active": is_active}
        with self._database.transaction() as connection:
            if not connection.execute(_SQL["switch_rule"], values).rowcount:
                raise _absent(rule_id)
            if not is_active:
                connection.execute(_SQL["forget_pending"], values)
            record_act(connection, access, "change", "alarm-rule", rule_id, after={"isActive": is_active})

    def get(self, access: Access, rule_id: str) -> StoredRule:
        """Give a rule. Raises ResourceNotFound."""
        with self._database.connection() as connection:
            row = connection.execute(_SQL["get_rule"], _one(access, rule_id)).fetchone()
        if row is None:
            raise _absent(rule_id)
        return _stored(row)

    def list_all(self, access: Access, *, after: str = "", limit: int = 100) -> list[StoredRule]:
        """Give the rules of a tenant by id, after the id `after`."""
        values = {"tenant_id": access.tenant_id, "after": after, "limit": limit, **narrowed(access)}
        with self._database.connection() as connection:
            return [_stored(row) for row in connection.execute(_SQL["list_rules"], values)]

    def delete(self, access: Access, rule_id: str) -> None:
        """Remove a rule and what is known of its entities; its Alerts stay. Raises ResourceNotFound."""
        with self._database.transaction() as connection:
            deleted = connection.execute(_SQL["delete_rule"], _one(access, rule_id))
            if deleted.rowcount:
                record_act(connection, access, "delete", "alarm-rule", rule_id)
        try:
            self._store.delete_subscription(access, subscription_id(rule_id))
        except ResourceNotFound:
            if not deleted.rowcount:
                raise _absent(rule_id) from None

    def list_states(
        self, access: Access, rule_id: str, phase: Phase | None, after: str, limit: int
    ) -> list[EntityAlarm]:
        """Say where the entities of a rule stand, by their ids, after the id `after`."""
        values = {
            "tenant_id": access.tenant_id,
            "rule_id": rule_id,
            "phase": None if phase is None else str(phase),
            "after": after,
            "limit": limit,
        }
        with self._database.connection() as connection:
            return [EntityAlarm(*row) for row in connection.execute(_SQL["list_states"], values)]

    def observe(self, tenant: str, rule_id: str, observed: Observed) -> Step:
        """Hold a value against a rule and write the Alert that comes of it. A repeat changes nothing."""
        if observed.entity_id.startswith(ALERT_PREFIX):
            return Step.NONE
        access = self._store.tenant(tenant, principal=PRINCIPAL)
        place = _Place(access.tenant_id, rule_id, observed.entity_id)

        def transit(rule: AlarmRule, state: AlarmState) -> tuple[AlarmState, Step]:
            if not rule.is_active:
                return _at_rest(state), Step.NONE
            if observed.value is not None:
                return observe(rule, state, observed.value, observed.at)
            gone = AlarmState(Phase.NORMAL, observed.at, None, observed.at)
            return gone, Step.RECOVER if state.phase is Phase.RAISED else Step.NONE

        with self._database.transaction() as connection:
            return self._step(connection, access, place, transit, observed.location)

    def raise_due(self) -> int:
        """Raise what has held long enough; returns how many. Others may do it at the same time."""
        now = system_clock()
        raised = 0
        with self._database.transaction() as connection:
            due = connection.execute(_SQL["take_due"], {"now": pack_time(now), "limit": _DUE_MAX}).fetchall()
            for tenant, tenant_id, rule_id, entity_id in due:
                access = Access(tenant, tenant_id, PRINCIPAL)
                place = _Place(tenant_id, rule_id, entity_id)
                step = self._step(connection, access, place, partial(_tick, now=now), None)
                raised += step is Step.RAISE
        return raised

    def _step(
        self,
        connection: Connection[TupleRow],
        access: Access,
        place: _Place,
        transit: Transit,
        location: Any,
    ) -> Step:
        found = connection.execute(
            _SQL["get_rule"], {"tenant_id": place.tenant_id, "id": place.rule_id, "organisation": None}
        ).fetchone()
        if found is None:
            return Step.NONE
        rule = _stored(found).rule
        connection.execute(_SQL["make_state"], place._asdict())
        row = connection.execute(_SQL["lock_state"], place._asdict()).fetchone()
        if row is None:
            return Step.NONE
        former = AlarmState(Phase(row[0]), _micros(row[1]), row[2], _micros(row[3]))
        location = location if location is not None else row[4]
        state, step = transit(rule, former)
        if step is not Step.NONE:
            entity = alert_entity(rule, place.entity_id, state, step, location, system_clock())
            self._store.apply(access, [UpsertEntity(entity_id=entity.id, entity=entity)])
        due_at = state.due_at(rule)
        connection.execute(
            _SQL["save_state"],
            {
                **place._asdict(),
                "phase": str(state.phase),
                "since": pack_time(state.since),
                "value": state.value,
                "at": pack_time(state.at),
                "location": None if location is None else Jsonb(location),
                "due_at": None if due_at is None else pack_time(due_at),
            },
        )
        return step


def _one(access: Access, rule_id: str) -> dict[str, object]:
    return {"tenant_id": access.tenant_id, "id": rule_id, **narrowed(access)}


def _tick(rule: AlarmRule, state: AlarmState, *, now: Micros) -> tuple[AlarmState, Step]:
    return tick(rule, state, now) if rule.is_active else (_at_rest(state), Step.NONE)


def _at_rest(state: AlarmState) -> AlarmState:
    """Where an entity stands with a rule that is not active: what was pending has not held."""
    return msgspec.structs.replace(state, phase=Phase.NORMAL) if state.phase is Phase.PENDING else state


def _document(rule: AlarmRule) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(rule)
    return {name: value for name, value in document.items() if value not in (None, [], ())}


def _stored(row: TupleRow) -> StoredRule:
    return StoredRule(msgspec.convert(row[0], AlarmRule), row[1], row[2])


def _micros(moment: datetime) -> Micros:
    return round(moment.timestamp() * 1e6)


def _absent(rule_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"there is no alarm rule {rule_id!r:.80}")
