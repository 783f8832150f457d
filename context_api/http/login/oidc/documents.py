"""What we ask providers over HTTP: bounded in size and time, without redirects, under the outbound policy.

The operator's own setting allows the host of the issuer, wherever it is; whatever else its documents name has
to be a public address or one of MACHI_OUTBOUND_ALLOW.
"""

import asyncio
import base64
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx

from context_api.identity.providers import Provider, is_loopback
from context_api.notifications.outbound import DEFAULT_PORTS, Address, OutboundPolicy, open_client

DOCUMENT_MAX = 262_144
TIMEOUT_S = 5.0
_EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


class ProviderUnreachable(Exception):
    """The provider does not answer, or not as it must; the message says what it did."""


@dataclass(frozen=True)
class IssuerPolicy(OutboundPolicy):
    """The policy of an installation, which allows the host of one issuer besides."""

    own: tuple[str, int] = ("", 0)

    def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """Every address of a host; those of the issuer's are not judged."""
        if self.is_closed or (host, port) != self.own:
            return super().addresses(host, port)
        return OutboundPolicy(allowed=_EVERYWHERE, resolve=self.resolve).addresses(host, port)


class Documents:
    """Speaks to one provider."""

    def __init__(self, provider: Provider, outbound: OutboundPolicy) -> None:
        parts = urlsplit(provider.issuer)
        own = (parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])
        policy = IssuerPolicy(outbound.allowed, outbound.resolve, is_closed=outbound.is_closed, own=own)
        self._client = open_client(policy, timeout_s=TIMEOUT_S)

    async def get(self, url: str, *, token: str | None = None) -> dict[str, Any]:
        """Fetch a JSON object. Raises ProviderUnreachable."""
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self._ask(self._client.build_request("GET", url, headers=headers))

    async def post(
        self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a form, and read a JSON object. Raises ProviderUnreachable."""
        request = self._client.build_request(
            "POST", url, data=dict(form), headers={"Accept": "application/json"}
        )
        if basic is not None:
            # Both are form-encoded first (RFC 6749, 2.3.1)
            pair = ":".join(quote_plus(part) for part in basic)
            request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._ask(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, request: httpx.Request) -> dict[str, Any]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._client.send(request, stream=True)
                try:
                    return await _read(answer)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            reason = str(error) or f"no answer within {TIMEOUT_S:g} s"
            raise ProviderUnreachable(f"{request.url.host} cannot be asked: {reason}") from error


async def _read(answer: httpx.Response) -> dict[str, Any]:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > DOCUMENT_MAX:
            raise ProviderUnreachable(f"{answer.request.url.host} sends more than {DOCUMENT_MAX} bytes")
    if answer.status_code != 200:
        raise ProviderUnreachable(f"{answer.request.url} answers {answer.status_code}")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderUnreachable(f"{answer.request.url} sends no JSON") from error
    if not isinstance(document, dict):
        raise ProviderUnreachable(f"{answer.request.url} sends no JSON object")
    return document


def check_endpoint(provider: Provider, metadata: Mapping[str, Any], name: str) -> str:
    """Give an address that the provider names. Raises ProviderUnreachable where it is missing or unsafe."""
    url = metadata.get(name)
    if not isinstance(url, str):
        raise ProviderUnreachable(f"the provider {provider.id} names no {name}")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ProviderUnreachable(f"the provider {provider.id}: {name} is no address") from error
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http"
        and is_loopback(urlsplit(provider.issuer).hostname or "")
        and is_loopback(parts.hostname or "")
    )
    if not is_safe:
        raise ProviderUnreachable(f"the provider {provider.id}: {name} is not https")
    return url
