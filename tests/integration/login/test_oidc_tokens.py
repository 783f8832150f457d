"""Tokens of a provider that runs as a process of its own: what opens the API, and what an attacker tries."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from context_api.http.login.oidc import keys as provider_keys
from context_api.http.login.settings import LoginSettings
from context_api.http.settings import ApiSettings
from context_api.identity.providers import Provider, read_provider
from context_api.store.database import open_database
from deploy.embedded.ports import free_port
from tests.integration.http.conftest import SECRET, serving
from tests.integration.login.provider import AUDIENCE, OidcProvider, SigningKey
from tests.support import databases

FIRST, SECOND, STRANGER = SigningKey("first"), SigningKey("second"), SigningKey("first")
OTHER_AUDIENCE = "https://elsewhere.example"


def describe(issuer: str, **more: Any) -> Provider:
    rules = [
        {"claim": "groups", "value": "machi-staff", "role": "staff", "organisation": "town"},
        {"claim": "groups", "value": "machi-admin", "role": "administrator", "organisation": "town"},
        {
            "claim": "groups",
            "value": "machi-partner",
            "role": "partner",
            "organisation_claim": "company",
            "tenants_claim": "tenants",
        },
    ]
    return read_provider({"id": "tests", "issuer": issuer, "audience": [AUDIENCE], "rule": rules, **more})


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    running = OidcProvider(free_port(), "http://127.0.0.1:1/api/v1/session/oidc/callback")
    running.start(FIRST)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def town_url(postgres_url: str, database_template: str) -> Iterator[str]:
    with databases.temporary_database(postgres_url, database_template) as url:
        database = open_database(url)
        with database.transaction() as connection:
            connection.execute("insert into organisation (name, kind) values ('acme', 'partner')")
            connection.execute(
                "insert into organisation (name, kind, disabled_at) values ('gone', 'partner', now())"
            )
            connection.execute("insert into tenant (name) values ('park') on conflict do nothing")
            connection.execute(
                "insert into organisation_tenant select o.id, t.id from organisation o, tenant t"
                " where o.name in ('acme', 'gone') and t.name in ('default', 'park')"
            )
        database.close()
        yield url


@pytest.fixture(scope="module")
def settings(town_url: str, provider: OidcProvider) -> ApiSettings:
    return ApiSettings(
        database_url=town_url,
        port=0,
        installation_secret=SECRET,
        login=LoginSettings(providers=(describe(provider.issuer),)),
    )


@pytest.fixture(scope="module")
def api(settings: ApiSettings) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        yield client


def claims_of(provider: OidcProvider, **changed: Any) -> dict[str, Any]:
    """Claims that open the API; None takes one away."""
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "aud": AUDIENCE,
        "sub": "hanako",
        "exp": now + 300,
        "iat": now,
        "groups": ["machi-staff"],
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def ask(api: httpx.Client, token: str, tenant: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} | ({"NGSILD-Tenant": tenant} if tenant else {})
    return api.get("/ngsi-ld/v1/types", headers=headers)


def test_a_token_that_the_provider_issues_opens_the_api(api: httpx.Client, provider: OidcProvider) -> None:
    """Of a client, by client_credentials: what the provider itself signs."""
    form = {"grant_type": "client_credentials", "resource": "https://machi.example.jp"}
    answer = httpx.post(f"{provider.issuer}/token", data=form, auth=("robot", "a robot's secret"))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    refused = ask(api, token)
    assert (refused.status_code, "none of its rules" in refused.json()["detail"]) == (403, True)
    granted = ask(
        api,
        FIRST.sign(
            {
                **jwt.decode(token, options={"verify_signature": False}),
                "company": "acme",
                "tenants": ["park"],
            },
            typ="at+jwt",
        ),
    )
    assert "Nothing is granted to you" in granted.json()["detail"]


def test_claims_make_role_organisation_and_tenants(api: httpx.Client, provider: OidcProvider) -> None:
    assert ask(api, FIRST.sign(claims_of(provider))).status_code == 200
    assert ask(api, FIRST.sign(claims_of(provider)), "park").status_code == 403  # staff of the default one
    administrator = FIRST.sign(claims_of(provider, groups="machi-admin"))
    assert ask(api, administrator, "park").status_code == 200
    partner = claims_of(provider, groups=["machi-partner"], company="acme", tenants=["park", "harbour"])
    inside, outside = ask(api, FIRST.sign(partner), "park"), ask(api, FIRST.sign(partner), "harbour")
    assert "Nothing is granted to you in the tenant park" in inside.json()["detail"]
    assert "does not open the tenant 'harbour'" in outside.json()["detail"]


@pytest.mark.parametrize(
    "changed",
    [
        {"groups": None},
        {"groups": []},
        {"groups": {"machi-staff": True}},
        {"groups": ["MACHI-STAFF", "machi-staff "]},
        {"groups": ["machi-partner"]},
        {"groups": ["machi-partner"], "company": "nobody-knows"},
        {"groups": ["machi-partner"], "company": "gone"},
        {"groups": ["machi-partner"], "company": "town"},
        {"groups": ["machi-partner"], "company": ["acme", "gone"]},
        {"groups": ["machi-partner"], "company": "public"},
    ],
)
def test_whom_no_rule_fits_is_nobody(
    api: httpx.Client, provider: OidcProvider, changed: dict[str, Any]
) -> None:
    answer = ask(api, FIRST.sign(claims_of(provider, **changed)))
    if changed.get("company") == "town":  # a rule may name it, but no tenant comes with that
        assert "opens no tenant" in answer.json()["detail"]
    else:
        assert "none of its rules" in answer.json()["detail"]
    assert answer.status_code == 403


NOW = int(time.time())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"exp": NOW - 3_600}, "expired"),
        ({"exp": None}, "exp is missing"),
        ({"exp": "2099-01-01"}, "exp is not a number"),
        ({"exp": True}, "exp is not a number"),
        ({"nbf": NOW + 3_600}, "nbf lies in the future"),
        ({"iat": NOW + 3_600}, "iat lies in the future"),
        ({"aud": OTHER_AUDIENCE}, "aud"),
        ({"aud": [OTHER_AUDIENCE, "machi2"]}, "aud"),
        ({"aud": {"machi": 1}}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss is missing"),
        ({"iss": ["x"]}, "iss is missing"),
        ({"sub": None}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
    ],
)
def test_claims_that_are_refused(
    api: httpx.Client, provider: OidcProvider, changed: dict[str, Any], said: str
) -> None:
    claims = claims_of(provider, **changed)
    token = _sign_raw(claims)
    answer = ask(api, token)
    assert (answer.status_code, said in answer.json()["detail"]) == (401, True), answer.text


@pytest.mark.parametrize("late_s", [-30, 30])
def test_clocks_may_differ_by_a_minute(api: httpx.Client, provider: OidcProvider, late_s: int) -> None:
    now = int(time.time()) + late_s
    token = FIRST.sign(claims_of(provider, iat=now, nbf=now, exp=int(time.time()) - 20))
    assert ask(api, token).status_code == 200


def test_signatures_that_are_refused(api: httpx.Client, provider: OidcProvider) -> None:
    claims = claims_of(provider)
    good = FIRST.sign(claims)
    head, body, signature = good.split(".")
    public_key = FIRST.private.public_key()
    pem = public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    twice = json.dumps(claims)[:-1].encode() + b', "aud": "x"}'
    forged = {
        "alg=none, unsigned": f"{_part({'alg': 'none'})}.{body}.",
        "alg=none, signed": f"{_part({'alg': 'none', 'kid': 'first'})}.{body}.{signature}",
        "alg=NoNe": f"{_part({'alg': 'NoNe', 'kid': 'first'})}.{body}.{signature}",
        "HS256 with the public key, PEM": _sign_with_secret(claims, pem),
        "HS256 with the public key, DER": _sign_with_secret(claims, der),
        "HS256 with nothing": _sign_with_secret(claims, b""),
        "a stranger's key under the same kid": STRANGER.sign(claims),
        "a stranger's key, brought along": STRANGER.sign(claims, jwk=_public_jwk(STRANGER)),
        "a stranger's key, pointed to": STRANGER.sign(claims, jku=f"{provider.issuer}/jwks", kid="x"),
        "a stranger's certificate": STRANGER.sign(claims, x5u="https://evil.example/x", x5c=["MIIB"]),
        "another algorithm of the same key": FIRST.sign(claims, alg="PS256"),
        "RS512": FIRST.sign(claims, alg="RS512"),
        "kid as a path": STRANGER.sign(claims, kid="../../../../dev/null"),
        "kid as SQL": STRANGER.sign(claims, kid="first' union select 'x"),
        "kid of a kilobyte": STRANGER.sign(claims, kid="k" * 1_000),
        "crit": FIRST.sign(claims, crit=["exp"], exp=1),
        "another kind of token": FIRST.sign(claims, typ="logout+jwt"),
        "changed claims": f"{head}.{_part({**claims, 'groups': ['machi-admin']})}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut signature": good[:-8],
        "four parts": f"{good}.{signature}",
        "padded": f"{head}.{body}.{signature}==",
        "a name twice": f"{head}.{_raw(twice)}.{signature}",
        "no object": f"{head}.{_raw(b'[1]')}.{signature}",
        "not base64": f"{head}.$$$.{signature}",
        "too long": FIRST.sign({**claims, "padding": "x" * 9_000}),
    }
    answers = {name: ask(api, token) for name, token in forged.items()}
    assert {name: one.status_code for name, one in answers.items()} == dict.fromkeys(forged, 401)
    assert ask(api, good).status_code == 200


def test_keys_rotate_and_unknown_ones_are_asked_for_once(
    settings: ApiSettings, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of a new key makes us ask, but not again and again."""
    with serving(settings) as api:
        assert ask(api, FIRST.sign(claims_of(provider))).status_code == 200
        provider.stop()
        provider.start(SECOND, FIRST)
        unknown = ask(api, SECOND.sign(claims_of(provider)))
        assert unknown.status_code == 401  # asked a moment ago: not yet again
        assert "kid is that of no key" in unknown.json()["detail"]
        monkeypatch.setattr(provider_keys, "RETRY_S", 0.0)
        assert ask(api, SECOND.sign(claims_of(provider))).status_code == 200
        assert ask(api, FIRST.sign(claims_of(provider, sub="taro"))).status_code == 200


