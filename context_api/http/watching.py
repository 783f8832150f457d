"""What other processes change: one connection listens for all that this one keeps in memory."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping

from context_api.store.listen import listen

Forget = Callable[[str], None]


class Watch:
    """Calls, in the event loop, what forgets: by channel, with the payload, which is empty for everything."""

    def __init__(self, database_url: str, channels: Mapping[str, Forget]) -> None:
        self._database_url = database_url
        self._channels = channels
        self._stop = threading.Event()

    def start(self) -> None:
        """Listen, in a thread, until `stop`."""
        loop = asyncio.get_running_loop()

        def on_notify(channel: str, payload: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(self._channels[channel], payload)

        arguments = (self._database_url, list(self._channels), on_notify, self._stop)
        threading.Thread(target=listen, args=arguments, name="watch", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._stop.set()
