"""What alarm rules are fed with: notifications that stay in the house."""

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from context_api.ngsild.alert import ALARM_SCHEME
from context_api.ngsild.errors import NgsiLdError
from context_api.ngsild.model import NULL, Micros
from context_api.ngsild.time import parse_datetime
from context_api.notifications.retry import Verdict
from context_api.notifications.sender import Attempt, Message
from context_api.store.alarms import Alarms, Observed
from context_api.store.errors import StoreError

_OWN = frozenset(("id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "@context"))
_LOCATION = "location"


class AlarmSender:
    """Holds the notified values against their rule."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        # Values that wait for a row must not keep the process' signs of life waiting
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="alarms")

    async def send(self, message: Message, timeout_s: float) -> Attempt:  # noqa: ARG002
        """As `Sender` says; the database's own time limit counts."""
        tenant, _, rule_id = message.url.removeprefix(ALARM_SCHEME).partition("/")
        try:
            for observed in read_observed(orjson.loads(message.body)):
                await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._alarms.observe, tenant, rule_id, observed
                )
        except (StoreError, NgsiLdError) as error:
            return Attempt(Verdict.RETRY, f"the alarm rule was not reached: {error}"[:200])
        return Attempt(Verdict.DELIVERED)


def read_observed(notification: dict[str, Any]) -> list[Observed]:
    """Give the values of a notification in normalized form; what is no number measures nothing."""
    notified_at = parse_datetime(notification["notifiedAt"])
    read = (_read_entity(entity, notified_at) for entity in notification["data"])
    return [observed for observed in read if observed is not None]


def _read_entity(entity: dict[str, Any], notified_at: Micros) -> Observed | None:
    location = entity.get(_LOCATION)
    point = location.get("value") if isinstance(location, dict) else None
    if "deletedAt" in entity:
        return Observed(entity["id"], None, parse_datetime(entity["deletedAt"]), point)
    attribute = next((one for name, one in entity.items() if name not in _OWN and name != _LOCATION), None)
    instance = attribute[0] if isinstance(attribute, list) and attribute else attribute
    if not isinstance(instance, dict):
        return None
    value = instance.get("value")
    at = _time_of(instance, notified_at)
    if value == NULL:
        return Observed(entity["id"], None, at, point)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Observed(entity["id"], float(value), at, point)


def _time_of(instance: dict[str, Any], notified_at: Micros) -> Micros:
    for name in ("observedAt", "modifiedAt", "deletedAt"):
        if isinstance(instance.get(name), str):
            return parse_datetime(instance[name])
    return notified_at
