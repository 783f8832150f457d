"""The OpenAPI document: complete, consistent, and kept by the API whatever is sent to it."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from context_api.http.settings import ApiSettings
from context_api.store.database import open_database
from context_api.store.heartbeat import beat
from tests.integration.http.conftest import Serve

EXAMPLES_PER_OPERATION = int(os.environ.get("MACHI_TEST_EXAMPLES", "8"))
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture
def document(api: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_references_lead_somewhere_and_ids_are_unique(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) >= 22
    for path, _, operation in operations(document):
        named = {each["name"] for each in operation.get("parameters", []) if each.get("in") == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
        assert any(int(status) < 400 for status in operation["responses"])


def test_every_operation_has_examples_that_hold(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        contents = [response.get("content", {}) for response in operation["responses"].values()]
        if "requestBody" in operation:
            contents.append(operation["requestBody"]["content"])
        shown = 0
        for media in [media for content in contents for media in content.values()]:
            schema = {**media["schema"], "components": document["components"]}
            jsonschema_rs.validate(schema, media["example"])
            shown += 1
        for parameter in operation.get("parameters", []):
            if "schema" in parameter:
                jsonschema_rs.validate(parameter["schema"], parameter["example"])
                shown += 1
        assert shown, f"{method} {path} has no example"


def test_a_tenant_that_does_not_exist_is_answered_as_documented(
    document: dict[str, Any], api: httpx.Client
) -> None:
    """Every operation in turn, as its examples call it: chance alone seldom names a tenant."""
    surprises, statuses = {}, Counter[int]()
    for path, method, operation in operations(document):
        answer = api.send(example_request(api, path, method, operation), stream=True)
        answer.close()
        statuses[answer.status_code] += 1
        if str(answer.status_code) not in operation["responses"]:
            surprises[f"{method} {path}"] = answer.status_code
    assert surprises == {}
    assert statuses[404] > 40, statuses


def example_request(api: httpx.Client, path: str, method: str, operation: dict[str, Any]) -> httpx.Request:
    """Make the request that the examples of an operation describe, for a tenant nobody has made."""
    places: dict[str, dict[str, str]] = {"path": {}, "query": {}}
    for each in operation.get("parameters", []):
        if each.get("in") in places and "example" in each and each.get("required"):
            example = each["example"]
            text = ",".join(map(str, example)) if isinstance(example, list) else str(example)
            places[each["in"]][each["name"]] = text
    content = operation.get("requestBody", {}).get("content", {})
    body = next((media["example"] for kind, media in content.items() if kind == "application/json"), None)
    return api.build_request(
        method,
        path.format_map({name: quote(value, safe="") for name, value in places["path"].items()}),
        params=places["query"],
        json=body,
        headers={"NGSILD-Tenant": "nobody"},
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_the_api_keeps_its_word(
    settings: ApiSettings, serve: Serve, database_url: str, mode: GenerationMode
) -> None:
    database = open_database(database_url)
    for process in settings.expected_processes:
        beat(database, process, "one", ready=True)
    database.close()
    api = serve(replace(settings, heartbeat_limit_s=3_600))
    schema = schemathesis.openapi.from_url(str(api.base_url.join("/openapi.json")))
    tested = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue  # nothing that could be wrong
        _check(operation, mode)
        tested += 1
    assert tested >= 14


def _check(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
    checks: list[Any] = CHECKS.get_by_names(NAMES)

    @bounded(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps_its_word(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=checks)

    keeps_its_word()