def test_while_the_provider_is_away_known_keys_go_on(
    settings: ApiSettings, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_keys, "RETRY_S", 0.0)
    with serving(settings) as api:
        assert ask(api, FIRST.sign(claims_of(provider))).status_code == 200
        provider.stop()
        monkeypatch.setattr(provider_keys, "FRESH_S", 0.0)
        assert ask(api, FIRST.sign(claims_of(provider, sub="jiro"))).status_code == 200
        away = ask(api, STRANGER.sign(claims_of(provider), kid="third"))
        assert away.status_code == 503
        assert away.headers["retry-after"].isdigit()
        monkeypatch.setattr(provider_keys, "STALE_S", 0.0)
        assert ask(api, FIRST.sign(claims_of(provider, sub="saburo"))).status_code == 503
        monkeypatch.setattr(provider_keys, "STALE_S", 60.0)
        provider.start(FIRST)
        assert ask(api, FIRST.sign(claims_of(provider, sub="shiro"))).status_code == 200


def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    settings: ApiSettings, provider: OidcProvider
) -> None:
    """Its issuer has to be the one that is configured, to the letter (Discovery 4.3)."""
    other = provider.issuer.replace("127.0.0.1", "localhost")
    login = LoginSettings(providers=(describe(other),))
    with serving(replace(settings, login=login)) as api:
        answer = ask(api, FIRST.sign(claims_of(provider, iss=other)))
        assert answer.status_code == 503
        assert ask(api, FIRST.sign(claims_of(provider))).status_code == 401


