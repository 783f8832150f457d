"""What the options of `machi device …` mean for a device's document."""

import json
from typing import TYPE_CHECKING, Any, cast

from deploy.errors import UsageError

if TYPE_CHECKING:
    from context_api.store.devices import DeviceState


def read_members(  # noqa: PLR0917 - one per option
    profile: str | None,
    location: str | None,
    name: str | None,
    owner: str | None,
    tags: str | None,
    serial: str | None,
    notes: str | None,
    installed: str | None,
    interval: float | None,
) -> dict[str, Any]:
    """Give the members of a device's document that the options name."""
    return given_members(
        profile=profile,
        location=read_point(location),
        name=name,
        owner=owner,
        tags=None if tags is None else list(split_list(tags)),
        serial=serial,
        notes=notes,
        installedAt=installed,
        expectedIntervalS=interval,
    )


def given_members(**given: Any) -> dict[str, Any]:
    """Leave out what was not given."""
    return {name: value for name, value in given.items() if value is not None}


def split_list(text: str | None) -> tuple[str, ...]:
    """Split a list by commas."""
    return () if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def read_states(text: str | None) -> "tuple[DeviceState, ...] | None":
    """Read states by commas. Raises UsageError."""
    from context_api.http.schemas_devices import STATES

    states = split_list(text)
    for state in states:
        if state not in STATES:
            raise UsageError(f"--state is one of {', '.join(STATES)}, not {state}")
    return cast("tuple[DeviceState, ...]", states) or None


def read_patch(text: str | None) -> dict[str, Any]:
    """Read a JSON merge patch. Raises UsageError."""
    if text is None:
        return {}
    try:
        patch = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--patch is not JSON: {error}") from error
    if not isinstance(patch, dict):
        raise UsageError("--patch must be a JSON object")
    return patch


def read_point(text: str | None) -> dict[str, Any] | None:
    """Read a place: GeoJSON has longitude first, people and maps say latitude first. Raises UsageError."""
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--location must be LATITUDE,LONGITUDE such as 35.7546,139.4685, not {text}"
        ) from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise UsageError(
            f"--location {text}: a latitude is -90 to 90 and stands first, a longitude -180 to 180"
        )
    return {"type": "Point", "coordinates": [longitude, latitude]}
