"""Which messages are between PUBLISH and PUBACK. Pure: no clock, no socket.

MQTT names an unacknowledged message by a packet id of 16 bits. The id is the broker's, free again as soon as
it got our PUBACK, and it starts anew with a new session. So an acknowledgement that comes late, from a commit
that a reconnect has overtaken, may meet another message under the same id. The rules here keep them apart:

- a PUBACK goes out only on the connection on which the message was (re)delivered;
- a redelivery (dup, same id, same content) of a message still in the pipeline is not handed over again, and
  one of a message committed meanwhile is acknowledged at once;
- without a session at the broker all ids are forgotten: commits still under way acknowledge nothing.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from adapters.types import NO_PROPERTIES
from broker_bridge.models import Incoming
from context_api.ngsild.model import Micros


class Repeat(Enum):
    """A delivery that is not handed over, because its message was."""

    IN_PIPELINE = "in-pipeline"
    COMMITTED = "committed"
    """Acknowledge it now."""


class _Entry(msgspec.Struct, gc=False):
    token: int
    connection: int
    fingerprint: int
    is_committed: bool = False


class InFlight:
    """The messages of one MQTT client; used by its network thread only."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._connection = 0
        self._token = 0
        self.session = 0
        """Counts the sessions the broker began anew in this process's life; 0 = continued from before it."""
        self.messages = 0
        """Handed over and not settled; with `size` what the pipeline holds in memory."""
        self.size = 0

    def begin_connection(self, *, session_present: bool) -> None:
        """Called with every CONNACK that accepts us."""
        if not session_present:
            self._entries.clear()
            self.session += 1

    def end_connection(self) -> None:
        """Called when one has ended: no packet id may be acknowledged until it is delivered again."""
        self._connection += 1

    def take(
        self,
        packet_id: int,
        topic: str,
        payload: bytes,
        *,
        is_dup: bool,
        is_retained: bool,
        arrived_at: Micros,
        properties: Mapping[str, str] = NO_PROPERTIES,
    ) -> Incoming | Repeat:
        """The message to hand over, or why it is not."""
        if packet_id:
            fingerprint = hash((topic, payload))
            entry = self._entries.get(packet_id)
            if entry is not None and is_dup and entry.fingerprint == fingerprint:
                return self._repeat(packet_id, entry)
            self._entries[packet_id] = _Entry(self._token + 1, self._connection, fingerprint)
        self._token += 1
        self.messages += 1
        self.size += len(payload)
        return Incoming(
            self._token,
            packet_id,
            self.session,
            topic,
            payload,
            is_dup,
            is_retained,
            arrived_at,
            properties,
        )

    def _repeat(self, packet_id: int, entry: _Entry) -> Repeat:
        if entry.is_committed:
            del self._entries[packet_id]
            return Repeat.COMMITTED
        entry.connection = self._connection
        return Repeat.IN_PIPELINE

    def settle(self, messages: Iterable[Incoming]) -> list[int]:
        """The packet ids to acknowledge now that these messages are committed, in the order given."""
        packet_ids = []
        for message in messages:
            self.messages -= 1
            self.size -= len(message.payload)
            entry = self._entries.get(message.packet_id)
            if entry is None or entry.token != message.token:
                continue
            if entry.connection == self._connection:
                del self._entries[message.packet_id]
                packet_ids.append(message.packet_id)
            else:
                entry.is_committed = True
        return packet_ids
