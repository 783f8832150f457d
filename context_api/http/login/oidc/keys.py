"""The keys of one provider: fetched when needed, kept while it is away, fetched anew when they rotate."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import structlog

from context_api.http.login.oidc.documents import Documents, ProviderUnreachable, check_endpoint
from context_api.identity.providers import Provider
from context_api.identity.signatures import Key, find_keys, read_keys
from context_api.identity.tokens import Header, TokenRefused

FRESH_S = 600.0
"""Keys are fetched anew after this time, while the ones there are go on being used …"""
STALE_S = 86_400.0
"""… for so long at most, while the provider is away: a key that it took back must not count for ever."""
METADATA_S = 3_600.0
RETRY_S = 10.0
"""Between two fetches, whatever tokens come: unknown key ids are free for whoever makes them up."""
_ENDPOINT = ".well-known/openid-configuration"
log = structlog.get_logger("http")


class ProviderKeys:
    """Metadata (OpenID Connect Discovery 1.0, 4) and keys of a provider."""

    def __init__(self, provider: Provider, documents: Documents) -> None:
        self._provider = provider
        self._documents = documents
        self._metadata: dict[str, Any] | None = None
        self._metadata_at = 0.0
        self._failed_at: float | None = None
        self._fault = ""
        self._asking = asyncio.Lock()
        self._keys: tuple[Key, ...] | None = None
        self._keys_at = 0.0
        self._tried_at: float | None = None
        self._is_failing = False
        self._refresh: asyncio.Task[None] | None = None
        self.fetches = 0
        """How often the provider was asked for its keys."""

    async def find(self, header: Header) -> Sequence[Key]:
        """Give the keys that a token may be signed with.

        Raises TokenRefused where the provider has none such, ProviderUnreachable where that cannot be known.
        """
        found = self._find_known(header)
        if not found and self._may_try():
            await self._fetch()
            found = self._find_known(header)
        if found:
            if time.monotonic() - self._keys_at > FRESH_S and self._may_try():
                self._begin_fetch()
            return found
        if self._is_failing:
            raise ProviderUnreachable(f"the provider {self._provider.id} cannot be asked for its keys")
        raise TokenRefused("kid is that of no key of its provider")

    async def metadata(self) -> dict[str, Any]:
        """Give what the provider says of itself. Raises ProviderUnreachable."""
        async with self._asking:  # once, however many wait for it
            now = time.monotonic()
            if self._metadata is not None and now - self._metadata_at <= METADATA_S:
                return self._metadata
            if self._failed_at is None or now - self._failed_at >= RETRY_S:
                try:
                    self._metadata, self._metadata_at = await self._ask_metadata(), now
                    self._failed_at = None
                except ProviderUnreachable as error:
                    self._failed_at, self._fault = time.monotonic(), str(error)
            if self._metadata is None:
                raise ProviderUnreachable(self._fault)
            return self._metadata

    async def _ask_metadata(self) -> dict[str, Any]:
        said = await self._documents.get(f"{self._provider.issuer.rstrip('/')}/{_ENDPOINT}")
        if said.get("issuer") != self._provider.issuer:
            raise ProviderUnreachable(f"the provider {self._provider.id} calls itself by another issuer")
        return said

    async def close(self) -> None:
        """Stop what is under way."""
        if self._refresh is not None:
            self._refresh.cancel()
            with contextlib.suppress(asyncio.CancelledError, ProviderUnreachable):
                await self._refresh

    def _find_known(self, header: Header) -> Sequence[Key]:
        if self._keys is None or time.monotonic() - self._keys_at > STALE_S:
            return ()
        return find_keys(self._keys, header)

    def _may_try(self) -> bool:
        """Whether the provider may be asked, or is being asked already."""
        is_running = self._refresh is not None and not self._refresh.done()
        return is_running or self._tried_at is None or time.monotonic() - self._tried_at >= RETRY_S

    async def _fetch(self) -> None:
        """Ask the provider, once however many wait for it; what fails is found in `_is_failing`."""
        await asyncio.shield(self._begin_fetch())

    def _begin_fetch(self) -> "asyncio.Task[None]":
        if self._refresh is None or self._refresh.done():
            self._tried_at = time.monotonic()
            self._refresh = asyncio.get_running_loop().create_task(self._fetch_once())
        return self._refresh

    async def _fetch_once(self) -> None:
        self.fetches += 1
        try:
            metadata = await self.metadata()
            url = check_endpoint(self._provider, metadata, "jwks_uri")
            keys = read_keys(await self._documents.get(url))
        except (ProviderUnreachable, ValueError) as error:
            self._is_failing = True
            self._metadata_at = min(self._metadata_at, time.monotonic() - METADATA_S)
            log.warning("provider_unreachable", provider=self._provider.id, reason=str(error))
            return
        self._is_failing = False
        self._keys, self._keys_at = keys, time.monotonic()
