"""Batches: each entity succeeds or fails by itself, few transactions write them all (clause 5.5.11)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request

from context_api.http.calls import BODY_TYPES, read_document
from context_api.http.contexts import link_url
from context_api.http.errors import BodyTooLarge, Problem, Unavailable, problem_of
from context_api.http.negotiation import LD_JSON
from context_api.http.services import Services
from context_api.ngsild.changes import Change, Outcome
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import AlreadyExists, BadRequestData, Conflict, InvalidRequest, NgsiLdError
from context_api.store.access import Access
from context_api.store.errors import StoreUnavailable

MAX_ITEMS = 10_000
"""Entities or ids in one batch: each takes kilobytes until the whole batch is answered."""
MAX_CONTEXTS = 32
"""Different @contexts in one batch: each may have to be fetched."""
CHUNK = 500
"""Changes in one transaction: more would hold the locks of their entities for long."""
_PARSED_AT_ONCE = 20
"""So many documents are read between two other requests; more are read in a thread."""

_TAKEN = Change(entity_id="")
"""Stands in an item whose change is being written."""

Reader = Callable[[Any, Context], Change]


class Item(NamedTuple):
    """One element of a batch: what it asks for, or why it cannot."""

    entity_id: str
    change: Change | None
    error: Exception | None = None
    conflicts: tuple[Conflict, ...] = ()
    """Why parts of it cannot be written here."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch. An id stands in `success` once, however often the batch names it."""

    success: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """Write a BatchOperationResult (clause 5.2.16)."""
        return {"success": self.success, "errors": self.errors}


async def read_entities(request: Request, services: Services, read: Reader) -> list[Item]:
    """Read a body that is a list of entities, each with `read`; what is wrong with one fails only that one.

    Raises InvalidRequest or BadRequestData for what is wrong with the list itself.
    """
    documents, media_type = await _read_list(request, services, "entities")
    for index, document in enumerate(documents):
        if not isinstance(document, dict):
            raise BadRequestData("an element of a batch is an entity, a JSON object", pointer=f"/{index}")
    if media_type == LD_JSON and link_url(request) is not None:
        raise BadRequestData(f"With Content-Type {LD_JSON} the @contexts stand in the body, not in Link")
    contexts = await _load_contexts(request, services, media_type, documents)
    if len(documents) <= _PARSED_AT_ONCE:
        return _read_items(documents, contexts, read)
    return await services.run(_read_items, documents, contexts, read)


async def read_ids(request: Request, services: Services, read: Callable[[str], Change]) -> list[Item]:
    """Read a body that is a list of ids."""
    ids, _ = await _read_list(request, services, "ids")
    for index, entity_id in enumerate(ids):
        if not isinstance(entity_id, str):
            raise BadRequestData("an element of this batch is the id of an entity", pointer=f"/{index}")
    return [_read_item(index, entity_id, read, entity_id) for index, entity_id in enumerate(ids)]


async def sift_items(request: Request, services: Services, access: Access, items: list[Item]) -> list[Item]:
    """Take out of a batch what context sources have for themselves."""
    if not await services.proxied.find(request, access):
        return items
    sifted = []
    for item in items:
        if item.change is None:
            sifted.append(item)
            continue
        split = await services.proxied.split(request, access, item.change)
        sifted.append(item._replace(change=split.change, conflicts=split.conflicts))
    return sifted


async def apply_batch(services: Services, access: Access, items: list[Item]) -> BatchResult:
    """Write what can be written, in the order of the batch, and tell what became of each.

    The changes are taken out of `items` and let go chunk by chunk: large batches that are written at the same
    time would be too much otherwise. Raises StoreUnavailable only where nothing was written: later, what was
    not is told apart.
    """
    changes = _take_changes(items)
    expected = len(changes)
    outcomes: list[Outcome] = []
    while changes:
        try:
            outcomes += await services.run(services.store.apply, access, changes[:CHUNK])
        except (StoreUnavailable, Unavailable):
            if not outcomes:
                raise
            break
        del changes[:CHUNK]
    left = Unavailable("The database cannot be used at the moment; this one was not written")
    outcomes += [Outcome(error=left)] * (expected - len(outcomes))
    if len(items) <= CHUNK:
        return _sum_up(items, iter(outcomes).__next__)
    return await services.run(_sum_up, items, iter(outcomes).__next__)


