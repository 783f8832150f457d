"""Imports and labels from the command line: a client of the API, as the console is one."""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.errors import CommandError, NotRunning, UsageError

PATH = "/api/v1/device-imports"
_CONNECT_S = 10.0
_ANSWER_S = 120.0
"""A large file takes some seconds to judge, on a busy machine more."""
_POLL_S = 0.5
_CSV = "text/csv"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportClient:
    """`/api/v1/device-imports` of one platform.

    Raises UsageError for what the API refuses, NotRunning where it is away, CommandError else.
    """

    def __init__(self, address: str, key: str | None, tenant: str, language: str) -> None:
        headers = {"NGSILD-Tenant": tenant, "Accept-Language": language}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
        self._address = address
        self._client = httpx.Client(base_url=address, headers=headers, timeout=timeout, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def send(self, file: Path, *, is_dry_run: bool, is_partial: bool) -> dict[str, Any]:
        """Send a file; returns the import."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {os.strerror(error.errno or 0)}") from error
        params = {"name": file.name, "dryRun": _flag(is_dry_run), "partial": _flag(is_partial)}
        media_type = _XLSX if file.suffix.lower() == ".xlsx" else _CSV
        answer = self._call(
            "POST", PATH, content=content, params=params, headers={"Content-Type": media_type}
        )
        found: dict[str, Any] = answer.json()
        return found

    def wait(
        self,
        found: Mapping[str, Any],
        states: Collection[str],
        on_progress: Callable[[Mapping[str, Any]], None],
    ) -> dict[str, Any]:
        """Wait while an import is in one of these states; `on_progress` sees how far it is."""
        while True:
            current: dict[str, Any] = self._call("GET", f"{PATH}/{found['id']}").json()
            on_progress(current)
            if current["state"] not in states:
                return current
            time.sleep(_POLL_S)

    def report(self, import_id: int) -> bytes:
        """Get the report as CSV."""
        return self._call("GET", f"{PATH}/{import_id}/report.csv").content

    def take_credentials(self, import_id: int) -> bytes:
        """Fetch the passwords as CSV, once."""
        return self._call("POST", f"{PATH}/{import_id}/credentials").content

    @contextmanager
    def labels(self, path: str, params: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """Get labels, in blocks."""
        with self._reached(), self._client.stream("GET", path, params=dict(params)) as answer:
            if answer.status_code != 200:
                answer.read()
                raise _refusal(answer)
            yield answer.iter_bytes()

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._reached():
            answer = self._client.request(method, path, **options)
        if not answer.is_success:
            raise _refusal(answer)
        return answer

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise NotRunning(f"{self._address} cannot be reached: {error}") from error


def write_new(file: Path, blocks: Iterator[bytes], *, mode: int = 0o644) -> int:
    """Write a file that appears under its name when it is complete; how many bytes."""
    part = file.with_name(f".{file.name}.part")
    size = 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:
            for block in blocks:
                size += stream.write(block)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CommandError(f"{file} cannot be written: {os.strerror(error.errno or 0)}") from error
    return size


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _refusal(answer: httpx.Response) -> Exception:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"it answered {answer.status_code}"
    if answer.status_code == 401:
        return CommandError(f"{detail}. Set MACHI_API_KEY; `machi key create` makes a key.")
    return UsageError(detail) if answer.status_code < 500 else CommandError(detail)
