"""Alarm rules from a value to a mail: the real notifier, the worker's clock, a real mail server."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from context_api.ngsild.alarm import Phase, parse_rule
from context_api.ngsild.alert import subscription_id
from context_api.ngsild.contexts import core_context
from context_api.ngsild.errors import ResourceNotFound
from context_api.ngsild.represent import to_key_values
from context_api.notifications.mail import parse_mail_server
from context_api.store.alarms import Alarms, Observed
from context_api.store.database import Database
from tests.integration.notifications.test_dispatcher import wait_settled
from tests.integration.notifications.test_process import City
from tests.integration.notifications.writer import Connection
from tests.support.mailbox import Mailbox
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

ALERT = "urn:ngsi-ld:Alert:hot:urn:ngsi-ld:Weather:1"
RULE: dict[str, Any] = {
    "id": "hot",
    "name": "高温",
    "type": "Weather",
    "attribute": "t",
    "above": 35,
    "hysteresis": 5,
    "severity": "high",
    "message": "{{ name }} {{ value | round(1) }}",
}
PLACE = {"type": "Point", "coordinates": [139.46, 35.75]}


@pytest.fixture
def alarms(city: City, database: Database) -> Alarms:
    return Alarms(database, city.store)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


def _put(alarms: Alarms, city: City, **members: Any) -> bool:
    return alarms.put(city.access, parse_rule(RULE | members), core_context())


def _alert(city: City) -> dict[str, Any] | None:
    found = city.store.get_entities(city.access, [ALERT]).get(ALERT)
    return None if found is None else to_key_values(found, core_context())


def _in_state(city: City, state: str) -> Callable[[], dict[str, Any] | None]:
    def look() -> dict[str, Any] | None:
        alert = _alert(city)
        return alert if alert is not None and alert["alarmState"] == state else None

    return look


def test_raised_and_cleared(
    city: City, alarms: Alarms, start_notifier: Callable[..., None], http_receiver: Receiver
) -> None:
    assert _put(alarms, city) is True
    start_notifier()
    city.subscribe(
        http_receiver,
        entities=[{"type": "Alert"}],
        watchedAttributes=["alarmState"],
        notification={"format": "keyValues", "pick": ["id", "alarmState", "description"]},
    )
    city.create(t={"value": 20, "observedAt": "2026-11-23T00:00:00Z"}, location={"value": PLACE})
    city.update(t={"value": 36.04, "observedAt": "2026-11-23T00:01:00Z"})
    raised = wait_until(_in_state(city, "raised"))
    assert raised == {
        "id": ALERT,
        "type": "Alert",
        "category": "environment",
        "subCategory": "高温",
        "severity": "high",
        "description": "高温 36.0",
        "alertSource": "urn:ngsi-ld:Weather:1",
        "alarmRule": "hot",
        "alarmState": "raised",
        "dateIssued": {"@type": "DateTime", "@value": "2026-11-23T00:01:00Z"},
        "observedValue": 36.04,
        "location": PLACE,
    }
    city.update(t={"value": 31, "observedAt": "2026-11-23T00:02:00Z"})  # not far enough back
    city.update(t={"value": 30, "observedAt": "2026-11-23T00:03:00Z"})
    cleared = wait_until(_in_state(city, "cleared"))
    assert cleared["observedValue"] == 30
    assert cleared["validTo"] == {"@type": "DateTime", "@value": "2026-11-23T00:03:00Z"}
    told = [request.json["data"][0] for request in http_receiver.wait_for(2)]
    assert [one["alarmState"] for one in told] == ["raised", "cleared"]
    assert alarms.list_states(city.access, "hot", None, "", 10)[0].phase == "normal"
    assert city.store.list_subscriptions(city.access, limit=10)[1] == 1, "what feeds a rule is not listed"


def test_it_has_to_hold_and_the_clock_raises_it(
    city: City, alarms: Alarms, start_notifier: Callable[..., None]
) -> None:
    _put(alarms, city, forSeconds=1)
    start_notifier()
    city.create(t={"value": 40})
    wait_until(lambda: alarms.list_states(city.access, "hot", Phase.PENDING, "", 10) or None)
    assert _alert(city) is None
    wait_until(lambda: alarms.raise_due() or None)
    raised = wait_until(_in_state(city, "raised"))
    assert raised["observedValue"] == 40
    assert alarms.raise_due() == 0
    [state] = alarms.list_states(city.access, "hot", None, "", 10)
    assert (state.phase, state.entity_id, state.value) == ("raised", "urn:ngsi-ld:Weather:1", 40)


def test_a_rule_at_rest_raises_nothing_that_was_pending(
    city: City, alarms: Alarms, start_notifier: Callable[..., None]
) -> None:
    """Nor when it is used again: what nobody observed meanwhile has not held."""
    _put(alarms, city, forSeconds=0.05)
    start_notifier()
    city.create(t={"value": 40})
    wait_until(lambda: alarms.list_states(city.access, "hot", Phase.PENDING, "", 10) or None)
    alarms.switch(city.access, "hot", is_active=False)
    assert alarms.get(city.access, "hot").rule.is_active is False
    [state] = alarms.list_states(city.access, "hot", None, "", 10)
    assert (state.phase, state.value) == ("normal", 40)
    time.sleep(0.1)  # longer than it would have had to hold
    assert alarms.raise_due() == 0
    late = Observed("urn:ngsi-ld:Weather:1", 50, time.time_ns() // 1_000)
    alarms.observe("default", "hot", late)  # was on its way already
    alarms.switch(city.access, "hot", is_active=True)
    assert alarms.raise_due() == 0
    assert _alert(city) is None
    city.update(t={"value": 41})
    wait_until(lambda: alarms.raise_due() or None)
    assert wait_until(_in_state(city, "raised"))["observedValue"] == 41
    with pytest.raises(ResourceNotFound):
        alarms.switch(city.access, "cold", is_active=False)


def test_a_pending_alarm_of_a_rule_that_was_put_to_rest_by_itself(city: City, alarms: Alarms) -> None:
    """A clock that was about to raise it sees that the rule is at rest."""
    _put(alarms, city, forSeconds=3_600)
    alarms.observe("default", "hot", Observed("urn:ngsi-ld:Weather:1", 50, time.time_ns() // 1_000))
    _put(alarms, city, forSeconds=0, isActive=False)
    assert alarms.list_states(city.access, "hot", Phase.PENDING, "", 10) == []
    alarms.observe("default", "hot", Observed("urn:ngsi-ld:Weather:1", 51, time.time_ns() // 1_000))
    assert alarms.list_states(city.access, "hot", None, "", 10)[0].phase == "normal"
    assert _alert(city) is None


def test_a_deleted_entity_clears_its_alarm(
    city: City, alarms: Alarms, start_notifier: Callable[..., None]
) -> None:
    _put(alarms, city)
    start_notifier()
    city.create(t={"value": 40})
    wait_until(_in_state(city, "raised"))
    city.delete()
    wait_until(_in_state(city, "cleared"))


def test_a_repeat_changes_nothing(city: City, alarms: Alarms) -> None:
    _put(alarms, city)
    now = time.time_ns() // 1_000
    observed = Observed("urn:ngsi-ld:Weather:1", 40.0, now)
    assert str(alarms.observe("default", "hot", observed)) == "raise"
    assert str(alarms.observe("default", "hot", observed)) == "none"
    assert str(alarms.observe("default", "gone", observed)) == "none"
    of_its_own = Observed(ALERT, 40.0, now)  # whatever name a @context gives the type
    assert str(alarms.observe("default", "hot", of_its_own)) == "none"


def test_rules_are_kept_apart_and_deleted_with_their_subscription(city: City, alarms: Alarms) -> None:
    other = City(city.database, "other")
    assert _put(alarms, city) is True
    assert _put(alarms, city, above=40) is False
    assert alarms.get(city.access, "hot").rule.above == 40
    assert alarms.list_all(other.access) == []
    with pytest.raises(ResourceNotFound):
        alarms.get(other.access, "hot")
    with pytest.raises(ResourceNotFound):
        alarms.delete(other.access, "hot")
    alarms.delete(city.access, "hot")
    with pytest.raises(ResourceNotFound):
        city.store.get_subscription(city.access, subscription_id("hot"))
    with pytest.raises(ResourceNotFound):
        alarms.delete(city.access, "hot")


def test_notifications_by_mail_and_to_a_chat_room(
    city: City,
    writer: Connection,
    start_notifier: Callable[..., None],
    http_receiver: Receiver,
    mailbox: Mailbox,
) -> None:
    template = {"key": "Machi-Template", "value": "{{ t | round(1) }} °C <{{ t.observedAt | jst }}>"}
    subject = {"key": "Machi-Subject", "value": "{{ type }}\n{{ t }}"}
    by_mail = city.subscribe(
        http_receiver,
        id="urn:s:mail",
        notification={"endpoint": {"uri": "mailto:ops@city.example", "notifierInfo": [template, subject]}},
    )
    to_chat = city.subscribe(
        http_receiver,
        id="urn:s:chat",
        notification={"endpoint": {"notifierInfo": [template, {"key": "Machi-Style", "value": "slack"}]}},
    )
    mailbox.refuse.append(451)
    start_notifier(mail_server=parse_mail_server(mailbox.url, "machi@city.example"))
    city.create(t={"value": 18.46, "observedAt": "2026-11-23T00:00:00Z"})
    [mail] = mailbox.wait_for(1)
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "machi@city.example",
        "ops@city.example",
        "Weather 18.46",
    )
    assert mail.get_content().strip() == "18.5 °C <2026-11-23 09:00>"
    assert http_receiver.wait_for(1)[0].json == {"text": "18.5 °C &lt;2026-11-23 09:00&gt;"}
    counters = wait_settled(writer, by_mail)
    assert (counters["delivered"], counters["sent"], counters["failed"]) == (1, 2, 1)
    assert wait_settled(writer, to_chat)["delivered"] == 1


def test_an_address_that_does_not_exist_pauses_the_subscription(
    city: City,
    writer: Connection,
    start_notifier: Callable[..., None],
    http_receiver: Receiver,
    mailbox: Mailbox,
) -> None:
    key = city.subscribe(http_receiver, notification={"endpoint": {"uri": "mailto:nobody@city.example"}})
    mailbox.refuse.append(550)
    start_notifier(mail_server=parse_mail_server(mailbox.url, "machi@city.example"))
    city.create()
    assert wait_settled(writer, key)["dead_lettered"] == 1
    stored = city.store.get_subscription(city.access, "urn:ngsi-ld:Subscription:s")
    assert stored.state.is_active is False
    assert "550" in (stored.status_reason or "")
