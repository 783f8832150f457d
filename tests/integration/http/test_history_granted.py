"""Histories, exports and completeness as partners see them."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openpyxl
import pyarrow.parquet as pq
import pytest

from context_api.http.settings import ApiSettings
from context_api.ngsild.time import parse_datetime
from context_api.policy.grant import Operation
from context_api.store.database import open_database
from tests.integration.http.conftest import Serve, problem
from tests.integration.http.test_subscriptions_granted import AROUND_HERE, AWAY, HERE
from tests.support.partners import Partners

HISTORY = Operation.HISTORY
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
SINCE = "2026-04-02T00:00:00Z"
DAYS = ("2026-04-01T03:00:00Z", "2026-04-02T03:00:00Z", "2026-04-03T03:00:00Z")
WINDOW = {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z", "type": "Room"}


@pytest.fixture
def partners(database_url: str) -> Iterator[Partners]:
    database = open_database(database_url)
    yield Partners(database)
    database.close()


@pytest.fixture
def api(settings: ApiSettings, serve: Serve, key: str) -> httpx.Client:
    client = serve(replace(settings, auth=True))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def room(number: int) -> str:
    return f"urn:ngsi-ld:Room:{number}"


def fill(api: httpx.Client) -> None:
    """Four rooms with three days of history: 1 and 4 here, 2 elsewhere, 3 here until it was deleted."""
    for number, place in ((1, HERE), (2, AWAY), (3, HERE), (4, HERE)):
        place_of = {"type": "GeoProperty", "value": place, "observedAt": DAYS[0]}
        kind = "Room" if number < 4 else "Hall"
        created = {"id": room(number), "type": kind, "location": place_of, "scope": f"/s{number}"}
        assert api.post("/ngsi-ld/v1/entities", json=created).status_code == 201
        for day, at in enumerate(DAYS):
            values = {
                name: {"type": "Property", "value": number * 100 + 10 * index + day, "observedAt": at}
                for index, name in enumerate(("t", "u", "secret", "nurse"))
            }
            assert api.post(f"/ngsi-ld/v1/entities/{room(number)}/attrs", json=values).status_code in (
                204,
                207,
            )
    assert api.delete(f"/ngsi-ld/v1/entities/{room(3)}").status_code == 204


def retrieved(api: httpx.Client, number: int, headers: dict[str, str], **parameters: Any) -> Any:
    answer = api.get(
        f"{TEMPORAL}/{room(number)}", params={"options": "temporalValues", **parameters}, headers=headers
    )
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


def test_a_history_begins_where_it_is_granted_and_has_what_is_granted(
    api: httpx.Client, partners: Partners
) -> None:
    fill(api)
    air = partners.add("air")
    problem(api.get(f"{TEMPORAL}/{room(1)}", headers=air), 403, "about:blank")
    partners.mark_personal("Room", "nurse")
    partners.grant("air", HISTORY, attributes=("t", "nurse"), area=AROUND_HERE)
    partners.grant("air", HISTORY, types=("Room",), attributes=("u",), history_from=parse_datetime(SINCE))
    first = retrieved(api, 1, air)
    assert {name for name in first if name not in ("id", "type", "scope")} == {"t", "u"}
    assert [value for value, _ in first["t"]["values"]] == [100, 101, 102]
    assert [value for value, _ in first["u"]["values"]] == [111, 112]
    assert [value for value, _ in retrieved(api, 1, air, lastN=3)["u"]["values"]] == [111, 112]
    assert set(retrieved(api, 2, air)) - {"id", "type", "scope"} == {"u"}  # elsewhere
    assert [value for value, _ in retrieved(api, 3, air)["t"]["values"]][:3] == [
        300,
        301,
        302,
    ]  # where it was
    assert set(retrieved(api, 4, air)) - {"id", "type", "scope"} == {"t", "nurse"}  # personal of a Room only
    gone = api.get(f"{TEMPORAL}/{room(1)}", params={"attrs": "secret"}, headers=air)
    problem(gone, 404, "ResourceNotFound")

    def queried(**parameters: Any) -> list[str]:
        return ids(api.get(TEMPORAL, params={**WINDOW, **parameters}, headers=air))

    assert queried() == [room(1), room(2), room(3)]
    assert queried(attrs="secret") == []
    assert queried(q="secret>0") == queried(q="nurse>0") == []
    assert queried(q="t==201") == []  # of the room elsewhere
    assert queried(q="t==101") == [room(1)]
    assert queried(q="u==110") == []  # before it is granted
    assert queried(q="u==111") == [room(1)]
    assert queried(attrs="u", timerel="before", timeAt=SINCE) == []
    assert queried(attrs="t", timerel="before", timeAt=SINCE) == [room(1), room(3)]
    assert queried(q="!secret") == [room(1), room(2), room(3)]
    assert queried(scopeQ="/s2") == []  # what it had while it was there is not granted
    counted = api.get(TEMPORAL, params={**WINDOW, "attrs": "t", "count": "true", "limit": 1}, headers=air)
    assert (counted.headers["NGSILD-Results-Count"], ids(counted)) == ("2", [room(1)])
    near = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[139.45,35.75]"}
    assert queried(**near) == []  # the place is not granted
    partners.grant("air", HISTORY, types=("Room",), attributes=("location",), scopes="/s1,/s3")
    bus = partners.add("bus")
    partners.grant("bus", HISTORY, attributes=("location",), scopes="/s1,/s3")
    assert ids(api.get(TEMPORAL, params={**WINDOW, **near}, headers=bus)) == [room(1), room(3)]


def test_aggregates_are_of_what_is_granted(api: httpx.Client, partners: Partners) -> None:
    fill(api)
    air = partners.add("air")
    partners.grant("air", HISTORY, types=("Room",), attributes=("t",))
    partners.grant("air", HISTORY, types=("Room",), attributes=("u",), history_from=parse_datetime(SINCE))
    asked = {"options": "aggregatedValues", "aggrMethods": "sum,totalCount", "aggrPeriodDuration": "PT0S"}
    shown = api.get(f"{TEMPORAL}/{room(1)}", params=asked, headers=air).json()
    assert {name for name in shown if name not in ("id", "type", "scope")} == {"t", "u"}
    assert [value for value, *_ in shown["t"]["sum"]] == [303]
    assert [value for value, *_ in shown["u"]["sum"]] == [223]
    assert [value for value, *_ in shown["u"]["totalCount"]] == [2]
    for timeproperty in ("createdAt", "modifiedAt"):
        told = api.get(f"{TEMPORAL}/{room(1)}", params={**asked, "timeproperty": timeproperty}, headers=air)
        assert [value for value, *_ in told.json()["u"]["sum"]] == [223]
    daily = {**asked, "aggrPeriodDuration": "P1D", "timerel": "after", "timeAt": "2026-04-01T00:00:00Z"}
    (one, two, _) = api.get(TEMPORAL, params={**WINDOW, **daily}, headers=air).json()
    assert [value for value, *_ in one["u"]["sum"]] == [111, 112]
    assert [value for value, *_ in two["t"]["sum"]] == [200, 201, 202]
    assert "secret" not in one


def cells(answer: httpx.Response, form: str) -> list[tuple[str, str, float]]:
    """Entity, attribute and value of each line."""
    assert answer.status_code == 200, answer.text
    if form == "csv":
        lines = [line.split(",") for line in answer.text.splitlines()]
        header, rows = lines[0], lines[1:]
    elif form == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
        header, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    else:
        table = pq.read_table(io.BytesIO(answer.content))
        header, rows = table.column_names, [list(row.values()) for row in table.to_pylist()]
    names = ("entityId", "attribute", "value") if form == "parquet" else ("ID", "Attribute", "Value")
    at = [header.index(name) for name in names]
    return [(row[at[0]], row[at[1]], float(row[at[2]])) for row in rows]


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_exports_hold_what_is_granted(api: httpx.Client, partners: Partners, form: str) -> None:
    fill(api)
    air = partners.add("air")
    partners.grant("air", HISTORY, attributes=("t",), area=AROUND_HERE)
    partners.grant("air", HISTORY, types=("Room",), attributes=("u",), history_from=parse_datetime(SINCE))
    asked = {"type": "Room", "format": form, "lang": "en", "attributes": "t,u"}
    answer = api.get("/api/v1/history", params=asked, headers=air)
    expected = [
        *[(room(1), "t", 100), (room(3), "t", 300)],
        *[(room(1), "t", 101), (room(1), "u", 111), (room(2), "u", 211), (room(3), "t", 301)],
        *[(room(3), "u", 311), (room(1), "t", 102), (room(1), "u", 112), (room(2), "u", 212)],
        *[(room(3), "t", 302), (room(3), "u", 312)],
    ]
    assert cells(answer, form) == [(one, name, float(value)) for one, name, value in expected]
    problem(
        api.get("/api/v1/history", params={**asked, "attributes": "secret"}, headers=air),
        404,
        "ResourceNotFound",
    )


def test_tables_of_buckets_and_completeness_begin_where_they_are_granted(
    api: httpx.Client, partners: Partners
) -> None:
    fill(api)
    air = partners.add("air")
    partners.grant("air", HISTORY, types=("Room",), attributes=("u",), history_from=parse_datetime(SINCE))
    year = api.get("/api/v1/history", params={"type": "Room", "bucket": "year"}, headers=air)
    assert year.status_code == 200, year.text
    assert b"secret" not in year.content
    means = [row["avg"] if "avg" in row else row["value"] for row in year.json()["rows"]]
    assert all(math.isclose(mean, number * 100 + 11.5) for mean, number in zip(means, (1, 2, 3), strict=True))
    days = {"type": "Room", "from": "2026-04-01", "to": "2026-04-03"}
    complete = api.get("/api/v1/completeness", params=days, headers=air).json()
    assert {one["attribute"] for one in complete["series"]} == {"scope", "u"}
    assert {one["day"] for one in complete["days"] if one["attribute"] == "u"} == {
        "2026-04-03"
    }  # the first day is granted in part
    unknown = api.get("/api/v1/history", params={"type": "Hall"}, headers=air)
    assert "you may see those of Room" in problem(unknown, 404, "ResourceNotFound")
    other = api.get("/api/v1/history", params={"id": room(4)}, headers=air)
    assert room(4) in problem(other, 404, "ResourceNotFound")
    town = api.get("/api/v1/history", params={"type": "Hall", "format": "csv"})
    assert (town.status_code, b"secret" in town.content) == (200, True)
