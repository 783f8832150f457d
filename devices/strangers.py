"""Who speaks through a gateway under a name that nobody registered: who may wait (`devices.waiting`)."""

from collections.abc import Collection
from typing import NamedTuple

from context_api.store import waiting as store
from context_api.store.database import Database
from context_api.store.waiting import WAITING, waiting_id
from devices.model import SilentSource, UnknownSource

KEPT_MESSAGES = 100
"""First messages that are kept of one device, and …"""
KEPT_BYTES = 256 * 1024
"""… their bytes. What comes after them is counted, not kept; a batch that is under way may bring more."""
KEPT_IN_ALL = 10_000
"""Messages of all devices of a tenant that wait."""


class Stranger(NamedTuple):
    """Who speaks through a gateway under a name that no registered device has."""

    tenant: str
    tenant_id: int
    gateway: str
    name: str


def receive_strangers(
    database: Database, strangers: Collection[Stranger]
) -> dict[Stranger, UnknownSource | SilentSource | str]:
    """Say who of them may wait, whose messages are counted only, and who is a device by now (its id).

    Those whose gateway takes in nobody are left out. Raises StoreUnavailable.
    """
    by_key = {(one.tenant_id, one.gateway, one.name): one for one in strangers if one.gateway}
    found: dict[Stranger, UnknownSource | SilentSource | str] = {}
    taken: dict[tuple[int, str], int] = {}
    for judged in store.judge(database, by_key.keys()) if by_key else ():
        stranger = by_key[judged.tenant_id, judged.gateway, judged.name]
        if judged.state == "approved" and judged.device_id is not None:
            found[stranger] = judged.device_id
            continue
        key = (judged.tenant_id, judged.gateway)
        if judged.state is None:
            if not judged.name.startswith(judged.prefix) or taken.get(key, 0) >= judged.places:
                continue
            taken[key] = taken.get(key, 0) + 1
        found[stranger] = _receive(stranger, judged)
    return found


def _receive(stranger: Stranger, judged: store.Judged) -> UnknownSource | SilentSource:
    who = waiting_id(stranger.gateway, stranger.name)
    is_full = judged.messages >= KEPT_MESSAGES or judged.size >= KEPT_BYTES or judged.kept >= KEPT_IN_ALL
    if judged.state == "rejected" or is_full:
        return SilentSource(stranger.tenant, stranger.tenant_id, who)
    detail = f"{stranger.name!r:.80} of {stranger.gateway} waits for approval"
    return UnknownSource(stranger.tenant, stranger.tenant_id, WAITING, detail, who)
