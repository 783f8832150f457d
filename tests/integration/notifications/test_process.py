"""The whole notifier process on the real write path: what a partner's receiver gets to see."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from context_api.ngsild.changes import CreateEntity, DeleteEntity, UpdateAttributes
from context_api.ngsild.contexts import CITY_CONTEXT_URL, CORE_CONTEXT_URL, build_context, core_context
from context_api.ngsild.model import Attributes, Entity
from context_api.ngsild.parse import parse_entity
from context_api.ngsild.subscription import parse_subscription
from context_api.notifications import NotifierSettings, run
from context_api.notifications.outbound import parse_networks
from context_api.notifications.retry import RetryPolicy
from context_api.store.access import Access
from context_api.store.context_cache import save_document
from context_api.store.database import Database, open_database
from context_api.store.store import Store
from tests.integration.notifications.test_dispatcher import wait_settled, wait_until
from tests.integration.notifications.writer import (
    Connection,
    count_orphans,
    count_queues,
    get_counters,
    open_connection,
)
from tests.support.receiver import Answer, Received, Receiver

LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
PARTNER_URL = "https://partner.example/context.jsonld"
PARTNER_CONTEXT = {
    "@context": {"Weather": "https://partner.example/Weather", "t": "https://partner.example/t"}
}


class City:
    """A store with what a test writes into it."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self.database = database
        self.store = Store(database)
        self.access: Access = self.store.tenant(tenant, create=True)

    def subscribe(self, receiver: Receiver, context: Any = CORE_CONTEXT_URL, **members: Any) -> int:
        """Create a subscription to Weather; `notification` is merged with the endpoint."""
        notification = members.pop("notification", {})
        endpoint = {"uri": f"{receiver.url}/in", **notification.pop("endpoint", {})}
        document = {
            "id": "urn:ngsi-ld:Subscription:s",
            "type": "Subscription",
            "entities": [{"type": "Weather"}],
            "notification": {**notification, "endpoint": endpoint},
            **members,
        }
        built = core_context() if context == CORE_CONTEXT_URL else build_context(_documents(context), context)
        subscription = parse_subscription(document, built, _now())
        return self.store.create_subscription(self.access, subscription, context)

    def create(self, number: int = 1, context: Any = CORE_CONTEXT_URL, **values: Any) -> Entity:
        """Create a Weather entity with one property t."""
        entity = self.entity(number, context, **values)
        self._apply(CreateEntity(entity_id=entity.id, entity=entity))
        return entity

    def update(self, number: int = 1, context: Any = CORE_CONTEXT_URL, **values: Any) -> None:
        """Write values anew."""
        entity = self.entity(number, context, **values)
        attributes: Attributes = entity.attributes
        self._apply(UpdateAttributes(entity_id=entity.id, attributes=attributes))

    def delete(self, number: int = 1) -> None:
        """Delete the entity."""
        self._apply(DeleteEntity(entity_id=f"urn:ngsi-ld:Weather:{number}"))

    def entity(self, number: int, context: Any = CORE_CONTEXT_URL, **values: Any) -> Entity:
        """A Weather entity that is not written yet."""
        built = core_context() if context == CORE_CONTEXT_URL else build_context(_documents(context), context)
        document = {
            "id": f"urn:ngsi-ld:Weather:{number}",
            "type": "Weather",
            **(values or {"t": {"value": 1}}),
        }
        return parse_entity(document, built, now=_now())

    def _apply(self, change: Any) -> None:
        (outcome,) = self.store.apply(self.access, [change])
        assert outcome.error is None


def _documents(context: Any) -> list[dict[str, Any]]:
    return [PARTNER_CONTEXT] if context == PARTNER_URL else [{"@context": context}]


def _now() -> int:
    return time.time_ns() // 1_000


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def city(database: Database) -> City:
    return City(database)


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection]:
    with open_connection(database_url) as connection:
        yield connection


@pytest.fixture
def settings(database_url: str) -> NotifierSettings:
    return NotifierSettings(
        database_url=database_url,
        instance="test",
        outbound_allow=parse_networks(["127.0.0.0/8"]),
        public_url="https://machi.example",
        retry=RetryPolicy(first_s=0.05, longest_s=0.2),
        poll_s=30.0,  # so that the tests show the wake-up
        stop_s=1.0,
    )


