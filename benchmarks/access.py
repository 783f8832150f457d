"""What access control costs: the same requests with it off, by an administrator, and by a single grant.

    python -m benchmarks.access [--entities 20000] [--seconds 1] [--rounds 15] [--json FILE]

Two API processes of the same code on one database, one with `MACHI_AUTH=off`, one with access control. Each
round sends each case to all of them in turns, and counts the processor time that the API and PostgreSQL take
for a request: unlike requests per second, it hardly depends on what else the machine does. The figure is the
median of the rounds' ratios. Needs wrk. `granted` is a key with one grant of everything; `narrow` one with a
grant of a type and of five attributes, whose answers are smaller and are masked.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from benchmarks import api_load as load
from benchmarks import query_q
from benchmarks.api import ENTITIES, NAME, seed
from benchmarks.api_servers import api
from benchmarks.bridge_load import cpu_s, tree_cpu_s
from benchmarks.figures import Figure, to_markdown
from context_api.ngsild.query.geo import LOCATION
from context_api.policy.credentials import OrganisationKind
from context_api.policy.grant import Operation
from context_api.policy.roles import Role
from context_api.store.database import Database, open_database
from context_api.store.grants import GrantTerms, create_grant
from context_api.store.keys import KeyDraft, create_key
from context_api.store.organisations import OrganisationDraft, create_organisation
from context_api.store.store import Store
from deploy.embedded.postgres import EmbeddedPostgres

SECRET = "a secret of the benchmark, of no use"  # noqa: S105 - opens nothing but a throw-away database
CONNECTIONS = 32
MOST = 1.10
OFF, ADMINISTRATOR, GRANTED, NARROW = "off", "administrator", "granted", "narrow"
ATTRIBUTES = ("pm25", "pm10", "no2", "temperature")
EVERYTHING = GrantTerms(operations=tuple(Operation))
LIMITED = GrantTerms(
    operations=(Operation.READ, Operation.WRITE),
    types=(query_q.TYPE,),
    attributes=(*(query_q.CORE.expand(name) for name in ATTRIBUTES), LOCATION),
)


def make_keys(database: Database) -> dict[str, str]:
    """Make a key of each kind; gives their texts."""
    access = Store(database).tenant("default")
    keys = {ADMINISTRATOR: create_key(database, SECRET.encode()).text}
    for name, terms in ((GRANTED, EVERYTHING), (NARROW, LIMITED)):
        draft = OrganisationDraft(name=name, kind=OrganisationKind.PARTNER, tenants=["default"])
        organisation = create_organisation(database, draft, by="benchmark").id
        create_grant(database, access, terms, organisation=name)
        made = KeyDraft(organisation_id=organisation, role=Role.SERVICE)
        keys[name] = create_key(database, SECRET.encode(), draft=made).text
    return keys


def make_cases(entities: int) -> dict[str, str]:
    """Give the scripts by the names of the cases."""
    number = entities // 2 % 10_000
    query = f"{ENTITIES}?type=AirQualityObserved&q=rare==%22of%20ten%20thousand%20{number}%22"
    page = f"{ENTITIES}?type=AirQualityObserved&limit=20"
    attribute = f"{ENTITIES}/{NAME}%07d/attrs/pm25"
    return {
        "GET by id": load.get_by_id(f"{ENTITIES}/{NAME}%07d", entities),
        "Query, a page of 20": load.get(page),
        "Query by an indexed attribute": load.get(query),
        "PATCH of an attribute": load.patch(attribute, entities, 1_900_000_000),
    }


class Way(NamedTuple):
    """One way to send the same request."""

    url: str
    pid: int
    key: str = ""


def measure(entities: int, seconds: int, rounds: int) -> list[Figure]:
    """Give, for each case, the processor time of a request beside that without access control."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        seed(postgres.url, entities)
        database = open_database(postgres.url, pool_max=2)
        stack.callback(database.close)
        keys = make_keys(database)
        off = stack.enter_context(api(postgres.url, folder / OFF))
        limits = dict.fromkeys(("MACHI_LIMIT_KEY", "MACHI_LIMIT_ORGANISATION"), "1000000")  # never reached
        given = {"MACHI_AUTH": "on", "MACHI_SECRET": SECRET, **limits}
        on = stack.enter_context(api(postgres.url, folder / "on", **given))
        ways = {OFF: Way(*off)} | {name: Way(*on, key) for name, key in keys.items()}
        postgres_pid = postgres.process.pid if postgres.process else 0
        figures = []
        for case, script in make_cases(entities).items():
            figures += compare(case, script, ways, postgres_pid, seconds, rounds)
        return figures


def compare(  # noqa: PLR0917
    case: str, script: str, ways: Mapping[str, Way], postgres_pid: int, seconds: int, rounds: int
) -> list[Figure]:
    """Send one case every way, in turns; whoever comes first in a round comes last in the next."""
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        order = list(ways)
        for name in order if turn % 2 else reversed(order):
            url, pid, key = ways[name]
            before = cpu_s(pid) + tree_cpu_s(postgres_pid)
            seen = load.run(with_key(script, key), [url], connections=CONNECTIONS, seconds=seconds)
            taken = cpu_s(pid) + tree_cpu_s(postgres_pid) - before
            if seen.broken or seen.refused:
                raise RuntimeError(f"{case}, {name}: {seen.refused} refused, {seen.broken} broken")
            if turn:  # the first warms up
                costs[name].append(taken / seen.answered * 1e6)
    return [_figure(case, name, costs) for name in ways if name != OFF]


def with_key(script: str, key: str) -> str:
    """Let a script of wrk show a key."""
    if not key:
        return script
    header = f"'Bearer {key}'"
    return f"wrk.headers['Authorization'] = {header}\nheaders['Authorization'] = {header}\n{script}"


def _figure(case: str, name: str, costs: Mapping[str, list[float]]) -> Figure:
    """Give the processor time of a request as a multiple of that with access control off."""
    ratio = _median_ratio(costs[name], costs[OFF])
    detail = {
        "us": statistics.median(costs[name]),
        "off_us": statistics.median(costs[OFF]),
        "to_administrator": _median_ratio(costs[name], costs[ADMINISTRATOR]),
    }
    text, unit = f"{case}: {name}", "x the processor time without"
    if name == NARROW:
        return Figure(text, ratio, unit, detail=detail)
    return Figure(text, ratio, unit, None, f"<= {MOST:g} x", ratio <= MOST, detail)


def _median_ratio(one: list[float], other: list[float]) -> float:
    return statistics.median([mine / its for mine, its in zip(one, other, strict=True)])


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=1, help="of load per case, way and round")
    parser.add_argument("--rounds", type=int, default=15, help="of which the median ratio is given")
    parser.add_argument("--json", type=Path, help="file for the figures with all their details")
    options = parser.parse_args()
    figures = measure(options.entities, options.seconds, options.rounds)
    print(to_markdown(figures))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in figures], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
