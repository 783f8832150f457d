"""Successful answers: media type, @context and Link as clause 6.3.5 asks."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from context_api.http.negotiation import JSON, LD_JSON
from context_api.ngsild.contexts import Context, core_context

LD_CONTEXT_REL = "http://www.w3.org/ns/json-ld#context"
_URI_SAFE = "!$&'()*+,;=:@/?-._~%|{}[]"
_SEGMENT_SAFE = "!$&'()*+,;=:@-._~"
_QUERY_SAFE = "!$'()*,:@/?-._~|{}[]"
"""Without the semicolon: many clients split a Link at it, whether it stands in the brackets or not."""


def json_response(
    content: Any, *, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """Write a document without an @context."""
    return Response(msgspec.json.encode(content), status_code=status, media_type=media_type, headers=headers)


def ld_response(
    content: Any,
    context: Context,
    accept: str,
    *,
    status: int = 200,
    has_context: bool | None = None,
    headers: Mapping[str, str] | None = None,
    links: Sequence[str] = (),
) -> Response:
    """Write a document or a list of them: ld+json with the @context inside, json with a Link to it.

    `has_context` says which of both where the media type does not (GeoJSON).
    """
    if accept == LD_JSON if has_context is None else has_context:
        documents = content if isinstance(content, list) else [content]
        for document in documents:
            document["@context"] = context.source
        all_links = list(links)
    else:
        all_links = [context_link(context), *links]
    answer = json_response(content, status=status, media_type=accept, headers=headers)
    if all_links:
        answer.headers["link"] = ", ".join(all_links)
    return answer


def context_link(context: Context) -> str:
    """Give the Link value that names the @context of an application/json body."""
    source = context.source if isinstance(context.source, str) else core_context().source
    return f'<{quote(str(source), safe=_URI_SAFE)}>; rel="{LD_CONTEXT_REL}"; type="application/ld+json"'


def created(collection: str, name: str) -> Response:
    """Answer 201 with the path of what was created."""
    return Response(status_code=201, headers={"Location": location_of(collection, name)})


def location_of(collection: str, name: str) -> str:
    """Give the path of a member of a collection; its name is one segment, whatever URI it is."""
    return f"{collection}/{quote(name, safe=_SEGMENT_SAFE)}"


def no_content() -> Response:
    """Answer 204."""
    return Response(status_code=204)


def page_links(
    path: str,
    parameters: Mapping[str, str],
    *,
    limit: int,
    offset: int,
    has_more: bool,
    media_type: str = JSON,
    is_sorted: bool = True,
) -> list[str]:
    """Give the Link values to the next and the previous page (clause 6.3.10).

    The parameters stand sorted by name, or as they came with limit and offset at the end.
    """
    wanted = []
    if has_more and limit:
        wanted.append(("next", offset + limit))
    if offset and limit:
        wanted.append(("prev", max(0, offset - limit)))
    links = []
    for rel, start in wanted:
        query = write_query({**parameters, "limit": str(limit), "offset": str(start)}, is_sorted=is_sorted)
        links.append(f'<{path}?{query}>; rel="{rel}"; type="{media_type}"')
    return links


def write_query(parameters: Mapping[str, str], *, is_sorted: bool = True) -> str:
    """Write the query legibly: only what would break the header is encoded."""
    names = sorted(parameters) if is_sorted else list(parameters)
    return "&".join(f"{name}={quote(parameters[name], safe=_QUERY_SAFE)}" for name in names)
