"""Requests that a proxy before us and we could each read in another way, and paths that lead elsewhere."""

import contextlib
import socket

import pytest

from tests.attacks.conftest import LOOT, Town

_HEAD = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\n"
_SECOND = "GET /ngsi-ld/v1/entities/urn:ngsi-ld:House:hidden HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLED = {
    "both lengths": _HEAD + f"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "two lengths": _HEAD + f"Content-Length: 0\r\nContent-Length: 5\r\n\r\n{_SECOND}",
    "a list of lengths": _HEAD + f"Content-Length: 0, 5\r\n\r\n{_SECOND}",
    "a signed length": _HEAD + f"Content-Length: +5\r\n\r\n{_SECOND}",
    "a length that is none": _HEAD + f"Content-Length: 5abc\r\n\r\n{_SECOND}",
    "an encoding misspelt": _HEAD + f"Transfer-Encoding: xchunked\r\n\r\n{_SECOND}",
    "a space before the colon": _HEAD + f"Content-Length : 5\r\n\r\n{_SECOND}",
    "a folded header": _HEAD + f"X-A: b\r\n Content-Length: 5\r\n\r\n{_SECOND}",
    "a chunk size that overflows": _HEAD + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    "a chunk size with a sign": _HEAD + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a zero byte in a header": _HEAD + "X-A: \x00\r\n\r\n",
    "a bare line feed": "GET /api/v1/devices HTTP/1.1\nHost: x\n\n",
    "no version": "GET /api/v1/devices\r\n\r\n",
    "an unknown version": "GET /api/v1/devices HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": "GET /api/v1/devices HTTP/1.1\r\n\r\n",
}
PATHS = (
    "/page/../../../../etc/passwd",
    "/page/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/page/..%2f..%2f..%2fetc%2fpasswd",
    "/page/....//....//etc/passwd",
    "/page/%00",
    "/assets/../../../pyproject.toml",
    "/assets/%2e%2e%2f%2e%2e%2fapp.py",
    "/assets/..%5c..%5capp.py",
    "//etc/passwd",
    "/ngsi-ld/v1/jsonldContexts/..%2f..%2f..%2fetc%2fpasswd",
    "/ngsi-ld/v1/entities/../../../api/v1/devices",
    "/healthz/../api/v1/devices",
    "/page/..;/api/v1/devices",
    "/.env",
    "/.git/config",
)


def _send(town: Town, text: str) -> bytes:
    """Send bytes as they are; gives all that comes back."""
    with socket.create_connection(("127.0.0.1", town.api.base_url.port or 0), timeout=25) as connection:
        connection.sendall(text.encode("latin-1"))
        answer = b""
        with contextlib.suppress(TimeoutError):  # it waits for the rest of a request: then it refuses nothing
            while piece := connection.recv(65_536):
                answer += piece
    return answer


@pytest.mark.parametrize("kind", SMUGGLED)
def test_nothing_is_smuggled_in(town: Town, kind: str) -> None:
    answer = _send(town, SMUGGLED[kind])
    assert LOOT.encode() not in answer
    heads = [part.split(b"\r\n")[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert len(heads) <= 2
    assert all(head.startswith(b"4") for head in heads), heads


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(town: Town, path: str) -> None:
    answer = _send(town, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status = answer.split(b" ")[1]
    assert b"root:" not in answer
    assert b"[build-system]" not in answer
    assert b"dev-1" not in answer
    assert status in (b"400", b"401", b"403", b"404") or b"<html" in answer.lower(), answer[:300]


@pytest.mark.parametrize(
    "name",
    ["X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Prefix", "X-Forwarded-For"],
)
def test_no_header_changes_what_is_asked(town: Town, name: str) -> None:
    value = {"X-HTTP-Method-Override": "DELETE", "X-Forwarded-For": "127.0.0.1"}.get(name, "/healthz")
    answer = town.call(town.mallory, "GET", "/api/v1/keys/unknown", **{name: value})
    assert answer.status_code in (403, 404)
    answer = town.call(None, "GET", "/api/v1/devices", **{name: value})
    assert answer.status_code == 401
