"""Live streams: every matching change once and in order, resumed without loss, never a burden to others."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve, problem, serving
from tests.integration.http.event_source import PATH, Event, Listener, listening
from tests.support.waiting import wait_until

ENTITIES = "/ngsi-ld/v1/entities"
UPSERT = "/ngsi-ld/v1/entityOperations/upsert?options=update"
STREAM_S = 3_600.0


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    return replace(settings, stream_age_s=STREAM_S)


def sensor(number: int, pm25: float = 1.0, **attributes: Any) -> dict[str, Any]:
    return {"id": f"urn:a:{number}", "type": "Sensor", "pm25": pm25, **attributes}


def create(api: httpx.Client, *entities: dict[str, Any], tenant: str | None = None) -> None:
    headers = {} if tenant is None else {"NGSILD-Tenant": tenant}
    answer = api.post(
        "/ngsi-ld/v1/entityOperations/upsert?options=update", json=list(entities), headers=headers
    )
    assert answer.status_code in (201, 204), answer.text


def values(events: list[Event]) -> list[float]:
    return [event.data["data"][0]["pm25"] for event in events]


def gauge(api: httpx.Client, name: str) -> float:
    lines = api.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_a_change_is_told_as_a_notification(api: httpx.Client) -> None:
    with listening(api, type="Sensor") as stream:
        create(api, sensor(1, 4.5))
        event = stream.take(1)[0]
    assert event.kind == "change"
    assert event.data.pop("id").startswith("urn:ngsi-ld:Notification:")
    assert event.data.pop("notifiedAt").endswith("Z")
    assert event.data == {
        "type": "Notification",
        "change": "entityCreated",
        "data": [{"id": "urn:a:1", "type": "Sensor", "pm25": {"type": "Property", "value": 4.5}}],
    }


def test_changes_come_once_and_in_the_order_of_their_numbers(api: httpx.Client) -> None:
    writers, each = 4, 25
    create(api, *(sensor(number, 0) for number in range(writers)))
    with listening(api, type="Sensor", format="keyValues") as stream:

        def write(number: int) -> None:
            for value in range(1, each + 1):
                create(api, sensor(number, value))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        events = stream.take(writers * each)
        for thread in threads:
            thread.join()
    ids = [event.id for event in events]
    assert ids == sorted(set(ids), key=lambda one: one or 0)
    for number in range(writers):
        mine = [event for event in events if event.data["data"][0]["id"] == f"urn:a:{number}"]
        assert values(mine) == list(range(1, each + 1))


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "Sensor"},
        {"type": "Other|Sensor", "id": "urn:a:1,urn:a:9"},
        {"idPattern": "a:1$"},
        {"q": "pm25>5", "type": "Sensor"},
        {"attrs": "pm25"},
        {"scopeQ": "/town/#"},
        {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": "[139.46,35.75]"},
        {"notificationTrigger": "entityCreated", "type": "Sensor"},
    ],
)
def test_filters_are_those_of_a_subscription(api: httpx.Client, asked: dict[str, str]) -> None:
    here = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.46, 35.75]}}
    there = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [140.0, 36.0]}}
    with listening(api, **asked) as chosen, listening(api, attrs="name") as marked:
        create(api, {"id": "urn:b:2", "type": "Room", "temperature": 20, "location": there, "scope": "/x"})
        create(api, sensor(1, 9.5, location=here, scope="/town/north"))
        create(api, {"id": "urn:c:1", "type": "Mark", "name": "end"})
        told = chosen.take(1)[0]
        assert told.data["data"][0]["id"] == "urn:a:1"
        end = marked.take(1)[0]
        assert end.id is not None
        assert told.id is not None
        assert told.id < end.id
        create(api, sensor(1, 7.5, location=here, scope="/town/north"))
        if "notificationTrigger" not in asked:
            assert chosen.take(1)[0].data["data"][0]["pm25"]["value"] == 7.5


def test_deletions_and_what_did_not_change(api: httpx.Client) -> None:
    create(api, sensor(1, 1.0, name="a"))
    every = "attributeCreated,attributeUpdated,attributeDeleted,entityDeleted"
    with listening(api, type="Sensor", notificationTrigger=every, format="concise", q="pm25<5") as stream:
        create(api, sensor(1, 1.0))  # the content it had: no news
        assert api.delete(f"{ENTITIES}/urn:a:1/attrs/name").status_code == 204
        assert api.delete(f"{ENTITIES}/urn:a:1").status_code == 204
        without, gone = stream.take(2)
    assert without.data["data"] == [
        {"id": "urn:a:1", "type": "Sensor", "pm25": 1.0, "name": "urn:ngsi-ld:null"}
    ]
    assert gone.data["change"] == "entityDeleted"
    assert gone.data["data"][0]["deletedAt"].endswith("Z")
    assert gone.data["data"][0]["pm25"] == "urn:ngsi-ld:null"


def test_pick_lang_and_system_times(api: httpx.Client) -> None:
    name = {"type": "LanguageProperty", "languageMap": {"ja": "北", "en": "north"}}
    asked = {"type": "Sensor", "pick": "id,name", "lang": "ja", "options": "sysAttrs"}
    with listening(api, **asked) as stream:
        create(api, sensor(1, name=name))
        entity = stream.take(1)[0].data["data"][0]
    assert set(entity) <= {"id", "name", "createdAt", "modifiedAt"}
    assert entity["name"]["value"] == "北"
    assert entity["name"]["createdAt"].endswith("Z")


def test_a_stream_goes_on_where_it_was_left(api: httpx.Client) -> None:
    """Before, while nobody listens, and after: every change once."""
    create(api, sensor(1, 0))
    with listening(api, type="Sensor", format="keyValues") as stream:
        for value in range(1, 4):
            create(api, sensor(1, value), {"id": "urn:r:1", "type": "Room", "x": value})
        assert values(stream.take(3)) == [1, 2, 3]
        left = stream.last_id
    for value in range(4, 8):
        create(api, sensor(1, value))
    with listening(api, {"Last-Event-ID": str(left)}, type="Sensor", format="keyValues") as stream:
        create(api, sensor(1, 8))
        assert values(stream.take(5)) == [4, 5, 6, 7, 8]
    with listening(api, type="Sensor", format="keyValues", lastEventId=left) as stream:
        assert values(stream.take(5)) == [4, 5, 6, 7, 8]


def test_coming_back_again_and_again_under_load_loses_and_doubles_nothing(api: httpx.Client) -> None:
    create(api, sensor(1, 0))
    total = 120
    written = threading.Event()

    def write() -> None:
        for value in range(1, total + 1):
            create(api, sensor(1, value))
        written.set()

    got: list[float] = []
    with listening(api, type="Sensor", format="keyValues") as stream:
        left = stream.last_id
        thread = threading.Thread(target=write)
        thread.start()
    while len(got) < total:
        with listening(api, type="Sensor", format="keyValues", lastEventId=left) as stream:
            got += values(stream.take(min(7, total - len(got))))
            left = stream.last_id
    thread.join()
    assert written.is_set()
    assert got == list(range(1, total + 1))


def test_a_transaction_that_commits_late_is_not_passed_over(api: httpx.Client, database_url: str) -> None:
    """A smaller number that commits after a larger one: the larger one waits for it."""
    create(api, sensor(1, 1), sensor(2, 1))
    with (
        psycopg.connect(database_url) as late,
        listening(api, type="Sensor", format="keyValues") as stream,
    ):
        late.execute("set search_path = machi")
        late.execute("select pg_current_xact_id()")
        copied = late.execute(
            "insert into change (seq, day, tenant_id, entity_id, at, trigger, attributes, document)"
            " select nextval('change_seq'), day, tenant_id, entity_id, at, trigger, attributes, document"
            " from change where entity_id = 'urn:a:1' returning seq"
        ).fetchone()
        assert copied is not None
        create(api, sensor(2, 2))
        assert gauge(api, "machi_stream_events_total") == 0
        late.commit()
        first, second = stream.take(2)
    assert (first.id, first.data["data"][0]["id"]) == (copied[0], "urn:a:1")
    assert (second.data["data"][0]["id"], values([second])) == ("urn:a:2", [2])
    assert second.id is not None
    assert second.id > copied[0]


def test_what_is_not_kept_any_more_is_told(api: httpx.Client, database_url: str) -> None:
    create(api, sensor(1, 1))
    with listening(api, type="Sensor", format="keyValues") as stream:
        for value in (2, 3, 4):
            create(api, sensor(1, value))
        first, _, third = stream.take(3)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("delete from machi.change where seq < %s", [third.id])
    with listening(api, type="Sensor", format="keyValues", lastEventId=first.id) as stream:
        gap, change = stream.take(2)
    assert (gap.kind, gap.data["after"], gap.data["firstKept"]) == ("gap", str(first.id), str(third.id))
    assert (change.id, values([change])) == (third.id, [4])
    with listening(api, type="Sensor", lastEventId=10**12) as stream:
        assert stream.take(1)[0].kind == "gap"
        create(api, sensor(1, 5))
        assert stream.take(1)[0].kind == "change"


def test_a_slow_client_is_let_go_and_comes_back(settings: ApiSettings, serve: Serve) -> None:
    """It reads nothing while more comes than its queue takes: the others do not notice."""
    api = serve(replace(settings, stream_queue_events=10))
    create(api, sensor(1, 0))
    changes = 40
    with api.stream("GET", PATH, params={"type": "Sensor", "pick": "pm25,text"}) as answer:
        assert answer.status_code == 200
        parts = answer.iter_text()
        text = next(parts)
        with listening(api, type="Sensor", format="keyValues", pick="pm25") as quick:
            for value in range(1, changes + 1):
                create(api, sensor(1, value, text="x" * 500_000))
                assert values(quick.take(1)) == [value]
        for part in parts:
            text += part
            if "event: closed" in text and text.endswith("\n\n"):
                break
    blocks = [block for block in text.split("\n\n") if "data: " in block]
    assert '"reason":"slow"' in blocks[-1]
    assert "id: " not in blocks[-1]
    told = [int(line[4:]) for block in blocks for line in block.splitlines() if line.startswith("id: ")]
    assert 0 < len(told) < changes
    assert gauge(api, 'machi_stream_ended_total{reason="slow"}') == 1
    with listening(api, type="Sensor", format="keyValues", pick="pm25", lastEventId=told[-1]) as stream:
        left = stream.until(lambda event: values([event]) == [changes])
    assert values(left) == list(range(len(told) + 1, changes + 1))


def test_tenants_do_not_see_each_other(api: httpx.Client) -> None:
    create(api, sensor(1), tenant="north")
    create(api, sensor(1))
    with (
        listening(api, {"NGSILD-Tenant": "north"}, format="keyValues") as north,
        listening(api, format="keyValues") as default,
    ):
        create(api, sensor(1, 2), tenant="north")
        create(api, sensor(1, 3))
        assert values(north.take(1)) == [2]
        assert values(default.take(1)) == [3]
        create(api, sensor(1, 4), tenant="north")
        assert values(north.take(1)) == [4]
    answer = api.get(PATH, headers={"NGSILD-Tenant": "nobody"})
    problem(answer, 404, "NonexistentTenant")


def test_a_key_is_needed_and_one_that_is_revoked_ends_the_stream(
    settings: ApiSettings, serve: Serve, key: str, database_url: str
) -> None:
    api = serve(replace(settings, auth=True, stream_heartbeat_s=0.2))
    problem(api.get(PATH), 401, "about:blank")
    problem(
        api.get(PATH, params={"lastEventId": "1"}, headers={"Authorization": "Bearer no"}), 401, "about:blank"
    )
    headers = {"Authorization": f"Bearer {key}"}
    with listening(api, headers) as stream:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("update machi.api_key set revoked_at = now()")
        closed = stream.take(1)[0]
        assert (closed.kind, closed.data["reason"]) == ("closed", "unauthorized")
        assert stream.next() is None


def test_signs_of_life_move_the_last_event_id_on(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, stream_heartbeat_s=0.1))
    with listening(api, type="Nothing") as stream:
        begin = stream.last_id
        assert begin is not None
        create(api, sensor(1))
        while (event := stream.next(beats=True)) is not None:
            assert event.kind == "heartbeat"
            if event.id is not None and event.id > begin:
                break


def test_a_stream_ends_when_it_is_old(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, stream_age_s=0.2))
    with listening(api) as stream:
        closed = stream.take(1)[0]
        assert (closed.kind, closed.data["reason"]) == ("closed", "age")
        assert stream.next() is None
    wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)


def test_streams_are_limited(settings: ApiSettings, serve: Serve, key: str) -> None:
    api = serve(replace(settings, auth=True, streams_max=3, streams_per_key=2))
    headers = {"Authorization": f"Bearer {key}"}
    with listening(api, headers), listening(api, headers):
        refused = api.get(PATH, headers=headers)
        assert "2 streams are open with this key" in problem(refused, 503, "about:blank")
    wait_until(lambda: True if gauge_with(api, headers) == 0 else None)
    few = serve(replace(settings, streams_max=1))
    with listening(few):
        assert "1 streams are open" in problem(few.get(PATH), 503, "about:blank")


def gauge_with(api: httpx.Client, headers: dict[str, str]) -> float:
    lines = api.get("/metrics", headers=headers).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("machi_stream_clients"))


@pytest.mark.parametrize(
    ("parameters", "status", "kind", "said"),
    [
        ({"q": "pm25>"}, 400, "BadRequestData", "q: "),
        ({"idPattern": "("}, 400, "BadRequestData", "idPattern: "),
        ({"type": "("}, 400, "BadRequestData", "type: "),
        ({"notificationTrigger": "never"}, 400, "BadRequestData", "notificationTrigger: "),
        ({"lastEventId": "x"}, 400, "BadRequestData", "Last-Event-ID is"),
        ({"georel": "near"}, 400, "BadRequestData", "georel: "),
        ({"format": "xml"}, 400, "InvalidRequest", "format holds"),
        ({"join": "inline"}, 400, "InvalidRequest", "unknown here"),
        ({"q": "a{b}==1"}, 422, "OperationNotSupported", "relationships"),
        ({"q": "x" * 9_000}, 403, "TooComplexQuery", "at most 8192"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, parameters: dict[str, str], status: int, kind: str, said: str
) -> None:
    assert said in problem(api.get(PATH, params=parameters), status, kind)


def test_two_workers_tell_the_same(settings: ApiSettings) -> None:
    """A client goes from one process to another and misses nothing."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(settings)) for _ in range(2))
        create(one, sensor(1, 0))
        with (
            listening(one, type="Sensor", format="keyValues") as here,
            listening(other, type="Sensor", format="keyValues") as there,
        ):
            for value in range(1, 21):
                create(one if value % 2 else other, sensor(1, value))
            mine, theirs = here.take(20), there.take(20)
        assert values(mine) == list(range(1, 21))
        assert [event.id for event in mine] == [event.id for event in theirs]
        assert [event.data["id"] for event in mine] == [event.data["id"] for event in theirs]
        with listening(other, type="Sensor", format="keyValues", lastEventId=mine[4].id) as again:
            assert values(again.take(15)) == list(range(6, 21))


