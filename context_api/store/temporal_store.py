"""History's part of the store's face."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from context_api.ngsild.changes import Change
from context_api.ngsild.errors import ResourceNotFound
from context_api.ngsild.model import Instance, Iri
from context_api.ngsild.query import EntityQuery
from context_api.ngsild.query.aggregation import Aggregation
from context_api.store import temporal_writing as writing
from context_api.store.access import Access
from context_api.store.audit import record_act
from context_api.store.batch import Batch, Shared
from context_api.store.database import Database
from context_api.store.temporal import HistoryPage, HistoryRequest, query_histories, retrieve_history
from context_api.store.temporal_aggregates import AggregatedPage, aggregate_histories, aggregate_history
from context_api.store.temporal_writing import WriteHistory

_Result = TypeVar("_Result")


class TemporalOperations(ABC):
    """Reads and writes of histories; `Store` says how reads and transactions are run."""

    _database: Database
    _shared: Shared

    @abstractmethod
    def _write(
        self, access: Access, changes: Sequence[Change], work: Callable[[Batch], _Result]
    ) -> _Result: ...

    @abstractmethod
    def _read(self, work: Callable[[], _Result]) -> _Result: ...

    # Reads

    def retrieve_history(self, access: Access, entity_id: str, request: HistoryRequest) -> HistoryPage | None:
        """Give an entity's history; None where it has none. Raises TooManyResults, StoreTimeout."""
        return self._read(
            lambda: retrieve_history(self._database, self._shared.terms, access, entity_id, request)
        )

    def query_histories(self, access: Access, query: EntityQuery, request: HistoryRequest) -> HistoryPage:
        """Answer a temporal query. Raises BadRequestData, TooComplexQuery, TooManyResults, StoreTimeout."""
        return self._read(lambda: query_histories(self._database, self._shared.terms, access, query, request))

    def aggregate_history(
        self, access: Access, entity_id: str, request: HistoryRequest, aggregation: Aggregation
    ) -> AggregatedPage | None:
        """Aggregate an entity's history. Raises BadRequestData, InvalidRequest, TooManyResults."""
        return self._read(
            lambda: aggregate_history(
                self._database, self._shared.terms, access, entity_id, request, aggregation
            )
        )

    def aggregate_histories(
        self, access: Access, query: EntityQuery, request: HistoryRequest, aggregation: Aggregation
    ) -> AggregatedPage:
        """Aggregate the histories that a query selects. Raises what both raise."""
        return self._read(
            lambda: aggregate_histories(
                self._database, self._shared.terms, access, query, request, aggregation
            )
        )

    # Writes, which leave the current state as it is and notify nobody

    def write_history(self, access: Access, change: WriteHistory) -> bool:
        """Add to a history; returns whether it began with it. Raises ResourceNotFound, BadRequestData."""
        return self._write(
            access, (change,), lambda batch: writing.write_history(batch, self._shared.terms, change)
        )

    def mark_deleted(
        self, access: Access, entity_id: str, attribute: Iri, dataset_id: str, *, delete_all: bool
    ) -> None:
        """Note that an attribute which only history knows was deleted. Raises ResourceNotFound."""
        self._write(
            access,
            (),
            lambda batch: writing.mark_deleted(
                batch, self._shared.terms, entity_id, attribute, dataset_id, delete_all=delete_all
            ),
        )

    def delete_history(self, access: Access, entity_id: str) -> None:
        """Delete all that is known of an entity's past, slice by slice. Raises ResourceNotFound."""
        self._delete_slices(
            access,
            lambda batch: writing.delete_history(batch, self._shared.terms, entity_id),
            _recorded("delete", entity_id, {}),
        )

    def delete_history_attribute(
        self, access: Access, entity_id: str, attribute: Iri, dataset_id: str | None
    ) -> None:
        """Delete an attribute from history; `dataset_id` None means all of them. Raises ResourceNotFound."""
        self._delete_slices(
            access,
            lambda batch: writing.delete_attribute(
                batch, self._shared.terms, entity_id, attribute, dataset_id
            ),
            _recorded("delete", entity_id, {"attribute": attribute, "datasetId": dataset_id}),
        )

    def delete_history_instance(
        self, access: Access, entity_id: str, attribute: Iri, instance_id: str
    ) -> None:
        """Delete one instance. Raises ResourceNotFound."""
        act = _recorded("delete", entity_id, {"attribute": attribute, "instanceId": instance_id})
        self._write(
            access,
            (),
            lambda batch: writing.delete_instance(
                act(batch), self._shared.terms, entity_id, attribute, instance_id
            ),
        )

    def modify_history_instance(
        self, access: Access, entity_id: str, attribute: Iri, instance_id: str, instance: Instance
    ) -> None:
        """Replace one instance. Raises BadRequestData, ResourceNotFound, AlreadyExists."""
        change = WriteHistory(entity_id=entity_id, attributes={attribute: [instance]})
        act = _recorded("change", entity_id, {"attribute": attribute, "instanceId": instance_id})
        self._write(
            access,
            (change,),
            lambda batch: writing.modify_instance(
                act(batch), self._shared.terms, entity_id, attribute, instance_id, instance
            ),
        )

    def _delete_slices(
        self, access: Access, delete: Callable[[Batch], int], act: Callable[[Batch], Batch]
    ) -> None:
        """Delete in transactions of bounded size; that nothing is left is an error for the first one only.

        The first one records the act, whatever else of the same is still to go.
        """
        deleted = self._write(access, (), lambda batch: delete(act(batch)))
        while deleted >= writing.DELETED_AT_A_TIME:
            try:
                deleted = self._write(access, (), delete)
            except ResourceNotFound:
                return


def _recorded(verb: str, entity_id: str, what: dict[str, object]) -> Callable[[Batch], Batch]:
    """Give what notes, at the commit of a batch, an act on a history in the audit trail."""

    def act(batch: Batch) -> Batch:
        note = partial(record_act, access=batch.access, verb=verb, kind="history", target=entity_id)
        batch.at_commit(partial(note, before=what))
        return batch

    return act
