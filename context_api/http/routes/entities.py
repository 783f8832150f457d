"""Entities: consumption of the current state (clauses 5.7.1 and 5.7.2)."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import read_ld_object, read_query, uri_segment
from context_api.http.consumption import build_presentation, build_query
from context_api.http.criteria import NOTHING, Criteria, criteria_of_body, criteria_of_url
from context_api.http.limits.usage import note_entities
from context_api.http.negotiation import GEO_JSON, WITH_GEO_JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import LATER_ENTITIES, Parameter, Query
from context_api.http.preferences import read_preferences
from context_api.http.representation import read_representation
from context_api.http.responses import ld_response, page_links
from context_api.http.schemas import ENTITY, ENTITY_ID
from context_api.http.services import Services
from context_api.http.writing import read_selector
from context_api.ngsild.contexts import Context
from context_api.ngsild.downgrade import CURRENT_MINOR, parse_version
from context_api.ngsild.errors import ResourceNotFound, TooComplexQuery
from context_api.ngsild.geojson import to_feature_collection
from context_api.ngsild.linked import Join, Walk
from context_api.ngsild.model import Entity
from context_api.ngsild.presentation import PLAIN, Presentation, Presented, present, walk_from
from context_api.ngsild.query import EntityQuery
from context_api.store.access import Access
from context_api.store.errors import StoreTimeout
from context_api.store.reading import Page

PREFIX = "/ngsi-ld/v1"
_QUERY_PATH = f"{PREFIX}/entityOperations/query"
_HEADERS = ("NGSILD-Tenant", "Link")
_DATASETS = Parameter(
    description="Only the instances of these datasetIds; @none: the default instance",
    schema={"type": "array", "items": {"type": "string"}},
    example=["urn:ngsi-ld:Dataset:corrected", "@none"],
    is_list=True,
)
_SHAPING = (
    *("attrs", "pick", "omit", "lang", "datasetId", "join", "joinLevel", "containedBy", "geometryProperty"),
    *("options", "format", "local"),
)
_PAGE = ("limit", "offset", "count")
_SELECTING = (
    *("type", "id", "idPattern", "q", "expandValues", "jsonKeys", "csf", "scopeQ", "splitEntities"),
    *(
        "georel",
        "geometry",
        "coordinates",
        "geoproperty",
        "orderBy",
        "orderFrom",
        "orderGeometry",
        "collation",
    ),
)
_FEATURE = {
    "id": ENTITY_ID,
    "type": "Feature",
    "geometry": ENTITY["location"]["value"],  # type: ignore[index]
    "properties": {name: value for name, value in ENTITY.items() if name != "id"},
}
_PAGE_HEADERS = {"NGSILD-Results-Count": "With count=true", "Link": "The @context, next and prev page"}
_LIST_ANSWER = Answer(
    description="A page of entities, ordered by id unless orderBy says otherwise",
    schema="EntityList",
    example=[ENTITY],
    media_types=WITH_GEO_JSON,
    examples={GEO_JSON: {"type": "FeatureCollection", "features": [_FEATURE]}},
    headers=_PAGE_HEADERS,
)
_ALTERED = Answer(description="The same, in the form of the earlier version that Prefer: ngsi-ld=… names")

QUERY = Operation(
    id="queryEntities",
    tag="Entities",
    summary="Query entities",
    description="Needs one of type, attrs, q, a geoquery and local=true. With Accept:"
    " application/geo+json a FeatureCollection is served. Clause 5.7.2.",
    accepts=(*_SELECTING, *_SHAPING, *_PAGE),
    later=LATER_ENTITIES,
    overrides={"datasetId": _DATASETS},
    answers={200: _LIST_ANSWER, 203: _ALTERED},
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
QUERY_BY_POST = Operation(
    id="queryEntitiesByPost",
    tag="Entities",
    summary="Query entities, with the query in the body",
    description="For queries that are too long for a URL. Clause 5.7.2.",
    accepts=("options", "format", "local", *_PAGE),
    later=LATER_ENTITIES,
    body=RequestBody(
        schema="Query",
        example={
            "type": "Query",
            "entities": [{"type": "AirQualityObserved"}],
            "q": "pm25>35",
            "pick": ["id", "pm25"],
        },
    ),
    answers={200: _LIST_ANSWER, 203: _ALTERED},
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)
RETRIEVE = Operation(
    id="retrieveEntity",
    tag="Entities",
    summary="Retrieve an entity",
    description="With Accept: application/geo+json a Feature is served. Clause 5.7.1.",
    path_examples={"entity_id": ENTITY_ID},
    accepts=("type", *_SHAPING, "jsonKeys"),
    later=LATER_ENTITIES,
    overrides={"datasetId": _DATASETS},
    answers={
        200: Answer(
            description="The entity; with join=flat, an array of it and the entities that it links to",
            schema="EntityOrList",
            example=ENTITY,
            media_types=WITH_GEO_JSON,
            examples={GEO_JSON: _FEATURE},
        ),
        203: _ALTERED,
    },
    errors=(403, 404, 406, 422, 504),
    headers=_HEADERS,
)


def entities_router(services: Services) -> APIRouter:
    """Make the routes that read entities."""
    resource = _Entities(services)
    router = new_router(PREFIX)
    add_route(router, "GET", "/entities", resource.query, QUERY)
    add_route(router, "GET", "/entities/{entity_id:segment}", resource.retrieve, RETRIEVE)
    add_route(router, "POST", "/entityOperations/query", resource.query_by_post, QUERY_BY_POST)
    return router


class _Form:
    """The form of one answer: what was negotiated, and what it says in its headers."""

    def __init__(self, request: Request, query: Query) -> None:
        preferences = read_preferences(request)
        wanted = preferences.get("ngsi-ld")
        self.query = query
        self.accept = negotiate(request, WITH_GEO_JSON)
        self.representation = read_representation(query)
        self.headers: dict[str, str] = {}
        self.minor = CURRENT_MINOR
        minor = None if wanted is None else parse_version(wanted)
        if minor is not None:
            self.minor = minor
            self.headers["Preference-Applied"] = f"ngsi-ld={wanted}"
        self.has_context: bool | None = None
        if self.accept == GEO_JSON:
            self.has_context = preferences.get("body", "").lower() != "json"

    def presentation(self, criteria: Criteria, context: Context) -> Presentation:
        """Read what the criteria say about the form. Raises BadRequestData, TooComplexQuery."""
        if criteria is NOTHING and self.accept != GEO_JSON and self.minor == CURRENT_MINOR:
            return PLAIN  # without parameters there is no other representation either
        return build_presentation(criteria, self.representation, self.accept, context, self.minor)

    def answer(
        self, content: Any, context: Context, presented: Presented, links: Sequence[str] = ()
    ) -> Response:
        """Write the answer."""
        return ld_response(
            content,
            context,
            self.accept,
            status=203 if presented.is_altered else 200,
            has_context=self.has_context,
            headers=self.headers,
            links=links,
        )


class _Entities:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def query(self, request: Request) -> Response:
        query = read_query(request, QUERY)
        form = _Form(request, query)
        criteria = criteria_of_url(query)
        context = await self._services.contexts.of_request(request)
        return await self._answer(request, criteria, form, context, path=f"{PREFIX}/entities")

    async def query_by_post(self, request: Request) -> Response:
        query = read_query(request, QUERY_BY_POST)
        document, context = await read_ld_object(request, self._services)
        form = _Form(request, query)
        is_local = query.flag("local") if "local" in query else None
        criteria = criteria_of_body(document, is_local=is_local)
        return await self._answer(request, criteria, form, context, path=_QUERY_PATH)

    async def _answer(
        self,
        request: Request,
        criteria: Criteria,
        form: _Form,
        context: Context,
        *,
        path: str,
    ) -> Response:
        limit, offset, count = form.query.page()
        presentation = form.presentation(criteria, context)
        one_more = limit + 1 if limit else 0  # which tells whether there is another page
        wanted = build_query(criteria, context, limit=one_more, offset=offset, count=count)
        access = await self._services.access(request)
        page = await self._query(access, wanted)
        entities = page.items[:limit]
        note_entities(request.scope, entities)
        walk = await self._follow(access, entities, presentation)
        presented = present(entities, presentation, context, walk)
        if page.count is not None:
            form.headers["NGSILD-Results-Count"] = str(page.count)
        has_more = len(page.items) > limit
        links = page_links(path, form.query.without_page(), limit=limit, offset=offset, has_more=has_more)
        content: Any = presented.documents
        if form.accept == GEO_JSON:
            content = to_feature_collection(presented.documents)
        return form.answer(content, context, presented, links)

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        form = _Form(request, query)
        entity_id = uri_segment(request, "entity_id", "an entity's id")
        criteria = criteria_of_url(query)
        context = await self._services.contexts.of_request(request)
        presentation = form.presentation(criteria, context)
        selector = read_selector(query, context)
        access = await self._services.access(request)
        entity = await self._services.reads.submit(access, entity_id)
        if entity is None or (selector is not None and not selector.matches(entity.types)):
            raise ResourceNotFound(f"Entity {entity_id} does not exist")
        if presentation.attrs is not None and presentation.attrs.isdisjoint(entity.attributes):
            raise ResourceNotFound(f"Entity {entity_id} has none of these attributes")
        walk = await self._follow(access, [entity], presentation)
        presented = present([entity], presentation, context, walk)
        if not presented.documents:
            raise ResourceNotFound(f"Nothing is left of entity {entity_id} after pick and omit")
        note_entities(request.scope, (entity,))
        content: Any = presented.documents
        if presentation.join is not Join.FLAT:
            content = presented.documents[0]
        elif form.accept == GEO_JSON:
            content = to_feature_collection(presented.documents)
        return form.answer(content, context, presented)

    async def _query(self, access: Access, wanted: EntityQuery) -> Page:
        try:
            return await self._services.run(self._services.store.query_entities, access, wanted)
        except StoreTimeout as error:
            raise TooComplexQuery("The query takes too long; narrow it by type, id or attrs") from error

    async def _follow(
        self, access: Access, entities: Sequence[Entity], presentation: Presentation
    ) -> Walk | None:
        """Fetch the linked entities, one level at a time."""
        if presentation.join is None:
            return None
        walk = walk_from(entities, presentation)
        while wanted := walk.wanted():
            walk.add(await self._services.run(self._services.store.get_entities, access, wanted))
        return walk
