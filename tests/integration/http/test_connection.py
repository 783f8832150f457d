"""Connections: bounded heads, HEAD requests, keep-alive."""

import socket
import time

import httpx
import pytest

from context_api.http import connection


def speak(api: httpx.Client, *parts: bytes, timeout_s: float = 5) -> bytes:
    """Send raw bytes; give all that comes back until the server closes."""
    address = (api.base_url.host, api.base_url.port or 80)
    with socket.create_connection(address, timeout=timeout_s) as raw:
        for part in parts:
            raw.sendall(part)
        received = b""
        while piece := raw.recv(65_536):
            received += piece
        return received


def test_a_head_without_end_is_refused(api: httpx.Client) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (connection.MAX_HEAD_BYTES + 1)
    assert speak(api, head).startswith(b"HTTP/1.1 431 ")
    usual = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 8_000 + b"\r\n\r\n"
    assert speak(api, usual).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_come_is_not_waited_for(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.3)
    for parts in ((), (b"GET /healthz HT",)):
        started = time.monotonic()
        assert speak(api, *parts) == b""
        assert time.monotonic() - started > 0.2
    for _ in range(2):  # a connection that is used stays open longer than that
        assert api.get("/healthz").status_code == 200
        time.sleep(0.5)


def test_head_is_get_without_the_body(api: httpx.Client) -> None:
    for path, status in (("/", 200), ("/healthz", 200), ("/ngsi-ld/v1/types", 200), ("/ngsi-ld/v1/no", 404)):
        answer = api.head(path)
        assert answer.status_code == status
        assert answer.content == b""
        assert int(answer.headers["content-length"]) == len(api.get(path).content) or path.endswith("types")


def test_a_page_that_did_not_change_is_not_sent_again(api: httpx.Client) -> None:
    first = api.get("/page/docs.css")
    again = api.get("/page/docs.css", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    policy = api.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert api.get("/page/nothing.js").status_code == 404


def test_names_of_headers_are_written_as_specified(api: httpx.Client) -> None:
    body = b'{"id":"urn:a:1","type":"T"}'
    create = b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nNGSILD-Tenant: default\r\n"
    create += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    read = b"GET /ngsi-ld/v1/entities/urn:a:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    heads = [each.partition(b"\r\n\r\n")[0] for each in speak(api, create + read).split(b"HTTP/1.1 ")[1:]]
    names = [{line.partition(b":")[0] for line in head.split(b"\r\n")[1:]} for head in heads]
    assert {b"Location", b"NGSILD-Tenant", b"Content-Length"} <= names[0]
    assert {b"Content-Type", b"Link", b"Connection"} <= names[1]
    assert all(name[:1].isupper() for head in names for name in head)


def test_an_interim_answer_keeps_the_head_to_come(api: httpx.Client) -> None:
    body = b'{"id":"urn:a:1","type":"T"}'
    head = b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = speak(api, head, body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
    assert b"\r\nLocation: " in answer
