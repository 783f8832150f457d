"""LISTEN survives the loss of its connection."""

import queue
import threading

from context_api.store.listen import listen
from tests.integration.notifications.writer import open_connection


def test_notifications_arrive_and_a_lost_connection_is_replaced(database_url: str) -> None:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=listen, args=(database_url, ["a", "b"], lambda *one: heard.put(one), stop)
    )
    thread.start()
    try:
        assert {heard.get(timeout=30), heard.get(timeout=30)} == {("a", ""), ("b", "")}
        with open_connection(database_url) as connection:
            connection.execute("select pg_notify('b', 'x')")
            assert heard.get(timeout=30) == ("b", "x")
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%%'"
            )
            assert {heard.get(timeout=30), heard.get(timeout=30)} == {("a", ""), ("b", "")}
            connection.execute("notify a, 'again'")
            assert heard.get(timeout=30) == ("a", "again")
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
