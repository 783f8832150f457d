"""Statements, patterns and paths that somebody smuggles in where words are expected."""

from urllib.parse import quote

import pytest

from tests.attacks.conftest import ENTITIES, HIDDEN, LOOT, SHOWN, Town

SQL = (
    "' or '1'='1",
    "'; drop table machi.entity; --",
    "1); delete from machi.entity where (1=1",
    "x' union select hash::text from machi.api_key --",
    "\\'; select pg_sleep(20); --",
    "$$ || (select owner from machi.entity) || $$",
    "%' or id like '%",
    "{{7*7}}${7*7}",
    "%s %(tenant)s %d",
)
QUERIES = (
    'q=pm25=="{}"',
    "q={}",
    "type={}",
    "id={}",
    "idPattern={}",
    "attrs={}",
    "scopeQ={}",
    "orderBy={}",
    "pick={}",
    "lang={}",
    "georel=near;maxDistance=={}&geometry=Point&coordinates=[1,1]",
    "georel=near;maxDistance==1&geometry=Point&coordinates={}",
    "georel=within&geometry={}&coordinates=[1,1]",
    "datasetId={}",
    "limit={}",
    "offset={}",
)
JSON_PATHS = (
    "q=pm25[0]",
    "q=owner[$.*]",
    "q=pm25[value]",
    'q=pm25["a\\"]',
    "q=%24.owner",
    "q=%40.owner==1",
    "q=pm25[a.b.c.d.e.f.g.h.i.j]",
    "q=owner",
    "q=!owner",
    "q=owner==%22worth-stealing%22",
    "attrs=owner",
    "orderBy=owner",
    "q=location.owner",
)
SLOW_PATTERNS = (
    "(a+)+$",
    "(a|aa)+$",
    "(.*)*x",
    "([a-zA-Z]+)*$",
    "(?=a)*",
    "(a{1,1000}){1,1000}",
    "\\1(a)",
    "(?P<x>a)(?P=x)",
)


@pytest.mark.parametrize("statement", SQL)
@pytest.mark.parametrize("query", QUERIES)
def test_no_statement_gets_through_a_query(town: Town, query: str, statement: str) -> None:
    asked = query.replace("{}", quote(statement, safe=""))
    answer = town.call(town.mallory, "GET", f"{ENTITIES}?{asked}&type=Air")
    if query.startswith("type="):
        answer = town.call(town.mallory, "GET", f"{ENTITIES}?{asked}")
    assert answer.status_code in (200, 400, 403, 404), answer.text
    assert LOOT not in answer.text
    assert HIDDEN not in answer.text
    assert "psycopg" not in answer.text
    assert "syntax error at or near" not in answer.text


@pytest.mark.parametrize("statement", SQL)
def test_no_statement_gets_through_an_id(town: Town, statement: str) -> None:
    for path in (ENTITIES, "/ngsi-ld/v1/temporal/entities", "/ngsi-ld/v1/types", "/api/v1/devices"):
        for key in (town.mallory, town.house.root):
            answer = town.call(key, "GET", f"{path}/{quote(statement, safe='')}")
            assert answer.status_code in (400, 403, 404), answer.text
            assert "syntax error at or near" not in answer.text


@pytest.mark.parametrize("asked", JSON_PATHS)
def test_no_path_leads_to_what_is_hidden(town: Town, asked: str) -> None:
    answer = town.call(town.mallory, "GET", f"{ENTITIES}?type=Air,House&{asked}")
    assert answer.status_code in (200, 400), answer.text
    assert LOOT not in answer.text
    assert HIDDEN not in answer.text


@pytest.mark.parametrize("pattern", SLOW_PATTERNS)
def test_no_pattern_takes_for_ever(town: Town, pattern: str) -> None:
    """RE2 reads patterns in linear time; what would take PostgreSQL long is refused."""
    written = quote(pattern, safe="")
    for asked in (f"q=pm25~=%22{written}%22", f"idPattern={written}"):
        answer = town.call(town.mallory, "GET", f"{ENTITIES}?type=Air&{asked}")
        assert answer.status_code in (200, 400, 403), answer.text
        assert answer.elapsed.total_seconds() < 30


@pytest.mark.parametrize("statement", SQL)
def test_no_statement_gets_through_a_search_or_a_list(town: Town, statement: str) -> None:
    word = quote(statement, safe="")
    for path in (
        f"/api/v1/devices?text={word}",
        f"/api/v1/devices?sort={word}",
        f"/api/v1/audit?principal={word}",
        f"/api/v1/quarantine?device={word}",
        f"/api/v1/history?type={word}&format=json",
        f"/api/v1/history?type=Air&attributes={word}&bucket=day&format=json",
        f"/api/v1/history?type=Air&timezone={word}&bucket=day",
    ):
        answer = town.call(town.house.root, "GET", path)
        assert answer.status_code in (200, 400, 404), f"{path}: {answer.text}"
        assert "syntax error at or near" not in answer.text


def test_everything_is_still_there(town: Town) -> None:
    assert town.call(town.house.root, "GET", f"{ENTITIES}/{HIDDEN}").json()["owner"]["value"] == LOOT
    assert town.call(town.mallory, "GET", f"{ENTITIES}/{SHOWN}").json()["pm25"]["value"] == 12.5
    with town.database.connection() as connection:
        assert connection.execute("select count(*) from entity").fetchone() is not None
