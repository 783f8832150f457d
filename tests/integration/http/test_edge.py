"""What every answer carries, and which pages of elsewhere may read one."""

from dataclasses import replace

import httpx
import pytest

from context_api.http.settings import ApiSettings
from tests.integration.http.conftest import Serve

MAP = "https://map.example.jp"
ENTITIES = "/ngsi-ld/v1/entities?type=AirQualityObserved"
_PREFLIGHT = {
    "Origin": MAP,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "link",
}


@pytest.mark.parametrize("path", [ENTITIES, "/api/v1/devices", "/healthz", "/nothing", "/openapi.json"])
def test_no_answer_is_rendered_kept_by_others_or_framed(api: httpx.Client, path: str) -> None:
    headers = api.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] in ("private, no-cache", "no-cache", "no-store")
    assert "Strict-Transport-Security" not in headers
    assert "Server" not in headers


def test_an_answer_s_own_words_stand(api: httpx.Client) -> None:
    headers = api.get("/docs").headers
    assert headers.get_list("Content-Security-Policy") == [headers["Content-Security-Policy"]]
    assert "script-src 'self'" in headers["Content-Security-Policy"]


def test_behind_tls_browsers_are_told_to_stay_there(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, public_url="https://machi.example.jp"))
    assert api.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_page_of_elsewhere_reads_nothing(api: httpx.Client) -> None:
    response = api.get(ENTITIES, headers={"Origin": MAP})
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert response.headers["Vary"] == "Origin"
    refused = api.options(ENTITIES, headers=_PREFLIGHT)
    assert refused.status_code == 403
    assert "MACHI_CORS_ORIGINS" in refused.json()["detail"]
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_a_page_that_is_named_reads_and_asks_first(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, cors_origins=(MAP,)))
    response = api.get(ENTITIES, headers={"Origin": MAP})
    assert response.headers["Access-Control-Allow-Origin"] == MAP
    assert "NGSILD-Results-Count" in response.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    asked = api.options(ENTITIES, headers=_PREFLIGHT)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == MAP
    assert "PATCH" in asked.headers["Access-Control-Allow-Methods"]
    assert "Link" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://map.example.jp.evil.example",
        "http://map.example.jp",
        "https://map.example.jp:8443",
        "null",
        "",
    ],
)
def test_a_name_that_looks_like_it_reads_nothing(settings: ApiSettings, serve: Serve, origin: str) -> None:
    api = serve(replace(settings, cors_origins=(MAP,)))
    response = api.get(ENTITIES, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_every_page_may_be_let_in(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, cors_origins=("*",)))
    assert api.get(ENTITIES, headers={"Origin": MAP}).headers["Access-Control-Allow-Origin"] == "*"


def test_errors_can_be_read_too(settings: ApiSettings, serve: Serve) -> None:
    api = serve(replace(settings, cors_origins=(MAP,), auth=True))
    response = api.get(ENTITIES, headers={"Origin": MAP})
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == MAP


def test_options_without_a_page_says_what_is_possible(api: httpx.Client) -> None:
    response = api.options("/ngsi-ld/v1/entities")
    assert response.status_code == 204
    assert "POST" in response.headers["Allow"]
