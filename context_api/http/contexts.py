"""The @context of a request: from the Link header or the body (clause 6.3.5), built once, then looked up.

Memory first, then the database, then the network; documents name further URLs, which are loaded the same way.
"""

import asyncio
import hashlib
import math
import re
import time
from collections import OrderedDict
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec
from starlette.requests import Request

from context_api.http.auth import DEFAULT_TENANT
from context_api.http.context_documents import RETRY_S, ContextDocuments, Document, Loaded
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
from context_api.store.access import Access
from context_api.store.contexts import add_implicit_context
from context_api.store.database import Database
from context_api.store.errors import StoreUnavailable

CONTEXTS_PATH = "/ngsi-ld/v1/jsonldContexts"
MAX_DOCUMENTS = 32
"""URLs that one @context may lead to."""
_BUILT_MAX = 256
_TERMS_MAX = 150_000
"""Terms of all built @contexts together, some 30 MB: a single one may have 20,000."""
_LINK_MAX = 8_192
_NOTED_MAX = 10_000
# Possessive (`*+`): a header of nothing but blanks must not cost more than its length
_LINK = re.compile(r"<([^>]*+)>((?:\s*+;\s*+[^\s=;,]++\s*+(?:=\s*+(?:\"[^\"]*+\"|[^\s\";,]++))?+)*+)")
_REL = re.compile(r";\s*+rel\s*+=\s*+(?:\"([^\"]*+)\"|([^\s\";,]++))", re.IGNORECASE)

_Key = str | tuple[str, str]
"""Of a context that is the same for all tenants; else with the tenant before it."""


class _Built(NamedTuple):
    """A context in memory."""

    context: Context
    urls: tuple[str, ...]
    """The cached documents that it is made of."""
    fresh_until: float
    """Seconds since the epoch."""


class ContextRegistry:
    """Gives the `Context` of a URL or of an inline value, for one tenant."""

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
        self._own_address = own_address
        self.documents = ContextDocuments(database, executor, fetcher)
        self._built: OrderedDict[_Key, _Built] = OrderedDict()
        self._noted: set[tuple[str, str]] = set()
        self._refreshing: set[asyncio.Task[None]] = set()

    def forget(self, name: str) -> None:
        """Drop what was made of a document, by its URL or local id; without a name, everything."""
        gone = [
            key
            for key, built in self._built.items()
            if not name or name in built.urls or (isinstance(key, tuple) and name in key[1])
        ]
        for key in gone:
            del self._built[key]
            text = key[1] if isinstance(key, tuple) else key
            self._noted = {one for one in self._noted if one[1] != text}

    def own_address(self, request: Request) -> str:
        """Give the address under which the caller reaches us, without a path."""
        return self._own_address or f"{request.url.scheme}://{request.headers.get('host', '')}"

    async def of_request(self, request: Request) -> Context:
        """Give the @context of a request without a body, or with one that is application/json."""
        url = link_url(request)
        return core_context() if url is None else await self._of(request, url)

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
        return await self._of(request, document.pop("@context"))

    async def publish(self, request: Request, access: Access, source: Source) -> str | None:
        """Give an @context without a URL one of ours (clause 5.13.1); None where it has one."""
        listed = [part for part in flatten_context(source) if not _is_core(part)]
        if not listed or (len(listed) == 1 and isinstance(listed[0], str)):
            return None
        document = msgspec.json.encode({"@context": source}, order="sorted")
        local_id = await asyncio.get_running_loop().run_in_executor(
            self._executor, add_implicit_context, self._database, access, document
        )
        return f"{self.own_address(request)}{CONTEXTS_PATH}/{local_id}"

    async def of_value(
        self, source: Source, own_address: str = "", *, tenant: str = DEFAULT_TENANT
    ) -> Context:
        """Give the @context of a URL, an object or a list of both, as a tenant sees it.

        Raises BadRequestData (no legal @context) or LdContextNotAvailable.
        """
        key = source if isinstance(source, str) else _digest(source)
        built = self._find(key) or self._find((tenant, key))
        if built is None:
            built = await self._build(source, key, own_address, tenant)
        elif time.time() > built.fresh_until:
            self._refresh(key, built)
        if built.urls and (tenant, key) not in self._noted:
            await self._note(tenant, key, built.urls)
        return built.context

    def _find(self, key: _Key) -> _Built | None:
        built = self._built.get(key)
        if built is not None:
            self._built.move_to_end(key)
        return built

    async def _of(self, request: Request, source: Source) -> Context:
        return await self.of_value(source, self.own_address(request), tenant=request.scope["machi.tenant"])

    async def _build(self, source: Source, key: str, own_address: str, tenant: str) -> _Built:
        loading = _Loading(self.documents, tenant, own_address)
        documents = await loading.collect(source)
        context = await asyncio.get_running_loop().run_in_executor(
            self._executor, build_context, documents, source
        )
        built = _Built(
            context,
            tuple(one.url for one in loading.loaded if one.is_cached),
            min((one.fresh_until for one in loading.loaded), default=math.inf),
        )
        is_private = any(one.is_private for one in loading.loaded)
        self._built[(tenant, key) if is_private else key] = built
        self._evict()
        return built

    def _evict(self) -> None:
        """Drop those that were not used for longest, but not the last one."""
        held = sum(one.context.size for one in self._built.values())
        while len(self._built) > 1 and (len(self._built) > _BUILT_MAX or held > _TERMS_MAX):
            held -= self._built.popitem(last=False)[1].context.size

    def _refresh(self, key: str, built: _Built) -> None:
        """Fetch anew behind the requests; until that is done, nobody else tries."""
        for each in [one for one, found in self._built.items() if found is built]:
            self._built[each] = built._replace(fresh_until=time.time() + RETRY_S)

        async def work() -> None:
            await self.documents.refresh(built.urls)
            for url in built.urls:
                self.forget(url)

        task = asyncio.create_task(work(), name=f"refresh {key}")
        self._refreshing.add(task)
        task.add_done_callback(self._refreshing.discard)

    async def _note(self, tenant: str, key: str, urls: tuple[str, ...]) -> None:
        if len(self._noted) >= _NOTED_MAX:
            self._noted.clear()
        if await self.documents.note(tenant, urls):
            self._noted.add((tenant, key))


