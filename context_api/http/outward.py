"""The outward face: a process in a zone of its own that shows data and can change none.

For towns under the separation of networks in three layers (三層の対策): what residents and partners reach is
a process that has the routes of reading only, calls nobody, keeps no sessions, and logs in to the database as
a user that may read what is shown and nothing else. Each of these alone would do; a test tries each.
"""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Route

from context_api.http.permissions import PERMISSIONS, Permission

_SHOWN = frozenset(
    {
        Permission.ENTITIES_READ,
        Permission.HISTORY_READ,
        Permission.STREAM,
        Permission.CONTEXTS_READ,
    }
)
_OPEN = frozenset({"health", "readiness", "serveContext", "listOpenData"})
"""Of the doors that ask for nothing, those that lead to no secret."""


def shown_outward(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Give the routes that the outward face has: those that read, and the pages."""
    return [route for route in routes if not isinstance(route, Route) or _is_shown(route)]


def _is_shown(route: Route) -> bool:
    if not route.include_in_schema:
        return route.methods is not None and route.methods <= {"GET", "HEAD"}
    return route.name in _OPEN or PERMISSIONS.get(route.name) in _SHOWN
