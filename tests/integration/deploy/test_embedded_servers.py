"""The embedded PostgreSQL and mosquitto: data survives stop and kill, one password, loopback only."""

import uuid
from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from paho.mqtt import publish, subscribe

from deploy.embedded.amqtt_broker import AmqttBroker
from deploy.embedded.errors import NotStarted, PortTaken
from deploy.embedded.mosquitto import Mosquitto
from deploy.embedded.postgres import NOT_DURABLE, EmbeddedPostgres
from deploy.embedded.redis import EmbeddedRedis
from tests.conftest import MosquittoFactory
from tests.support.receiver import Answer, Receiver


@pytest.fixture
def server(tmp_path: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(tmp_path / "postgres", settings=NOT_DURABLE)


def test_postgres_keeps_data_password_and_port_over_stop_and_kill(server: EmbeddedPostgres) -> None:
    with server:
        url = server.url
        with psycopg.connect(url) as connection:
            connection.execute("create table kept (n integer)")
            connection.execute("insert into kept values (1)")
    with server:
        assert server.url == url
        server.kill()
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("select n from kept").fetchall() == [(1,)]


def test_postgres_that_ends_while_it_starts_is_said_so_and_starts_again(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_when_ready() -> bool:
        if ready := EmbeddedPostgres._is_ready(server):
            server.kill()
        return ready

    with monkeypatch.context() as patch:
        patch.setattr(server, "_is_ready", killed_when_ready)
        with pytest.raises(NotStarted, match="does not answer"):
            server.start()
    with server, psycopg.connect(server.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_postgres_refuses_a_wrong_password(server: EmbeddedPostgres) -> None:
    with server, pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://machi:wrong@127.0.0.1:{server.port}/machi")


def test_postgres_password_is_private(server: EmbeddedPostgres) -> None:
    with server:
        assert (server.folder / "password").stat().st_mode & 0o777 == 0o600
        assert (server.folder / "cluster").stat().st_mode & 0o777 == 0o700


def test_each_test_has_its_own_database(database_url: str, empty_database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select name from machi.tenant").fetchall() == [("default",)]
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select to_regclass('machi.tenant')").fetchone() == (None,)


@pytest.mark.mosquitto
def test_mosquitto_keeps_retained_messages_over_a_restart(mosquitto_factory: MosquittoFactory) -> None:
    broker = mosquitto_factory()
    topic = f"kept/{uuid.uuid4()}"
    publish.single(topic, b"21.5", qos=1, retain=True, hostname=broker.host, port=broker.port)
    broker.stop()
    broker.start()
    message = subscribe.simple(topic, qos=1, hostname=broker.host, port=broker.port)  # type: ignore[no-untyped-call]
    assert message.payload == b"21.5"


def test_receiver_records_and_answers_as_told(http_receiver: Receiver) -> None:
    http_receiver.answer(503, Answer(201, {"X-Seen": "yes"}, b"made"))
    assert httpx.post(http_receiver.url + "/hook", json={"n": 1}).status_code == 503
    second = httpx.post(http_receiver.url + "/hook", json={"n": 2})
    assert (second.status_code, second.headers["x-seen"], second.text) == (201, "yes", "made")
    assert httpx.get(http_receiver.url).status_code == 200
    assert [request.method for request in http_receiver.wait_for(3)] == ["POST", "POST", "GET"]
    assert http_receiver.requests[1].json == {"n": 2}


def test_redis_asks_for_its_password(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.set("key", "value") is True
            assert client.get("key") == b"value"
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert (tmp_path / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600


def test_a_port_in_use_is_named_with_the_setting_to_change(tmp_path: Path, http_receiver: Receiver) -> None:
    for server in (
        Mosquitto(tmp_path / "mosquitto", port=http_receiver.port),
        AmqttBroker(tmp_path / "amqtt", port=http_receiver.port),
    ):
        with pytest.raises(PortTaken, match=f"Port {http_receiver.port} .* set MACHI_MQTT_PORT"):
            server.start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings={**NOT_DURABLE, "shared_buffers": "nonsense"})
    with pytest.raises(NotStarted, match='invalid value for parameter "shared_buffers"'):
        server.start()
