"""What an update of 5 attributes costs PostgreSQL, by how an entity is laid out (decision record 0001).

    python -m benchmarks.entity_layout DATABASE_URL [--entities 5000] [--rounds 8]

Entities are AirQualityObserved of 26 attributes: 20 that hardly ever change, a location, 5 measured ones that
an update gives new values and times. Layouts, all written by arrays that SQL unnests, 1,000 entities each:

iris      one jsonb, full names, system times on every attribute, as NGSI-LD writes them
compact   one jsonb, names as numbers, short members, times as numbers, system times only where they differ
split     the same in two columns: `fixed` and `live`; an update gives `live` only
merged    the compact jsonb, updated by `||` with the 5 attributes
rows      a row per attribute, updated five at a time

CPU is that of the backend, read from /proc, so the server has to run on this machine.
Makes and drops the tables layout_*.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from context_api.store.packing import pack_ints, pack_jsonbs, pack_texts, register_types

VOCABULARY = "https://smartdatamodels.org/dataModel.Environment/"
MEASURED, FIXED = 5, 20
BATCH = 1000
TICKS_PER_S = 100
OPTIONS = "with (fillfactor = 70, toast_tuple_target = 4080)"


@dataclass(frozen=True, slots=True)
class Layout:
    """How entities are kept, filled and updated."""

    name: str
    tables: tuple[str, ...]
    fill: Callable[[psycopg.Connection[Any], Sequence[int]], None]
    update: Callable[[psycopg.Connection[Any], Sequence[int], int], None]


def iri_document(entity: int, tick: int) -> dict[str, Any]:
    """The normalized form with full names."""
    created, modified = (
        "2026-11-23T09:00:00.123456Z",
        f"2026-11-23T10:{tick // 60 % 60:02}:{tick % 60:02}.123456Z",
    )
    document: dict[str, Any] = {}
    for number in range(FIXED):
        document[f"{VOCABULARY}fixed{number}"] = [
            {"type": "Property", "value": text(entity, number), "createdAt": created, "modifiedAt": created}
        ]
    document[f"{VOCABULARY}location"] = [
        {"type": "GeoProperty", "value": point(entity), "createdAt": created, "modifiedAt": created}
    ]
    for number in range(MEASURED):
        document[f"{VOCABULARY}measured{number}"] = [
            {
                "type": "Property",
                "value": measured(entity, number, tick),
                "unitCode": "GQ",
                "observedAt": modified,
                "createdAt": created,
                "modifiedAt": modified,
            }
        ]
    return document


def fixed_document(entity: int) -> dict[str, Any]:
    """What hardly ever changes, compact."""
    document: dict[str, Any] = {str(100 + number): [{"v": text(entity, number)}] for number in range(FIXED)}
    return document | {"150": [{"k": 2, "v": point(entity)}]}


def live_document(entity: int, tick: int) -> dict[str, Any]:
    """What every message changes, compact."""
    observed = 1_795_424_400_000_000 + tick * 60_000_000
    return {
        str(10 + number): [{"v": measured(entity, number, tick), "o": observed, "u": "GQ"}]
        for number in range(MEASURED)
    }


def text(entity: int, number: int) -> str:
    """A value such as an address or a reference."""
    return f"urn:ngsi-ld:Thing:{entity}:{number}"


def point(entity: int) -> dict[str, Any]:
    """Where the station stands."""
    return {"type": "Point", "coordinates": [139.468 + entity / 1e5, 35.754]}


def measured(entity: int, number: int, tick: int) -> float:
    """A value with one decimal."""
    return round((entity * 7 + number * 13 + tick * 3) % 1000 / 10, 1)


def dump(document: dict[str, Any]) -> bytes:
    """JSON as short as it gets."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def names(entities: Sequence[int]) -> list[str]:
    """Ids as they are in the field."""
    return [f"urn:ngsi-ld:AirQualityObserved:station-{entity}" for entity in entities]


