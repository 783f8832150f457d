"""The @contexts that notifications are written in: from the package, else from what the API fetched and kept.

Nothing is fetched here: the API had every document at hand when it accepted the subscription.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import msgspec

from context_api.ngsild.contexts import (
    Context,
    Source,
    build_context,
    builtin_document,
    core_context,
    flatten_context,
    is_core_context_url,
)
from context_api.ngsild.errors import LdContextNotAvailable
from context_api.store.context_cache import find_document
from context_api.store.contexts import find_hosted_document, find_local_id
from context_api.store.database import Database

MAX_DOCUMENTS = 32
_BUILT_MAX = 512
_TERMS_MAX = 150_000
"""Terms of all of them together, some 30 MB."""


class StoredContexts:
    """Builds contexts and keeps the last ones; used by one thread at a time, but for `forget`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._built: OrderedDict[bytes, Context] = OrderedDict()
        self._changes = 0

    def forget(self) -> None:
        """Drop what was built: a document changed or went, which hardly ever happens."""
        self._changes += 1
        self._built = OrderedDict()

    def find(self, source: Source) -> Context | None:
        """Give a context that is built already."""
        return core_context() if _is_core(source) else self._built.get(msgspec.json.encode(source))

    def load(self, source: Source) -> Context:
        """Build the context of a URL, an object or a list of both; blocks on the database.

        Raises LdContextNotAvailable where a document is not kept (any more), StoreError.
        """
        changes = self._changes
        context = build_context(self._collect(source, ()), source)
        if changes != self._changes:
            return context  # it may be of documents from before the change
        self._built[msgspec.json.encode(source)] = context
        held = sum(one.size for one in self._built.values())
        while len(self._built) > 1 and (len(self._built) > _BUILT_MAX or held > _TERMS_MAX):
            held -= self._built.popitem(last=False)[1].size
        return context

    def _collect(self, source: Any, path: tuple[str, ...]) -> list[Mapping[str, Any]]:
        documents: list[Mapping[str, Any]] = []
        for part in flatten_context(source):
            if not isinstance(part, str):
                documents.append({"@context": part})
                continue
            url = urljoin(path[-1], part) if path else part
            if not is_core_context_url(url):
                documents += self._follow(url, path)
            if len(documents) > MAX_DOCUMENTS:
                raise LdContextNotAvailable(f"the @context leads to more than {MAX_DOCUMENTS} documents")
        return documents

    def _follow(self, url: str, path: tuple[str, ...]) -> list[Mapping[str, Any]]:
        builtin = builtin_document(url)
        if builtin is not None:
            return [builtin]
        document = find_document(self._database, url) or self._find_hosted(url)
        if document is None or url in path:
            raise LdContextNotAvailable(f"the @context {url} is not at hand")
        return self._collect(document.get("@context"), (*path, url))

    def _find_hosted(self, url: str) -> Mapping[str, Any] | None:
        """One that is hosted here: the API has seen that it is the tenant's own."""
        local_id = find_local_id(url)
        return None if local_id is None else find_hosted_document(self._database, local_id, None)


def link_of(context: Context, public_url: str) -> str | None:
    """The URL that stands for a context; None where it has none (an object, or a list of several)."""
    source = context.source
    if not isinstance(source, str):
        urls = list(source) if isinstance(source, list | tuple) else []
        if len(urls) != 1 or not isinstance(urls[0], str):
            return None
        source = urls[0]
    return f"{public_url}{source}" if source.startswith("/") else source


def _is_core(source: Source) -> bool:
    return not source or (isinstance(source, str) and is_core_context_url(source))
