"""Where an export comes from: the API, or the database itself."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from context_api.http.exports import Export, Terms
from context_api.http.history_request import parse_history_request
from context_api.ngsild.errors import NgsiLdError
from context_api.store.database import open_database
from context_api.store.tenants import Tenants
from deploy.errors import CommandError, NotRunning, UsageError
from deploy.exporting import Opened
from deploy.settings import Settings

_PATH = "/api/v1/history"
_CONNECT_S = 10.0
_SILENCE_S = 660.0
"""The server may need so long for a block that no aggregate helps it with."""
_BLOCK = 256 * 1024


@contextmanager
def from_api(address: str, key: str | None, tenant: str, given: Mapping[str, Any]) -> Iterator[Opened]:
    """Ask the API.

    Raises UsageError for a request that it refuses, NotRunning where it is away, CommandError else.
    """
    headers = {"NGSILD-Tenant": tenant, **({"Authorization": f"Bearer {key}"} if key else {})}
    timeout = httpx.Timeout(_SILENCE_S, connect=_CONNECT_S)
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False) as client,
            client.stream("POST", f"{address}{_PATH}", json=dict(given), headers=headers) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise _refusal(answer)
            about = _about(answer.headers)
            if about["query"].endswith("..."):  # too long for a header
                about["query"] = json.dumps(dict(given), ensure_ascii=False)
            yield Opened(answer.iter_bytes(_BLOCK), about)
    except httpx.RemoteProtocolError as error:
        raise CommandError(f"The export broke off, nothing was kept; try again: {error}") from error
    except httpx.HTTPError as error:
        raise NotRunning(f"{address} cannot be reached: {error}") from error


@contextmanager
def from_database(
    settings: Settings, database_url: str, tenant: str, given: Mapping[str, Any]
) -> Iterator[Opened]:
    """Read the database. Raises UsageError for a request that cannot be answered, StoreUnavailable."""
    terms = Terms(settings.licence, settings.licence_url, settings.attribution)
    database = open_database(database_url, pool_max=1)
    try:
        request = parse_history_request(given, "json")
        export = Export(database_url, Tenants(database).find(tenant, create=False), request, terms)
    except NgsiLdError as error:
        raise UsageError(error.detail) from error
    finally:
        database.close()
    try:
        about = {
            "dataVersion": export.about.data_version,
            "licence": terms.licence,
            "licenceUrl": terms.licence_url,
            "attribution": terms.attribution,
        }
        yield Opened(export.blocks(), {**_from_query(export.about.query), **about})
    finally:
        export.close()


def _refusal(answer: httpx.Response) -> Exception:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"it answered {answer.status_code}"
    if answer.status_code == 401:
        return CommandError(f"{detail}. Set MACHI_API_KEY; `machi key create` makes a key.")
    return UsageError(detail) if answer.status_code < 500 else CommandError(detail)


def _about(headers: httpx.Headers) -> dict[str, Any]:
    link = headers.get("link", "")
    return {
        **_from_query(headers["machi-query"]),
        "dataVersion": headers["machi-data-version"],
        "licence": unquote(headers["machi-licence"]) if "machi-licence" in headers else None,
        "licenceUrl": link[1 : link.index(">")] if link.startswith("<") else None,
        "attribution": unquote(headers["machi-attribution"]) if "machi-attribution" in headers else None,
    }


def _from_query(query: str) -> dict[str, Any]:
    """Take the window from the query that an answer names; one that was cut for a header may lack it."""
    found = parse_qs(urlsplit(query).query)
    window = {name: found.get(name, [""])[0] for name in ("from", "to")}
    return {"query": query, **window, "timezone": found.get("timezone", ["UTC"])[0]}
