"""Long answers: in blocks that stay small, let go with the client, limited in number."""

import contextlib
import socket
import time
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from context_api.http.exports import Export, Terms
from context_api.http.history_request import parse_history_request
from context_api.http.settings import ApiSettings
from context_api.store.tabular import HistoryReader, LineTemplate
from tests.integration.http.conftest import Serve, problem
from tests.integration.http.history_town import NORTH, SOUTH, fill, jst

PATH = "/api/v1/history"
ROWS = 300_000


def add_rows(database_url: str, rows: int) -> None:
    """A value per second of two series."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into machi.observation (series_id, at, value, recorded_at)"
            " select s.id, timestamptz '2027-01-01T00:00:00+09:00' + n * interval '1 second', n, now()"
            " from machi.series s join machi.term t on t.id = s.attribute_id,"
            " generate_series(0, %s) n where t.iri like '%%/pm25'",
            [rows // 2 - 1],
        )


@pytest.fixture
def long_history(database_url: str) -> str:
    fill(database_url)
    add_rows(database_url, ROWS)
    return database_url


def statements(database_url: str) -> int:
    """How many exports the database works for or waits for."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and (query ilike 'copy%' or query like '%with ordinality%') and state <> 'idle'"
            " and pid <> pg_backend_pid()"
        ).fetchone()
    return 0 if row is None else int(row[0])


def wait_for_none(database_url: str) -> None:
    deadline = time.monotonic() + 60
    while statements(database_url):
        assert time.monotonic() < deadline, "the statement goes on"
        time.sleep(0.1)


def test_slices_are_bounded_and_leap_over_gaps(long_history: str) -> None:
    with HistoryReader(long_history, 1, "Asia/Tokyo") as reader:
        names = [number for number, iri in reader.find_names(["pm25"]).items() if iri.endswith("pm25")]
        series = reader.find_series(ids=[NORTH, SOUTH], types=None, attributes=names, limit=10)
        parts = list(reader.read_values(series, jst("1950-01-01"), jst("2100-01-01")))

    sizes = [len(part) for part in parts]
    assert sum(sizes) == ROWS + 7
    assert max(sizes) <= 20_000
    assert len(sizes) < 120
    rows = [row for part in parts for row in part]
    assert rows == sorted(rows, key=lambda row: (row.time, row.series))
    assert len({(row.time, row.series) for row in rows}) == len(rows)


def test_no_block_grows_with_the_answer(long_history: str) -> None:
    """Whatever the format, an export holds blocks of some megabytes, however many there are."""
    for form in ("csv", "xlsx", "parquet"):
        given = {"type": "AirQualityObserved", "attributes": "pm25", "format": form}
        export = Export(long_history, 1, parse_history_request(given, "json"), Terms())
        try:
            sizes = [len(block) for block in export.blocks()]
        finally:
            export.close()
        assert max(sizes) < 10_000_000
        assert len(sizes) >= 2, form


def test_documents_are_held_a_few_at_a_time(database_url: str) -> None:
    """A value may be a document of a megabyte: what is held at once is counted in hundreds, not thousands."""
    fill(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into machi.observation (series_id, at, body, recorded_at)"
            " select s.id, timestamptz '2027-01-01Z' + n * interval '1 second',"
            " jsonb_build_object('v', n || repeat('x', 1000)), now()"
            " from machi.series s join machi.term t on t.id = s.attribute_id, generate_series(0, 999) n"
            " where t.iri like '%/airQualityLevel'"
        )
    with HistoryReader(database_url, 1, "Asia/Tokyo") as reader:
        series = reader.find_series(ids=[NORTH], types=None, attributes=None, limit=10)
        texts = [one for one in series if one.attribute.endswith("airQualityLevel")]
        parts = list(reader.read_values(texts, jst("2027-01-01"), jst("2028-01-01")))
        lines = list(
            reader.copy_csv(texts, [LineTemplate("h", "t")], jst("2027-01-01"), jst("2028-01-01"), zone="UTC")
        )
    assert sum(len(part) for part in parts) == len(lines) == 1000
    assert max(len(part) for part in parts) <= 200
    assert b"".join(lines[:2]).count(b"\r\n") == 2


@pytest.mark.timescale
def test_slices_of_a_hypertable_are_the_same(long_history: str) -> None:
    with psycopg.connect(long_history) as connection:
        chunks = connection.execute(
            "select count(*) from timescaledb_information.chunks where hypertable_name = 'observation'"
        ).fetchone()
    assert chunks is not None
    assert chunks[0] > 1
    test_slices_are_bounded_and_leap_over_gaps(long_history)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_answer_comes_in_small_blocks_and_whole(api: httpx.Client, long_history: str, form: str) -> None:
    largest = count = 0
    with api.stream("GET", PATH, params={"type": "AirQualityObserved", "format": form}) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        for block in answer.iter_raw():
            largest = max(largest, len(block))
            count += block.count(b"\n")
    assert count >= ROWS
    assert largest < 4_000_000


def test_a_client_that_leaves_ends_the_statement(api: httpx.Client, long_history: str) -> None:
    address = urlsplit(str(api.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=30) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(f"GET {PATH}?type=AirQualityObserved&format=csv HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")
        deadline = time.monotonic() + 60
        while not statements(long_history):
            assert time.monotonic() < deadline, "no statement was seen"
            time.sleep(0.05)
    wait_for_none(long_history)
    assert api.get("/healthz").status_code == 200


def test_exports_are_limited_in_number(settings: ApiSettings, serve: Serve, long_history: str) -> None:
    api = serve(replace(settings, exports_max=1))
    parameters = {"type": "AirQualityObserved", "format": "csv"}
    address = urlsplit(str(api.base_url))
    with contextlib.closing(socket.create_connection((address.hostname, address.port), timeout=30)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET {PATH}?type=AirQualityObserved&format=csv HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        slow.recv(100)
        refused = api.get(PATH, params=parameters)
        assert "1 exports are under way" in problem(refused, 503, "about:blank")
        assert refused.headers["retry-after"] == "10"
    deadline = time.monotonic() + 60
    while (answer := api.get(PATH, params={**parameters, "to": "2026-12-31"})).status_code == 503:
        assert time.monotonic() < deadline, "the place is not free again"
        time.sleep(0.1)
    assert answer.text.count("\r\n") == 10
