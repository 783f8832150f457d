"""Deleting what a query finds: whole entities, or some of their attributes (clause 5.6.21)."""

from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_query
from context_api.http.consumption import build_query
from context_api.http.criteria import criteria_of_url
from context_api.http.operation import Answer, Operation, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.responses import no_content
from context_api.http.routes.provision import HEADERS, PREFIX
from context_api.http.services import Services
from context_api.ngsild.changes import Change, DeleteEntity, MergeEntity
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData, ResourceNotFound, TooComplexQuery
from context_api.ngsild.model import NULL, Attributes, Entity, Iri
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.patch import PartialInstance
from context_api.ngsild.query import EntityQuery, TypeSelection
from context_api.store.access import Access
from context_api.store.errors import StoreTimeout

SLICE = 500
"""Entities that are read, and written in one transaction, at a time."""
SCOPE = "scope"
_KEPT_ANYWAY = frozenset(("id", "type", SCOPE))

MakeChange = Callable[[Entity], Change | None]

PURGE = Operation(
    id="purgeEntities",
    tag="Entities",
    summary="Delete what a query finds",
    description=(
        "Whole entities or, with drop or keep, attributes of them; history stays. Needs one of type, attrs,"
        " q, a geoquery and local=true. It is done in slices: who goes away stops it. Clause 5.6.21."
    ),
    accepts=(
        *("type", "id", "idPattern", "q", "expandValues", "jsonKeys", "csf", "scopeQ", "attrs"),
        *("georel", "geometry", "coordinates", "geoproperty", "keep", "drop", "local"),
        "geometryProperty",
    ),
    overrides={
        "geometryProperty": Parameter(
            description="Of no effect, as nothing is served; NGSI-LD lists it here", example="location"
        )
    },
    answers={204: Answer(description="Done")},
    errors=(403, 404, 422, 504),
    headers=HEADERS,
)


def purge_router(services: Services) -> APIRouter:
    """Make the route of purging."""
    router = new_router(PREFIX)
    add_route(router, "DELETE", "/entities", _Purge(services).purge, PURGE)
    return router


class _Purge:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def purge(self, request: Request) -> Response:
        query = read_query(request, PURGE)
        criteria = criteria_of_url(query)._replace(geometry_property=None)
        context = await self._services.contexts.of_request(request)
        wanted = build_query(criteria, context, limit=SLICE, offset=0, count=False)
        make_change = read_purge(query, context, wanted.types)
        access = await self._services.access(request)
        while True:
            found = await self._find(access, wanted)
            changes = [change for change in map(make_change, found) if change is not None]
            await self._apply(access, changes)
            if len(found) < SLICE or await request.is_disconnected():
                return no_content()
            wanted = msgspec.structs.replace(wanted, after=found[-1].id)

    async def _find(self, access: Access, wanted: EntityQuery) -> list[Entity]:
        try:
            page = await self._services.run(self._services.store.query_entities, access, wanted)
        except StoreTimeout as error:
            raise TooComplexQuery("The query takes too long; narrow it by type, id or attrs") from error
        return page.items

    async def _apply(self, access: Access, changes: list[Change]) -> None:
        apply = self._services.store.apply
        outcomes = await self._services.run(apply, access, changes, verb="purge")
        for outcome in outcomes:
            # Who was quicker with a deletion, or with another type, wins
            if outcome.error is not None and not isinstance(outcome.error, ResourceNotFound):
                raise outcome.error


def read_purge(query: Query, context: Context, types: TypeSelection | None) -> MakeChange:
    """Read `keep` and `drop`; gives what is to be done with an entity, None for nothing."""
    keep, drop = query.items("keep"), query.items("drop")
    if keep and drop:
        raise BadRequestData("keep and drop exclude each other")
    if keep:
        kept = frozenset(parse_attribute_name(name, context) for name in keep if name not in _KEPT_ANYWAY)
        return lambda entity: _remove(entity, types, entity.attributes.keys() - kept)
    if drop:
        dropped = frozenset(parse_attribute_name(name, context) for name in drop if name != SCOPE)
        return lambda entity: _remove(entity, types, entity.attributes.keys() & dropped, SCOPE in drop)
    return lambda entity: DeleteEntity(entity_id=entity.id, type_selector=types)


def _remove(
    entity: Entity, types: TypeSelection | None, names: set[Iri], without_scope: bool = False
) -> Change | None:
    if not names and not (without_scope and entity.scopes):
        return None
    attributes: Attributes = {
        name: [PartialInstance(value=NULL, dataset_id=one.dataset_id) for one in entity.attributes[name]]
        for name in sorted(names)
    }
    scopes = () if without_scope else None
    return MergeEntity(entity_id=entity.id, type_selector=types, scopes=scopes, attributes=attributes)
