"""Runs the API in this process until it is told to stop."""

import ipaddress

import uvicorn
from fastapi import FastAPI

from context_api.http.app import create_app
from context_api.http.connection import BoundedProtocol
from context_api.http.settings import ApiSettings
from context_api.http.socket_connection import (
    MESSAGE_MAX_BYTES,
    PING_EVERY_S,
    PONG_WITHIN_S,
    BoundedSocket,
)
from context_api.http.tls import Certificate

_BACKLOG = 2_048
_KEEP_ALIVE_S = 75
_MAX_CONNECTIONS = 4_000
"""Open at the same time; more are answered with 503."""


def serve(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished, for `shutdown_s` at most.

    Raises ValueError where access control is off and the address is not loopback.
    """
    if not settings.auth and not _is_loopback(settings.host):
        raise ValueError(f"without access control the API listens on loopback only, not on {settings.host}")
    uvicorn.Server(make_config(create_app(settings), settings)).run()


def make_config(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """Say how the application is served: fast, bounded, without a log line per request.

    Raises OSError and ssl.SSLError for a certificate that cannot be used.
    """
    certificate = None if settings.tls_files is None else Certificate(settings.tls_files)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=BoundedProtocol,
        ws=BoundedSocket,
        ws_max_size=MESSAGE_MAX_BYTES,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PONG_WITHIN_S,
        ws_per_message_deflate=False,  # a window per client is memory, and a bomb may come in
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.shutdown_s,
        ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
