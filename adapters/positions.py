"""Where network servers say that a device is."""

from typing import Any

from adapters.flatten import as_object
from adapters.types import DecodeError, describe

_LARGEST = {"latitude": 90, "longitude": 180}


def decode_location(location: Any) -> dict[str, Any]:
    """Return `{"latitude": …, "longitude": …}` as a GeoJSON Point; zero is left out on the wire.

    Raises DecodeError("bad-shape").
    """
    members = as_object(location, "location")
    longitude, latitude = (_degrees(members.get(name, 0), name) for name in ("longitude", "latitude"))
    return {"type": "Point", "coordinates": [longitude, latitude]}


def _degrees(value: Any, name: str) -> float:
    if type(value) not in (int, float) or abs(value) > _LARGEST[name]:
        raise DecodeError("bad-shape", f"location.{name} is {describe(value)}")
    return float(value)
