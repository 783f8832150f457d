"""Live streams by WebSocket: the contract of the other ones, and what is a WebSocket's own."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from context_api.http import connection, socket_connection
from context_api.http.errors import Unauthorized
from context_api.http.live import tickets
from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import SECRET, Serve, serving
from tests.integration.http.event_source import PATH, listening
from tests.integration.http.test_stream import create, gauge, gauge_with, sensor, values
from tests.integration.http.web_socket import SocketListener, opened, socket_listening, url_of
from tests.support.waiting import wait_until

STREAM_S = 3_600.0
TICKETS = f"{PATH}/tickets"


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    return replace(settings, stream_age_s=STREAM_S)


def refusal(url: str, headers: Any = None, subprotocols: list[str] | None = None) -> tuple[int, str]:
    """Give the status and the body of the response that refuses a WebSocket."""
    with pytest.raises(InvalidStatus) as refused:
        opened(url, headers, subprotocols)
    response = refused.value.response
    return response.status_code, (response.body or b"").decode()


def test_a_socket_tells_what_server_sent_events_tell(api: httpx.Client) -> None:
    """The same events with the same ids and data, whatever happens to the entities."""
    every = "attributeCreated,attributeUpdated,attributeDeleted,entityDeleted"
    asked: dict[str, Any] = {
        "type": "Sensor",
        "notificationTrigger": every,
        "q": "pm25<50",
        "format": "concise",
    }
    create(api, sensor(1, 0))
    with listening(api, **asked) as events, socket_listening(api, **asked) as messages:
        for value in range(1, 20):
            create(
                api,
                sensor(value % 3, value * 2, name=f"n{value}"),
                {"id": "urn:r:1", "type": "Room", "x": value},
            )
        api.delete("/ngsi-ld/v1/entities/urn:a:1/attrs/name")
        api.delete("/ngsi-ld/v1/entities/urn:a:1")
        mine, theirs = events.take(21), messages.take(21)
    assert [event.data["change"] for event in mine[-2:]] == ["entityUpdated", "entityDeleted"]
    assert [event._replace(data=_without_time(event.data)) for event in mine] == [
        event._replace(data=_without_time(event.data)) for event in theirs
    ]


def _without_time(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "notifiedAt"}


@pytest.mark.parametrize("by", ["query", "header"])
def test_a_socket_goes_on_where_any_stream_was_left(api: httpx.Client, by: str) -> None:
    create(api, sensor(1, 0))
    with socket_listening(api, type="Sensor", format="keyValues") as stream:
        for value in range(1, 4):
            create(api, sensor(1, value), {"id": "urn:r:1", "type": "Room", "x": value})
        assert values(stream.take(3)) == [1, 2, 3]
        left = stream.last_id
    for value in range(4, 8):
        create(api, sensor(1, value))
    headers = {"Last-Event-ID": str(left)} if by == "header" else None
    asked: dict[str, Any] = {"type": "Sensor", "format": "keyValues"}
    if by == "query":
        asked["lastEventId"] = left
    with socket_listening(api, headers, **asked) as stream:
        create(api, sensor(1, 8))
        assert values(stream.take(5)) == [4, 5, 6, 7, 8]
        left = stream.last_id
    create(api, sensor(1, 9))
    with listening(api, type="Sensor", format="keyValues", lastEventId=left) as stream:
        assert values(stream.take(1)) == [9]
    with socket_listening(api, type="Sensor", lastEventId=10**12) as stream:
        assert stream.take(1)[0].kind == "gap"


def test_signs_of_life_are_messages_and_pings(
    settings: ApiSettings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(replace(settings, stream_heartbeat_s=0.1))
    with socket_listening(api, type="Nothing") as stream:
        begin = stream.last_id
        assert begin is not None
        create(api, sensor(1))
        while (event := stream.next(beats=True)) is not None:
            assert event.kind == "heartbeat"
            if event.id is not None and event.id > begin:
                break
        assert stream.connection.ping().wait(30)


def test_a_socket_ends_with_its_reason(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, stream_age_s=0.2))
    with socket_listening(api) as stream:
        closed = stream.take(1)[0]
        assert (closed.kind, closed.data["reason"]) == ("closed", "age")
        assert stream.next() is None
        assert stream.closed == (1012, "age")
    wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)


def test_a_slow_socket_is_let_go_with_its_reason(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, stream_queue_events=10))
    create(api, sensor(1, 0))
    changes = 40
    asked = {"type": "Sensor", "pick": "pm25,text"}
    slow = opened(url_of(api, asked), max_size=None, max_queue=1)
    with socket_listening(api, type="Sensor", format="keyValues", pick="pm25") as quick:
        for value in range(1, changes + 1):
            create(api, sensor(1, value, text="x" * 500_000))
            assert values(quick.take(1)) == [value]
    texts: list[str] = []
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            texts.append(str(slow.recv(60)))
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "slow")
    assert '"reason":"slow"' in texts[-1]
    assert 1 < len(texts) < changes
    assert gauge(api, 'machi_stream_ended_total{reason="slow"}') == 1


def test_who_reads_nothing_at_all_is_cut_off(
    settings: ApiSettings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An orderly close would wait for ever for the buffer of a client that reads nothing."""
    lost: list[object] = []
    for kind in (connection.BoundedProtocol, socket_connection.BoundedSocket):
        monkeypatch.setattr(kind, "connection_lost", _noting(kind.connection_lost, lost))
    for module in ("context_api.http.live.socket.STALL_S", "context_api.http.live.sse.STALL_S"):
        monkeypatch.setattr(module, 0.3)
    api = serve(replace(settings, stream_queue_events=10))
    create(api, sensor(1, 0))
    with (
        raw(api, f"GET {PATH}?type=Sensor HTTP/1.1", upgrade=True),
        raw(api, f"GET {PATH}?type=Sensor HTTP/1.1"),
    ):
        wait_until(lambda: True if gauge(api, "machi_stream_clients") == 2 else None)
        for value in range(1, 60):
            create(api, sensor(1, value, text="x" * 400_000))
        wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)
        wait_until(lambda: True if len(lost) == 2 else None)


