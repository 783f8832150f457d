"""Secrets and certificates over HTTP, and what EMQX asks, in its own shapes."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography import x509

from context_api.http.settings import ApiSettings
from devices.credentials import BRIDGE_RULES, Service
from tests.integration.http.conftest import Serve, problem
from tests.support.certificates import signing_request

DEVICES = "/api/v1/devices"
SECRET = "a secret that the broker shows, long enough"
BRIDGE = Service("machi-bridge", "the password of the bridge", BRIDGE_RULES)


def _register(api: httpx.Client, device_id: str = "aq-001", **members: Any) -> dict[str, Any]:
    draft = {"id": device_id, "profile": "air-quality"} | members
    created = api.post(DEVICES, json={name: value for name, value in draft.items() if value is not None})
    assert created.status_code == 201, created.text
    mqtt: dict[str, Any] = created.json().get("mqtt", {})
    return mqtt


def test_a_password_is_changed_without_a_gap(api: httpx.Client) -> None:
    first = _register(api)
    secrets = f"{DEVICES}/aq-001/credentials"
    created = api.post(secrets, json={"label": "new firmware", "overlapS": 3600})
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    second = created.json()
    assert created.headers["location"] == f"{secrets}/{second['id']}"
    assert second["username"] == "v1/default/aq-001"
    assert (second["label"], second["expiresAt"], second["active"]) == ("new firmware", None, True)
    assert len(second["password"]) == 32 and second["password"].startswith(second["prefix"])
    listed = api.get(secrets)
    shown = listed.json()["credentials"]
    assert [(one["username"], one["prefix"]) for one in shown] == [
        ("default/aq-001", first["password"][:6]),
        ("v1/default/aq-001", second["prefix"]),
    ]
    assert shown[0]["expiresAt"] is not None and shown[0]["lastUsedAt"] is None
    assert first["password"] not in listed.text and second["password"] not in listed.text
    assert "2 valid secrets" in problem(api.post(secrets, json={}), 409, "Conflict")
    assert api.delete(f"{secrets}/{shown[0]['id']}").status_code == 204
    problem(api.delete(f"{secrets}/{shown[0]['id']}"), 404, "ResourceNotFound")
    assert [one["id"] for one in api.get(secrets).json()["credentials"]] == [second["id"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"overlapS": -1}, "/overlapS"),
        ({"overlapS": "1h"}, "/overlapS"),
        ({"label": ""}, "/label"),
        ({"days": 1}, ""),
    ],
)
def test_wrong_wishes_are_refused_with_their_place(
    api: httpx.Client, body: dict[str, Any], pointer: str
) -> None:
    _register(api)
    refused = api.post(f"{DEVICES}/aq-001/credentials", json=body)
    problem(refused, 400, "BadRequestData")
    assert refused.json()["pointer"] == pointer
    problem(api.delete(f"{DEVICES}/aq-001/credentials/x"), 404, "ResourceNotFound")
    problem(api.post(f"{DEVICES}/nobody/credentials", json={}), 404, "ResourceNotFound")


def test_a_certificate_is_signed_listed_and_revoked(api: httpx.Client) -> None:
    _register(api)
    certificates = f"{DEVICES}/aq-001/certificates"
    created = api.post(certificates, json={"csr": signing_request()[1], "days": 30, "label": "station 7"})
    assert created.status_code == 201, created.text
    issued = created.json()
    read = x509.load_pem_x509_certificate(issued["certificate"].encode())
    assert read.subject.rfc4514_string() == "CN=default/aq-001"
    authority = api.get("/api/v1/broker/authority").json()
    assert authority["certificate"] == issued["authority"]
    read.verify_directly_issued_by(x509.load_pem_x509_certificate(authority["certificate"].encode()))
    [shown] = api.get(certificates).json()["certificates"]
    assert (shown["serial"], shown["label"]) == (issued["serial"], "station 7")
    assert api.delete(f"{certificates}/{shown['serial']}").status_code == 204
    problem(api.delete(f"{certificates}/{shown['serial']}"), 404, "ResourceNotFound")
    assert api.get(certificates).json() == {"certificates": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"csr": "no request"}, "/csr"),
        ({"csr": "x" * 20_000}, "/csr"),
        ({"csr": signing_request(bits=1024)[1]}, "/csr"),
        ({"csr": signing_request()[1], "days": 0}, "/days"),
        ({"csr": 5}, "/csr"),
    ],
)
def test_what_is_no_signing_request_is_refused(api: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    _register(api)
    refused = api.post(f"{DEVICES}/aq-001/certificates", json=body)
    problem(refused, 400, "BadRequestData")
    assert refused.json()["pointer"] == pointer


def test_a_name_that_no_certificate_can_carry_is_said(api: httpx.Client) -> None:
    _register(api, "a" * 60)
    refused = api.post(f"{DEVICES}/{'a' * 60}/certificates", json={"csr": signing_request()[1]})
    assert "at most 64 characters" in problem(refused, 400, "BadRequestData")


# --- What EMQX asks ---------------------------------------------------------------------------------------


@pytest.fixture
def broker(settings: ApiSettings, serve: Serve) -> httpx.Client:
    """The API as EMQX reaches it."""
    own = replace(settings, broker_secret=SECRET.encode(), broker_services=(BRIDGE,))
    client = serve(own)
    client.headers["Authorization"] = f"Bearer {SECRET}"
    return client


def _login(broker: httpx.Client, username: str, password: str, **others: str) -> dict[str, Any]:
    """The body as EMQX renders the template of docs/en/operator.md."""
    body = {"clientid": username, "username": username, "password": password, "peerhost": "203.0.113.7"}
    answer = broker.post("/api/v1/broker/authenticate", json=body | others)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


def _may(broker: httpx.Client, username: str, action: str, topic: str) -> bool:
    body = {"clientid": username, "username": username, "action": action, "topic": topic, "qos": "1"}
    answer = broker.post("/api/v1/broker/authorize", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] in ("allow", "deny")
    return bool(answer.json()["result"] == "allow")


def test_emqx_lets_a_device_in_with_its_own_topics(broker: httpx.Client) -> None:
    mqtt = _register(broker)
    answer = _login(broker, mqtt["username"], mqtt["password"])
    assert answer["result"] == "allow"
    assert answer["is_superuser"] is False
    assert "expire_at" not in answer
    assert answer["acl"] == [
        {"permission": "allow", "action": "publish", "topic": "machi/v1/default/aq-001/up"},
        {"permission": "allow", "action": "publish", "topic": "machi/v1/default/aq-001/ack"},
        {"permission": "allow", "action": "publish", "topic": "machi/v1/default/aq-001/state"},
        {"permission": "allow", "action": "subscribe", "topic": "machi/v1/default/aq-001/down"},
        {"permission": "deny", "action": "all", "topic": "#"},
    ]
    second = broker.post(f"{DEVICES}/aq-001/credentials", json={"overlapS": 600}).json()
    assert _login(broker, second["username"], second["password"])["acl"] == answer["acl"]
    assert _login(broker, mqtt["username"], mqtt["password"])["expire_at"] > 0
    assert _login(broker, mqtt["username"], second["password"])["result"] == "deny"
    listed = broker.get(f"{DEVICES}/aq-001/credentials").json()["credentials"]
    assert all(one["lastUsedAt"] is not None for one in listed)
    assert broker.delete(f"{DEVICES}/aq-001").status_code == 204
    for one in (mqtt, second):
        assert _login(broker, one["username"], one["password"]) == {"result": "deny"}
    assert not _may(broker, mqtt["username"], "publish", mqtt["topic"])


def test_emqx_refuses_whoever_is_not_who_he_says(broker: httpx.Client) -> None:
    mqtt, other = _register(broker), _register(broker, "aq-002")
    for username, password, more in (
        (mqtt["username"], other["password"], {}),
        (mqtt["username"], "", {}),
        ("", "", {}),
        ("undefined", "undefined", {}),
        ("default/nobody", mqtt["password"], {}),
        ("machi-bridge", "wrong", {}),
        ("$SYS", mqtt["password"], {}),
        (mqtt["username"], mqtt["password"], {"clientid": other["username"]}),  # another one's session
        (mqtt["username"], mqtt["password"], {"clientid": "machi-bridge-1"}),
        (mqtt["username"], "", {"cert_common_name": mqtt["username"]}),  # no certificate of ours
    ):
        assert _login(broker, username, password, **more) == {"result": "deny"}, (username, more)
    bridge = _login(broker, BRIDGE.username, BRIDGE.password, clientid="machi-bridge-1")
    assert {"permission": "allow", "action": "subscribe", "topic": "machi/v1/+/+/up"} in bridge["acl"]


def test_emqx_authorises_each_act(broker: httpx.Client) -> None:
    _register(broker)
    _register(broker, "gate", kind="gateway", adapter="tts_v3", application="app@town", profile=None)
    name = "default/aq-001"
    for action, topic, expected in (
        ("publish", "machi/v1/default/aq-001/up", True),
        ("publish", "machi/v1/default/aq-001/down", False),
        ("publish", "machi/v1/default/aq-002/up", False),
        ("publish", "machi/v1/other/aq-001/up", False),
        ("publish", "machi/v1/default/aq-001/up/more", False),
        ("publish", "$SYS/broker", False),
        ("subscribe", "machi/v1/default/aq-001/down", True),
        ("subscribe", "machi/v1/default/aq-001/up", False),
        ("subscribe", "machi/v1/default/+/down", False),
        ("subscribe", "#", False),
        ("subscribe", "$share/g/machi/v1/default/aq-001/down", True),
        ("subscribe", "$share/g/#", False),
    ):
        assert _may(broker, name, action, topic) is expected, (action, topic)
    assert _may(broker, "default/gate", "publish", "v3/app@town/devices/x/up")
    assert not _may(broker, "default/gate", "publish", "v3/app@town/devices/+/up")
    assert not _may(broker, "default/gate", "publish", "v3/other@town/devices/x/up")
    assert _may(broker, BRIDGE.username, "subscribe", "$share/machi/machi/v1/+/+/up")
    assert not _may(broker, BRIDGE.username, "publish", "machi/v1/default/aq-001/up")


def test_emqx_lets_a_certificate_in_until_it_is_revoked(broker: httpx.Client) -> None:
    _register(broker)
    certificates = f"{DEVICES}/aq-001/certificates"
    first, second = (broker.post(certificates, json={"csr": signing_request()[1]}).json() for _ in range(2))
    named = {"cert_common_name": "default/aq-001"}
    answer = _login(broker, "default/aq-001", "", **named)
    assert (answer["result"], answer["expire_at"] > 0) == ("allow", True)
    assert _login(broker, "default/aq-001", "", **named, cert_pem=first["certificate"])["result"] == "allow"
    broker.delete(f"{certificates}/{first['serial']}")
    assert _login(broker, "default/aq-001", "", **named, cert_pem=first["certificate"])["result"] == "deny"
    assert _login(broker, "default/aq-001", "", **named, cert_pem=second["certificate"])["result"] == "allow"
    assert _login(broker, "default/aq-001", "", **named, cert_pem="rubbish")["result"] == "deny"
    broker.delete(f"{certificates}/{second['serial']}")
    assert _login(broker, "default/aq-001", "", **named)["result"] == "deny"


def test_only_the_broker_may_ask_and_guessing_ends(
    settings: ApiSettings, serve: Serve, key: str, broker: httpx.Client
) -> None:
    login = {"clientid": "a", "username": "a", "password": "b"}
    for header in (None, "Bearer wrong", f"Basic {SECRET}", f"Bearer {key}", f"Bearer {SECRET}x"):
        headers = {} if header is None else {"Authorization": header}
        for path in ("authenticate", "authorize"):
            refused = httpx.post(
                broker.base_url.join(f"/api/v1/broker/{path}"), json=login, headers=headers, trust_env=False
            )
            assert refused.status_code == 401, header
    codes = [
        httpx.post(broker.base_url.join("/api/v1/broker/authorize"), json=login, trust_env=False).status_code
        for _ in range(40)
    ]
    assert codes[-1] == 429, "an address that guesses is not listened to"
    closed = serve(settings)
    assert closed.post("/api/v1/broker/authenticate", json=login).status_code == 404


def test_a_user_name_that_is_guessed_at_is_not_looked_up_any_more(broker: httpx.Client) -> None:
    mqtt = _register(broker)
    for _ in range(40):
        assert _login(broker, mqtt["username"], "guess") == {"result": "deny"}
    assert _login(broker, mqtt["username"], mqtt["password"]) == {"result": "deny"}
    other = _register(broker, "aq-002")
    assert _login(broker, other["username"], other["password"])["result"] == "allow"


def test_what_emqx_never_sends_is_refused(broker: httpx.Client) -> None:
    for path, body, pointer in (
        ("authenticate", {"username": ["a"]}, "/username"),
        ("authenticate", {"username": "x" * 2_000}, "/username"),
        ("authorize", {"username": "a", "action": "steal", "topic": "t"}, "/action"),
    ):
        refused = broker.post(f"/api/v1/broker/{path}", json=body)
        problem(refused, 400, "BadRequestData")
        assert refused.json()["pointer"] == pointer
    assert broker.post("/api/v1/broker/authenticate", json=[1]).status_code == 400
