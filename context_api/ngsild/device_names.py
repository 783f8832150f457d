"""What the entity of a registered device is called, and how it tells of its state. Pure."""

from context_api.ngsild.contexts import core_context
from context_api.ngsild.model import Instance, Iri, Micros

DEVICE_PREFIX = "urn:ngsi-ld:Device:"
STATE: Iri = core_context().expand("deviceState")


def device_entity_id(device_id: str) -> str:
    """Return the id of the entity that describes a device itself."""
    return f"{DEVICE_PREFIX}{device_id}"


def state_instance(state: str, since: Micros) -> Instance:
    """Return the deviceState of a device: a value with its time, so that its history can be asked for."""
    return Instance(value=state, observed_at=since)
