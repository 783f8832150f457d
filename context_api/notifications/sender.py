"""One notification on its way, and what its outcome means: the interface of senders, and the HTTP one."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpx

from context_api.ngsild.subscription_model import MqttVersion
from context_api.notifications.headers import Headers
from context_api.notifications.outbound import OutboundRefused
from context_api.notifications.retry import Verdict, explain_status, judge_status, parse_retry_after
from context_api.tracing import ReadingTrace

MAX_ANSWER_BYTES = 64 * 1024
"""What a receiver says beyond this costs it the connection, nothing else."""
DRAIN_S = 1.0
PROMPT_S = 0.003
"""For so long the rest of an answer is waited for, so that the connection serves the next message as well."""


@dataclass(frozen=True)
class Message:
    """A notification ready to be sent."""

    url: str
    """http, https, mqtt, mqtts or mailto; it may carry credentials and is shown to nobody."""
    headers: Headers
    """HTTP headers, or the members of an MQTT message's metadata (clause 7.2)."""
    body: bytes
    """The notification; in an MQTT message the member of that name."""
    timeout_s: float | None = None
    cooldown_s: float = 0.0
    secrets: tuple[str, ...] = ()
    """What it is to be signed with, the newest first."""
    mqtt_version: MqttVersion = MqttVersion.V5
    mqtt_qos: int = 0
    subject: str = ""
    """Of a mail."""
    trace: ReadingTrace | None = None
    """That of the reading it tells of, where that is traced."""


@dataclass(frozen=True)
class Attempt:
    """How one message went. `error` names no credentials and is shown to the subscriber."""

    verdict: Verdict
    error: str | None = None
    retry_after_s: float | None = None
    status: int | None = None
    """The HTTP status of the answer, if there was one."""


class Sender(Protocol):
    """Sends messages of one or more schemes."""

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        """Send once; every failure is an Attempt, none is raised. The receiver answers within `timeout_s`."""
        ...


class HttpSender:
    """POSTs bodies; knows nothing of subscriptions."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._draining: set[asyncio.Task[None]] = set()

    async def send(self, message: Message, timeout_s: float) -> Attempt:
        """As `Sender` says."""
        try:
            request = self._client.build_request(
                "POST", message.url, content=message.body, headers=message.headers, timeout=timeout_s
            )
            async with asyncio.timeout(timeout_s):
                response = await self._client.send(request, stream=True)
        except (TimeoutError, httpx.TimeoutException):
            return Attempt(Verdict.RETRY, f"no answer within {timeout_s:g} s")
        except OutboundRefused as error:
            return Attempt(Verdict.RETRY, f"refused: {error}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Attempt(Verdict.RETRY, f"no connection: {_printable(error)}")
        await self._let_drain(response)
        return _read_attempt(response)

    async def _let_drain(self, response: httpx.Response) -> None:
        """Read the rest of an answer; where that takes its time, beside what comes next."""
        drain = asyncio.create_task(_drain(response))
        self._draining.add(drain)
        drain.add_done_callback(self._draining.discard)
        await asyncio.wait([drain], timeout=PROMPT_S)


def _read_attempt(response: httpx.Response) -> Attempt:
    verdict = judge_status(response.status_code)
    if verdict is Verdict.DELIVERED:
        return Attempt(verdict, status=response.status_code)
    asked_s = parse_retry_after(response.headers.get("retry-after"), time.time_ns() // 1_000)
    status = response.status_code
    return Attempt(verdict, f"HTTP {_describe(status)}{explain_status(status)}", asked_s, status)


def _printable(error: Exception) -> str:
    """The error in one line: it may quote what a receiver sent, and some characters cannot be stored."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(error)[:200])
    return text.strip() or type(error).__name__


def _describe(status: int) -> str:
    """The status with our own words for it: the receiver's reason phrase may hold anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


async def _drain(response: httpx.Response) -> None:
    """Read a short answer to its end, so that the connection can be used again; else close it."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_S):
            async for part in response.aiter_raw():
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    finally:
        await response.aclose()
