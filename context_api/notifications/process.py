"""The notifier process: opens what it needs, runs until told to stop."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING

from context_api.notifications.delivery import QueueDelivery
from context_api.notifications.dispatcher import Dispatcher
from context_api.notifications.endpoints import origin_of
from context_api.notifications.health import HealthServer
from context_api.notifications.messages import MessageMaker
from context_api.notifications.metrics import NotifierMetrics
from context_api.notifications.outbound import OutboundPolicy
from context_api.notifications.periodic import PeriodicMaker
from context_api.notifications.sender import Sender
from context_api.notifications.senders import open_senders
from context_api.notifications.settings import NotifierSettings
from context_api.notifications.timers import run_timers
from context_api.notifications.via import Aliases
from context_api.store.alarms import Alarms
from context_api.store.contexts import CHANNEL as CONTEXTS
from context_api.store.database import Database, open_database
from context_api.store.deliveries import LeasedQueue, get_counts, pause_subscription
from context_api.store.errors import StoreError
from context_api.store.heartbeat import INTERVAL_S, beat, forget
from context_api.store.listen import listen
from context_api.store.rights import CHANNEL as RIGHTS
from context_api.store.store import Store
from context_api.tracing import open_telemetry

if TYPE_CHECKING:
    from context_api.telemetry import Telemetry

CHANNEL = "machi_outbox"
PROCESS = "notifier"

_log = logging.getLogger(__name__)


def run(settings: NotifierSettings, stop: threading.Event) -> None:
    """Deliver notifications until `stop` is set; a few seconds later leases are given back and it returns."""
    asyncio.run(_Notifier(settings).run(stop))


class _Notifier:
    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._metrics = NotifierMetrics()

    async def run(self, stop: threading.Event) -> None:
        settings = self._settings
        database = open_database(settings.database_url, pool_min=1, pool_max=5)
        messages = MessageMaker(database, public_url=settings.public_url, trace_ratio=settings.trace_ratio)
        policy = OutboundPolicy(settings.outbound_allow)
        try:
            with open_telemetry(PROCESS, settings.trace_ratio) as telemetry:
                async with open_senders(
                    policy,
                    user_agent="Machi-Notifier",
                    mail_server=settings.mail_server,
                    alarms=Alarms(database, Store(database)),
                ) as sender:
                    await self._run(stop, database, sender, messages, telemetry=telemetry)
        finally:
            await asyncio.to_thread(messages.close)
            await asyncio.to_thread(database.close)

    async def _run(
        self,
        stop: threading.Event,
        database: Database,
        sender: Sender,
        messages: MessageMaker,
        *,
        telemetry: "Telemetry | None",
    ) -> None:
        settings = self._settings
        periodic = PeriodicMaker(database, messages.make, messages.find_access)
        delivery = QueueDelivery(
            settings,
            self._metrics,
            sender,
            periodic.make,
            pause_subscription=lambda key, reason: dispatcher.in_thread(
                pause_subscription, database, key, reason
            ),
            is_stopping=lambda: dispatcher.stopping,
            alias_of=Aliases(database).of,
            telemetry=telemetry,
        )

        def endpoint_of(queue: LeasedQueue) -> str:
            return origin_of(messages.endpoint_of(queue))

        dispatcher = Dispatcher(
            database, settings, self._metrics, deliver=delivery.deliver, endpoint_of=endpoint_of
        )
        self._metrics.watch("machi_notifier_held", "Queues that this process holds", lambda: dispatcher.held)
        health = HealthServer(lambda: dispatcher.trouble, self._metrics.render)
        stopped = asyncio.Event()
        async with (
            health.serve(settings.http_host, settings.http_port),
            _running(self._report(database, dispatcher)),
            _waking(
                settings.database_url,
                {
                    CHANNEL: dispatcher.wake,
                    CONTEXTS: messages.forget_contexts,
                    RIGHTS: messages.forget_rights,
                },
            ),
            _running(run_timers(settings, database, dispatcher)),
            _running(_forward(stop, stopped)),
        ):
            _log.info("Notifier started", extra={"action": "start", "health_port": health.port})
            await dispatcher.run(stopped)
        if not dispatcher.trouble:
            await asyncio.to_thread(_say_goodbye, database, settings.instance)

    async def _report(self, database: Database, dispatcher: Dispatcher) -> None:
        """Show signs of life and how deliveries stand."""
        figures: dict[str, float | str | None] = {}
        while True:
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self._beat, database, dispatcher.trouble, figures)
                counts = await asyncio.to_thread(get_counts, database)
                figures = {"waiting": counts.waiting, "failing": counts.failing, "resting": counts.resting}
                self._metrics.show(counts)
            await asyncio.sleep(INTERVAL_S)

    def _beat(self, database: Database, trouble: str, figures: Mapping[str, float | str | None]) -> None:
        beat(database, PROCESS, self._settings.instance, ready=not trouble, detail=trouble, figures=figures)


def _say_goodbye(database: Database, instance: str) -> None:
    with contextlib.suppress(StoreError):
        forget(database, PROCESS, instance)


async def _forward(stop: threading.Event, stopped: asyncio.Event) -> None:
    """Turn the thread's event into the loop's: looked at often enough that nobody waits for it."""
    while not stop.is_set():
        await asyncio.sleep(0.05)
    stopped.set()


@contextlib.asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run something beside the block, and no longer than it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _waking(url: str, channels: Mapping[str, Callable[[], None]]) -> AsyncIterator[None]:
    """Call what belongs to a channel when another process commits: a change, an @context."""
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    thread = threading.Thread(
        target=listen,
        args=(url, list(channels), lambda name, _: loop.call_soon_threadsafe(channels[name]), stop),
        name="listen",
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)
