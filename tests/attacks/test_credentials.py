"""Keys and tokens that are none, and what the audit trail says of those who tried."""

import base64
import json

import pytest

from tests.attacks.conftest import ENTITIES, NORTH, Town
from tests.support.waiting import wait_until


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _token(**head: object) -> str:
    claims = {"sub": "mallory", "role": "administrator", "exp": 4_000_000_000, "aud": "machi", "iss": "x"}
    return f"{_part(head)}.{_part(claims)}."


TOKENS = {
    "no algorithm": _token(alg="none", typ="JWT"),
    "no algorithm, in capitals": _token(alg="NONE"),
    "none with a signature": _token(alg="none") + "AAAA",
    "a symmetric one": _token(alg="HS256") + "AAAA",
    "an empty signature": _token(alg="RS256"),
    "a key in the head": _token(alg="ES256", jwk={"kty": "EC"}) + "AAAA",
    "a key's address in the head": _token(alg="RS256", jku="https://example.org/keys") + "AAAA",
    "a certificate's address": _token(alg="RS256", x5u="https://example.org/c") + "AAAA",
    "a path for a key's name": _token(alg="RS256", kid="../../../../dev/null") + "AAAA",
    "a statement for a key's name": _token(alg="RS256", kid="' or 1=1 --") + "AAAA",
    "critical words": _token(alg="RS256", crit=["x"], x=1) + "AAAA",
    "five parts": "a.b.c.d.e",
    "two parts": "a.b",
    "a huge head": _part({"alg": "RS256", "x": "y" * 60_000}) + ".e30.AAAA",
}
KEYS = (
    "machi_",
    "machi_aaaaaaaa",
    "machi_aaaaaaaa_",
    "machi_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "machi_%_%",
    "machi_' or 1=1 --_x",
    "null",
    "undefined",
    "Bearer",
    "0",
    "ｍachi_x_y",
    "machi_" + "a" * 20_000,
)


@pytest.mark.parametrize("kind", TOKENS)
def test_no_token_is_believed(town: Town, kind: str) -> None:
    answer = town.call(TOKENS[kind], "GET", f"{ENTITIES}?type=House")
    assert answer.status_code in (400, 401, 431), answer.text


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_no_key_is_guessed(town: Town, key: str) -> None:
    headers = [(b"Authorization", b"Bearer " + key.encode())]
    answer = town.api.get(f"{ENTITIES}?type=House", headers=headers)
    assert answer.status_code in (400, 401, 431), answer.text


@pytest.mark.parametrize("change", ["last", "first", "case", "longer", "shorter", "prefix only"])
def test_a_key_is_right_or_wrong(town: Town, change: str) -> None:
    key = town.mallory
    prefix, secret = key.rsplit("_", 1)
    changed = {
        "last": key[:-1] + ("a" if key[-1] != "a" else "b"),
        "first": f"{prefix}_{'a' if secret[0] != 'a' else 'b'}{secret[1:]}",
        "case": f"{prefix}_{secret.upper()}",
        "longer": key + "a",
        "shorter": key[:-1],
        "prefix only": prefix,
    }[change]
    assert town.call(changed, "GET", "/api/v1/me").status_code == 401
    assert town.call(key, "GET", "/api/v1/me").status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "ApiKey", "Bearer Bearer", "Token"])
def test_other_schemes_open_nothing(town: Town, scheme: str) -> None:
    answer = town.api.get("/api/v1/me", headers={"Authorization": f"{scheme} {town.mallory}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("place", ["key", "access_token", "api_key", "token", "authorization"])
def test_a_key_in_an_address_opens_nothing(town: Town, place: str) -> None:
    """It would stand in the logs of every proxy."""
    answer = town.api.get(f"{ENTITIES}?type=Air&{place}={town.mallory}")
    assert answer.status_code in (400, 401)


def test_whoever_tries_stands_in_the_audit_trail(town: Town) -> None:
    """Refusals are counted together by source, so that nobody fills it."""
    before = town.refusals()
    for _ in range(3):
        assert town.call("machi_aaaaaaaa_bbbb", "GET", "/api/v1/me").status_code == 401
        assert town.call(town.mallory, "GET", f"{ENTITIES}?type=Air", tenant=NORTH).status_code == 403
    wait_until(lambda: True if town.refusals() >= before + 6 else None)
    known = f"key:{town.mallory.split('_')[1]}"
    answer = town.call(town.house.root, "GET", "/api/v1/audit?chain=installation&outcome=refused&limit=100")
    entries = answer.json()["entries"]
    refused = [one for one in entries if one["outcome"] == "refused" and one["principal"] == known]
    assert any(one["after"]["tenant"] == NORTH and one["after"]["status"] == 403 for one in refused)
    assert any(one["principal"] == "unknown" and one["after"]["status"] == 401 for one in entries)
    assert town.mallory not in answer.text