def one_document(name: str, document: Callable[[int, int], dict[str, Any]]) -> Layout:
    """Keep an entity as one jsonb that an update writes anew."""
    table = f"layout_{name}"

    def fill(connection: psycopg.Connection[Any], entities: Sequence[int]) -> None:
        connection.execute(
            f"create table {table} (id text primary key, document jsonb not null) {OPTIONS}".encode()
        )
        connection.execute(
            f"insert into {table} select * from unnest(%s::text[], %s::jsonb[])".encode(),
            [pack_texts(names(entities)), pack_jsonbs([dump(document(entity, 0)) for entity in entities])],
        )

    def update(connection: psycopg.Connection[Any], entities: Sequence[int], tick: int) -> None:
        connection.execute(
            f"update {table} e set document = g.document"
            " from unnest(%s::text[], %s::jsonb[]) g (id, document) where e.id = g.id".encode(),
            [pack_texts(names(entities)), pack_jsonbs([dump(document(entity, tick)) for entity in entities])],
        )

    return Layout(name, (table,), fill, update)


def merged() -> Layout:
    """Keep one compact jsonb, and let the server merge."""
    base = one_document("merged", lambda entity, tick: fixed_document(entity) | live_document(entity, tick))

    def update(connection: psycopg.Connection[Any], entities: Sequence[int], tick: int) -> None:
        connection.execute(
            b"update layout_merged e set document = e.document || g.document"
            b" from unnest(%s::text[], %s::jsonb[]) g (id, document) where e.id = g.id",
            [
                pack_texts(names(entities)),
                pack_jsonbs([dump(live_document(entity, tick)) for entity in entities]),
            ],
        )

    return Layout("merged", base.tables, base.fill, update)


def split() -> Layout:
    """Keep what changes apart from what does not."""

    def fill(connection: psycopg.Connection[Any], entities: Sequence[int]) -> None:
        connection.execute(
            f"create table layout_split (id text primary key, fixed jsonb, live jsonb) {OPTIONS}".encode()
        )
        connection.execute(
            b"insert into layout_split select * from unnest(%s::text[], %s::jsonb[], %s::jsonb[])",
            [
                pack_texts(names(entities)),
                pack_jsonbs([dump(fixed_document(entity)) for entity in entities]),
                pack_jsonbs([dump(live_document(entity, 0)) for entity in entities]),
            ],
        )

    def update(connection: psycopg.Connection[Any], entities: Sequence[int], tick: int) -> None:
        connection.execute(
            b"update layout_split e set live = g.live from unnest(%s::text[], %s::jsonb[]) g (id, live)"
            b" where e.id = g.id",
            [
                pack_texts(names(entities)),
                pack_jsonbs([dump(live_document(entity, tick)) for entity in entities]),
            ],
        )

    return Layout("split", ("layout_split",), fill, update)


def rows() -> Layout:
    """Keep each attribute in a row of its own."""

    def columns(documents: Sequence[tuple[int, dict[str, Any]]]) -> list[object]:
        flat = [
            (entity, int(key), value) for entity, document in documents for key, value in document.items()
        ]
        return [
            pack_texts(names([entity for entity, _, _ in flat])),
            pack_ints([attribute for _, attribute, _ in flat]),
            pack_jsonbs([json.dumps(value, separators=(",", ":")).encode() for _, _, value in flat]),
        ]

    def fill(connection: psycopg.Connection[Any], entities: Sequence[int]) -> None:
        connection.execute(
            b"create table layout_rows"
            b" (id text, attribute integer, instances jsonb, primary key (id, attribute))"
            b" with (fillfactor = 70)"
        )
        documents = [(entity, fixed_document(entity) | live_document(entity, 0)) for entity in entities]
        connection.execute(
            b"insert into layout_rows select * from unnest(%s::text[], %s::integer[], %s::jsonb[])",
            columns(documents),
        )

    def update(connection: psycopg.Connection[Any], entities: Sequence[int], tick: int) -> None:
        connection.execute(
            b"update layout_rows e set instances = g.instances"
            b" from unnest(%s::text[], %s::integer[], %s::jsonb[]) g (id, attribute, instances)"
            b" where e.id = g.id and e.attribute = g.attribute",
            columns([(entity, live_document(entity, tick)) for entity in entities]),
        )

    return Layout("rows", ("layout_rows",), fill, update)


LAYOUTS = (
    one_document("iris", iri_document),
    one_document("compact", lambda entity, tick: fixed_document(entity) | live_document(entity, tick)),
    merged(),
    split(),
    rows(),
)


def backend_ticks(pid: int) -> int:
    """CPU time a backend has used, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def measure(connection: psycopg.Connection[Any], layout: Layout, entities: int, rounds: range) -> float:
    """Give the backend's CPU per update in microseconds."""
    pid = connection.info.backend_pid
    order = list(range(entities))
    before = backend_ticks(pid)
    for tick in rounds:
        random.Random(tick).shuffle(order)
        for start in range(0, entities, BATCH):
            layout.update(connection, order[start : start + BATCH], tick)
    return (backend_ticks(pid) - before) / TICKS_PER_S / (entities * len(rounds)) * 1e6


def read(connection: psycopg.Connection[Any], layout: Layout, entities: int) -> float:
    """Give the microseconds that fetching an entity costs, 100 at a time."""
    wanted = [names(random.Random(seed).sample(range(entities), 100)) for seed in range(50)]
    started = time.perf_counter()
    for each in wanted:
        query = f"select * from {layout.tables[0]} where id = any(%s)"
        connection.execute(query.encode(), [pack_texts(each)], binary=True).fetchall()
    return (time.perf_counter() - started) / 5000 * 1e6


def one(connection: psycopg.Connection[Any], query: str, *parameters: object) -> Any:
    """Give the one value of a query."""
    row = connection.execute(query.encode(), parameters).fetchone()
    return row[0] if row is not None else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all layouts in turns, so that a noisy moment hits all of them, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("url")
    parser.add_argument("--entities", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args(arguments)
    with psycopg.connect(options.url, autocommit=True) as connection:
        register_types(connection)
        print(f"PostgreSQL {one(connection, 'show server_version')}, {options.entities} entities")
        cpu: dict[str, list[float]] = {layout.name: [] for layout in LAYOUTS}
        wal: dict[str, int] = dict.fromkeys(cpu, 0)
        for layout in LAYOUTS:
            for table in layout.tables:
                connection.execute(f"drop table if exists {table}".encode())
            layout.fill(connection, range(options.entities))
            connection.execute(f"vacuum analyze {layout.tables[0]}".encode())
        connection.execute("checkpoint")
        for turn in range(4):
            for layout in LAYOUTS:
                start = one(connection, "select pg_current_wal_insert_lsn()")
                ticks = range(1 + turn * options.rounds, 1 + (turn + 1) * options.rounds)
                cpu[layout.name].append(measure(connection, layout, options.entities, ticks))
                wal[layout.name] += int(
                    one(connection, "select pg_current_wal_insert_lsn() - %s::pg_lsn", start)
                )
        heading = ("layout", "CPU us/update", "WAL B/update", "HOT %", "size MB", "read us")
        print("{:10} {:>24} {:>13} {:>6} {:>8} {:>8}".format(*heading))
        for layout in LAYOUTS:
            table = layout.tables[0]
            connection.execute("select pg_stat_force_next_flush()")
            hot = one(
                connection,
                "select round(100.0 * n_tup_hot_upd / nullif(n_tup_upd, 0), 1) from pg_stat_user_tables"
                " where relname = %s",
                table,
            )
            size = one(connection, "select pg_total_relation_size(%s::text::regclass) / 1e6", table)
            figures = cpu[layout.name]
            spread = f"{statistics.median(figures):.1f} ({min(figures):.1f}-{max(figures):.1f})"
            bytes_ = wal[layout.name] / (options.entities * options.rounds * 4)
            cost = read(connection, layout, options.entities)
            print(f"{layout.name:10} {spread:>24} {bytes_:13,.0f} {hot!s:>6} {float(size):8.1f} {cost:8.1f}")
            connection.execute(f"drop table {table}".encode())


if __name__ == "__main__":
    main()
