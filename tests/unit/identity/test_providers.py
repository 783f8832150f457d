"""Providers as operators describe them, and what their claims make of people."""

from pathlib import Path
from typing import Any

import pytest

from context_api.identity.claims import ClaimRule, Mapped, map_claims
from context_api.identity.providers import ProviderWrong, read_provider
from context_api.policy.roles import Role
from deploy.providers import read_providers
from deploy.settings import SettingsError

RULE = {"claim": "groups", "value": "staff", "role": "staff", "organisation": "town"}
GOOD: dict[str, Any] = {
    "id": "town",
    "issuer": "https://login.example.jp/realms/town",
    "audience": "machi",
    "rule": [RULE],
}


def test_what_is_not_said_is_safe() -> None:
    provider = read_provider(GOOD)
    assert provider.algorithms == ("RS256", "PS256", "ES256", "EdDSA")
    assert (provider.audiences, provider.client_id, provider.skew_s) == (("machi",), None, 60.0)
    assert provider.rules == (
        ClaimRule(claim=("groups",), value="staff", role=Role.STAFF, organisation="town"),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "Town"}, "id must be"),
        ({"issuer": "http://login.example.jp"}, "https"),
        ({"issuer": "https://user:pw@login.example.jp"}, "https"),
        ({"issuer": "https://login.example.jp?x=1"}, "https"),
        ({"algorithms": ["RS256", "HS256"]}, "HS256"),
        ({"algorithms": ["none"]}, "none"),
        ({"audience": []}, "audience"),
        ({"clock_skew": 3_600}, "clock_skew"),
        ({"client_id": "x", "scopes": ["profile"]}, "openid"),
        ({"jwks_uri": "https://x"}, "jwks_uri"),
        ({"rule": [{**RULE, "role": "king"}]}, "rule 1: role"),
        ({"rule": [{**RULE, "role": "anonymous"}]}, "rule 1: role"),
        ({"rule": [{**RULE, "organisation_claim": "org"}]}, "not both"),
        ({"rule": [RULE, {"claim": "a", "value": "b", "role": "staff"}]}, "rule 2: organisation"),
        ({"rule": [{**RULE, "tenants": ["a"], "tenants_claim": "b"}]}, "exclude"),
        ({"rule": [{**RULE, "claim": "a..b"}]}, "path"),
        ({"rule": {"claim": "a"}}, "[[provider.rule]]"),
    ],
)
def test_what_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ProviderWrong, match=r"[Tt]own") as caught:
        read_provider({**GOOD, **changed})
    assert said in str(caught.value)


def _rule(**changed: Any) -> ClaimRule:
    base: dict[str, Any] = {
        "claim": ("realm_access", "roles"),
        "value": "machi",
        "role": Role.STAFF,
        "organisation": "town",
    }
    return ClaimRule(**{**base, **changed})


@pytest.mark.parametrize(
    ("rule", "claims", "mapped"),
    [
        (_rule(), {"realm_access": {"roles": ["x", "machi"]}}, Mapped(Role.STAFF, "town", None)),
        (_rule(), {"realm_access": {"roles": "machi"}}, Mapped(Role.STAFF, "town", None)),
        (_rule(), {"realm_access": {"roles": "x machi"}}, None),
        (_rule(), {"realm_access": ["machi"]}, None),
        (_rule(), {"realm_access.roles": ["machi"]}, None),
        (_rule(claim=("scope",)), {"scope": "openid machi"}, Mapped(Role.STAFF, "town", None)),
        (_rule(claim=("scope",)), {"scope": "openid machi2"}, None),
        (
            _rule(claim=("https://example.jp/role",)),
            {"https://example.jp/role": "machi"},
            Mapped(Role.STAFF, "town", None),
        ),
        (
            _rule(claim=("g",), tenants_claim=("t",)),
            {"g": "machi", "t": ["a", 1, "b"]},
            Mapped(Role.STAFF, "town", frozenset("ab")),
        ),
        (_rule(claim=("g",), tenants_claim=("t",)), {"g": "machi"}, Mapped(Role.STAFF, "town", frozenset())),
        (_rule(claim=("g",), tenants_claim=("t",)), {"g": "machi", "t": [str(n) for n in range(201)]}, None),
        (_rule(claim=("g",), organisation=None, organisation_claim=("o",)), {"g": "machi"}, None),
        (
            _rule(claim=("g",), organisation=None, organisation_claim=("o",)),
            {"g": "machi", "o": "acme"},
            Mapped(Role.STAFF, "acme", None),
        ),
    ],
)
def test_what_claims_make_of_somebody(rule: ClaimRule, claims: dict[str, Any], mapped: Mapped | None) -> None:
    assert map_claims([rule], claims) == mapped


def test_the_first_rule_that_fits_decides() -> None:
    rules = [_rule(claim=("g",), value="a"), _rule(claim=("g",), value="b", role=Role.ADMINISTRATOR)]
    both = map_claims(rules, {"g": ["b", "a"]})
    assert both is not None
    assert both.role is Role.STAFF


def test_a_file_of_providers(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    file = tmp_path / "oidc.toml"
    text = """
[[provider]]
id = "town"
name = "東村山市"
issuer = "https://login.example.jp/realms/town"
client_id = "machi"
client_secret_file = "secret"

[[provider.rule]]
claim = "realm_access.roles"
value = "machi-staff"
role = "staff"
organisation = "town"
tenants = ["default"]
"""
    file.write_text(text)
    (provider,) = read_providers(file)
    assert (provider.name, provider.client_secret) == ("東村山市", "s3cret")
    assert provider.rules[0].tenants == frozenset({"default"})
    assert "s3cret" not in repr(provider)
    for wrong, said in (
        (text + text, "two providers"),
        ("[[provider", "oidc.toml"),
        ("provider = 1", "[[provider]]"),
        ("[other]", "nothing else"),
        (text.replace('"secret"', '"missing"'), "cannot be read"),
    ):
        file.write_text(wrong)
        with pytest.raises(SettingsError, match="MACHI_OIDC_FILE") as caught:
            read_providers(file)
        assert said in str(caught.value)
