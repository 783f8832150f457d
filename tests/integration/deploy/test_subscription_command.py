"""`machi subscription …` against a real API."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner, Result

from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from deploy.cli import app
from deploy.errors import CommandError, UsageError
from tests.integration.http.conftest import LOOPBACK, SECRET, serving
from tests.support.receiver import Answer, Receiver

SUBSCRIPTION = "urn:ngsi-ld:Subscription:1"


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An API, and the environment that leads to it."""
    settings = ApiSettings(
        database_url=database_url,
        port=0,
        auth=False,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
    )
    with serving(settings) as client:
        monkeypatch.setenv("MACHI_DATABASE_URL", database_url)
        monkeypatch.setenv("MACHI_HTTP_PORT", str(urlsplit(str(client.base_url)).port))
        yield client


def machi(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["subscription", *arguments])


def said(*arguments: str) -> str:
    result = machi(*arguments)
    assert result.exception is None, result.exception
    return result.output


def subscribe(api: httpx.Client, receiver: Receiver) -> None:
    document = {
        "id": SUBSCRIPTION,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": f"{receiver.url}/in"}},
    }
    assert api.post("/ngsi-ld/v1/subscriptions", json=document).status_code == 201


def test_it_says_what_the_api_says(api: httpx.Client, http_receiver: Receiver, database_url: str) -> None:
    assert "There is no subscription" in said("list")
    subscribe(api, http_receiver)
    api.post("/ngsi-ld/v1/entities", json={"id": "urn:ngsi-ld:Room:1", "type": "Room", "t": 1})
    assert f"{SUBSCRIPTION}  active  1 waiting" in said("list")
    assert json.loads(said("show", SUBSCRIPTION))["counts"]["waiting"] == 1
    assert "waiting  urn:ngsi-ld:Room:1" in said("deliveries", SUBSCRIPTION, "--state", "waiting")
    assert "Taken with 200 after" in said("test", SUBSCRIPTION)
    assert said("pause", SUBSCRIPTION, "--reason", "works") == f"{SUBSCRIPTION} is paused.\n"
    assert json.loads(said("show", SUBSCRIPTION))["reason"] == "works"
    assert said("resume", SUBSCRIPTION) == f"{SUBSCRIPTION} is active.\n"
    assert said("catch-up", SUBSCRIPTION, "--sequence", "0") == "0 of 1 changes match and are on their way.\n"
    assert "waiting  1 since" in said("stats", SUBSCRIPTION)
    assert "There are no dead letters" in said("dead-letters", SUBSCRIPTION)
    database = open_database(database_url)
    with database.connection() as connection:
        connection.execute("update outbox set state = 2, last_error = 'given up'")
        connection.execute("update subscription_counter set dead_lettered = 1")
        row = connection.execute("select id from outbox").fetchone()
    database.close()
    assert row is not None
    assert "given up" in said("dead-letters", SUBSCRIPTION)
    shown = json.loads(said("dead-letters", SUBSCRIPTION, str(row[0])))
    assert shown["notification"]["data"][0]["id"] == "urn:ngsi-ld:Room:1"
    assert said("replay", SUBSCRIPTION, "--all") == "1 on their way.\n"


def test_errors_are_one_line_with_what_to_do(api: httpx.Client, http_receiver: Receiver) -> None:
    subscribe(api, http_receiver)
    http_receiver.always = Answer(500)
    for arguments, kind, words in (
        (["show", "urn:x"], CommandError, "does not exist"),
        (["test", SUBSCRIPTION], CommandError, "did not take it: HTTP 500"),
        (["replay", SUBSCRIPTION], UsageError, "--all"),
        (["catch-up", SUBSCRIPTION], UsageError, "--since"),
        (["catch-up", SUBSCRIPTION, "--since", "now"], CommandError, "since is no DateTime"),
        (["deliveries", SUBSCRIPTION, "--state", "lost"], CommandError, "there are waiting"),
    ):
        error = machi(*arguments).exception
        assert isinstance(error, kind), (arguments, error)
        assert words in str(error)
