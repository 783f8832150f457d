"""The pool: what the server's restart does to it."""

import psycopg

from context_api.store.database import open_database


def test_connections_that_ended_while_idle_are_not_lent(database_url: str) -> None:
    """After a restart of the server no request fails for a connection that was open before it."""
    database = open_database(database_url, pool_min=3, pool_max=3)
    try:
        database.check()
        with psycopg.connect(database_url, autocommit=True) as other:
            ended = other.execute(
                "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            ).fetchone()
        assert ended is not None
        assert ended[0] >= 1
        for _ in range(3):
            database.check()
    finally:
        database.close()