def test_two_hundred_clients_on_one_worker(settings: ApiSettings, serve: Serve) -> None:
    api = serve(settings)
    create(api, sensor(1, 0))
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    with ExitStack() as stack:
        many = stack.enter_context(httpx.Client(base_url=api.base_url, limits=limits, trust_env=False))
        streams = [_open(stack, many, number) for number in range(200)]
        assert gauge(api, "machi_stream_clients") == 200
        for value in (1, 2, 3):
            create(api, sensor(1, value))
        for stream in streams:
            assert values(stream.take(3)) == [1, 2, 3]
        assert gauge(api, "machi_stream_events_total") == 30  # ten filters, three changes
    wait_until(lambda: True if gauge(api, "machi_stream_clients") == 0 else None)


def _open(stack: ExitStack, client: httpx.Client, number: int) -> Listener:
    asked = {"type": "Sensor", "format": "keyValues", "q": f"pm25>-{number % 10 + 1}"}
    return stack.enter_context(listening(client, **asked))


@pytest.fixture
def stopped_with_a_stream(settings: ApiSettings) -> Iterator[Listener]:
    """A server that is told to stop while a stream is open; waits until it has."""
    with ExitStack() as stack, ExitStack() as server:
        api = server.enter_context(serving(settings))
        client = stack.enter_context(httpx.Client(base_url=api.base_url, trust_env=False))
        stream = stack.enter_context(listening(client))
        server.close()
        yield stream


def test_a_server_that_stops_says_so_at_once(stopped_with_a_stream: Listener) -> None:
    closed = stopped_with_a_stream.take(1)[0]
    assert (closed.kind, closed.data["reason"]) == ("closed", "shutdown")
    assert stopped_with_a_stream.next() is None
