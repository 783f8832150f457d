"""The store's face: every call takes an `Access`, every write is one transaction (`batch.Batch`)."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from psycopg.errors import UniqueViolation

from context_api.ngsild.changes import Change, DeleteEntity, Outcome
from context_api.ngsild.errors import BadRequestData, Conflict
from context_api.ngsild.model import Entity, Iri, Micros
from context_api.ngsild.query import EntityQuery, TemporalQuery
from context_api.ngsild.registration_matching import RegistrationQuery, held_queries
from context_api.ngsild.registration_model import Registration
from context_api.ngsild.subscription import Subscription
from context_api.store import (
    counters,
    discovery,
    housekeeping,
    names,
    reading,
    registrations,
    subscriptions,
    temporal,
)
from context_api.store.access import Access
from context_api.store.audit import record_acts
from context_api.store.backfill import BackfillOutcome, HistorySeries, HistoryValue, backfill, slices
from context_api.store.batch import Batch, Clock, Shared
from context_api.store.bridge_seats import Tenure
from context_api.store.codec import CommittedChange, decode_change
from context_api.store.counters import DeviceCounters, QuarantinedMessage
from context_api.store.database import Database
from context_api.store.deliveries_in import Delivery, DeliveryOutcome, QuarantineReason
from context_api.store.discovery import AttributeInfo, TypeInfo
from context_api.store.errors import StoreConflict, StoreRefused, StoreUnavailable
from context_api.store.indexes import IndexCache
from context_api.store.ingesting import ingest_batch
from context_api.store.querying import Querying
from context_api.store.reading import Page
from context_api.store.registrations import StoredRegistration
from context_api.store.series import SeriesCache
from context_api.store.states import EntityCache
from context_api.store.subscriptions import StoredSubscription
from context_api.store.temporal import DEFAULT_INSTANCES, TemporalPage
from context_api.store.temporal_store import TemporalOperations
from context_api.store.tenants import Tenants
from context_api.store.terms import Terms, TermsMissing

MAX_ATTEMPTS = 10
MAX_LESSONS = 50
"""So often one call may come upon terms it has not seen; each time it has learnt all it could find."""

_Result = TypeVar("_Result")


def system_clock() -> Micros:
    """Give the present time."""
    return time.time_ns() // 1000


class Store(TemporalOperations):
    """Reads and writes of the context. Safe to use from many threads; one call uses one connection."""

    def __init__(self, database: Database, *, clock: Clock = system_clock) -> None:
        terms = Terms(database)
        self._database = database
        self._tenants = Tenants(database)
        self._querying = Querying(database, terms)
        self._shared = Shared(terms, SeriesCache(), EntityCache(), IndexCache(), clock)

    # Tenants

    def tenant(self, name: str, *, create: bool = False, principal: str = "system") -> Access:
        """Open a tenant. Raises NonexistentTenant unless it exists or `create` is set."""
        return Access(name, self._tenants.find(name, create=create), principal)

    # Writes

    def apply(self, access: Access, changes: Sequence[Change], *, verb: str | None = None) -> list[Outcome]:
        """Apply changes in one transaction, as if one by one in order; one outcome each.

        Deletions of entities are recorded in the audit trail, and with a `verb` whatever the changes are.
        A change that NGSI-LD or the database refuses fails alone, in its outcome. Raises StoreUnavailable,
        StoreFault: then nothing of the call is known to be written.
        """
        if not changes:
            return []
        try:
            return self._write(access, changes, lambda batch: self._apply_batch(batch, changes, verb))
        except StoreRefused as error:
            if len(changes) == 1:
                return [Outcome(error=BadRequestData(str(error)))]
        middle = len(changes) // 2
        return self.apply(access, changes[:middle], verb=verb) + self.apply(
            access, changes[middle:], verb=verb
        )

    def transact(
        self, access: Access, changes: Sequence[Change], work: Callable[[Batch], _Result]
    ) -> _Result:
        """Run `work`, which begins and commits the batch, where more than entities is written with them.

        It may run again after a conflict. `changes` are those that it may apply: their names are learnt.
        Raises StoreUnavailable, StoreFault, StoreRefused: then nothing is known to be written.
        """
        return self._write(access, changes, work)

    def backfill(
        self, access: Access, series: Sequence[HistorySeries], values: Iterable[HistoryValue]
    ) -> BackfillOutcome:
        """Load observed values into history alone, some tens of thousands per transaction; see `backfill`.

        Raises StoreUnavailable, StoreFault, and StoreRefused for a value that cannot be stored: what was
        loaded before is kept, and a repetition finds duplicates there.
        """
        outcome = BackfillOutcome()
        for taken in slices(iter(values)):
            load = partial(backfill, terms=self._shared.terms, series=series, values=taken)
            outcome += self._write(access, (), load)
        return outcome

    def ingest(
        self, access: Access, deliveries: Sequence[Delivery], tenure: Tenure | None = None
    ) -> list[DeliveryOutcome]:
        """Store messages in one transaction, with counters, quarantine and receipts; one outcome each.

        A message that the database refuses is quarantined alone. Raises StoreUnavailable, StoreFault: then
        nothing may be acknowledged. `tenure`: whose session the receipts are of; raises SeatLost (a
        StoreUnavailable) when another bridge has taken it.
        """
        if not deliveries:
            return []
        changes = [reading for delivery in deliveries for reading in delivery.readings]
        try:
            return self._write(access, changes, lambda batch: ingest_batch(batch, deliveries, tenure))
        except StoreRefused as error:
            if len(deliveries) == 1:
                return self.ingest(access, [_refused(deliveries[0], error)], tenure)
        middle = len(deliveries) // 2
        return self.ingest(access, deliveries[:middle], tenure) + self.ingest(
            access, deliveries[middle:], tenure
        )

    def expire_entities(self, limit: int = 500) -> int:
        """Remove entities past their expiresAt, for history and subscribers too; returns how many."""
        found = housekeeping.find_expired(self._database, self._shared.clock(), limit)
        count = 0
        for (tenant_id, tenant), ids in found.items():
            access = Access(tenant, tenant_id, "expiry")
            count += self._write(access, (), lambda batch, ids=ids: _expire_batch(batch, ids))  # type: ignore[misc]
        return count

    def delete_tombstones(self, older_than_s: float, limit: int = 10_000) -> int:
        """Forget deletions that are older; returns how many (0: done)."""
        return housekeeping.delete_tombstones(self._database, self._before(older_than_s), limit)

    def delete_receipts(self, older_than_s: float, limit: int = 10_000) -> int:
        """Forget receipts that are older; returns how many (0: done)."""
        return housekeeping.delete_receipts(self._database, self._before(older_than_s), limit)

    # Reads of the present

    def get_entities(self, access: Access, ids: Sequence[str]) -> dict[str, Entity]:
        """Give those of the entities that exist, by id."""
        return self._read(
            lambda: reading.get_entities(
                self._database, self._shared.terms, access, ids, self._shared.clock()
            )
        )

    def query_entities(self, access: Access, query: EntityQuery) -> Page:
        """Answer a query by one page. Raises BadRequestData, TooComplexQuery, StoreTimeout."""
        return self._read(lambda: self._querying.query_entities(access, query, self._shared.clock()))

    def get_types(self, access: Access) -> list[Iri]:
        """Give the types of which there are entities, sorted."""
        return self._discover(discovery.get_types, access)

    def get_attributes(self, access: Access) -> list[Iri]:
        """Give the attributes that entities have, sorted."""
        return self._discover(discovery.get_attributes, access)

    def get_type_attributes(self, access: Access) -> list[tuple[Iri, Iri]]:
        """Give the (type, attribute) pairs that entities have, sorted."""
        return self._discover(discovery.get_pairs, access)

    def describe_type(self, access: Access, type_: Iri) -> TypeInfo | None:
        """Describe a type; None where no entity is of it."""
        return self._discover(discovery.describe_type, access, type_)

    def describe_attribute(self, access: Access, attribute: Iri) -> AttributeInfo | None:
        """Describe an attribute; None where no entity has it."""
        return self._discover(discovery.describe_attribute, access, attribute)

    # Reads of history

    def get_temporal(
        self,
        access: Access,
        entity_id: str,
        query: TemporalQuery,
        attrs: Sequence[Iri] = (),
        *,
        limit: int = DEFAULT_INSTANCES,
    ) -> TemporalPage | None:
        """Give an entity's history, at most `limit` instances of it; None where it never had any."""
        return self._read(
            lambda: temporal.get_temporal(
                self._database, self._shared.terms, access, entity_id, query, attrs, limit
            )
        )

    # Subscriptions

    def create_subscription(self, access: Access, subscription: Subscription, context: Any) -> int:
        """Store a subscription and return its key; it counts from the return on. Raises AlreadyExists."""
        return subscriptions.create_subscription(
            self._database, access, subscription, context, self._shared.clock()
        )

    def get_subscription(self, access: Access, subscription_id: str) -> StoredSubscription:
        """Raises ResourceNotFound."""
        return subscriptions.get_subscription(self._database, access, subscription_id)

    def is_sending(self, key: int) -> bool:
        """Whether notifications of a subscription are under way at this moment."""
        return subscriptions.is_sending(self._database, key)

    def list_subscriptions(
        self, access: Access, *, limit: int = 20, offset: int = 0
    ) -> tuple[list[StoredSubscription], int]:
        """Give a page in the order of creation, and how many there are in all."""
        return subscriptions.list_subscriptions(self._database, access, limit=limit, offset=offset)

    def update_subscription(
        self,
        access: Access,
        subscription_id: str,
        change: Callable[[Subscription], Subscription],
        *,
        is_active: bool | None = None,
    ) -> None:
        """Change a subscription under the epoch rule. Raises ResourceNotFound and what `change` raises."""
        subscriptions.update_subscription(
            self._database, access, subscription_id, change, self._shared.clock(), is_active=is_active
        )

    def delete_subscription(self, access: Access, subscription_id: str) -> None:
        """Raises ResourceNotFound."""
        subscriptions.delete_subscription(self._database, access, subscription_id)

    # Context source registrations

    def create_registration(self, access: Access, registration: Registration) -> None:
        """Store a registration. Raises AlreadyExists, Conflict."""
        registrations.create_registration(
            self._database,
            access,
            registration,
            lambda one: self._check_held(access, one),
            self._shared.clock(),
        )

    def update_registration(
        self, access: Access, registration_id: str, change: Callable[[Registration], Registration]
    ) -> None:
        """Let `change` make another registration of what there is. Raises ResourceNotFound, Conflict."""
        registrations.update_registration(
            self._database,
            access,
            registration_id,
            change,
            lambda one: self._check_held(access, one),
            self._shared.clock(),
        )

    def get_registration(self, access: Access, registration_id: str) -> StoredRegistration:
        """Raises ResourceNotFound."""
        return registrations.get_registration(self._database, access, registration_id, self._shared.clock())

    def query_registrations(self, access: Access, query: RegistrationQuery) -> list[StoredRegistration]:
        """Give the registrations that match, in the order of creation."""
        return registrations.query_registrations(self._database, access, query, self._shared.clock())

    def delete_registration(self, access: Access, registration_id: str) -> None:
        """Raises ResourceNotFound."""
        registrations.delete_registration(self._database, access, registration_id, self._shared.clock())

    def _check_held(self, access: Access, registration: Registration) -> None:
        """Raises Conflict where an entity here is what a source is to hold alone (clause 5.9.2.4)."""
        for query in held_queries(registration):
            found = self.query_entities(access, query).items
            if found:
                raise Conflict(f"the entity {found[0].id} is held here and matches the registration")

    def decode_change(self, document: bytes) -> CommittedChange:
        """Read the document of a change row in expanded names."""
        return self._read(lambda: decode_change(self._shared.terms, document))

    # Operators

    def get_device_counters(self, access: Access, device_id: str | None = None) -> list[DeviceCounters]:
        """Give the counters of one device, or of all of the tenant, by id."""
        return counters.get_device_counters(self._database, access, device_id)

    def list_quarantine(
        self, access: Access, *, limit: int = 100, before: int | None = None, device_id: str | None = None
    ) -> list[QuarantinedMessage]:
        """Give the newest quarantined messages; `before` an id continues a list."""
        return counters.list_quarantine(
            self._database, access, limit=limit, before=before, device_id=device_id
        )

    # How

    def _apply_batch(self, batch: Batch, changes: Sequence[Change], verb: str | None) -> list[Outcome]:
        batch.begin([change.entity_id for change in changes], len(changes))
        acts = [index for index, one in enumerate(changes) if verb or isinstance(one, DeleteEntity)]
        former = batch.current(changes[acts[0]].entity_id) if len(acts) == 1 else None
        outcomes = batch.apply(changes, [batch.access.principal] * len(changes))
        if acts:
            done = [changes[index].entity_id for index in acts if outcomes[index].error is None]
            _record_at_commit(batch, verb or "delete", done, former)
        batch.commit()
        return outcomes

    def _write(self, access: Access, changes: Sequence[Change], work: Callable[[Batch], _Result]) -> _Result:
        """Run a transaction; repeat it after a conflict, and after learning terms it did not know."""
        conflicts = lessons = 0
        while True:
            try:
                return self._attempt(access, work)
            except TermsMissing as missing:
                lessons += 1
                if lessons > MAX_LESSONS:
                    raise
                self._shared.terms.learn(
                    TermsMissing(iris=missing.iris | names.names_of(changes), keys=missing.keys)
                )
            except StoreConflict as error:
                conflicts += 1
                if conflicts >= MAX_ATTEMPTS:
                    raise StoreUnavailable(
                        f"Still in conflict after {conflicts} attempts: {error}"
                    ) from error
                time.sleep(random.uniform(0.001, 0.01) * conflicts)  # noqa: S311 - spreads retries, no secret
            except StoreUnavailable:
                self._shared.forget()
                raise

    def _attempt(self, access: Access, work: Callable[[Batch], _Result]) -> _Result:
        with self._database.connection() as connection:
            batch = Batch(self._shared, access, connection)
            try:
                return work(batch)
            except UniqueViolation as error:
                # Rows are made under locks that keep them single: the next look sees what made this one.
                batch.roll_back()
                self._shared.forget()
                raise StoreConflict(str(error), sqlstate=error.sqlstate) from error
            except BaseException:
                batch.roll_back()
                raise

    def _discover(self, ask: Callable[..., _Result], access: Access, *names: Iri) -> _Result:
        return self._read(
            lambda: ask(self._database, self._shared.terms, access, *names, self._shared.clock())
        )

    def _read(self, work: Callable[[], _Result]) -> _Result:
        """Run a read; repeat it after learning terms it did not know."""
        for _ in range(MAX_LESSONS):
            try:
                return work()
            except TermsMissing as missing:
                self._shared.terms.learn(missing)
        return work()

    def _before(self, older_than_s: float) -> Micros:
        return self._shared.clock() - int(older_than_s * 1_000_000)


def _record_at_commit(batch: Batch, verb: str, ids: Sequence[str], former: Entity | None) -> None:
    """Record what was done to entities: of a single one, its types and the names of what it had."""
    if not ids:
        return
    before = None if former is None else {"types": former.types, "attributes": sorted(former.attributes)}
    note = partial(record_acts, access=batch.access, verb=verb, kind="entity")
    batch.at_commit(partial(note, targets=ids, before=before))


def _expire_batch(batch: Batch, ids: Sequence[str]) -> int:
    batch.begin(ids, 0)
    count = batch.expire()
    batch.commit()
    return count


def _refused(delivery: Delivery, error: StoreRefused) -> Delivery:
    """Give the message that the database would not take as one to be put aside."""
    return Delivery(
        device_id=delivery.device_id,
        topic=delivery.topic,
        payload=delivery.payload,
        arrived_at=delivery.arrived_at,
        quarantine=QuarantineReason("refused", str(error)),
        values=max(
            delivery.values,
            sum(len(each) for reading in delivery.readings for each in reading.attributes.values()),
        ),
        receipt=delivery.receipt,
    )
