"""What crosses from the network thread to the pipeline."""

from collections.abc import Mapping

import msgspec

from context_api.ngsild.model import Micros


class Incoming(msgspec.Struct, frozen=True):
    """One PUBLISH as it arrived. The pipeline hands it back, unchanged, to have it acknowledged."""

    token: int
    """Unique in this process; tells two messages apart that carried the same packet id."""
    packet_id: int
    """0 for QoS 0, which is never acknowledged."""
    session: int
    """Which broker session: see `InFlight.session`."""
    topic: str
    payload: bytes
    is_dup: bool
    is_retained: bool
    arrived_at: Micros
    properties: Mapping[str, str]
    """MQTT 5 user properties."""
