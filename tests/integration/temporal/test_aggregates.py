"""Aggregated histories over HTTP (clause 4.5.19): every method, periods, zones, and what is no number."""

import statistics
from typing import Any

import httpx
import pytest

from context_api.store import temporal_aggregates, temporal_heads

T = "/ngsi-ld/v1/temporal/entities"
ROOM = "urn:ngsi-ld:Room:1"
ALL = "totalCount,distinctCount,sum,avg,min,max,stddev,sumsq"


def value(content: Any, at: str, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": content, "observedAt": at, **members}


def add(api: httpx.Client, **attributes: Any) -> None:
    answer = api.post(T, json={"id": ROOM, "type": "Room", **attributes})
    assert answer.status_code in (201, 204), answer.text


def aggregate(api: httpx.Client, methods: str = ALL, **parameters: str) -> dict[str, Any]:
    answer = api.get(
        f"{T}/{ROOM}", params={"options": "aggregatedValues", "aggrMethods": methods, **parameters}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def values_of(cells: list[list[Any]]) -> list[Any]:
    return [cell[0] for cell in cells]


def test_every_method(api: httpx.Client) -> None:
    numbers = [1.5, 2, 2, 7.25]
    add(api, temp=[value(one, f"2026-03-01T12:0{minute}:00Z") for minute, one in enumerate(numbers)])
    found = aggregate(api, timerel="between", timeAt="2026-03-01T00:00:00Z", endTimeAt="2026-03-02T00:00:00Z")
    span = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
    stddev = found["temp"].pop("stddev")
    assert found["temp"] == {
        "type": "Property",
        "totalCount": [[4, *span]],
        "distinctCount": [[3, *span]],
        "sum": [[12.75, *span]],
        "avg": [[3.1875, *span]],
        "min": [[1.5, *span]],
        "max": [[7.25, *span]],
        "sumsq": [[62.8125, *span]],
    }
    assert stddev[0][0] == pytest.approx(statistics.pstdev(numbers))


def test_periods_begin_with_the_window_or_the_first_instance(api: httpx.Client) -> None:
    times = ["2026-01-31T10:03:00Z", "2026-02-28T09:00:00Z", "2026-02-28T12:00:00Z", "2026-03-31T10:03:00Z"]
    add(api, temp=[value(number, time) for number, time in enumerate(times)])
    without = aggregate(api, "sum", aggrPeriodDuration="P1M")
    assert without["temp"]["sum"] == [
        [1.0, "2026-01-31T10:03:00Z", "2026-02-28T10:03:00Z"],
        [2.0, "2026-02-28T10:03:00Z", "2026-03-31T10:03:00Z"],
        [3.0, "2026-03-31T10:03:00Z", "2026-04-30T10:03:00Z"],
    ]
    after = aggregate(
        api, "sum", aggrPeriodDuration="P1DT12H", timerel="after", timeAt="2026-02-27T00:00:00Z"
    )
    assert after["temp"]["sum"] == [
        [1.0, "2026-02-27T00:00:00Z", "2026-02-28T12:00:00Z"],
        [2.0, "2026-02-28T12:00:00Z", "2026-03-02T00:00:00Z"],
        [3.0, "2026-03-30T12:00:00Z", "2026-04-01T00:00:00Z"],
    ]
    ancient = aggregate(api, "sum", aggrPeriodDuration="PT1H", timerel="after", timeAt="0001-01-01T00:30:00Z")
    assert ancient["temp"]["sum"][0] == [0.0, "2026-01-31T09:30:00Z", "2026-01-31T10:30:00Z"]
    whole = aggregate(api, "totalCount", aggrPeriodDuration="PT0S")
    assert whole["temp"]["totalCount"] == [[4, times[0], times[-1]]]


def test_a_zone_sets_days_months_and_fiscal_years(api: httpx.Client) -> None:
    times = ["2026-03-31T14:59:59Z", "2026-03-31T15:00:00Z", "2026-04-30T15:00:00Z"]
    add(api, temp=[value(number, time) for number, time in enumerate(times, 1)])
    tokyo = {"timezone": "Asia/Tokyo"}
    days = aggregate(api, "sum", aggrPeriodDuration="P1D", **tokyo)["temp"]["sum"]
    assert days[:2] == [
        [1.0, "2026-03-30T15:00:00Z", "2026-03-31T15:00:00Z"],
        [2.0, "2026-03-31T15:00:00Z", "2026-04-01T15:00:00Z"],
    ]
    years = aggregate(api, "sum", aggrPeriodDuration="fiscalYear", **tokyo)["temp"]["sum"]
    assert years == [
        [1.0, "2025-03-31T15:00:00Z", "2026-03-31T15:00:00Z"],
        [5.0, "2026-03-31T15:00:00Z", "2027-03-31T15:00:00Z"],
    ]
    in_utc = aggregate(api, "sum", aggrPeriodDuration="P1M", timezone="UTC")["temp"]["sum"]
    assert values_of(in_utc) == [3.0, 3.0]


def test_what_is_no_number(api: httpx.Client) -> None:
    noon, one, two = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"
    add(
        api,
        text=[value("b", noon), value("a", one), value("b", two)],
        flag=[value(True, noon), value(False, one)],
        sizes=[value([1, 2, 3], noon), value([], one)],
        time=[
            value({"@type": "Time", "@value": "08:00:00Z"}, noon),
            value({"@type": "Time", "@value": "09:00:30Z"}, one),
        ],
        thing=[value({"a": 1}, noon), value({"a": 1}, one)],
        link=[
            {"type": "Relationship", "object": f"urn:a:{n}", "observedAt": at}
            for n, at in ((1, noon), (2, one))
        ],
        place={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}, "observedAt": noon},
    )
    found = aggregate(api)
    written = {
        name: {method: values_of(cells) for method, cells in found[name].items() if method != "type"}
        for name in ("text", "flag", "sizes", "time", "thing", "link", "place")
    }
    written["flag"]["stddev"] = [round(written["flag"]["stddev"][0], 3)]
    assert written == {
        "text": {"totalCount": [3], "distinctCount": [2], "min": ["a"], "max": ["b"]},
        "flag": {
            **{"totalCount": [2], "distinctCount": [2], "sum": [1.0], "avg": [0.5]},
            **{"min": [0.0], "max": [1.0], "stddev": [0.5], "sumsq": [1.0]},
        },
        "sizes": {
            "totalCount": [2],
            "distinctCount": [2],
            "sum": [3.0],
            "avg": [1.5],
            "min": [0],
            "max": [3],
        },
        "time": {
            **{"totalCount": [2], "distinctCount": [2], "avg": ["08:30:15Z"]},
            **{"min": ["08:00:00Z"], "max": ["09:00:30Z"]},
        },
        "thing": {"totalCount": [2], "distinctCount": [1]},
        "link": {"totalCount": [2], "distinctCount": [2]},
        "place": {"totalCount": [1], "distinctCount": [1]},
    }
    assert found["link"]["type"] == "Relationship"
    refused = api.get(
        f"{T}/{ROOM}", params={"format": "aggregatedValues", "aggrMethods": "avg", "attrs": "link"}
    )
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (400, "InvalidRequest")


def test_units_and_datasets_are_not_mixed(api: httpx.Client) -> None:
    noon, one, two = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"
    add(
        api,
        temp=[
            value(10, noon, unitCode="CEL"),
            value(50, one, unitCode="FAH"),
            value(20, two, unitCode="CEL"),
            value(1, two, datasetId="urn:d:1"),
        ],
    )
    found = aggregate(api, "avg")["temp"]
    assert [(one.get("unitCode"), one.get("datasetId"), values_of(one["avg"])) for one in found] == [
        ("CEL", None, [15.0]),
        ("FAH", None, [50.0]),
        (None, "urn:d:1", [1.0]),
    ]


def test_queries_are_aggregated_with_their_source_named(api: httpx.Client) -> None:
    for number in (1, 2):
        document = {"id": f"urn:ngsi-ld:Room:{number}", "type": "Room"}
        api.post(T, json={**document, "temp": value(number, "2026-03-01T12:00:00Z")})
    window = {"timerel": "after", "timeAt": "2026-03-01T00:00:00Z"}
    parameters = {"type": "Room", **window, "aggrMethods": "max", "limit": "1", "q": "temp>0"}
    answer = api.get(T, params={**parameters, "count": "true"})
    assert values_of(answer.json()[0]["temp"]["max"]) == [1.0]
    assert (answer.headers["machi-aggregate-source"], answer.headers["ngsild-results-count"]) == ("raw", "2")
    assert values_of(api.get(answer.links["next"]["url"]).json()[0]["temp"]["max"]) == [2.0]
    body = {
        "type": "Query",
        "entities": [{"type": "Room"}],
        "temporalQ": window,
        "aggrParams": {"aggrMethods": ["max"], "aggrPeriodDuration": "P1D"},
    }
    posted = api.post("/ngsi-ld/v1/temporal/entityOperations/query", json=body)
    assert [values_of(one["temp"]["max"]) for one in posted.json()] == [[1.0], [2.0]]


def test_deletions_and_windows_on_other_times(api: httpx.Client) -> None:
    add(api, temp=[value(1, "2026-03-01T12:00:00Z"), value("urn:ngsi-ld:null", "2026-03-01T13:00:00Z")])
    assert values_of(aggregate(api, "totalCount")["temp"]["totalCount"]) == [1]
    by_creation = {"timeproperty": "createdAt", "timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}
    assert values_of(aggregate(api, "sum", **by_creation)["temp"]["sum"]) == [1.0]
    nothing = aggregate(api, "sum", timerel="before", timeAt="2000-01-01T00:00:00Z")
    assert nothing == {"id": ROOM, "type": "Room"}


def test_what_would_be_too_much_is_refused(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    add(
        api,
        temp=[value(1, "0002-01-01T00:00:00Z"), value(2, "9998-01-01T00:00:00Z")],
        other=value(1, "2026-03-01T12:00:00Z"),
    )
    parameters = {"format": "aggregatedValues", "aggrMethods": "avg"}
    seconds = api.get(f"{T}/{ROOM}", params={**parameters, "aggrPeriodDuration": "PT1S"})
    assert (seconds.status_code, "100,000 buckets" in seconds.json()["detail"]) == (400, True)
    monkeypatch.setattr(temporal_aggregates, "MAX_CELLS", 100)
    months = api.get(f"{T}/{ROOM}", params={**parameters, "aggrPeriodDuration": "P1Y"})
    assert (months.status_code, months.json()["type"].rpartition("/")[2]) == (403, "TooManyResults")
    monkeypatch.setattr(temporal_heads, "MAX_SERIES", 1)
    series = api.get(f"{T}/{ROOM}")
    assert (series.status_code, series.json()["type"].rpartition("/")[2]) == (403, "TooManyResults")
