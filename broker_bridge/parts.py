"""Which messages belong to which of several bridges. Pure.

Each bridge serves a session of its own at the broker. There are two ways of sharing the messages out:

- divided (the default): every session gets every message, and its bridge keeps those of its part of the
  devices and acknowledges the others unread. A device's messages keep their order, a source that has a state
  is one bridge's, and it works with every broker, over MQTT 3.1.1 too.
- shared: the broker deals the messages out (MQTT 5 shared subscriptions). Nothing is sent twice, but the
  order of a device's messages is lost, and Mosquitto forgets shared subscriptions when it restarts: what is
  published before the bridges are back has no receiver. See docs/decisions/0012.

A session's part stands in its client id: what it queued is read by the rule it was queued under, whatever the
settings say meanwhile.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from paho.mqtt.client import topic_matches_sub

from devices.topics import NativeTopic, parse_topic

Spread = Literal["divided", "shared"]

GROUP = "machi"
"""The name of the shared subscriptions: `$share/machi/…`."""
_TOPICS_REMEMBERED = 65_536
_CLIENT_ID = re.compile(
    r"(?P<base>.+?)(?P<shared>-shared)?-(?P<number>[1-9]\d{0,3})of(?P<count>[1-9]\d{0,3})"
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one session gets; `number` counts from 1 to `count`."""

    client_id: str
    number: int
    count: int
    subscriptions: tuple[str, ...]
    """As the broker is told."""
    divided: tuple[str, ...] = ()
    """Those whose messages every session gets; of the others all messages are its own."""

    def is_ours(self, topic: str) -> bool:
        """Whether a message is to be stored by who serves this session."""
        if self.count == 1 or not self._is_divided(topic):
            return True
        return _part_of(topic, self.count) == self.number

    def _is_divided(self, topic: str) -> bool:
        if self.divided == self.subscriptions:
            return True
        return any(topic_matches_sub(each, topic) for each in self.divided)


def plan_parts(
    base: str, count: int, spread: Spread, subscriptions: Sequence[str], stateful: Sequence[str] = ()
) -> tuple[Part, ...]:
    """The sessions of `count` bridges. Messages of `stateful` subscriptions are never dealt out singly."""
    if count == 1:
        return (Part(base, 1, 1, tuple(subscriptions)),)
    numbers = range(1, count + 1)
    if spread == "divided":
        everything = tuple(subscriptions)
        return tuple(
            Part(f"{base}-{number}of{count}", number, count, everything, everything) for number in numbers
        )
    divided = tuple(each for each in subscriptions if each in stateful)
    dealt = tuple(each if each in stateful else f"$share/{GROUP}/{each}" for each in subscriptions)
    return tuple(
        Part(f"{base}-shared-{number}of{count}", number, count, dealt, divided) for number in numbers
    )


def find_part(client_id: str, subscriptions: Sequence[str], stateful: Sequence[str] = ()) -> Part:
    """The part that a session of former settings has."""
    found = _CLIENT_ID.fullmatch(client_id)
    if found is None or not 1 < int(found["count"]) >= int(found["number"]):
        return Part(client_id, 1, 1, tuple(subscriptions))
    spread: Spread = "shared" if found["shared"] else "divided"
    parts = plan_parts(found["base"], int(found["count"]), spread, subscriptions, stateful)
    return parts[int(found["number"]) - 1]


@lru_cache(maxsize=_TOPICS_REMEMBERED)
def _part_of(topic: str, count: int) -> int:
    """Which part a topic belongs to: all topics of a device to the same."""
    found = parse_topic(topic)
    if isinstance(found, NativeTopic):
        key = f"{found.tenant}/{found.device}"
    else:
        key = topic if found is None else "/".join(found)
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) % count + 1
