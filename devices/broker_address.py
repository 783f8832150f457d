"""Where a broker is: `mqtt://host:1883`, `mqtts://host:8883`."""

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAddress(NamedTuple):
    """Host, port, and whether to speak TLS."""

    host: str
    port: int
    tls: bool


def parse_broker_url(url: str) -> BrokerAddress:
    """Read a broker's URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no broker: write mqtt://host:1883 or mqtts://host:8883")
    return BrokerAddress(parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "mqtts")
