"""Which addresses we call on somebody else's word, and a transport that reaches no other.

Partners choose the URLs that we call (notification endpoints, remote @contexts). Every such call goes
through `open_client`: a name is resolved once, every address it has is checked, and the connection goes to an
address that was checked, so a name that changes its answer in between gains nothing. Redirects are not
followed; a caller that follows them is checked again at each hop, because the check lives in the transport.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]
"""Host and port to addresses; raises OSError when there is none."""

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEP_ALIVE_S = 30.0
RESOLVER_THREADS = 32

# These carry an IPv4 address that a gateway on the way may unpack: RFC 6052 (NAT64, last 32 bits).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Translators of one's own network (RFC 8215) and the deprecated site-local and IPv4-compatible ranges.
_NEVER_PUBLIC = (
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("fec0::/10"),
    ipaddress.ip_network("::/96"),
    ipaddress.ip_network("192.88.99.0/24"),
)

# A name server that does not answer must not use up the threads that others need: these only resolve.
_RESOLVERS = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")


class OutboundRefused(httpx.TransportError):
    """The address policy does not allow this call; the message says why and names no resolved address."""


@dataclass(frozen=True)
class Target:
    """Where a URL points to, as written."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class ResolvedTarget:
    """Where a URL points to, with the addresses that were checked."""

    scheme: str
    host: str
    port: int
    addresses: tuple[Address, ...]


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver; raises OSError (gaierror) when the name has no address."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class OutboundPolicy:
    """Public addresses, and those of `allowed` (MACHI_OUTBOUND_ALLOW): a call to any other is refused."""

    allowed: tuple[Network, ...] = ()
    resolve: Resolver = field(default=resolve_by_system, repr=False)

    def parse(self, url: str | httpx.URL) -> Target:
        """What can be said without the network: scheme, no credentials, a host. Raises OutboundRefused."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise OutboundRefused("the URL is not valid") from exc
        if parsed.scheme not in DEFAULT_PORTS:
            raise OutboundRefused(f"the scheme {parsed.scheme[:20]!r} is not http or https")
        if parsed.userinfo:
            raise OutboundRefused("the URL carries credentials")
        if not parsed.raw_host:
            raise OutboundRefused("the URL has no host")
        port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not 1 <= port <= 65535:
            raise OutboundRefused(f"the port {port} is not between 1 and 65535")
        return Target(parsed.scheme, parsed.raw_host.decode("ascii"), port)

    def check(self, url: str | httpx.URL) -> ResolvedTarget:
        """Resolve the URL's host and check every address it has. Blocks while the name is resolved.

        Raises OutboundRefused, or httpx.ConnectError when the name has no address.
        """
        target = self.parse(url)
        return ResolvedTarget(
            target.scheme, target.host, target.port, self.addresses(target.host, target.port)
        )

    def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """Every address of a host, all of them permitted; one that is not refuses the host as a whole."""
        try:
            found = [ipaddress.ip_address(text) for text in self.resolve(host, port)]
        except (OSError, UnicodeError) as exc:
            raise httpx.ConnectError(f"the name {host!r} cannot be resolved") from exc
        if not found:
            raise httpx.ConnectError(f"the name {host!r} has no address")
        for address in found:
            if not self.permits(address):
                raise OutboundRefused(
                    f"{host!r} points to an address that is not public; "
                    "an operator can allow its network in MACHI_OUTBOUND_ALLOW"
                )
        return tuple(found)

    def permits(self, address: Address) -> bool:
        """Is this address public, or allowed? An IPv4 address inside an IPv6 one is judged as itself."""
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return self.permits(address.ipv4_mapped)
            embedded = _embedded_ipv4(address)
            if embedded is not None and not self.permits(embedded):
                return False
        return self._is_allowed(address) or _is_public(address)

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.allowed)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """CIDR texts as an operator writes them; raises ValueError naming the wrong one."""
    return tuple(ipaddress.ip_network(text.strip()) for text in texts if text.strip())


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.sixtofour


def _is_public(address: Address) -> bool:
    """`is_global` differs between Python versions; what must never pass is named besides."""
    refused = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address.version == network.version and address in network for network in _NEVER_PUBLIC)
    )
    return address.is_global and not refused


@cache
def _ssl_context() -> ssl.SSLContext:
    """One for all: reading the certificate authorities takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore, to checked addresses only; httpcore keeps the name for Host and SNI."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                addresses = await loop.run_in_executor(_RESOLVERS, self._policy.addresses, host, port)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(f"the name {host!r} is not resolved in time") from exc
        # Each address gets its share of the time: a black hole in the first must not hide the second.
        share = None if timeout is None else timeout / len(addresses)
        for position, address in enumerate(addresses, start=1):
            try:
                return await self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses):
                    raise
        raise httpcore.ConnectError(f"the name {host!r} has no address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def _as_httpx_errors() -> Iterator[None]:
    """httpcore's errors carry the names of httpx's."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as exc:
        known: type[httpx.TransportError] = getattr(httpx, type(exc).__name__, httpx.TransportError)
        raise known(str(exc) or type(exc).__name__) from exc


class _Body(httpx.AsyncByteStream):
    """The response's bytes; closing it early closes the connection."""

    def __init__(self, stream: AsyncIterator[bytes], close: Callable[[], object]) -> None:
        self._stream = stream
        self._close = close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_errors():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        closing = self._close()
        if asyncio.iscoroutine(closing):
            await closing


class OutboundTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 under an `OutboundPolicy`: raises OutboundRefused before any connection is opened."""

    def __init__(self, policy: OutboundPolicy, *, max_connections: int | None = None) -> None:
        self._policy = policy
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=256,
            keepalive_expiry=KEEP_ALIVE_S,
            http1=True,
            http2=False,
            network_backend=_CheckedBackend(policy),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the timeouts are those in the request's extensions."""
        self._policy.parse(request.url)
        core_request = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx_errors():
            response = await self._pool.handle_async_request(core_request)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.aiter_stream(), response.aclose),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the idle connections and those in use."""
        await self._pool.aclose()


def open_client(
    policy: OutboundPolicy, *, user_agent: str = "Machi", timeout_s: float = 10.0
) -> httpx.AsyncClient:
    """An httpx client for URLs that somebody else chose: no proxy, no redirects, no cookies.

    The caller bounds the size of what it reads (stream the response) and the total time (`asyncio.timeout`).
    """
    return httpx.AsyncClient(
        transport=OutboundTransport(policy),
        trust_env=False,
        follow_redirects=False,
        timeout=timeout_s,
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )
