"""What the API's figures stand beside: the least that does a comparable thing on the same machine.

`app` is a FastAPI route with one psycopg select per request; `commit_in_groups` is a loop that writes as many
documents per transaction as there are connections, with a row of history each, and does nothing else.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI
from fastapi.responses import Response
from psycopg_pool import AsyncConnectionPool

URL_VARIABLE = "BENCH_DATABASE_URL"
_SELECT = "select body from bench_document where id = %s"


def fill(url: str, body: str, entities: int) -> None:
    """Make the table of documents, as many and as big as the entities of the API."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table bench_document (id text primary key, body text not null)")
        connection.execute(
            "create table bench_history (id text, at timestamptz, value float8, primary key (id, at))"
        )
        connection.execute(
            "insert into bench_document select lpad(n::text, 7, '0'), %s from generate_series(0, %s - 1) n",
            [body, entities],
        )
        connection.execute("vacuum analyze bench_document")


def make_app() -> FastAPI:
    """The plain route; the database is named by BENCH_DATABASE_URL."""
    pool = AsyncConnectionPool(
        os.environ[URL_VARIABLE], min_size=8, max_size=8, open=False, kwargs={"autocommit": True}
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/documents/{name}")
    async def document(name: str) -> Response:
        async with pool.connection() as connection:
            row = await (await connection.execute(_SELECT, [name], prepare=True)).fetchone()
        return Response(row[0] if row else "", media_type="application/json")

    return app


def commit_in_groups(
    url: str, body: str, *, size: int, seconds: float, entities: int, is_new: bool, is_array: bool
) -> float:
    """Documents written per second: updated, or inserted where `is_new`; one history row each.

    `is_array`: two statements write the whole group, else two write each document.
    """
    write = (
        "insert into bench_document select unnest(%s::text[]), %s"
        if is_new
        else "update bench_document d set body = g.body from (select unnest(%s::text[]) id, %s body) g"
        " where d.id = g.id"
    )
    done, started, run = 0, time.perf_counter(), time.time_ns()
    with psycopg.connect(url, autocommit=True) as connection:
        while time.perf_counter() - started < seconds:
            # A stride that is prime to the number of documents: no document twice in a group
            ids = [
                f"new-{run}-{done + n}" if is_new else f"{(done + n) * 7919 % entities:07}"
                for n in range(size)
            ]
            with connection.transaction():
                for part in [ids] if is_array else [[one] for one in ids]:
                    connection.execute(write, [part, f"{body} "], prepare=True)
                    connection.execute(
                        "insert into bench_history select n, clock_timestamp(), 1 from unnest(%s::text[]) n",
                        [part],
                        prepare=True,
                    )
            done += size
        return done / (time.perf_counter() - started)
