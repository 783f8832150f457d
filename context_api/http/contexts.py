"""The @context of a request: from the Link header or the body (clause 6.3.5), built once, then looked up.

Memory first, then the database, then the network; documents name further URLs, which are loaded the same way.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
from starlette.requests import Request

from context_api.http.negotiation import LD_JSON
from context_api.http.remote import ContextFetcher
from context_api.http.responses import LD_CONTEXT_REL
from context_api.ngsild.contexts import (
    CITY_CONTEXT_URL,
    Context,
    Source,
    build_context,
    builtin_document,
    core_context,
    flatten_context,
    is_core_context_url,
)
from context_api.ngsild.errors import BadRequestData, LdContextNotAvailable
from context_api.store.context_cache import find_document, save_document
from context_api.store.database import Database
from context_api.store.errors import StoreUnavailable

MAX_DOCUMENTS = 32
"""URLs that one @context may lead to."""
_BUILT_MAX = 256
# Possessive (`*+`): a header of nothing but blanks must not cost more than its length
_LINK = re.compile(r"<([^>]*+)>((?:\s*+;\s*+[^\s=;,]++\s*+(?:=\s*+(?:\"[^\"]*+\"|[^\s\";,]++))?+)*+)")
_REL = re.compile(r";\s*+rel\s*+=\s*+(?:\"([^\"]*+)\"|([^\s\";,]++))", re.IGNORECASE)

Document = Mapping[str, Any]


class ContextRegistry:
    """Gives the `Context` of a URL or of an inline value."""

    def __init__(
        self,
        database: Database,
        executor: Executor,
        fetcher: ContextFetcher,
        *,
        own_address: str | None,
    ) -> None:
        self._database = database
        self._executor = executor
        self._fetcher = fetcher
        self._own_address = own_address
        self._built: OrderedDict[str, Context] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Document]] = {}

    async def of_request(self, request: Request) -> Context:
        """Give the @context of a request without a body, or with one that is application/json."""
        url = link_url(request)
        if url is None:
            return core_context()
        known = self._built.get(url)
        return known if known is not None else await self.of_value(url, self._own(request))

    async def of_body(self, request: Request, media_type: str, document: dict[str, Any]) -> Context:
        """Take the @context out of a document, or from the Link header; which of them the media type says."""
        if media_type != LD_JSON:
            if "@context" in document:
                raise BadRequestData(
                    f"An @context in the body needs Content-Type {LD_JSON}; else name it in a Link header",
                    pointer="/@context",
                )
            return await self.of_request(request)
        if link_url(request) is not None:
            raise BadRequestData(f"With Content-Type {LD_JSON} the @context stands in the body, not in Link")
        if "@context" not in document:
            raise BadRequestData(f"With Content-Type {LD_JSON} the body needs an @context", pointer="")
        return await self.of_value(document.pop("@context"), self._own(request))

    async def of_value(self, source: Source, own_address: str = "") -> Context:
        """Give the @context of a URL, an object or a list of both.

        Raises BadRequestData (no legal @context) or LdContextNotAvailable.
        """
        key = source if isinstance(source, str) else _digest(source)
        known = self._built.get(key)
        if known is not None:
            self._built.move_to_end(key)
            return known
        documents = await _Loading(self._load, own_address).collect(source)
        context = await asyncio.get_running_loop().run_in_executor(
            self._executor, build_context, documents, source
        )
        self._built[key] = context
        while len(self._built) > _BUILT_MAX:
            self._built.popitem(last=False)
        return context

    def _own(self, request: Request) -> str:
        return self._own_address or f"{request.url.scheme}://{request.headers.get('host', '')}"

    async def _load(self, url: str, own_address: str) -> Document:
        """Load one document; many requests that need it at the same time cause one load."""
        loading = self._loading.get(url)
        if loading is None:
            loading = asyncio.create_task(self._load_once(url, own_address))
            self._loading[url] = loading
            loading.add_done_callback(lambda _: self._loading.pop(url, None))
        return await asyncio.shield(loading)

    async def _load_once(self, url: str, own_address: str) -> Document:
        loop = asyncio.get_running_loop()
        if url == f"{own_address}{CITY_CONTEXT_URL}":
            document = builtin_document(CITY_CONTEXT_URL) or {}
            # Notifications are rendered elsewhere, where our own address is not known
            await self._save(url, msgspec.json.encode(document))
            return document
        found = await loop.run_in_executor(self._executor, find_document, self._database, url)
        if found is not None:
            return found
        body = await self._fetcher.fetch(url)
        await self._save(url, body)
        return msgspec.json.decode(body, type=dict[str, Any])

    async def _save(self, url: str, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, save_document, self._database, url, body)


class _Loading:
    """Collects all that one @context leads to, in order."""

    def __init__(self, load: Callable[[str, str], Awaitable[Document]], own_address: str) -> None:
        self._load = load
        self._own_address = own_address
        self._count = 0

    async def collect(self, source: Any, path: tuple[str, ...] = ()) -> list[Document]:
        """Give the @context objects that a value stands for; the core's are left out."""
        documents: list[Document] = []
        for part in flatten_context(source):
            if not isinstance(part, str):
                documents.append({"@context": part})
                continue
            url = _absolute(part, path[-1] if path else None)
            if is_core_context_url(url):
                continue
            documents += await self._follow(url, path)
        return documents

    async def _follow(self, url: str, path: tuple[str, ...]) -> list[Document]:
        builtin = builtin_document(url)
        if builtin is not None:
            return [builtin]
        if url in path:
            raise BadRequestData(f"The @context {url} includes itself")
        self._count += 1
        if self._count > MAX_DOCUMENTS:
            raise LdContextNotAvailable(f"The @context leads to more than {MAX_DOCUMENTS} documents")
        try:
            document = await self._load(url, self._own_address)
        except StoreUnavailable as error:
            raise LdContextNotAvailable(f"The @context {url} cannot be looked up now") from error
        return await self.collect(document.get("@context"), (*path, url))


def link_url(request: Request) -> str | None:
    """Give the @context URL of the Link header. Raises BadRequestData where there are several."""
    values = request.headers.getlist("link")
    return _find_link(", ".join(values)) if values else None


@lru_cache(maxsize=256)
def _find_link(header: str) -> str | None:
    found = []
    for match in _LINK.finditer(header[:8192]):
        rel = _REL.search(match[2])
        if rel is not None and LD_CONTEXT_REL in (rel[1] or rel[2] or "").split():
            found.append(match[1].strip())
    if len(found) > 1:
        raise BadRequestData("The Link header names more than one @context")
    if found and not found[0]:
        raise BadRequestData("The Link header names an empty @context URL")
    return found[0] if found else None


def _absolute(url: str, base: str | None) -> str:
    """Check a URL, or resolve it against the document that names it."""
    if url == CITY_CONTEXT_URL and base is None:
        return url
    try:
        resolved = url if base is None else urljoin(base, url)
        parts = urlsplit(resolved)
        host = parts.hostname
    except ValueError as error:
        raise BadRequestData(f"The @context URL {url[:200]!r} is not valid: {error}") from error
    if parts.scheme not in ("http", "https") or not host or not resolved.isprintable() or " " in resolved:
        raise BadRequestData(f"The @context {url[:200]!r} is no http or https URL", pointer="/@context")
    return resolved


def _digest(source: Source) -> str:
    return hashlib.blake2b(msgspec.json.encode(source), digest_size=32).hexdigest()
