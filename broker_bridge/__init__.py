"""MQTT in: session, micro-batches, acknowledgement, quarantine."""

from broker_bridge.service import run
from broker_bridge.settings import BridgeSettings

__all__ = ["BridgeSettings", "run"]
