"""What the routes that write have in common: the target's selector, the change, its answer."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from context_api.http.errors import problem_of
from context_api.http.negotiation import JSON, LD_JSON, MERGE_PATCH, content_type
from context_api.http.parameters import Query
from context_api.http.responses import json_response, no_content
from context_api.http.services import Services
from context_api.ngsild.changes import Change, DeleteEntity, NotUpdated, Outcome
from context_api.ngsild.contexts import Context
from context_api.ngsild.errors import Conflict
from context_api.ngsild.model import DEFAULT_DATASET, Iri
from context_api.ngsild.names import check_uri
from context_api.ngsild.query import TypeSelection, parse_type_selection


def read_selector(query: Query, context: Context) -> TypeSelection | None:
    """Read `type`: the target must be of it, else it counts as absent (clause 5.6)."""
    query.flag("local")
    text = query.text("type")
    return None if text is None else parse_type_selection(text, context)


def read_dataset(query: Query) -> str:
    """Read `datasetId`; absent or `@none`, it is that of the default instance."""
    text = query.text("datasetId")
    return DEFAULT_DATASET if text is None or text == "@none" else check_uri(text, "datasetId", "")


async def apply_change(
    services: Services, request: Request, change: Change, *, create: bool = False
) -> Outcome:
    """Write one change, together with those of other requests. Raises what it was refused for."""
    access = await services.access(request, create=create)
    split = await services.proxied.split(request, access, change)
    if split.change is None:
        raise split.conflicts[0]
    if isinstance(split.change, DeleteEntity):
        # By itself: the audit trail says of each deletion which request it was
        (outcome,) = await services.run(services.store.apply, access, [split.change])
    else:
        outcome = await services.writes.submit(access, split.change)
    if outcome.error is not None:
        raise outcome.error
    outcome.not_updated += [
        NotUpdated(name, "a context source has it for itself", registration_id)
        for name, registration_id in split.held
    ]
    return outcome


async def update_answer(services: Services, request: Request, outcome: Outcome) -> Response:
    """Answer 204 where everything was done, else 207 with an UpdateResult (clause 5.2.18)."""
    if not outcome.not_updated:
        return no_content()
    # The answer has no @context: with ld+json, where no Link names one, full IRIs are all that is certain
    is_linked = content_type(request, (JSON, LD_JSON, MERGE_PATCH)) != LD_JSON
    write = (await services.contexts.of_request(request)).compact if is_linked else str
    return json_response(describe_update(outcome, write), status=207)


def describe_update(outcome: Outcome, write: Callable[[Iri], str]) -> dict[str, Any]:
    """Write an UpdateResult."""
    return {
        "updated": [write(name) for name in outcome.updated],
        "notUpdated": [
            {"attributeName": write(one.attribute), "reason": one.reason}
            | ({} if one.registration_id is None else {"registrationId": one.registration_id})
            for one in outcome.not_updated
        ],
    }


def entity_answer(entity_id: str, outcome: Outcome, complete: Response) -> Response:
    """Answer as if all was done where it was, else 207 with a BatchOperationResult (clause 5.2.16)."""
    held: dict[str, list[Iri]] = {}
    for one in outcome.not_updated:
        held.setdefault(one.registration_id or "", []).append(one.attribute)
    if not held:
        return complete
    errors = [
        {
            "entityId": entity_id,
            "registrationId": registration_id,
            "error": problem_of(Conflict(f"a context source has for itself: {', '.join(names)}")),
        }
        for registration_id, names in held.items()
    ]
    location = complete.headers.get("location")
    headers = None if location is None else {"Location": location}
    return json_response({"success": [entity_id], "errors": errors}, status=207, headers=headers)