class _Loading:
    """Collects all that one @context leads to, in order."""

    def __init__(self, documents: ContextDocuments, tenant: str, own_address: str) -> None:
        self._documents = documents
        self._tenant = tenant
        self._own_address = own_address
        self.loaded: list[Loaded] = []

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
        if len(self.loaded) >= MAX_DOCUMENTS:
            raise LdContextNotAvailable(f"The @context leads to more than {MAX_DOCUMENTS} documents")
        try:
            loaded = await self._documents.load(url, self._tenant, self._own_address)
        except StoreUnavailable as error:
            raise LdContextNotAvailable(f"The @context {url} cannot be looked up now") from error
        self.loaded.append(loaded)
        return await self.collect(loaded.document.get("@context"), (*path, url))


def link_url(request: Request) -> str | None:
    """Give the @context URL of the Link header. Raises BadRequestData where there are several."""
    values = request.headers.getlist("link")
    return _find_link(", ".join(values)) if values else None


@lru_cache(maxsize=256)
def _find_link(header: str) -> str | None:
    if len(header) > _LINK_MAX:
        raise BadRequestData(f"The Link header has more than {_LINK_MAX} characters")
    found = []
    for match in _LINK.finditer(header):
        rel = _REL.search(match[2])
        if rel is not None and LD_CONTEXT_REL in (rel[1] or rel[2] or "").split():
            found.append(match[1].strip())
    if len(found) > 1:
        raise BadRequestData("The Link header names more than one @context")
    if found and not found[0]:
        raise BadRequestData("The Link header names an empty @context URL")
    if not found and LD_CONTEXT_REL in header:
        raise BadRequestData(
            f'The Link header is not well formed; write <URL>; rel="{LD_CONTEXT_REL}";'
            ' type="application/ld+json"'
        )
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


def _is_core(part: object) -> bool:
    return isinstance(part, str) and is_core_context_url(part)


def _digest(source: Source) -> str:
    return hashlib.blake2b(msgspec.json.encode(source), digest_size=32).hexdigest()
