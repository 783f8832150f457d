"""Streams of partners: filtered and masked by what is granted now, whichever way the changes came."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from context_api.http.settings import ApiSettings
from context_api.policy.grant import Operation
from context_api.store.database import open_database
from deploy.embedded.ports import free_port
from deploy.embedded.redis import EmbeddedRedis
from tests.integration.http.conftest import Serve, problem
from tests.integration.http.event_source import Event, Listener, listening
from tests.integration.http.test_stream_fanout import counted
from tests.integration.http.test_subscriptions_granted import AROUND_HERE, AWAY, HERE, write
from tests.integration.http.web_socket import socket_listening
from tests.support.partners import Partners
from tests.support.waiting import wait_until

ASKED = {
    "type": "Room",
    "format": "keyValues",
    "notificationTrigger": "entityCreated,entityUpdated,entityDeleted",
}


@pytest.fixture
def partners(database_url: str) -> Iterator[Partners]:
    database = open_database(database_url)
    yield Partners(database)
    database.close()


@pytest.fixture
def keyed(settings: ApiSettings) -> ApiSettings:
    return replace(settings, auth=True, stream_age_s=3_600.0)


def as_administrator(api: httpx.Client, key: str) -> httpx.Client:
    api.headers["Authorization"] = f"Bearer {key}"
    return api


def told(event: Event | None) -> dict[str, Any]:
    assert event is not None
    (document,) = event.data["data"]
    return {name: value for name, value in document.items() if name not in ("id", "type", "location")}


def test_a_stream_tells_what_is_granted_at_each_moment(
    keyed: ApiSettings, serve: Serve, key: str, partners: Partners
) -> None:
    api = as_administrator(serve(keyed), key)
    air, bus = partners.add("air"), partners.add("bus")
    grant = partners.grant("air", Operation.READ, attributes=("t", "location"), area=AROUND_HERE)
    partners.grant("bus", Operation.READ, types=("Room",), attributes=("secret",))
    with (
        listening(api, air, **ASKED) as events,
        socket_listening(api, air, None, **ASKED) as messages,
        listening(api, bus, **ASKED) as others,
    ):
        write(api, 1, t=1, secret=1, location=HERE)
        write(api, 2, t=2, location=AWAY)
        write(api, 1, secret=2)
        write(api, 1, t=3, secret=3)
        for stream in (events, messages):
            first, second = stream.take(2)
            assert (told(first), told(second)) == ({"t": 1}, {"t": 3})
            assert (first.data["change"], second.data["change"]) == ("entityCreated", "entityUpdated")
        assert [told(one) for one in others.take(4)] == [{"secret": 1}, {}, {"secret": 2}, {"secret": 3}]
        partners.grant("air", Operation.READ, types=("Room",), attributes=("secret",))
        partners.withdraw(grant)

        def has_changed() -> bool | None:
            write(api, 1, t=4)
            write(api, 1, secret=4)
            write(api, 1, t=5, secret=5)
            found = [told(one) for one in others.take(2)]
            assert found == [{"secret": 4}, {"secret": 5}]
            return True if told(events.next()) == {"secret": 4} else None

        wait_until(has_changed)
        assert told(events.next()) == {"secret": 5}
        partners.revoke("air")
        for stream in (events, messages):
            assert stream.until(lambda event: event.kind == "closed")[-1].data["reason"] == "unauthorized"
        write(api, 1, secret=6)
        assert told(others.next()) == {"secret": 6}


def test_what_was_missed_is_masked_too_and_a_stream_without_any_grant_ends(
    keyed: ApiSettings, serve: Serve, key: str, partners: Partners
) -> None:
    api = as_administrator(serve(keyed), key)
    air = partners.add("air")
    problem(api.get("/api/v1/stream", params=ASKED, headers=air), 403, "about:blank")
    grant = partners.grant("air", Operation.READ, types=("Room",), attributes=("t",))
    write(api, 1, t=1, secret=1)
    with listening(api, **ASKED) as events:
        write(api, 1, secret=2)
        write(api, 1, t=2)
        number = events.take(2)[0].id
    assert number is not None

    def is_granted() -> bool | None:
        return True if api.get("/ngsi-ld/v1/types", headers=air).status_code == 200 else None

    wait_until(is_granted)
    with listening(api, {**air, "Last-Event-ID": str(number - 1)}, **ASKED) as events:
        assert told(events.next()) == {"t": 2}
        partners.withdraw(grant)
        closed = events.until(lambda event: event.kind == "closed")[-1]
        assert closed.data["reason"] == "unauthorized"


def test_changes_that_came_by_redis_are_masked_as_well(
    keyed: ApiSettings, serve: Serve, key: str, partners: Partners, tmp_path: Path
) -> None:
    server = EmbeddedRedis(tmp_path / "redis", port=free_port())
    server.start()
    try:
        workers = [as_administrator(serve(replace(keyed, redis_url=server.url)), key) for _ in range(2)]
        air = partners.add("air")
        partners.grant("air", Operation.READ, types=("Room",), attributes=("t",))
        with listening(workers[0], air, **ASKED) as one, listening(workers[1], air, **ASKED) as other:
            _follow(workers, (one, other))
    finally:
        server.stop()


def _follow(workers: list[httpx.Client], streams: tuple[Listener, Listener]) -> None:
    """Write until one worker has its changes by Redis; both tell the same, and nothing of what is hidden."""
    number = 0
    while max(counted(api, "redis") for api in workers) < 20:
        number += 1
        assert number < 2_000
        write(workers[0], 1, t=number, secret=-number)
        write(workers[0], 1, secret=number)
        for stream in streams:
            assert told(stream.next()) == {"t": number}
