"""@contexts: the built-in ones as data, any user's as look-up maps."""

from context_api.ngsild.contexts.context import Context, Source, build_context, core_context, flatten_context
from context_api.ngsild.contexts.documents import (
    CITY_CONTEXT_URL,
    CORE_CONTEXT_URL,
    DEFAULT_VOCABULARY,
    builtin_document,
    city_context_document,
    core_context_document,
    is_core_context_url,
)

__all__ = [
    "CITY_CONTEXT_URL",
    "CORE_CONTEXT_URL",
    "DEFAULT_VOCABULARY",
    "Context",
    "Source",
    "build_context",
    "builtin_document",
    "city_context_document",
    "core_context",
    "core_context_document",
    "flatten_context",
    "is_core_context_url",
]
