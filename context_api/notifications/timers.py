"""What a notifier does by the clock, beside its deliveries. Every process may: timers are rows."""

import asyncio
import logging
from typing import Protocol

from context_api.notifications.settings import NotifierSettings
from context_api.store.database import Database
from context_api.store.deliveries_timers import fire_timers, keep_bounds
from context_api.store.errors import StoreError

BOUNDS_EVERY = 8
_log = logging.getLogger(__name__)


class Woken(Protocol):
    """Who delivers what the timers make."""

    def wake(self) -> None: ...


async def run_timers(settings: NotifierSettings, database: Database, dispatcher: Woken) -> None:
    """Fire periodic notifications and keep the bounds until cancelled."""
    rounds = 0
    while True:
        try:
            if await asyncio.to_thread(fire_timers, database):
                dispatcher.wake()
            if rounds % BOUNDS_EVERY == 0:
                await asyncio.to_thread(
                    keep_bounds, database, settings.bounds, settings.retry.give_up_s, settings.rest
                )
        except StoreError as error:
            _log.warning("Timers wait for the database", extra={"action": "timers", "error": str(error)})
            await asyncio.sleep(1.0)
        rounds += 1
        await asyncio.sleep(settings.timers_s)
