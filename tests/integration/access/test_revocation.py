"""A key that is revoked opens nothing, on every process, at once: each is told, and none remembers long."""

import threading
from dataclasses import replace

import httpx
import pytest

from context_api.http import key_guard
from context_api.http.settings import ApiSettings
from context_api.store.database import Database
from context_api.store.keys import ApiKey, read_secret
from tests.integration.access.people import ENTITIES, House, prefix_of
from tests.integration.http.conftest import Serve, problem
from tests.support.waiting import wait_until

KEYS = "/api/v1/keys"
TYPES = "/ngsi-ld/v1/types"


@pytest.fixture
def other(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """As good as another process of the same installation: it shares nothing but the database."""
    return serve(replace(settings, auth=True, stream_age_s=3_600.0, stream_heartbeat_s=600.0))


def test_both_processes_are_told(house: House, other: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cache that would keep keys for an hour: who asks again was told to."""
    monkeypatch.setattr(key_guard, "CACHE_SECONDS", 3_600.0)
    house.organisation("kita", "town", "default")
    keys = [house.key("kita", "administrator") for _ in range(3)]
    clients = (house.api, other)

    def state(client: httpx.Client, key: str) -> int:
        return client.get(TYPES, headers={"Authorization": f"Bearer {key}"}).status_code

    def until(client: httpx.Client, key: str, status: int) -> None:
        wait_until(lambda: True if state(client, key) == status else None)

    for key in keys:
        assert [state(client, key) for client in clients] == [200, 200]
    with house.database.connection() as connection:  # so that a look-up would find nothing
        connection.execute("alter table api_key rename to api_key_hidden")
        try:
            assert [state(client, key) for client in clients for key in keys] == [200] * 6, "cached"
        finally:
            connection.execute("alter table api_key_hidden rename to api_key")
    assert house.call(house.root, "DELETE", f"{KEYS}/{prefix_of(keys[0])}").status_code == 204
    for client in clients:
        until(client, keys[0], 401)
    assert [state(client, keys[1]) for client in clients] == [200, 200]
    house.call(house.root, "PATCH", "/api/v1/organisations/kita", {"disabled": True})
    for client in clients:
        for key in keys[1:]:
            until(client, key, 401)
    told = house.call(keys[1], "GET", "/api/v1/me")
    assert "disabled" in problem(told, 401, "about:blank")
    house.call(house.root, "PATCH", "/api/v1/organisations/kita", {"disabled": False})
    for client in clients:
        until(client, keys[1], 200)
    assert [state(client, keys[0]) for client in clients] == [401, 401]


@pytest.mark.parametrize("act", ["revoke", "disable", "rotate"])
def test_an_open_stream_ends_with_its_key(house: House, act: str) -> None:
    """The signs of life are ten minutes apart here: the stream ends because it was told."""
    house.organisation("kita", "town", "default")
    key = house.key("kita", "administrator")
    lines: list[str] = []
    is_open = threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {key}"}
        with house.api.stream("GET", "/api/v1/stream", headers=headers, timeout=100) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                is_open.set()
                lines.append(line)

    thread = threading.Thread(target=listen)
    thread.start()
    assert is_open.wait(60)
    if act == "revoke":
        house.call(house.root, "DELETE", f"{KEYS}/{prefix_of(key)}")
    elif act == "disable":
        house.call(house.root, "PATCH", "/api/v1/organisations/kita", {"disabled": True})
    else:
        house.call(house.root, "POST", f"{KEYS}/{prefix_of(key)}/rotate", {"overlapHours": 0})
    thread.join(60)
    assert not thread.is_alive()
    assert '"reason":"unauthorized"' in "".join(lines)


def test_many_requests_with_one_key_ask_the_database_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_guard, "CACHE_SECONDS", 3_600.0)
    asked: list[str] = []

    def counted(database: Database, secret: bytes, text: str) -> ApiKey | None:
        asked.append(text)
        return read_secret(database, secret, text)

    monkeypatch.setattr(key_guard, "read_secret", counted)
    house.organisation("kita", "town", "default")
    key = house.key("kita", "administrator")
    for _ in range(20):
        assert house.call(key, "GET", f"{ENTITIES}?type=Sensor").status_code == 200
    assert asked.count(key) == 1
    for _ in range(5):
        assert house.call(key[:-1] + ("a" if key[-1] != "a" else "b"), "GET", ENTITIES).status_code == 401
    assert set(asked) <= {key, house.root}, "a typo needs no look-up"
