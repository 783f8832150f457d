"""Whoever knows an id has no right by that: every operation that names one, by a partner without a grant."""

from typing import Any
from urllib.parse import quote

import pytest

from context_api.http.app import create_app
from context_api.http.openapi import build_openapi
from context_api.http.settings import ApiSettings
from tests.attacks.conftest import LOOT, NORTH, Town

OWN_SECRETS = (
    "/api/v1/broker/",
    "/api/v1/session",
    "/api/v1/ingest/",
    "/iot/",
    "/ngsi-ld/v1/jsonldContexts/",
)
"""Doors that look at other credentials than keys, and words that are everybody's."""


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    settings = ApiSettings(database_url="postgresql://nowhere.invalid/none", installation_secret=b"x" * 16)
    paths = build_openapi(create_app(settings).routes, "0")["paths"]
    return [
        (method.upper(), path, operation)
        for path, methods in sorted(paths.items())
        for method, operation in methods.items()
        if "{" in path and not path.startswith(OWN_SECRETS)
    ]


OPERATIONS = _operations()


def _path(town: Town, path: str, operation: dict[str, Any]) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path":
            name = parameter["name"]
            value = town.ids.get(name, parameter["example"])
            path = path.replace(f"{{{name}}}", quote(value, safe=":"))
    return path


def _body(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return next((each.get("example") for each in content.values()), None)


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_an_id_of_somebody_else_opens_nothing(
    town: Town, method: str, path: str, operation: dict[str, Any]
) -> None:
    sent = _path(town, path, operation)
    answers = [
        town.call(town.mallory, method, sent, _body(operation)),
        town.call(town.outsider, method, sent, _body(operation)),
        town.call(town.outsider, method, sent, _body(operation), tenant="default"),
        town.call(town.mallory, method, sent, _body(operation), tenant=NORTH),
        town.call(None, method, sent, _body(operation)),
    ]
    for answer in answers:
        assert answer.status_code < 500, answer.text
        assert LOOT not in answer.text
    if operation["operationId"] in PUBLIC_WORDS:
        return
    refused = {400, 401, 403, 404, 405, 415, 422, 429}
    assert {answer.status_code for answer in answers} <= refused, [one.text[:200] for one in answers]


PUBLIC_WORDS = frozenset({"getDataStatement", "getProfile", "listProfileVersions"})
"""What every partner may know."""


def test_there_is_something_to_steal(town: Town) -> None:
    """The same ids, by whom they belong to: else all of this would prove nothing."""
    root = town.house.root
    assert LOOT in town.call(root, "GET", f"/ngsi-ld/v1/entities/{town.ids['entity_id']}").text
    assert LOOT in town.call(root, "GET", f"/ngsi-ld/v1/subscriptions/{town.ids['subscription_id']}").text
    assert LOOT in town.call(root, "GET", "/api/v1/devices/dev-1").text
    assert town.call(root, "GET", f"/api/v1/keys/{town.ids['prefix']}").status_code == 200
    assert town.call(root, "GET", "/api/v1/organisations/victim").status_code == 200
    assert len(OPERATIONS) > 80
