"""What commands ask the running API: one request, or all pages of a list."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from deploy.errors import CommandError, NotRunning

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 60.0


def ask(
    tenant: str, method: str, path: str, *, context_url: str | None = None, **given: Any
) -> dict[str, Any]:
    """Ask the API. Raises NotRunning where it is not there, CommandError with its own words."""
    import httpx

    from deploy import wiring
    from deploy.settings import read_settings

    settings = read_settings()
    found = wiring.connect(settings)
    key = wiring.api_key(settings)
    headers = {"NGSILD-Tenant": tenant} | ({"Authorization": f"Bearer {key}"} if key else {})
    if context_url is not None:
        headers["Link"] = f'<{context_url}>; rel="http://www.w3.org/ns/json-ld#context"'
    try:
        answer = httpx.request(
            method, f"{found.http_url}{path}", headers=headers, timeout=_TIMEOUT_S, trust_env=False, **given
        )
    except httpx.TransportError as error:
        raise NotRunning(f"The API at {found.http_url} does not answer: {error}") from error
    return _read(answer)


def pages(tenant: str, path: str, name: str, following: str, **params: Any) -> Iterator[dict[str, Any]]:
    """Give the items of all pages; `following` is the parameter that takes what a page calls next."""
    asked: dict[str, Any] = {"limit": 200, **params}
    while True:
        answer = ask(tenant, "GET", path, params=asked)
        yield from answer[name]
        if answer.get("next") is None:
            return
        asked[following] = answer["next"]


def print_document(document: dict[str, Any]) -> None:
    """Print JSON for people."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _read(answer: "httpx.Response") -> dict[str, Any]:
    try:
        document: dict[str, Any] = answer.json()
    except ValueError:
        document = {}
    if answer.status_code == 401:
        raise CommandError("The API wants a key: set MACHI_API_KEY (`machi key create` makes one).")
    if not answer.is_success:
        raise CommandError(str(document.get("detail") or f"The API answers {answer.status_code}."))
    return document
