"""Pages in time (clause 6.3.10): together they are the whole, each instance and each instant once."""

import random
from itertools import pairwise
from typing import Any

import httpx
import pytest

from context_api.ngsild.time import format_datetime

T = "/ngsi-ld/v1/temporal/entities"
PAGE = 30
T0 = 1_763_856_000_000_000
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def page_instances() -> int:
    return PAGE


def moment(minute: int) -> str:
    return format_datetime(T0 + minute * MINUTE)


def fill(api: httpx.Client, counts: dict[str, int], seed: int = 0, *, entity: int = 1) -> None:
    """Give an entity attributes with so many instances, at random minutes of which attributes share some."""
    chance = random.Random(seed)  # repeatable, no secret
    minutes = range(max(counts.values()) * 2)
    attributes = {
        name: [
            {"type": "Property", "value": minute, "observedAt": moment(minute)}
            for minute in sorted(chance.sample(minutes, count))
        ]
        for name, count in counts.items()
    }
    document = {"id": f"urn:ngsi-ld:Room:{entity}", "type": "Room", **attributes}
    assert api.post(T, json=document).status_code == 201


def instances(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Give (entity, time, instanceId) of all instances in an answer."""
    return [
        (document["id"], one["observedAt"], one["instanceId"])
        for several in document.values()
        if isinstance(several, list)
        for one in several
    ]


def follow(api: httpx.Client, path: str, parameters: dict[str, str]) -> list[list[tuple[str, str, str]]]:
    """Follow the links to the next pages."""
    pages = []
    answer = api.get(path, params=parameters)
    while True:
        assert answer.status_code in (200, 206), answer.text
        documents = answer.json() if isinstance(answer.json(), list) else [answer.json()]
        pages.append([one for document in documents for one in instances(document)])
        following = answer.links.get("next")
        assert (answer.status_code == 206) <= (following is not None)
        if following is None:
            return pages
        answer = api.get(following["url"])


WINDOWS: list[dict[str, str]] = [
    {},
    {"timerel": "after", "timeAt": moment(7)},
    {"timerel": "before", "timeAt": moment(40)},
    {"timerel": "between", "timeAt": moment(3), "endTimeAt": moment(90)},
]


@pytest.mark.parametrize("last_n", [None, 1, 12, 500])
@pytest.mark.parametrize("counts", [{"a": 100}, {"a": 60, "b": 45, "c": 3}, {f"a{n}": 4 for n in range(40)}])
def test_the_pages_of_an_entity_are_the_whole(
    api: httpx.Client, counts: dict[str, int], last_n: int | None
) -> None:
    fill(api, counts)
    by_attribute = api.get(f"{T}/urn:ngsi-ld:Room:1", params={"attrs": "a"})
    assert by_attribute.status_code in (200, 206, 404)
    for window in WINDOWS:
        given = window if last_n is None else {**window, "lastN": str(last_n)}
        pages = follow(api, f"{T}/urn:ngsi-ld:Room:1", given)
        whole = [one for name in counts for one in wanted(api, name, window, last_n)]
        got = [one for page in pages for one in page]
        assert sorted(got) == sorted(whole)
        assert len(set(got)) == len(got)
        times = [sorted({time for _, time, _ in page}) for page in pages if page]
        for earlier, later in pairwise(times):
            assert earlier[-1] < later[0] if last_n is None else earlier[0] > later[-1]


def wanted(
    api: httpx.Client, name: str, window: dict[str, str], last_n: int | None
) -> list[tuple[str, str, str]]:
    """Give the instances of one attribute in a window, read in small stretches of time that fit a page."""
    found: list[tuple[str, str, str]] = []
    for start in range(0, 220, PAGE):
        stretch = {"timerel": "between", "timeAt": moment(start), "endTimeAt": moment(start + PAGE)}
        answer = api.get(f"{T}/urn:ngsi-ld:Room:1", params={"attrs": name, **stretch})
        assert answer.status_code == 200
        found += instances(answer.json())
    first, last = "", "9"
    if window.get("timerel") == "before":
        last = window["timeAt"]
    elif window:
        first, last = window["timeAt"], window.get("endTimeAt", "9")
    inside = [one for one in found if first <= one[1] < last]
    return inside if last_n is None else inside[-last_n:]


@pytest.mark.parametrize("last_n", [None, 20])
def test_the_pages_of_a_query_are_the_whole(api: httpx.Client, last_n: int | None) -> None:
    for entity, count in ((1, 50), (2, 20), (3, 70), (4, 1)):
        fill(api, {"a": count, "b": 5}, entity, entity=entity)
    parameters = {"type": "Room", "timerel": "after", "timeAt": moment(0), "limit": "3"}
    if last_n is not None:
        parameters["lastN"] = str(last_n)
    got = [one for page in follow(api, T, parameters) for one in page]
    each = [
        one
        for entity in range(1, 5)
        for page in follow(api, T, {**parameters, "id": f"urn:ngsi-ld:Room:{entity}"})
        for one in page
    ]
    assert len(set(got)) == len(got)
    assert sorted(got) == sorted(each)
    assert len(got) == (161 if last_n is None else 20 + 20 + 20 + 1 + 20)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ("00:00", "00:29", "*")),
        ({"timerel": "after", "timeAt": moment(10)}, ("00:10", "00:39", "*")),
        ({"timerel": "before", "timeAt": moment(90)}, ("00:00", "00:29", "*")),
        ({"timerel": "between", "timeAt": moment(10), "endTimeAt": moment(90)}, ("00:10", "00:39", "*")),
        ({"lastN": "50"}, ("01:39", "01:10", "50")),
        ({"lastN": "50", "timerel": "after", "timeAt": moment(10)}, ("01:39", "01:10", "50")),
        ({"lastN": "50", "timerel": "before", "timeAt": moment(80)}, ("01:20", "00:50", "50")),
    ],
)
def test_the_range_is_told(
    api: httpx.Client, parameters: dict[str, str], expected: tuple[str, str, str]
) -> None:
    values = [{"type": "Property", "value": n, "observedAt": moment(n)} for n in range(100)]
    api.post(T, json={"id": "urn:ngsi-ld:Room:1", "type": "Room", "a": values})
    answer = api.get(f"{T}/urn:ngsi-ld:Room:1", params=parameters)
    first, last, size = expected
    day = "2025-11-23T"
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"date-time {day}{first}:00Z-{day}{last}:00Z/{size}"
    assert len(answer.json()["a"]) == PAGE


def test_an_attribute_behind_the_page_is_an_empty_array(api: httpx.Client) -> None:
    early = [{"type": "Property", "value": n, "observedAt": moment(n)} for n in range(PAGE)]
    late = [{"type": "Property", "value": n, "observedAt": moment(PAGE + n)} for n in range(PAGE)]
    api.post(T, json={"id": "urn:ngsi-ld:Room:1", "type": "Room", "early": early, "late": late})
    answer = api.get(f"{T}/urn:ngsi-ld:Room:1")
    assert (answer.status_code, len(answer.json()["early"]), answer.json()["late"]) == (206, PAGE, [])
    backward = api.get(f"{T}/urn:ngsi-ld:Room:1", params={"lastN": "100"})
    assert (len(backward.json()["late"]), backward.json()["early"]) == (PAGE, [])


def test_windows_by_system_times_are_paged_too(api: httpx.Client) -> None:
    fill(api, {"a": 70})
    parameters = {"timeproperty": "createdAt", "timerel": "after", "timeAt": "2000-01-01T00:00:00Z"}
    pages = follow(api, f"{T}/urn:ngsi-ld:Room:1", parameters)
    assert [len(page) for page in pages] == [30, 30, 10]
    assert len({name for page in pages for _, _, name in page}) == 70
