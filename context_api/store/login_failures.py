"""How often somebody guessed wrong: counts in a bounded number of rows (see identity.waiting)."""

from collections.abc import Collection, Mapping

from context_api.identity.waiting import Count, Rule, wait_s
from context_api.store.database import Database
from context_api.store.queries import load_queries

_SQL = load_queries("login_failures")


def begin_attempt(database: Database, rules: Mapping[int, Rule]) -> float:
    """Count an attempt as a failure before it is looked at, so that many at once gain nothing.

    Gives 0, or the seconds to wait: then nothing was counted.
    """
    with database.transaction() as connection:
        # Rows are locked in one order, so that two attempts never wait for each other
        rows = connection.execute(_SQL["lock_failures"], {"buckets": sorted(rules)}).fetchall()
        wait = max(
            (wait_s(rules[bucket], Count(failures, age_s)) for bucket, failures, age_s in rows), default=0.0
        )
        if wait <= 0:
            for bucket in sorted(rules):
                values = {"bucket": bucket, "fade_s": rules[bucket].fade_s}
                connection.execute(_SQL["add_failure"], values)
    return wait


def forgive_attempt(database: Database, forgotten: Collection[int], taken_back: Collection[int]) -> None:
    """After a success: begin anew in some buckets, and take the one attempt back in others."""
    with database.transaction() as connection:
        connection.execute(_SQL["forget_failures"], {"buckets": list(forgotten)})
        for bucket in sorted(taken_back):
            connection.execute(_SQL["take_back_failure"], {"bucket": bucket})
