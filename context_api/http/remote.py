"""Fetching remote @contexts: once, from permitted addresses, within limits of size, time and redirects."""

import asyncio
import re
from typing import NamedTuple

import httpx

from context_api.http.bodies import parse_json
from context_api.ngsild.errors import BadRequestData, LdContextNotAvailable, NgsiLdError
from context_api.notifications.outbound import OutboundPolicy, OutboundRefused, open_client

MAX_REDIRECTS = 3
MAX_URL_LENGTH = 2_048
_CONCURRENT = 8
_ACCEPT = "application/ld+json, application/json;q=0.9"


_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE | re.ASCII)
_NO_STORE = re.compile(r"(?:^|,)\s*no-(?:store|cache)\s*(?:,|$)", re.IGNORECASE)


class Fetched(NamedTuple):
    """A document as it came."""

    body: bytes
    lifetime_s: float | None
    """For how long its server calls it fresh, where it says so."""


class ContextFetcher:
    """Fetches @context documents over HTTP."""

    def __init__(self, policy: OutboundPolicy, *, max_bytes: int, timeout_s: float) -> None:
        self._client = open_client(policy, timeout_s=timeout_s)
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(_CONCURRENT)

    async def fetch(self, url: str) -> Fetched:
        """Give the document, which is a JSON object with an @context.

        Raises LdContextNotAvailable, or BadRequestData where what came is no @context.
        """
        if len(url) > MAX_URL_LENGTH:
            raise BadRequestData(f"The URL of an @context has more than {MAX_URL_LENGTH} characters")
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                fetched = await self._follow(url)
        except OutboundRefused as error:
            raise LdContextNotAvailable(f"The @context {url} may not be fetched: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            reason = str(error) or f"no answer within {self._timeout_s:g} s"
            raise LdContextNotAvailable(f"The @context {url} cannot be fetched: {reason}") from error
        _check_document(url, fetched.body)
        return fetched

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _follow(self, url: str) -> Fetched:
        target = httpx.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            request = self._client.build_request("GET", target, headers={"Accept": _ACCEPT})
            response = await self._client.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    return Fetched(await self._read(url, response), _read_lifetime(response))
                target = target.join(response.headers["location"])
            finally:
                await response.aclose()
        raise LdContextNotAvailable(f"The @context {url} redirects more than {MAX_REDIRECTS} times")

    async def _read(self, url: str, response: httpx.Response) -> bytes:
        if response.status_code != 200:
            raise LdContextNotAvailable(f"The @context {url} answers with status {response.status_code}")
        parts = bytearray()
        async for part in response.aiter_raw():
            parts += part
            if len(parts) > self._max_bytes:
                raise LdContextNotAvailable(f"The @context {url} has more than {self._max_bytes} bytes")
        return bytes(parts)


def _read_lifetime(response: httpx.Response) -> float | None:
    directives = response.headers.get("cache-control", "")
    if _NO_STORE.search(directives):
        return 0.0
    found = _MAX_AGE.search(directives)
    return None if found is None else float(found[1])


def _check_document(url: str, body: bytes) -> None:
    try:
        document = parse_json(body)
    except NgsiLdError as error:
        raise BadRequestData(f"The @context {url} is not JSON: {error.detail}") from error
    if not isinstance(document, dict) or "@context" not in document:
        raise BadRequestData(f"The document {url} has no @context")
