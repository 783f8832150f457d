"""Waking up when another process commits: LISTEN on a connection of its own.

A notification is a hint and may be missed (no connection, a failover): whoever listens polls as well.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from psycopg import sql

from context_api.store.database import connect
from context_api.store.errors import StoreError, wrapped_errors

CHECK_S = 0.5
"""How often a listener looks whether it is to stop."""
RECONNECT_S = 1.0

_log = logging.getLogger(__name__)


def listen(
    url: str,
    channels: Sequence[str],
    on_notify: Callable[[str, str], None],
    stop: threading.Event,
) -> None:
    """Call `on_notify(channel, payload)` for each notification until `stop`; meant for a thread of its own.

    It reconnects by itself. After each (re)connection it calls `on_notify(channel, "")` once for every
    channel, since anything may have happened before.
    """
    while not stop.is_set():
        try:
            _listen_once(url, channels, on_notify, stop)
        except StoreError as error:
            _log.warning("Listening stopped, will reconnect", extra={"action": "listen", "error": str(error)})
            stop.wait(RECONNECT_S)


def _listen_once(
    url: str, channels: Sequence[str], on_notify: Callable[[str, str], None], stop: threading.Event
) -> None:
    with connect(url) as connection, wrapped_errors():
        for channel in channels:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        for channel in channels:
            on_notify(channel, "")
        while not stop.is_set():
            for notification in connection.notifies(timeout=CHECK_S):
                on_notify(notification.channel, notification.payload)
                if stop.is_set():
                    return
