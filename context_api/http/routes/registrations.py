"""Context source registrations: kept and discovered (clauses 5.9 and 5.10)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from context_api.http.calls import PATCH_TYPES, now_micros, read_ld_object, read_query, uri_segment
from context_api.http.criteria import GEO_MEMBERS
from context_api.http.negotiation import LD_JSON, negotiate
from context_api.http.operation import Answer, Operation, RequestBody, add_route, new_router
from context_api.http.parameters import Parameter, Query
from context_api.http.representation import read_options
from context_api.http.responses import created, ld_response, no_content, page_links
from context_api.http.schemas_discovery import REGISTRATION, REGISTRATION_ID
from context_api.http.services import Services
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Iri
from context_api.ngsild.names import check_uri
from context_api.ngsild.parse import parse_attribute_name
from context_api.ngsild.query import (
    parse_geo_query,
    parse_id_pattern,
    parse_q,
    parse_scope_query,
    parse_temporal_query,
    parse_type_selection,
)
from context_api.ngsild.query.conditions import ENTITY_MEMBERS, terms_of
from context_api.ngsild.registration import change_registration, parse_registration, render_registration
from context_api.ngsild.registration_matching import RegistrationQuery
from context_api.store.registrations import StoredRegistration

PREFIX = "/ngsi-ld/v1"
_PATH = {"registration_id": REGISTRATION_ID}
_HEADERS = ("NGSILD-Tenant", "Link")
_MEDIA_TYPES = ("application/json", "application/ld+json")
_TEMPORAL = ("timerel", "timeAt", "endTimeAt", "timeproperty")
_SYS_ATTRS = {
    "options": Parameter(
        description="sysAttrs: createdAt and modifiedAt too",
        schema={"type": "array", "items": {"enum": ["sysAttrs"]}},
        example=["sysAttrs"],
        is_list=True,
    )
}

CREATE = Operation(
    id="createRegistration",
    tag="Sources",
    summary="Register a context source",
    description="Requests are not forwarded to it yet. Clause 5.9.2.",
    body=RequestBody(schema="RegistrationDraft", example=REGISTRATION),
    answers={201: Answer(description="Created", headers={"Location": "The registration's path"})},
    errors=(409, 504),
    headers=_HEADERS,
)
QUERY = Operation(
    id="queryRegistrations",
    tag="Sources",
    summary="Query context source registrations",
    description="The sources that may know something of what is asked for. It takes a type, attrs, q or a "
    "geoquery; without timerel, sources of current data only. Clause 5.10.2.",
    accepts=(
        *("type", "id", "idPattern", "attrs", "q", "csf", "georel", "geometry", "coordinates", "geoproperty"),
        *("scopeQ", *_TEMPORAL, "limit", "offset", "count", "options"),
    ),
    overrides={
        **_SYS_ATTRS,
        "attrs": Parameter(
            description="Sources that may have one of these attributes",
            schema={"type": "array", "items": {"type": "string"}},
            example=["pm25"],
            is_list=True,
        ),
        "csf": Parameter(
            description="A query over the members and properties of registrations (clause 4.9)",
            example='contextSourceAlias=="north"',
        ),
    },
    answers={
        200: Answer(
            description="A page of registrations, in the order of their creation",
            schema="RegistrationList",
            example=[REGISTRATION],
            media_types=_MEDIA_TYPES,
            headers={"NGSILD-Results-Count": "With count=true"},
        )
    },
    errors=(403, 404, 406, 504),
    headers=_HEADERS,
)
RETRIEVE = Operation(
    id="retrieveRegistration",
    tag="Sources",
    summary="Retrieve a context source registration",
    description="Clause 5.10.1.",
    path_examples=_PATH,
    accepts=("options",),
    overrides=_SYS_ATTRS,
    answers={
        200: Answer(
            description="The registration",
            schema="Registration",
            example=REGISTRATION,
            media_types=_MEDIA_TYPES,
        )
    },
    errors=(404, 406, 504),
    headers=_HEADERS,
)
UPDATE = Operation(
    id="updateRegistration",
    tag="Sources",
    summary="Update a context source registration",
    description="Each member takes the place of what there is; null removes it. Clause 5.9.3.",
    path_examples=_PATH,
    body=RequestBody(
        schema="RegistrationFragment",
        example={"endpoint": "https://new.neighbour.example"},
        media_types=PATCH_TYPES,
    ),
    answers={204: Answer(description="Updated")},
    errors=(404, 409, 504),
    headers=_HEADERS,
)
DELETE = Operation(
    id="deleteRegistration",
    tag="Sources",
    summary="Delete a context source registration",
    description="Clause 5.9.4.",
    path_examples=_PATH,
    answers={204: Answer(description="Deleted")},
    errors=(400, 404),
)


def registrations_router(services: Services) -> APIRouter:
    """Make the routes of registrations."""
    resource = _Registrations(services)
    router = new_router(PREFIX)
    one = "/csourceRegistrations/{registration_id:segment}"
    add_route(router, "POST", "/csourceRegistrations", resource.create, CREATE)
    add_route(router, "GET", "/csourceRegistrations", resource.query, QUERY)
    add_route(router, "GET", one, resource.retrieve, RETRIEVE)
    add_route(router, "PATCH", one, resource.update, UPDATE)
    add_route(router, "DELETE", one, resource.delete, DELETE)
    return router


class _Registrations:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, request: Request) -> Response:
        read_query(request, CREATE)
        document, context = await read_ld_object(request, self._services)
        registration = parse_registration(document, context, now_micros())
        access = await self._services.access(request, create=True)
        await self._services.run(self._services.store.create_registration, access, registration)
        self._services.proxied.forget(access.tenant)
        return created(f"{PREFIX}/csourceRegistrations", registration.id)

    async def query(self, request: Request) -> Response:
        query = read_query(request, QUERY)
        accept = negotiate(request)
        options = read_options(query, ("sysAttrs",))
        limit, offset, count = query.page()
        context = await self._services.contexts.of_request(request)
        wanted = _read_wanted(query, context)
        access = await self._services.access(request)
        found = await self._services.run(self._services.store.query_registrations, access, wanted)
        documents = [
            _render(one, context, sys_attrs="sysAttrs" in options) for one in found[offset : offset + limit]
        ]
        links = page_links(
            f"{PREFIX}/csourceRegistrations",
            query.without_page(),
            limit=limit,
            offset=offset,
            has_more=len(found) > offset + limit,
            media_type=LD_JSON,
            is_sorted=False,
        )
        headers = {"NGSILD-Results-Count": str(len(found))} if count else None
        return ld_response(documents, context, accept, headers=headers, links=links)

    async def retrieve(self, request: Request) -> Response:
        query = read_query(request, RETRIEVE)
        accept = negotiate(request)
        options = read_options(query, ("sysAttrs",))
        registration_id = uri_segment(request, "registration_id", "a registration's id")
        context = await self._services.contexts.of_request(request)
        access = await self._services.access(request)
        found = await self._services.run(self._services.store.get_registration, access, registration_id)
        return ld_response(_render(found, context, sys_attrs="sysAttrs" in options), context, accept)

    async def update(self, request: Request) -> Response:
        read_query(request, UPDATE)
        fragment, context = await read_ld_object(request, self._services, PATCH_TYPES)
        registration_id = uri_segment(request, "registration_id", "a registration's id")
        if not fragment:
            raise BadRequestData("The fragment has no members")
        now = now_micros()
        access = await self._services.access(request)
        await self._services.run(
            self._services.store.update_registration,
            access,
            registration_id,
            lambda current: change_registration(current, fragment, context, now),
        )
        self._services.proxied.forget(access.tenant)
        return no_content()

    async def delete(self, request: Request) -> Response:
        read_query(request, DELETE)
        registration_id = uri_segment(request, "registration_id", "a registration's id")
        access = await self._services.access(request)
        await self._services.run(self._services.store.delete_registration, access, registration_id)
        self._services.proxied.forget(access.tenant)
        return no_content()


def _render(one: StoredRegistration, context: Context, *, sys_attrs: bool) -> dict[str, object]:
    return render_registration(one.registration, one.times, context, sys_attrs=sys_attrs)


def _read_wanted(query: Query, context: Context) -> RegistrationQuery:
    """Read what is asked for. Raises BadRequestData where it is too wide (clause 5.10.2.4)."""
    types, pattern, q = query.text("type"), query.text("idPattern"), query.text("q")
    csf, scopes = query.text("csf"), query.text("scopeQ")
    geo = {name: query.text(name) for name in GEO_MEMBERS if name in query}
    geoproperty = query.text("geoproperty")
    attrs = {parse_attribute_name(name, context) for name in query.items("attrs")}
    place: dict[str, Iri] = {}
    if geoproperty is not None:
        place["geoproperty"] = parse_attribute_name(geoproperty, context)
    if q is not None:
        attrs |= {
            term.path.names[0]
            for term in terms_of(parse_q(q, context))
            if term.path.names[0] not in ENTITY_MEMBERS
        }
    temporal = {name: query.text(name) for name in _TEMPORAL if name in query}
    wanted = RegistrationQuery(
        ids=tuple(check_uri(one, "an entity's id", "") for one in query.items("id")),
        id_pattern=None if pattern is None else parse_id_pattern(pattern),
        types=None if types is None else parse_type_selection(types, context),
        attrs=frozenset(attrs | set(place.values())),
        csf=None if csf is None else parse_q(csf, context),
        geo=parse_geo_query(geo, **place) if geo else None,
        scopes=None if scopes is None else parse_scope_query(scopes),
        temporal=parse_temporal_query(temporal) if temporal else None,
    )
    if types is None and not attrs and not geo:
        raise BadRequestData("The query is too wide: it needs a type, attrs, q or a geoquery")
    return wanted