def test_parties_may_be_named(settings: ApiSettings, provider: OidcProvider) -> None:
    login = LoginSettings(providers=(describe(provider.issuer, authorized_parties=["console"]),))
    with serving(replace(settings, login=login)) as api:
        tries = {None: 401, "console": 200, "other": 401}
        found = {azp: ask(api, FIRST.sign(claims_of(provider, azp=azp))).status_code for azp in tries}
        assert found == tries
        assert ask(api, FIRST.sign(claims_of(provider, client_id="console"))).status_code == 200


def _sign_raw(claims: dict[str, Any]) -> str:
    """Sign claims that the library would not write."""
    message = f"{_part({'alg': 'RS256', 'kid': 'first'})}.{_part(claims)}"
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(
        message.encode(), FIRST.private
    )
    return f"{message}.{_raw(signature)}"


def _sign_with_secret(claims: dict[str, Any], secret: bytes) -> str:
    message = f"{_part({'alg': 'HS256', 'kid': 'first'})}.{_part(claims)}"
    return f"{message}.{_raw(hmac.digest(secret, message.encode(), hashlib.sha256))}"


def _public_jwk(key: SigningKey) -> dict[str, Any]:
    return {name: value for name, value in key.private_jwk().items() if name in ("kty", "n", "e", "kid")}


def _part(document: dict[str, Any]) -> str:
    return _raw(json.dumps(document).encode())


def _raw(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
