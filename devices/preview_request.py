"""A preview as it is asked for: which profile, which device, which payload, given or captured."""

from typing import Any

import msgspec

from context_api.ngsild.errors import BadRequestData, ResourceNotFound
from context_api.ngsild.time import parse_datetime
from context_api.store import devices as device_store
from context_api.store import quarantine
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.quarantine import Kept, QuarantineFilter
from devices.catalog import expander_of
from devices.draft import DEFAULT_ADAPTER
from devices.errors import InvalidDevice
from devices.model import Device
from devices.preview import Preview, PreviewError, draft_device, preview, read_payload
from devices.profile import Profile
from devices.profile_build import build_profile
from devices.shelf import Shelf


class CapturedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A message of the quarantine: by its id, or the latest one there of a device."""

    quarantine: int | None = None
    latest_of: str | None = None


class PreviewRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of `POST /api/v1/profiles/preview`."""

    profile: str | dict[str, Any] | None = None
    """A name, `name@version` or a profile itself; None: the device's."""
    adapter: str | None = None
    topic: str | None = None
    payload: Any = msgspec.UNSET
    payload_encoding: str = "utf-8"
    device: str | dict[str, Any] | None = None
    """The id of a registered device, or a draft of one."""
    message: CapturedMessage | None = None
    retained: bool = False
    arrived_at: str | None = None


class _Given(msgspec.Struct, frozen=True):
    """What came in."""

    payload: bytes
    topic: str | None
    retained: bool
    arrived_at: int | None


class PreviewDesk:
    """Previews of all tenants; every call names its tenant by an `Access`. Never writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def preview(self, access: Access, document: Any) -> Preview:
        """Preview what a request names. Raises PreviewError, ProfileError, ResourceNotFound."""
        request = _read(document)
        kept = None if request.message is None else self._captured(access, request.message)
        device = self._registered(access, request, kept)
        profile = self._profile(access, request, device)
        is_anybody = device is None
        if device is None:
            device = _draft(access, profile, request)
        elif request.adapter is not None:
            device = msgspec.structs.replace(device, adapter=request.adapter)
        given = _given(request, kept)
        return preview(
            profile,
            device,
            given.payload,
            topic=given.topic,
            is_anybody=is_anybody,
            retained=given.retained,
            arrived_at=given.arrived_at,
        )

    def _captured(self, access: Access, message: CapturedMessage) -> Kept:
        if (message.quarantine is None) == (message.latest_of is None):
            raise PreviewError("message", "name one of quarantine (an id) and latestOf (a device)")
        if message.quarantine is not None:
            found = quarantine.get_messages(self._database, access, [message.quarantine])
        else:
            filters = QuarantineFilter(device_id=message.latest_of, replayed=None)
            found = quarantine.list_messages(self._database, access, filters, limit=1)
        if not found:
            raise ResourceNotFound(
                "There is no such message in the quarantine; what was stored is not kept as it came"
            )
        if len(found[0].payload) != found[0].payload_size:
            raise PreviewError("message", "only the beginning of this message's payload was kept")
        return found[0]

    def _registered(self, access: Access, request: PreviewRequest, kept: Kept | None) -> Device | None:
        """The registered device that is named, or the captured message's; None: a draft takes its place."""
        name = request.device if isinstance(request.device, str) else None
        if request.device is None and kept is not None and kept.device_id:
            name = kept.device_id
        if name is None:
            return None
        device = device_store.get_device(self._database, access, name)
        if device is None or device.retired_at is not None or device.entity_id is None:
            raise ResourceNotFound(f"There is no device {name!r:.80} that measures")
        return device

    def _profile(self, access: Access, request: PreviewRequest, device: Device | None) -> Profile:
        if isinstance(request.profile, dict):
            return build_profile({"name": "preview", **request.profile}, expander_of)
        name = request.profile or (None if device is None else device.profile)
        if name is None:
            raise PreviewError("profile", "name a profile, write one, or name a registered device")
        profile = Shelf(self._database, access.tenant_id).get(name)
        if profile is None:
            raise PreviewError(
                "profile", f"there is no profile {name!r:.80}; `machi profile list` names them"
            )
        return profile


def _read(document: Any) -> PreviewRequest:
    try:
        return msgspec.convert(document, PreviewRequest)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise PreviewError(path.strip("`.").replace(".", "/"), text) from error


def _draft(access: Access, profile: Profile, request: PreviewRequest) -> Device:
    try:
        return draft_device(access, profile, request.adapter or DEFAULT_ADAPTER, request.device)
    except InvalidDevice as error:
        member = error.field if error.field == "adapter" else f"device/{error.field}"
        raise PreviewError(member, error.detail) from error


def _given(request: PreviewRequest, kept: Kept | None) -> _Given:
    if kept is not None:
        if request.payload is not msgspec.UNSET:
            raise PreviewError("payload", "a captured message brings its payload; leave one of the two out")
        return _Given(kept.payload, request.topic or kept.topic, kept.retained, kept.arrived_at)
    if request.payload is msgspec.UNSET:
        raise PreviewError("payload", "give a payload, or a message that was captured")
    payload = read_payload(request.payload, request.payload_encoding)
    return _Given(payload, request.topic, request.retained, _arrived_at(request.arrived_at))


def _arrived_at(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except BadRequestData as error:
        raise PreviewError("arrivedAt", error.detail) from error
