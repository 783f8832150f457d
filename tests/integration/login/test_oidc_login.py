"""Logging in to the console at a provider that runs as a process of its own: there, and back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.identity.providers import Provider, read_provider
from deploy.embedded.ports import free_port
from tests.integration.http.conftest import SECRET, serving
from tests.integration.login.provider import OidcProvider, SigningKey
from tests.support import databases

START, CALLBACK = "/api/v1/session/oidc/start", "/api/v1/session/oidc/callback"
KEY = SigningKey("first")
API_PORT = free_port()


def describe(issuer: str, **more: Any) -> Provider:
    rule = {"claim": "groups", "value": "machi-staff", "role": "staff", "organisation": "town"}
    document = {"id": "tests", "name": "Tests", "issuer": issuer, "client_id": "console", "rule": [rule]}
    return read_provider({**document, **more}, client_secret="the console's secret & more")


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    running = OidcProvider(free_port(), f"http://127.0.0.1:{API_PORT}{CALLBACK}")
    running.start(KEY)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def settings(postgres_url: str, database_template: str, provider: OidcProvider) -> Iterator[ApiSettings]:
    with databases.temporary_database(postgres_url, database_template) as url:
        yield ApiSettings(
            database_url=url,
            port=API_PORT,
            installation_secret=SECRET,
            login=LoginSettings(providers=(describe(provider.issuer),)),
        )


@pytest.fixture(scope="module")
def server(settings: ApiSettings) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        yield client


@pytest.fixture
def api(server: httpx.Client) -> httpx.Client:
    """A browser without cookies."""
    server.cookies.clear()
    return server


@pytest.fixture
def elsewhere() -> Iterator[httpx.Client]:
    """The browser as the provider sees it."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


def begin(api: httpx.Client, return_to: str = "/devices") -> str:
    """Begin a login; gives the provider's page."""
    answer = api.get(START, params={"provider": "tests", "return": return_to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def log_in_at_provider(client: httpx.Client, url: str, person: str) -> str:
    """Fill in the provider's forms; gives where it sends the browser back to."""
    answer = client.get(url)
    for _ in range(20):
        if answer.has_redirect_location:
            following = str(answer.url.join(answer.headers["location"]))
            if urlsplit(following).path == CALLBACK:
                return following
            answer = client.get(following)
            continue
        assert answer.status_code == 200, answer.text
        action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        assert action is not None
        assert prompt is not None
        form = {"prompt": prompt[1], "login": person, "password": "any"}
        answer = client.post(answer.url.join(action[1]), data=form)
    raise AssertionError("the provider never sends the browser back")


def test_there_and_back_with_a_session(
    api: httpx.Client, elsewhere: httpx.Client, provider: OidcProvider
) -> None:
    assert api.get("/api/v1/session").json()["ways"]["providers"] == [
        {"id": "tests", "name": "Tests", "start": "/api/v1/session/oidc/start?provider=tests"}
    ]
    api.cookies.set("machi_session", "planted-by-an-attacker", domain="127.0.0.1")
    url = begin(api)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert asked["redirect_uri"] == f"http://127.0.0.1:{API_PORT}{CALLBACK}"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    back = log_in_at_provider(elsewhere, url, "hanako")
    answer = api.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/devices")
    said = api.get("/api/v1/session").json()
    assert (said["state"], said["name"], said["role"]) == ("open", "user:tests:hanako", "staff")
    assert (said["shown"], said["provider"]) == ("hanako of the tests", "tests")
    assert (said["organisation"], said["tenants"]) == ("town", ["default"])
    assert "machi_login" not in api.cookies
    assert api.get("/api/v1/devices").status_code == 200

    headers = {"X-CSRF-Token": said["csrfToken"]}
    new = {"current": "x", "new": "the river runs behind it"}
    assert api.put("/api/v1/session/password", json=new, headers=headers).status_code == 409

    assert api.get(back).headers["location"] == "/?login=expired"  # nothing is under way any more
    ended = api.delete("/api/v1/session", headers=headers)
    target = urlsplit(ended.json()["providerLogout"])
    query = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}" == provider.issuer
    assert query["post_logout_redirect_uri"] == [f"http://127.0.0.1:{API_PORT}/"]
    page = elsewhere.get(ended.json()["providerLogout"])
    assert page.status_code == 200, page.text  # "do you want to log out?"
    assert api.get("/api/v1/devices").status_code == 401


def test_whom_no_rule_names_gets_no_session(api: httpx.Client, elsewhere: httpx.Client) -> None:
    answer = api.get(log_in_at_provider(elsewhere, begin(api), "nobody"))
    assert answer.headers["location"] == "/?login=unknown"
    assert "machi_session" not in api.cookies


def test_a_login_is_finished_by_the_browser_that_began_it(api: httpx.Client, elsewhere: httpx.Client) -> None:
    """An attacker's own code, sent to a victim, logs the victim in as nobody (login CSRF)."""
    back = log_in_at_provider(elsewhere, begin(api), "hanako")
    api.cookies.clear()
    assert api.get(back).headers["location"] == "/?login=expired"
    begin(api)  # one of the victim's own is under way
    assert api.get(back).headers["location"] == "/?login=expired"
    assert "machi_session" not in api.cookies


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": "another"}, "expired"),
        ({"state": ""}, "expired"),
        ({"iss": "https://evil.example"}, "denied"),
        ({"code": "made-up"}, "unreachable"),
        ({"code": None}, "denied"),
        ({"code": None, "error": "access_denied"}, "denied"),
    ],
)
def test_answers_that_open_nothing(
    api: httpx.Client, elsewhere: httpx.Client, changed: dict[str, str | None], reason: str
) -> None:
    back = urlsplit(log_in_at_provider(elsewhere, begin(api), "hanako"))
    query = {name: values[0] for name, values in parse_qs(back.query).items()}
    sent = {name: value for name, value in {**query, **changed}.items() if value is not None}
    answer = api.get(CALLBACK, params=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?login={reason}")
    assert "machi_session" not in api.cookies


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/a\r\nSet-Cookie: x=y",
        "/a\tb",
        " /a",
        "/" + "a" * 600,
    ],
)
def test_nobody_is_sent_elsewhere_after_the_login(api: httpx.Client, path: str) -> None:
    answer = api.get(START, params={"provider": "tests", "return": path})
    assert answer.status_code == 400
    assert not api.cookies


def test_unknown_providers_and_addresses(api: httpx.Client) -> None:
    assert api.get(START, params={"provider": "other"}).status_code == 400
    assert api.get(START).status_code == 400
    other = api.get(START, params={"provider": "tests"}, headers={"Host": "evil.example"})
    assert (other.status_code, "MACHI_PUBLIC_URL" in other.json()["detail"]) == (403, True)


def test_a_provider_that_is_away_is_said(settings: ApiSettings, elsewhere: httpx.Client) -> None:
    login = LoginSettings(providers=(describe(f"http://127.0.0.1:{free_port()}"),))
    with serving(replace(settings, login=login, port=0)) as api:
        answer = api.get(START, params={"provider": "tests"})
        assert answer.status_code == 503
        assert "cannot be reached" in answer.json()["detail"]
