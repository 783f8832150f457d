"""Calls that somebody wants us to make for them (SSRF): into our own network, by any spelling."""

import time

import pytest

from context_api.notifications.outbound import OutboundPolicy, OutboundRefused
from tests.attacks.conftest import ENTITIES, Town
from tests.support.receiver import Receiver

INNER = (
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[::]:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1:{port}/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://100.64.0.1/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://user:password@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "ftp://127.0.0.1/",
    "http://127.0.0.1%00.example.org:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
)
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


@pytest.mark.parametrize("url", INNER)
def test_no_context_is_fetched_from_within(town: Town, canary: Receiver, url: str) -> None:
    target = url.format(port=canary.port)
    body = {"id": "urn:ngsi-ld:Air:ssrf", "type": "Air", "@context": target}
    answer = town.house.api.request(
        "POST",
        ENTITIES,
        json=body,
        headers={"Authorization": f"Bearer {town.house.root}", "Content-Type": "application/ld+json"},
    )
    assert answer.status_code in (400, 504), answer.text
    assert canary.requests == []
    if target.isascii():
        answer = town.call(town.mallory, "GET", f"{ENTITIES}?type=Air", Link=_LINK.format(target))
        assert answer.status_code in (200, 400, 504), answer.text
        assert canary.requests == []


@pytest.mark.parametrize("url", INNER)
def test_no_subscription_calls_within(town: Town, canary: Receiver, url: str) -> None:
    """It is refused at once, or its test is: nothing arrives."""
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Air"}],
        "notification": {"endpoint": {"uri": url.format(port=canary.port)}},
    }
    made = town.call(town.mallory, "POST", "/ngsi-ld/v1/subscriptions", subscription)
    assert made.status_code in (201, 400), made.text
    if made.status_code == 201:
        own = made.headers["Location"].rsplit("/", 1)[1]
        tried = town.call(town.mallory, "POST", f"/api/v1/subscriptions/{own}/test")
        assert tried.status_code < 500, tried.text
        assert town.call(town.mallory, "DELETE", f"/ngsi-ld/v1/subscriptions/{own}").status_code == 204
    assert canary.requests == []


class _Rebinding:
    """A name whose address changes between two questions."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return ["93.184.216.34"] if self.asked == 1 else ["127.0.0.1"]


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """What was checked is what is called: the name is asked for once."""
    resolver = _Rebinding()
    policy = OutboundPolicy(resolve=resolver)
    found = policy.check("http://rebind.example/")
    assert [str(one) for one in found.addresses] == ["93.184.216.34"]
    assert resolver.asked == 1
    with pytest.raises(OutboundRefused):
        policy.check("http://rebind.example/")


def test_one_inner_address_among_many_refuses_the_name() -> None:
    policy = OutboundPolicy(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(OutboundRefused):
        policy.check("http://mixed.example/")


def test_nothing_arrived(canary: Receiver) -> None:
    time.sleep(0.2)
    assert canary.requests == []
