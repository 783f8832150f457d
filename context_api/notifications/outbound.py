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
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from context_api.notifications.http1 import Connection, StaleConnection, open_connection, write_head

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]
"""Host and port to addresses; raises OSError when there is none."""

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEP_ALIVE_S = 15.0
MAX_IDLE = 512
CONNECT_SHARE_S = 3.0
"""How long one of several addresses of a name may take."""
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
    is_closed: bool = False
    """Whether every call is refused: this process calls nobody."""

    def parse(self, url: str | httpx.URL) -> Target:
        """What can be said without the network: scheme, no credentials, a host. Raises OutboundRefused."""
        if self.is_closed:
            raise OutboundRefused("this process calls nobody")
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
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class OutboundTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 under an `OutboundPolicy`: raises OutboundRefused before any connection is opened."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._idle: dict[Target, list[Connection]] = {}
        self._expiry: dict[Connection, asyncio.TimerHandle] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the timeouts are those in the request's extensions."""
        target = self._policy.parse(request.url)
        timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
        body = b"".join([part async for part in _async_stream(request)])
        head = write_head(request, body)
        while True:
            connection = self._take_idle(target) or await self._connect(target, timeouts.get("connect"))
            try:
                status, headers = await connection.request(head, body, timeouts.get("read"))
            except StaleConnection:
                # Closed by the server while it was idle: the request was not looked at, so it may go again
                continue
            except BaseException:
                connection.abort()
                raise
            stream = _Body(self, target, connection, timeouts.get("read"))
            return httpx.Response(status, headers=headers, stream=stream)

    async def aclose(self) -> None:
        """Close the idle connections; those in use are closed when their answers are."""
        for connection in list(self._expiry):
            self._expire(connection)
        self._idle.clear()

    async def _connect(self, target: Target, timeout_s: float | None) -> Connection:
        tls = _ssl_context() if target.scheme == "https" else None
        try:
            async with asyncio.timeout(timeout_s):
                loop = asyncio.get_running_loop()
                addresses = await loop.run_in_executor(
                    _RESOLVERS, self._policy.addresses, target.host, target.port
                )
                return await self._connect_to_any(target, addresses, tls, timeout_s)
        except TimeoutError as exc:
            raise httpx.ConnectTimeout(f"no connection to {target.host!r} in time") from exc
        except OSError as exc:  # ssl.SSLError and certificate errors are OSErrors too
            raise httpx.ConnectError(f"no connection to {target.host!r}: {exc}") from exc

    async def _connect_to_any(
        self,
        target: Target,
        addresses: Sequence[Address],
        tls: ssl.SSLContext | None,
        timeout_s: float | None,
    ) -> Connection:
        """Try one address after the other; a black hole in the first must not hide the second."""
        share = None if timeout_s is None else timeout_s / len(addresses)
        for address in addresses[:-1]:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(share):
                    return await open_connection(str(address), target.port, tls, target.host)
        return await open_connection(str(addresses[-1]), target.port, tls, target.host)

    def _take_idle(self, target: Target) -> Connection | None:
        idle = self._idle.get(target, [])
        while idle:
            connection = idle.pop()
            self._expiry.pop(connection).cancel()
            if connection.is_reusable:
                return connection
        self._idle.pop(target, None)
        return None

    def give_back(self, target: Target, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end for a while; close any other."""
        if not connection.is_reusable or len(self._expiry) >= MAX_IDLE:
            connection.abort()
            return
        self._idle.setdefault(target, []).append(connection)
        loop = asyncio.get_running_loop()
        self._expiry[connection] = loop.call_later(KEEP_ALIVE_S, self._forget, target, connection)

    def _forget(self, target: Target, connection: Connection) -> None:
        self._expire(connection)
        idle = self._idle.get(target, [])
        if connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(target, None)

    def _expire(self, connection: Connection) -> None:
        self._expiry.pop(connection).cancel()
        connection.abort()


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it before its end closes the connection."""

    def __init__(
        self,
        transport: OutboundTransport,
        target: Target,
        connection: Connection,
        read_timeout_s: float | None,
    ) -> None:
        self._transport = transport
        self._target = target
        self._connection: Connection | None = connection
        self._read_timeout_s = read_timeout_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._connection is not None:
            async for piece in self._connection.read_body(self._read_timeout_s):
                yield piece

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.give_back(self._target, connection)


async def open_stream(
    policy: OutboundPolicy, host: str, port: int, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection of another protocol to an address that was checked; the caller bounds the time.

    Raises OutboundRefused, httpx.ConnectError when the name has no address, OSError.
    """
    found = asyncio.get_running_loop().run_in_executor(_RESOLVERS, policy.addresses, host, port)
    addresses = await found
    for position, address in enumerate(addresses):
        try:
            async with asyncio.timeout(CONNECT_SHARE_S if position < len(addresses) - 1 else None):
                return await asyncio.open_connection(
                    str(address), port, ssl=tls, server_hostname=host if tls is not None else None
                )
        except (OSError, TimeoutError):
            if position == len(addresses) - 1:
                raise
    raise httpx.ConnectError(f"the name {host!r} has no address")


def _async_stream(request: httpx.Request) -> httpx.AsyncByteStream:
    if not isinstance(request.stream, httpx.AsyncByteStream):
        raise httpx.LocalProtocolError("the request's body cannot be read here")
    return request.stream


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