def _noting(call: Callable[[Any, Exception | None], None], noted: list[object]) -> Callable[[Any, Any], None]:
    def noting(self: object, error: Exception | None) -> None:
        noted.append(self)
        call(self, error)

    return noting


def raw(api: httpx.Client, line: str, *, upgrade: bool = False) -> socket.socket:
    """A connection that takes no more than a small buffer."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.connect((api.base_url.host, api.base_url.port or 80))
    wish = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    wish += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    one.sendall(f"{line}\r\nHost: x\r\n{wish if upgrade else ''}\r\n".encode())
    return one


def test_what_comes_in_is_bounded(api: httpx.Client) -> None:
    """Messages are dropped; a large one, and too many of any kind, close the connection."""
    with socket_listening(api, type="Sensor") as stream:
        stream.connection.send("anything")
        create(api, sensor(1, 1))
        assert stream.take(1)[0].kind == "change"
        stream.connection.send("x" * (socket_connection.MESSAGE_MAX_BYTES + 1))
        assert stream.next() is None
        assert stream.closed is not None
        assert stream.closed[0] == 1009
    for flood in ("x" * 1_000, b"x" * 1_000):
        with socket_listening(api, type="Sensor") as stream:
            with pytest.raises(ConnectionClosed):
                for _ in range(10_000):
                    stream.connection.send(flood)
            assert stream.next() is None
            assert stream.closed == (1008, "too many messages")
    wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)


def test_pages_of_elsewhere_are_refused(settings: ApiSettings, serve: Serve, key: str) -> None:
    """A browser lets any page open a WebSocket to anywhere: the server has to look where it comes from."""
    allowed = "https://map.example.jp"
    api = serve(replace(settings, stream_origins=(allowed,), public_url="https://machi.example.jp:8443/"))
    url = url_of(api, {"type": "Sensor"})
    own = f"http://127.0.0.1:{api.base_url.port}"
    for origin in (allowed, own, "https://machi.example.jp:8443"):
        opened(url, {"Origin": origin}).close()
    others = ("https://evil.example", "null", f"{own}.evil.example", "https://map.example.jp.evil.example")
    for origin in (*others, f"http://127.0.0.1:{(api.base_url.port or 0) + 1}", f"{own}/", ""):
        status, body = refusal(url, {"Origin": origin})
        assert (status, "MACHI_STREAM_ORIGINS" in body) == (403, True), origin
    # A name of a stranger's that was made to point here: its page would be "ours"
    status, _ = refusal(url.replace("127.0.0.1", "localhost"), {"Origin": own})
    assert status == 403


def test_without_keys_a_strangers_name_for_this_machine_is_refused(api: httpx.Client) -> None:
    head = (
        "Host: evil.example\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    )
    head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with socket.create_connection((api.base_url.host, api.base_url.port or 80), timeout=30) as one:
        one.sendall(f"GET {PATH} HTTP/1.1\r\n{head}".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_key_opens_a_socket_and_one_that_is_revoked_ends_it(
    settings: ApiSettings, serve: Serve, key: str, database_url: str
) -> None:
    api = serve(replace(settings, auth=True, stream_heartbeat_s=0.2))
    url = url_of(api, {})
    for headers in (None, {"Authorization": "Bearer no"}):
        status, body = refusal(url, headers)
        assert (status, '"title":"Unauthorized"' in body) == (401, True)
    headers = {"Authorization": f"Bearer {key}"}
    ticket = api.post(TICKETS, headers=headers).json()
    with (
        socket_listening(api, headers) as by_key,
        socket_listening(api, subprotocols=ticket["subprotocols"]) as by_ticket,
    ):
        assert by_ticket.connection.subprotocol == "machi.v1"
        with psycopg.connect(database_url, autocommit=True) as database:
            database.execute("update machi.api_key set revoked_at = now()")
        for stream in (by_key, by_ticket):
            closed = stream.take(1)[0]
            assert (closed.kind, closed.data["reason"]) == ("closed", "unauthorized")
            assert stream.next() is None
            assert stream.closed == (1008, "unauthorized")
    assert refusal(url, None, ticket["subprotocols"])[0] == 401


def test_a_ticket_stands_for_the_headers_that_a_browser_cannot_send(
    settings: ApiSettings, serve: Serve, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(replace(settings, auth=True))
    api.headers["Authorization"] = f"Bearer {key}"
    create(api, sensor(1), tenant="north")
    context = '</ngsi-ld/v1/jsonldContexts/city>; rel="http://www.w3.org/ns/json-ld#context"'
    answer = api.post(TICKETS, headers={"NGSILD-Tenant": "north", "Link": context})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    ticket = answer.json()
    assert key.split("_")[2] not in ticket["ticket"]
    origin = {"Origin": f"http://127.0.0.1:{api.base_url.port}"}
    with socket_listening(api, origin, ticket["subprotocols"], type="AirQualityObserved") as stream:
        create(api, sensor(1, 2))
        body = {"id": "urn:q:1", "type": "AirQualityObserved", "temperature": 3}
        sent = {"NGSILD-Tenant": "north", "Link": context}
        assert api.post("/ngsi-ld/v1/entities", json=body, headers=sent).status_code == 201
        told = stream.take(1)[0].data["data"][0]
    assert (told["id"], told["temperature"]["value"]) == ("urn:q:1", 3)
    url = url_of(api, {})
    payload, _, signature = ticket["ticket"].partition(".")
    for wrong in (f"{payload}.", signature, f"{payload}.{signature[:-4]}AAAA", "x", "." * 5_000):
        assert refusal(url, None, ["machi.v1", f"machi.ticket.{wrong}"])[0] in (400, 401)
    monkeypatch.setattr("context_api.http.live.opening.time.time", lambda: time.time_ns() / 1e9 + 31)
    status, text = refusal(url, None, ticket["subprotocols"])
    assert (status, "older than it may be" in text) == (401, True)
    assert api.post(TICKETS, headers={"NGSILD-Tenant": "nobody"}).status_code == 404


def test_a_ticket_of_another_installation_opens_nothing() -> None:
    ticket = tickets.Ticket(2**40, "abcdefgh", "default", "")
    text = tickets.write_ticket(b"another secret, as long", ticket)
    with pytest.raises(Unauthorized):
        tickets.read_ticket(SECRET, text, 0)
    assert tickets.read_ticket(b"another secret, as long", text, 0) == ticket


@pytest.mark.parametrize(
    ("parameters", "status", "said"),
    [
        ({"q": "pm25>"}, 400, "q: "),
        ({"lastEventId": "x"}, 400, "Last-Event-ID is"),
        ({"join": "inline"}, 400, "unknown here"),
        ({"q": "x" * 8_150}, 403, "at most"),
    ],
)
def test_what_is_wrong_is_answered_as_http(
    api: httpx.Client, parameters: dict[str, str], status: int, said: str
) -> None:
    answered = refusal(url_of(api, parameters))
    assert answered[0] in (status, 400)
    assert said in answered[1] or answered[0] == 400


def test_tenants_and_limits_are_those_of_streams(settings: ApiSettings, serve: Serve, key: str) -> None:
    api = serve(replace(settings, auth=True, streams_max=3, streams_per_key=2))
    headers = {"Authorization": f"Bearer {key}"}
    assert refusal(url_of(api, {}), {**headers, "NGSILD-Tenant": "nobody"})[0] == 404
    with socket_listening(api, headers), listening(api, headers):
        status, body = refusal(url_of(api, {}), headers)
        assert (status, "2 streams are open with this key" in body) == (503, True)
    wait_until(lambda: True if gauge_with(api, headers) == 0 else None)


def test_nothing_else_becomes_a_socket(api: httpx.Client) -> None:
    """Elsewhere the wish is ignored (RFC 9110, 7.8); a head that is none is refused, not waited for."""
    for path in ("/healthz", "/ngsi-ld/v1/types", f"{PATH}x"):
        with raw(api, f"GET {path} HTTP/1.1\r\nConnection: close", upgrade=True) as one:
            one.settimeout(30)
            assert one.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 404")
    for line in (f"POST {PATH} HTTP/1.1\r\nContent-Length: 0", f"GET {PATH}?q={'x' * 9_000} HTTP/1.1"):
        with raw(api, line, upgrade=True) as one:
            one.settimeout(30)
            received = b""
            while piece := one.recv(65_536):
                received += piece
            assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 "))
    with raw(api, f"GET {PATH} HTTP/1.1\r\nX-Long: {'x' * 70_000}", upgrade=True) as one:
        one.settimeout(30)
        assert one.recv(12) in (b"HTTP/1.1 400", b"HTTP/1.1 431")


def test_sockets_are_counted_and_many_share_the_work(settings: ApiSettings, serve: Serve) -> None:
    api = serve(settings)
    create(api, sensor(1, 0))
    with ExitStack() as stack:
        streams = [
            stack.enter_context(
                socket_listening(api, type="Sensor", format="keyValues", q=f"pm25>-{number % 5 + 1}")
            )
            for number in range(50)
        ]
        assert gauge(api, "machi_stream_clients") == 50
        for value in (1, 2, 3):
            create(api, sensor(1, value))
        for stream in streams:
            assert values(stream.take(3)) == [1, 2, 3]
        assert gauge(api, "machi_stream_events_total") == 15
    wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)
    assert gauge(api, 'machi_http_requests_total{operation="streamChanges",status="101"}') == 50


@pytest.fixture
def stopped_with_a_socket(settings: ApiSettings) -> Iterator[SocketListener]:
    """A server that is told to stop while a stream is open; waits until it has."""
    with ExitStack() as stack, ExitStack() as server:
        api = server.enter_context(serving(settings))
        stream = stack.enter_context(socket_listening(api))
        server.close()
        yield stream


def test_a_server_that_stops_says_so_at_once(stopped_with_a_socket: SocketListener) -> None:
    closed = stopped_with_a_socket.take(1)[0]
    assert (closed.kind, closed.data["reason"]) == ("closed", "shutdown")
    assert stopped_with_a_socket.next() is None
    assert stopped_with_a_socket.closed == (1012, "shutdown")


def test_coming_back_again_and_again_under_load_loses_and_doubles_nothing(api: httpx.Client) -> None:
    create(api, sensor(1, 0))
    total = 60
    got: list[float] = []
    with socket_listening(api, type="Sensor", format="keyValues") as stream:
        left = stream.last_id
        thread = threading.Thread(target=_write, args=(api, total))
        thread.start()
    while len(got) < total:
        with socket_listening(api, type="Sensor", format="keyValues", lastEventId=left) as stream:
            got += values(stream.take(min(7, total - len(got))))
            left = stream.last_id
    thread.join()
    assert got == list(range(1, total + 1))


def _write(api: httpx.Client, total: int) -> None:
    for value in range(1, total + 1):
        create(api, sensor(1, value))