StartNotifier = Callable[..., None]


@pytest.fixture
def start_notifier(settings: NotifierSettings) -> Iterator[StartNotifier]:
    """Runs notifiers in threads of this process."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(**changes: Any) -> None:
        threads.append(threading.Thread(target=run, args=(replace(settings, **changes), stop)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def only(receiver: Receiver) -> Received:
    (request,) = receiver.wait_for(1)
    return request


def test_a_change_arrives_as_a_normalized_notification(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = city.subscribe(http_receiver)
    start_notifier()
    city.create(t={"value": 18.5, "unitCode": "CEL", "observedAt": "2026-11-23T09:00:00Z"})
    request = only(http_receiver)
    body = request.json
    assert body.pop("id").startswith("urn:ngsi-ld:Notification:")
    assert body.pop("notifiedAt").endswith("Z")
    assert body == {
        "type": "Notification",
        "subscriptionId": "urn:ngsi-ld:Subscription:s",
        "data": [
            {
                "id": "urn:ngsi-ld:Weather:1",
                "type": "Weather",
                "t": {
                    "type": "Property",
                    "value": 18.5,
                    "unitCode": "CEL",
                    "observedAt": "2026-11-23T09:00:00Z",
                },
            }
        ],
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["link"] == LINK.format(CORE_CONTEXT_URL)
    assert request.headers["content-length"] == str(len(request.body))
    assert "ngsild-tenant" not in request.headers
    counters = wait_settled(writer, key)
    assert (counters["delivered"], counters["sent"]) == (1, 1)
    stored = city.store.get_subscription(city.access, "urn:ngsi-ld:Subscription:s")
    assert (stored.state.times_sent, stored.state.times_failed) == (1, 0)
    assert stored.state.last_success is not None


def test_the_creating_requests_context_names_attributes_and_link(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    save_document(city.database, PARTNER_URL, b'{"@context": {"Weather": "https://partner.example/Weather",'
                  b' "t": "https://partner.example/t"}}')  # fmt: skip
    city.subscribe(http_receiver, PARTNER_URL)
    start_notifier()
    city.create(context=PARTNER_URL, t={"value": 1})
    request = only(http_receiver)
    assert request.headers["link"] == LINK.format(PARTNER_URL)
    assert request.json["data"] == [
        {"id": "urn:ngsi-ld:Weather:1", "type": "Weather", "t": {"type": "Property", "value": 1}}
    ]


def test_the_citys_context_is_linked_by_our_public_address(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city.subscribe(http_receiver, jsonldContext=f"https://machi.example{CITY_CONTEXT_URL}")
    save_document(city.database, f"https://machi.example{CITY_CONTEXT_URL}", b'{"@context": {}}')
    start_notifier()
    city.create()
    assert only(http_receiver).headers["link"] == LINK.format(f"https://machi.example{CITY_CONTEXT_URL}")


def test_ld_json_carries_the_context_in_each_entity_and_no_link(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city.subscribe(http_receiver, notification={"endpoint": {"accept": "application/ld+json"}})
    start_notifier()
    city.create()
    request = only(http_receiver)
    assert request.headers["content-type"] == "application/ld+json"
    assert "link" not in request.headers
    assert request.json["data"][0]["@context"] == CORE_CONTEXT_URL


def test_a_context_without_url_travels_in_the_body(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    context = PARTNER_CONTEXT["@context"]
    city.subscribe(http_receiver, context)
    start_notifier()
    city.create(context=context)
    request = only(http_receiver)
    assert request.headers["content-type"] == "application/ld+json"
    assert "link" not in request.headers
    assert request.json["data"][0]["@context"] == context
    assert request.json["data"][0]["type"] == "Weather"


def test_format_attributes_receiver_info_and_tenant(
    database: Database, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city = City(database, "other")
    city.subscribe(
        http_receiver,
        notification={
            "attributes": ["t"],
            "format": "keyValues",
            "endpoint": {"receiverInfo": [{"key": "Authorization", "value": "Bearer x"}]},
        },
    )
    start_notifier()
    city.create(t={"value": 1}, u={"value": 2})
    request = only(http_receiver)
    assert request.json["data"] == [{"id": "urn:ngsi-ld:Weather:1", "type": "Weather", "t": 1}]
    assert request.headers["authorization"] == "Bearer x"
    assert request.headers["ngsild-tenant"] == "other"


def test_a_deletion_is_told_where_it_was_asked_for(
    city: City, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city.create()
    city.subscribe(http_receiver, notificationTrigger=["entityDeleted"])
    start_notifier()
    city.update(t={"value": 2})
    city.delete()
    (entity,) = only(http_receiver).json["data"]
    assert entity.pop("deletedAt").endswith("Z")
    assert entity == {"id": "urn:ngsi-ld:Weather:1", "type": "Weather"}


def test_every_value_arrives_in_order(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = city.subscribe(http_receiver, notification={"format": "keyValues"})
    http_receiver.answer(500, 200, 500)
    start_notifier()
    city.create(t={"value": 0})
    for value in range(1, 20):
        city.update(t={"value": value})
    assert wait_settled(writer, key)["delivered"] == 20
    seen = [request.json["data"][0]["t"] for request in http_receiver.requests]
    assert list(dict.fromkeys(seen)) == list(range(20))
    assert seen == sorted(seen)
    assert len({request.json["id"] for request in http_receiver.requests}) == 20


def test_410_pauses_the_subscription_for_the_writers_too(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = city.subscribe(http_receiver)
    http_receiver.answer(410)
    start_notifier()
    city.create()
    assert wait_settled(writer, key)["dead_lettered"] == 1
    stored = city.store.get_subscription(city.access, "urn:ngsi-ld:Subscription:s")
    assert (stored.state.is_active, stored.status_reason) == (False, "HTTP 410 Gone")
    city.update(t={"value": 2})
    assert get_counters(writer, key)["matched"] == 1


def test_deleting_the_subscription_cancels_what_waits(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    city.subscribe(http_receiver)
    http_receiver.always = Answer(503)
    start_notifier(poll_s=0.1)
    city.create()
    http_receiver.wait_for(1)
    city.store.delete_subscription(city.access, "urn:ngsi-ld:Subscription:s")
    wait_until(lambda: writer.execute("select 1 from outbox where state = 0").fetchone() is None)
    assert writer.execute("select state from outbox").fetchall() == [(3,)]


def test_a_context_that_is_not_at_hand_is_waited_for(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier
) -> None:
    key = city.subscribe(http_receiver, jsonldContext=PARTNER_URL)
    start_notifier(poll_s=0.1)
    city.create()
    wait_until(lambda: get_counters(writer, key)["failed"] >= 2)
    row = writer.execute("select last_error from subscription_counter").fetchone()
    assert row == (f"cannot be written: the @context {PARTNER_URL} is not at hand",)
    save_document(city.database, PARTNER_URL, b'{"@context": {}}')
    assert wait_settled(writer, key)["delivered"] == 1


def test_health_metrics_and_heartbeat(
    city: City, writer: Connection, http_receiver: Receiver, start_notifier: StartNotifier, free_port: int
) -> None:
    key = city.subscribe(http_receiver)
    start_notifier(http_port=free_port)
    base = f"http://127.0.0.1:{free_port}"

    wait_until(lambda: _is_up(f"{base}/readyz"))
    assert httpx.get(f"{base}/healthz").text == "ok\n"
    assert httpx.get(f"{base}/nothing").status_code == 404
    assert httpx.post(f"{base}/healthz").status_code == 405
    city.create()
    wait_settled(writer, key)
    metrics = httpx.get(f"{base}/metrics").text
    assert 'machi_notifier_notifications_total{state="delivered"} 1.0' in metrics
    assert "machi_notifier_delivered_after_seconds_count 1.0" in metrics
    assert "machi_notifier_waiting" in metrics
    heartbeat = "select process, instance, ready from process_heartbeat"
    wait_until(lambda: writer.execute(heartbeat).fetchall() == [("notifier", "test", True)])


PROGRAM = """
import signal, sys, threading
from context_api.notifications import NotifierSettings, run
from context_api.notifications.outbound import parse_networks
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
allow = parse_networks(["127.0.0.0/8"])
run(NotifierSettings(database_url=sys.argv[1], outbound_allow=allow, lease_s=1.5), stop)
"""


@pytest.fixture
def start_process(database_url: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts notifiers as processes of their own."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", PROGRAM, database_url], env=dict(os.environ)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_killed_process_loses_nothing(
    city: City,
    writer: Connection,
    http_receiver: Receiver,
    start_process: Callable[[], subprocess.Popen[bytes]],
) -> None:
    """kill -9 in the middle of a request: another process sends it again, with the same id."""
    key = city.subscribe(http_receiver, notification={"format": "keyValues"})
    http_receiver.answer(Answer(delay_s=20))
    first = start_process()
    city.create(t={"value": 1})
    city.update(t={"value": 2})
    http_receiver.wait_for(1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    start_process()
    requests = http_receiver.wait_for(3, 60)
    assert [request.json["data"][0]["t"] for request in requests] == [1, 1, 2]
    assert requests[0].json["id"] == requests[1].json["id"] != requests[2].json["id"]
    counters = wait_settled(writer, key)
    assert (counters["matched"], counters["delivered"], counters["sent"]) == (2, 2, 2)


def test_sigterm_stops_within_seconds(
    city: City, http_receiver: Receiver, start_process: Callable[[], subprocess.Popen[bytes]]
) -> None:
    city.subscribe(http_receiver)
    process = start_process()
    city.create()
    http_receiver.wait_for(1)
    process.terminate()
    assert process.wait(30) == 0


def test_without_a_database_it_waits_says_so_and_stops_at_once(
    settings: NotifierSettings, free_port: int
) -> None:
    stop = threading.Event()
    away = replace(
        settings, database_url="postgresql://nobody@127.0.0.1:9/none", http_port=free_port, poll_s=0.1
    )
    thread = threading.Thread(target=run, args=(away, stop))
    thread.start()
    wait_until(lambda: _is_up(f"http://127.0.0.1:{free_port}/healthz"))
    answer = httpx.get(f"http://127.0.0.1:{free_port}/readyz")
    assert answer.status_code == 503
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def _is_up(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url).status_code == 200
    return False


def test_writers_and_notifiers_at_once_keep_every_promise(
    city: City, writer: Connection, start_notifier: StartNotifier, http_receiver: Receiver
) -> None:
    """Batches on shared entities, a receiver that fails one time in five: nothing lost, all in order."""
    keys = [
        city.subscribe(
            http_receiver,
            id=f"urn:ngsi-ld:Subscription:{number}",
            notification={"format": "keyValues", "endpoint": {"uri": f"{http_receiver.url}/{number}"}},
        )
        for number in range(4)
    ]
    flaky = iter([200, 200, 500, 200, 200] * 10_000)
    http_receiver.always = lambda _: Answer(next(flaky))
    for number in range(8):
        city.create(number, t={"value": [0, 0]})
    start_notifier(instance="a")
    start_notifier(instance="b")

    def write(who: int) -> None:
        own = City(city.database)
        for value in range(1, 26):
            entities = [own.entity(number, t={"value": [who, value]}) for number in range(8)]
            changes = [UpdateAttributes(entity_id=one.id, attributes=one.attributes) for one in entities]
            assert all(outcome.error is None for outcome in own.store.apply(own.access, changes))

    threads = [threading.Thread(target=write, args=(who,)) for who in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key in keys:
        counters = wait_settled(writer, key, 40)
        assert (counters["matched"], counters["delivered"]) == (8 * 51, 8 * 51)
    assert (count_orphans(writer), count_queues(writer)) == (0, 0)
    for path in range(4):
        _check_order([one for one in http_receiver.requests if one.path == f"/{path}"])


def _check_order(requests: list[Received]) -> None:
    """Each entity's values in the order of each writer; repeats carry the same id."""
    of_entity: dict[str, dict[str, list[int]]] = {}
    for request in requests:
        (entity,) = request.json["data"]
        of_entity.setdefault(entity["id"], {})[request.json["id"]] = entity["t"]
    for notifications in of_entity.values():
        values = list(notifications.values())
        assert len(values) == 51
        for who in (1, 2):
            assert [value for writer, value in values if writer == who] == list(range(1, 26))