def _take_changes(items: list[Item]) -> list[Change]:
    changes = []
    for index, item in enumerate(items):
        if item.change is not None:
            changes.append(item.change)
            items[index] = item._replace(change=_TAKEN)
    return changes


def refuse_all(items: Sequence[Item]) -> BatchResult:
    """Tell what became of a batch of which nothing can be written."""
    return BatchResult(
        errors=[_describe(item.entity_id, item.error) for item in items if item.error is not None]
    )


async def _read_list(request: Request, services: Services, what: str) -> tuple[list[Any], str]:
    document, media_type = await read_document(request, services, BODY_TYPES)
    if not isinstance(document, list):
        raise InvalidRequest(f"The body must be a JSON array of {what}")
    if not document:
        raise BadRequestData("The batch is empty", pointer="")
    if len(document) > MAX_ITEMS:
        raise BodyTooLarge(
            f"The batch has {len(document)} {what}; at most {MAX_ITEMS} are accepted at a time"
        )
    return document, media_type


async def _load_contexts(
    request: Request, services: Services, media_type: str, documents: Sequence[dict[str, Any]]
) -> list[Context | NgsiLdError]:
    """Give the @context of each document, or why it has none; the same one is looked up once."""
    keys = [msgspec.json.encode([document.get("@context"), "@context" in document]) for document in documents]
    first = dict(zip(reversed(keys), reversed(documents), strict=True))
    if len(first) > MAX_CONTEXTS:
        raise BadRequestData(f"A batch has at most {MAX_CONTEXTS} different @contexts")

    async def load(document: dict[str, Any]) -> Context | NgsiLdError:
        try:
            return await services.contexts.of_body(request, media_type, document)
        except NgsiLdError as error:
            return error

    loaded = dict(zip(first, await asyncio.gather(*map(load, first.values())), strict=True))
    return [loaded[key] for key in keys]


def _read_items(
    documents: list[dict[str, Any]], contexts: Sequence[Context | NgsiLdError], read: Reader
) -> list[Item]:
    """Read the documents, which are let go one by one: both forms of a large batch are too much at once."""
    items: list[Item] = []
    for index, context in enumerate(contexts):
        document, documents[index] = documents[index], {}
        given = document.get("id", document.get("@id"))
        name = given if isinstance(given, str) else ""
        if isinstance(context, NgsiLdError):
            items.append(Item(name, None, _at(context, index)))
        else:
            items.append(_read_item(index, name, lambda one, context=context: read(one, context), document))  # type: ignore[misc]
    return items


def _read_item(index: int, name: str, read: Callable[[Any], Change], document: Any) -> Item:
    try:
        change = read(document)
    except NgsiLdError as error:
        return Item(name, None, _at(error, index))
    return Item(change.entity_id, change)


def _at(error: NgsiLdError, index: int) -> NgsiLdError:
    """Let the pointer of an error lead through the list."""
    return type(error)(error.detail, pointer=f"/{index}{error.pointer or ''}")


def _sum_up(items: Sequence[Item], next_outcome: Callable[[], Outcome]) -> BatchResult:
    result = BatchResult()
    for item in items:
        error = item.error
        if item.change is not None:
            outcome = next_outcome()
            error = outcome.error or _refused(outcome)
            if error is None:
                result.success.append(item.entity_id)
                if outcome.created:
                    result.created.append(item.entity_id)
        if error is not None:
            result.errors.append(_describe(item.entity_id, error))
        if error is None or item.change is None:
            result.errors.extend(_describe(item.entity_id, one) for one in item.conflicts)
    result.success[:] = dict.fromkeys(result.success)
    result.created[:] = dict.fromkeys(result.created)
    return result


def _refused(outcome: Outcome) -> AlreadyExists | None:
    """Give the error of an entity whose attributes were not all written (options=noOverwrite)."""
    if not outcome.not_updated:
        return None
    names = ", ".join(dict.fromkeys(one.attribute for one in outcome.not_updated))
    return AlreadyExists(f"these attributes exist and were not overwritten: {names}")


def _describe(entity_id: str, error: Exception) -> dict[str, Any]:
    """Write a BatchEntityError (clause 5.2.17)."""
    problem: Problem = problem_of(error)
    registration_id = error.registration_id if isinstance(error, Conflict) else None
    source = {} if registration_id is None else {"registrationId": registration_id}
    return {"entityId": entity_id, **source, "error": problem}
