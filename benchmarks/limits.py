"""What limits cost a reading of an entity by id: none at all, beside one that is never reached.

    python -m benchmarks.limits [--entities 5000] [--seconds 1] [--rounds 11] [--json FILE]

Two API processes of the same code with access control on one database: one without limits, one whose callers
have a limit in Redis. Usage is counted by both. As in benchmarks.access, the figure is the median of the
rounds' ratios of processor time (API and PostgreSQL) per request. Needs wrk.
"""

import argparse
import json
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks import api_load as load
from benchmarks.access import CONNECTIONS, GRANTED, SECRET, Way, make_keys, with_key
from benchmarks.api import ENTITIES, NAME, seed
from benchmarks.api_servers import api
from benchmarks.bridge_load import cpu_s, tree_cpu_s
from benchmarks.figures import Figure, to_markdown
from context_api.store.database import open_database
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.redis import EmbeddedRedis

MOST = 1.05
NEVER_REACHED = "1000000"
_ON = {"MACHI_AUTH": "on", "MACHI_SECRET": SECRET}


def measure(entities: int, seconds: int, rounds: int) -> Figure:
    """Give the processor time of a request with limits beside that without."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        redis = EmbeddedRedis(folder / "redis")
        redis.start()
        stack.callback(redis.stop)
        seed(postgres.url, entities)
        database = open_database(postgres.url, pool_max=2)
        stack.callback(database.close)
        key = make_keys(database)[GRANTED]
        none = {"MACHI_LIMIT_KEY": "0", "MACHI_LIMIT_ORGANISATION": "0", "MACHI_LIMIT_STREAMS": "0"}
        none["MACHI_LIMIT_SUBSCRIPTIONS"] = "0"
        some = {"MACHI_LIMIT_KEY": NEVER_REACHED, "MACHI_LIMIT_ORGANISATION": NEVER_REACHED}
        some["MACHI_REDIS_URL"] = redis.url
        without = Way(*stack.enter_context(api(postgres.url, folder / "without", **_ON, **none)), key)
        limited = Way(*stack.enter_context(api(postgres.url, folder / "limited", **_ON, **some)), key)
        pid = postgres.process.pid if postgres.process else 0
        return compare(without, limited, entities, pid, seconds, rounds)


def compare(  # noqa: PLR0917
    without: Way, limited: Way, entities: int, postgres_pid: int, seconds: int, rounds: int
) -> Figure:
    """Read entities both ways, in turns; whoever comes first in a round comes last in the next."""
    script = load.get_by_id(f"{ENTITIES}/{NAME}%07d", entities)
    costs: dict[Way, list[float]] = {without: [], limited: []}
    rates: dict[Way, list[float]] = {without: [], limited: []}
    for turn in range(rounds + 1):
        for way in (without, limited) if turn % 2 else (limited, without):
            before = cpu_s(way.pid) + tree_cpu_s(postgres_pid)
            seen = load.run(with_key(script, way.key), [way.url], connections=CONNECTIONS, seconds=seconds)
            taken = cpu_s(way.pid) + tree_cpu_s(postgres_pid) - before
            if seen.broken or seen.refused:
                raise RuntimeError(f"{seen.refused} refused, {seen.broken} broken")
            if turn:  # the first warms up
                costs[way].append(taken / seen.answered * 1e6)
                rates[way].append(seen.answered / seconds)
    ratio = statistics.median(one / other for one, other in zip(costs[limited], costs[without], strict=True))
    detail = {
        "us": statistics.median(costs[limited]),
        "without_us": statistics.median(costs[without]),
        "per_s": statistics.median(rates[limited]),
        "without_per_s": statistics.median(rates[without]),
    }
    text, unit = "GET by id with limits", "x the processor time without"
    return Figure(text, ratio, unit, None, f"<= {MOST:g} x", ratio <= MOST, detail)


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entities", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=1, help="of load per way and round")
    parser.add_argument("--rounds", type=int, default=11, help="of which the median ratio is given")
    parser.add_argument("--json", type=Path, help="file for the figures with all their details")
    options = parser.parse_args()
    figure = measure(options.entities, options.seconds, options.rounds)
    print(to_markdown([figure]))
    if options.json:
        options.json.write_text(json.dumps([asdict(figure)], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
