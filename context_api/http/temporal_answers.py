"""Answers with histories, as bytes: where a page ends and what leads to the next (clause 6.3.10)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from context_api.http.negotiation import JSON, LD_JSON
from context_api.http.responses import context_link, page_links, write_query
from context_api.http.temporal_criteria import TemporalRequest
from context_api.ngsild.aggregated import write_aggregated
from context_api.ngsild.contexts import Context
from context_api.ngsild.model import Micros
from context_api.ngsild.query import TemporalQuery, TimeRelation
from context_api.ngsild.represent_temporal import times_of, write_history
from context_api.ngsild.temporal import History
from context_api.ngsild.temporal_times import format_times
from context_api.store.temporal import HistoryPage
from context_api.store.temporal_aggregates import AggregatedPage

SOURCE_HEADER = "Machi-Aggregate-Source"


class Paging(NamedTuple):
    """Where the links of an answer lead."""

    path: str
    parameters: Mapping[str, str]
    """Those of the request, without what names a page."""
    limit: int | None = None
    """None: a retrieval, which has no pages of entities."""
    offset: int = 0


class TemporalAnswer(NamedTuple):
    """The written answer."""

    documents: list[bytes]
    links: Sequence[str] = ()
    headers: Mapping[str, str] = {}
    is_partial: bool = False


def answer_page(
    page: HistoryPage, asked: TemporalRequest, context: Context, accept: str, paging: Paging
) -> TemporalAnswer:
    """Write histories. Cheap in time and memory, yet long for large pages: call it in a thread."""
    served = _served_context(context, accept)
    written = [write_history(history, context, asked.form, served) for history in page.items]
    headers = _headers(page.total)
    if page.end is not None:
        headers["Content-Range"] = content_range(page.items, asked.window, page.end)
        links = [_next_in_time(paging, page.end)]
    else:
        links = _entity_links(paging, has_more=page.has_more)
    return TemporalAnswer([one for one in written if one is not None], links, headers, page.end is not None)


def answer_aggregates(
    page: AggregatedPage, asked: TemporalRequest, context: Context, accept: str, paging: Paging
) -> TemporalAnswer:
    """Write aggregated histories."""
    served = _served_context(context, accept)
    written = [
        write_aggregated(history, aggregates, context, asked.form, served)
        for history, aggregates in page.items
    ]
    headers = {**_headers(page.total), SOURCE_HEADER: page.source}
    links = _entity_links(paging, has_more=page.has_more)
    return TemporalAnswer([one for one in written if one is not None], links, headers)


def write_answer(answer: TemporalAnswer, context: Context, accept: str, *, is_list: bool) -> Response:
    """Make the response; a retrieval's answer has one document."""
    content = b"[" + b",".join(answer.documents) + b"]" if is_list else answer.documents[0]
    links = [*([context_link(context)] if accept == JSON else []), *answer.links]
    response = Response(
        content,
        status_code=206 if answer.is_partial else 200,
        media_type=accept,
        headers=dict(answer.headers),
    )
    if links:
        response.headers["link"] = ", ".join(links)
    return response


def content_range(histories: Sequence[History], window: TemporalQuery, end: Micros) -> str:
    """Say which part of the window an incomplete answer covers, from where on to where it ends."""
    start = window.behind
    if start is None and window.last_n is None:
        start = None if window.timerel is TimeRelation.BEFORE else window.time_at
    elif start is None and window.timerel is not TimeRelation.AFTER:
        start = window.end_time_at if window.timerel is TimeRelation.BETWEEN else window.time_at
    if start is None:
        times = [
            time
            for history in histories
            for track in history.tracks
            for time in times_of(track, window.timeproperty)
        ]
        start = min(times) if window.last_n is None else max(times)
    first, last = format_times((start, end))
    return f"date-time {first}-{last}/{'*' if window.last_n is None else window.last_n}"


def _headers(total: int | None) -> dict[str, str]:
    return {} if total is None else {"NGSILD-Results-Count": str(total)}


def _served_context(context: Context, accept: str) -> bytes | None:
    return msgspec.json.encode(context.source) if accept == LD_JSON else None


def _next_in_time(paging: Paging, end: Micros) -> str:
    parameters = {**paging.parameters, "timePage": format_times((end,))[0]}
    if paging.limit is not None:
        parameters |= {"limit": str(paging.limit), "offset": str(paging.offset)}
    return f'<{quote(paging.path, safe=_PATH_SAFE)}?{write_query(parameters)}>; rel="next"; type="{JSON}"'


_PATH_SAFE = "/!$&'()*+,=:@-._~"


def _entity_links(paging: Paging, *, has_more: bool) -> list[str]:
    if paging.limit is None:
        return []
    return page_links(
        paging.path, paging.parameters, limit=paging.limit, offset=paging.offset, has_more=has_more
    )
