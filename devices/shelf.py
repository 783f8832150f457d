"""The profiles of a tenant by name: its own, else the built-in ones; `name@3` is version 3 of its own."""

import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache

import orjson

from context_api.store import profiles as store
from context_api.store.database import Database
from context_api.store.profiles import StoredProfile
from devices.catalog import built_in_profiles, expander_of
from devices.profile import Profile, ProfileError
from devices.profile_build import build_profile

_BUILT = 2048
"""Versions that are kept built."""
_log = logging.getLogger(__name__)


def split_name(text: str) -> tuple[str, int | None]:
    """Split `name@3` into the name and the version; None stands for the latest."""
    name, at, version = text.partition("@")
    if not at:
        return name, None
    return name, int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1


class Shelf(Mapping[str, Profile]):
    """The profiles of one tenant as they are now, read when first asked for. Raises StoreUnavailable.

    Meant for one piece of work: what it has read it keeps.
    """

    def __init__(self, database: Database, tenant_id: int) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._latest: dict[str, int] | None = None
        self._found: dict[str, Profile | None] = {}

    def __getitem__(self, name: str) -> Profile:
        if name not in self._found:
            self._found[name] = self._find(name)
        profile = self._found[name]
        if profile is None:
            raise KeyError(name)
        return profile

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._own(), *built_in_profiles()}))

    def __len__(self) -> int:
        return len({*self._own(), *built_in_profiles()})

    def _own(self) -> dict[str, int]:
        if self._latest is None:
            self._latest = store.list_latest(self._database, self._tenant_id)
        return self._latest

    def _find(self, text: str) -> Profile | None:
        name, version = split_name(text)
        latest = self._own().get(name)
        if latest is None:
            return built_in_profiles().get(name) if version is None else None
        return _load(self._database, self._tenant_id, name, latest if version is None else version)


def build_stored(stored: StoredProfile) -> Profile:
    """Build a version from its document. Raises ProfileError."""
    return _build(stored.name, stored.version, orjson.dumps(stored.document))


@lru_cache(_BUILT)
def _build(name: str, version: int, document: bytes) -> Profile:
    return build_profile({**orjson.loads(document), "name": name}, expander_of, version=version)


def _load(database: Database, tenant_id: int, name: str, version: int) -> Profile | None:
    """None: there is no such version, or this release of the program cannot use it."""
    stored = store.find_profile(database, tenant_id, name, version)
    if stored is None:
        return None
    try:
        return build_stored(stored)
    except ProfileError as error:
        _log.warning("Profile cannot be used", extra={"action": "load_profile", "detail": str(error)})
        return None
