"""What an answer, or the lack of one, makes of an attempt."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from context_api.notifications.outbound import OutboundRefused
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, HttpSender, Message

Handler = Callable[[httpx.Request], httpx.Response]


def send(handler: Handler, url: str = "http://partner.example/in", timeout_s: float = 1.0) -> Attempt:
    async def run() -> Attempt:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
            message = Message(url, [(b"Content-Type", b"application/json")], b"{}")
            return await HttpSender(client).send(message, timeout_s)

    return asyncio.run(run())


def answering(status: int, **headers: str) -> Handler:
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(b"ok"))


def raising(error: Exception) -> Handler:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "attempt"),
    [
        (answering(200), Attempt(Verdict.DELIVERED, status=200)),
        (answering(204), Attempt(Verdict.DELIVERED, status=204)),
        (
            answering(302, location="http://x/"),
            Attempt(
                Verdict.RETRY,
                "HTTP 302 Found: redirects are not followed, the subscription has to name the address itself",
                status=302,
            ),
        ),
        (
            answering(503, **{"retry-after": "7"}),
            Attempt(Verdict.RETRY, "HTTP 503 Service Unavailable", 7.0, 503),
        ),
        (answering(410), Attempt(Verdict.GONE, "HTTP 410 Gone", status=410)),
        (answering(599), Attempt(Verdict.RETRY, "HTTP 599", status=599)),
        (raising(httpx.ReadTimeout("slow")), Attempt(Verdict.RETRY, "no answer within 1 s")),
        (raising(httpx.ConnectError("refused")), Attempt(Verdict.RETRY, "no connection: refused")),
        (raising(httpx.ReadError("")), Attempt(Verdict.RETRY, "no connection: ReadError")),
        (
            raising(httpx.RemoteProtocolError("a\x00b\r\nc")),
            Attempt(Verdict.RETRY, "no connection: a b  c"),
        ),
        (raising(OutboundRefused("no host")), Attempt(Verdict.RETRY, "refused: no host")),
    ],
)
def test_every_outcome_is_an_attempt(handler: Handler, attempt: Attempt) -> None:
    assert send(handler) == attempt


def test_a_url_that_is_none_is_an_attempt_too() -> None:
    attempt = send(answering(200), "http://a\x00b")
    assert attempt.verdict is Verdict.RETRY
    assert attempt.error is not None
