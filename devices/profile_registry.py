"""The profiles of a tenant: listed, written in versions, bound to devices, deleted; and the built-in ones."""

import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from context_api.ngsild.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from context_api.ngsild.model import Micros
from context_api.store import profiles as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.profiles import StoredProfile, Written, bound_devices
from devices.catalog import built_in_profiles, built_in_text, expander_of
from devices.profile import Profile, ProfileError
from devices.profile_build import build_profile
from devices.profile_file import to_toml
from devices.shelf import build_stored

_RESERVED = "preview"


class KnownProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a profile, as it is served."""

    profile: Profile
    document: dict[str, Any]
    """The members of the file, `name` and `version` among them."""
    is_built_in: bool
    latest: int
    devices: int
    """Devices that are bound to it, whichever version they name."""
    written_at: Micros | None = None
    written_by: str | None = None


class ProfileRegistry:
    """The profiles of all tenants; every call names its tenant by an `Access`. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, access: Access, document: Any) -> KnownProfile:
        """Write a profile. Raises ProfileError, AlreadyExists, Conflict (too many)."""
        profile, kept = _checked(document)
        if profile.name in built_in_profiles():
            raise AlreadyExists(
                f"Profile {profile.name} is built in; give yours another name, such as my-{profile.name}"
            )
        store.create_profile(self._database, access, profile.name, kept)
        return self.get(access, profile.name)

    def update(self, access: Access, name: str, document: Any) -> tuple[KnownProfile, bool]:
        """Write a new version of a profile; False: the latest says the same already.

        A member `version` is that which was edited. While devices are bound, entityType and entityId stay.
        Raises ProfileError, ResourceNotFound, Conflict.
        """
        written = self._update(access, name, document)
        return self.get(access, name), written.is_new

    def apply(self, access: Access, document: Any) -> tuple[KnownProfile, bool]:
        """Create a profile, or write a new version of it; False: nothing is new. Raises as those do."""
        profile, _ = _checked(document)
        try:
            return self.update(access, profile.name, document)
        except ResourceNotFound:
            return self.create(access, document), True

    def get(self, access: Access, name: str, version: int | None = None) -> KnownProfile:
        """Return a profile, its latest version or another. Raises ResourceNotFound."""
        stored = store.find_profile(self._database, access.tenant_id, name, version)
        if stored is not None:
            counts = store.count_devices(self._database, access, name)
            return _own(stored, bound_devices(counts, [name])[name])
        if name not in built_in_profiles() or version not in (None, built_in_profiles()[name].version):
            which = f"version {version} of profile" if version is not None else "profile"
            raise ResourceNotFound(f"There is no {which} {name!r:.80}")
        counts = store.count_devices(self._database, access, name)
        return _built_in(name, bound_devices(counts, [name])[name])

    def list_all(self, access: Access) -> list[KnownProfile]:
        """Return the profiles that devices of a tenant may have, in their latest versions, by name."""
        stored = {one.name: one for one in store.list_profiles(self._database, access)}
        names = sorted({*stored, *built_in_profiles()})
        counts = bound_devices(store.count_devices(self._database, access), names)
        return [
            _own(stored[name], counts[name]) if name in stored else _built_in(name, counts[name])
            for name in names
        ]

    def list_versions(self, access: Access, name: str) -> list[KnownProfile]:
        """Return the versions of a profile that are kept, the latest first. Raises ResourceNotFound."""
        if name in built_in_profiles() and store.find_profile(self._database, access.tenant_id, name) is None:
            return [self.get(access, name)]
        devices = self.get(access, name).devices
        return [_own(one, devices) for one in store.list_versions(self._database, access, name)]

    def delete(self, access: Access, name: str) -> None:
        """Delete a profile with all its versions. Raises ResourceNotFound, Conflict (built in, or in use)."""
        if name in built_in_profiles() and store.find_profile(self._database, access.tenant_id, name) is None:
            raise Conflict(f"Profile {name} is built in and stays")
        store.delete_profile(self._database, access, name)

    def _update(self, access: Access, name: str, document: Any) -> Written:
        if isinstance(document, Mapping):
            document = {"name": name, **document}
        profile, kept = _checked(document)
        if profile.name != name:
            raise ProfileError(f"the path names {name!r:.80}; a profile keeps its name", "name")
        current = store.find_profile(self._database, access.tenant_id, name)
        if current is None and name in built_in_profiles():
            raise AlreadyExists(f"Profile {name} is built in; give yours another name, such as my-{name}")
        if current is not None:
            self._check_same_entities(access, current, profile)
        based_on = document.get("version")
        return store.update_profile(self._database, access, name, kept, based_on=based_on)

    def _check_same_entities(self, access: Access, current: StoredProfile, profile: Profile) -> None:
        """A device's entity was named when it was registered: its history goes on under that id."""
        former = build_stored(current)
        if former.template == profile.template and former.types == profile.types:
            return
        bound = sum(store.count_devices(self._database, access, profile.name).values())
        if bound:
            raise Conflict(
                f"{bound} devices are bound to profile {profile.name}, whose entities keep their type and id;"
                " write a profile of another name"
            )


def check_document(document: Any) -> Profile:
    """Build a profile and keep nothing. Raises ProfileError."""
    return _checked(document)[0]


def export_toml(known: KnownProfile) -> str:
    """Write a profile as a file; a built-in one with its comments."""
    if known.is_built_in:
        return built_in_text(known.profile.name)
    return to_toml(known.document)


def pointer_of(error: ProfileError, document: Any) -> str:
    """Return the JSON pointer of the member that a fault names (a key of `values` may hold dots)."""
    member = error.member
    steps: list[str] = []
    for table in ("values", "entities"):
        keys = document.get(table) if isinstance(document, Mapping) else None
        if isinstance(keys, Mapping) and member.startswith(f"{table}."):
            rest = member[len(table) + 1 :]
            fitting = [key for key in keys if rest == key or rest.startswith(f"{key}.")]
            if fitting:
                key = max(fitting, key=len)
                steps, member = [table, key], rest[len(key) + 1 :]
    steps += member.split(".") if member else []
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def _checked(document: Any) -> tuple[Profile, dict[str, Any]]:
    """The profile, and the members that are kept. Raises ProfileError."""
    profile = build_profile(document, expander_of)
    if profile.name == _RESERVED:
        raise ProfileError(f"{_RESERVED} is a path of the API; take another name", "name")
    kept = orjson.loads(orjson.dumps({key: value for key, value in document.items() if value is not None}))
    return profile, {key: value for key, value in kept.items() if key not in ("name", "version")}


def _own(stored: StoredProfile, devices: int) -> KnownProfile:
    try:
        profile = build_stored(stored)
    except ProfileError as error:  # an older release wrote it
        raise BadRequestData(f"{error} (version {stored.version})") from error
    return KnownProfile(
        profile=profile,
        document={"name": stored.name, "version": stored.version, **stored.document},
        is_built_in=False,
        latest=stored.latest,
        devices=devices,
        written_at=stored.created_at,
        written_by=stored.created_by,
    )


def _built_in(name: str, devices: int) -> KnownProfile:
    profile = built_in_profiles()[name]
    return KnownProfile(
        profile=profile,
        document=tomllib.loads(built_in_text(name)),
        is_built_in=True,
        latest=profile.version,
        devices=devices,
    )
