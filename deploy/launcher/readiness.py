"""Asks the API whether everything is ready."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass


@dataclass(frozen=True)
class Readiness:
    """The answer of /readyz."""

    is_ready: bool
    detail: str


def ask_readiness(http_url: str) -> Readiness:
    """One question; an API that does not answer is not ready."""
    try:
        with urllib.request.urlopen(f"{http_url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
            return Readiness(answer.status == 200, "")
    except urllib.error.HTTPError as error:
        with error:
            return Readiness(False, _detail(error.read(4096)))
    except OSError as error:
        return Readiness(False, f"api: {error}")


def _detail(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except ValueError:
        return body.decode(errors="replace").strip()


def has_reading(http_url: str, key: str | None) -> bool:
    """Whether an air quality station has been heard: the screen's first command shows one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{http_url}/ngsi-ld/v1/entities?type=AirQualityObserved&limit=1"
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(json.load(answer))
    except (OSError, ValueError):
        return False
