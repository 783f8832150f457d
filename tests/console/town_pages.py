"""A small town with a past, served with the built console, and a browser to look at it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Browser, expect

from context_api.http.settings import ApiSettings
from context_api.notifications import NotifierSettings, run
from context_api.notifications.retry import RetryPolicy
from context_api.store.database import open_database
from context_api.store.deliveries import RestPolicy
from context_api.store.keys import create_key
from tests.console.conftest import WAIT_MS, Visit
from tests.integration.http.conftest import SECRET, serving

expect.set_options(timeout=WAIT_MS)

TOKYO = ZoneInfo("Asia/Tokyo")
LOOPBACK = (ip_network("127.0.0.0/8"),)
LANGUAGES = ("ja", "en")
PLACES = {"north": ("北口", 50.0), "south": ("南口", 65.0), "park": ("公園", 40.0)}
"""Name and mean noise of each."""
GAP_DAYS = range(10, 14)
"""Days of last month on which the park says nothing."""


@dataclass(frozen=True)
class Town:
    """Where it is, and the key that opens it."""

    url: str
    key: str
    api: httpx.Client


def last_month(now: datetime | None = None) -> tuple[datetime, datetime]:
    """First moments of the month before the present one and of the present one, in Japan."""
    present = (now or datetime.now(UTC)).astimezone(TOKYO)
    this = present.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (this - timedelta(days=1)).replace(day=1), this


@contextmanager
def serve_town(database_url: str, *, is_empty: bool = False) -> Iterator[Town]:
    """Serve the API and the console over a town with a past, or over one without anything."""
    settings = ApiSettings(
        database_url=database_url,
        port=0,
        auth=True,
        installation_secret=SECRET,
        outbound_allow=LOOPBACK,
        stream_age_s=3_600.0,
    )
    database = open_database(database_url)
    try:
        key = create_key(database, SECRET, label="console").text
    finally:
        database.close()
    with serving(settings) as api:
        api.headers["Authorization"] = f"Bearer {key}"
        if not is_empty:
            fill(api)
        yield Town(str(api.base_url).rstrip("/"), key, api)


def utc(at: datetime) -> str:
    """Write a time as NGSI-LD has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(api: httpx.Client) -> None:
    """Write the places as they are now, and the noise of last month by the hour."""
    now = utc(datetime.now(UTC))
    entities = [
        {
            "id": f"urn:ngsi-ld:NoiseLevelObserved:{place}",
            "type": "NoiseLevelObserved",
            "name": {"type": "Property", "value": name},
            "LAeq": {"type": "Property", "value": level, "unitCode": "2N", "observedAt": now},
            "location": {
                "type": "GeoProperty",
                "value": {"type": "Point", "coordinates": [139.46 + number / 100, 35.75]},
            },
        }
        for number, (place, (name, level)) in enumerate(PLACES.items())
    ]
    assert api.post("/ngsi-ld/v1/entityOperations/create", json=entities).status_code == 201
    for place, (_, level) in PLACES.items():
        document = {
            "id": f"urn:ngsi-ld:NoiseLevelObserved:{place}",
            "type": "NoiseLevelObserved",
            "LAeq": list(_past(place, level)),
        }
        answer = api.post("/ngsi-ld/v1/temporal/entities", json=document)
        assert answer.status_code in (201, 204), answer.text


def _past(place: str, level: float) -> Iterator[dict[str, Any]]:
    at, end = last_month()
    while at < end:
        if not (place == "park" and at.day in GAP_DAYS):
            value = level + (at.hour % 5)
            yield {
                "type": "Property",
                "value": value,
                "unitCode": "2N",
                "observedAt": utc(at),
            }
        at += timedelta(hours=1)


@contextmanager
def notifying(database_url: str) -> Iterator[None]:
    """Run a notifier in a thread."""
    settings = NotifierSettings(
        database_url=database_url,
        outbound_allow=LOOPBACK,
        public_url="https://machi.example",
        retry=RetryPolicy(first_s=0.05, longest_s=0.2),
        rest=RestPolicy(tolerated=3, first_s=600.0, longest_s=600.0),
        poll_s=0.05,
        timers_s=0.05,
        paused_check_s=0.2,
        stop_s=1.0,
    )
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@contextmanager
def browsing(
    browser: Browser, town: Town, *, language: str = "ja", width: int = 1_280, dark: bool = False
) -> Iterator[Visit]:
    """Open a tab that is logged in; whatever its scripts complain about fails the test."""
    visit = Visit(browser, town.url, width=width, dark=dark, key=town.key)
    context = visit.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script(f"localStorage.setItem('machi.language', {language!r})")
    try:
        yield visit
        assert [one for one in visit.complaints if not is_expected(one)] == []
    finally:
        context.close()


def is_expected(complaint: str) -> bool:
    """Browsers complain of every refusal themselves; the page explains it to people."""
    return complaint.startswith("Failed to load resource: the server responded with a status of 4")
