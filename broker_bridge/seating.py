"""Which sessions this bridge serves: it renews its leases, takes a session, takes over what others left.

Every session is always somebody's. A bridge that starts takes the first that is free. One that dies, or
hangs, stops renewing its lease: another bridge takes the session over beside its own, under the same client
id, so the broker hands it all that was queued and not acknowledged. As soon as a bridge waits without a
session, who serves two gives one up. Sessions of former settings (another number of bridges) are emptied and
left once all sessions of the present settings are subscribed: in between some messages come twice, and none
is lost.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from broker_bridge.lane import Lane
from broker_bridge.parts import Part, find_part, plan_parts
from broker_bridge.settings import BridgeSettings
from context_api.store import bridge_seats, heartbeat
from context_api.store.bridge_seats import Seat, Tenure
from context_api.store.database import Database
from context_api.store.errors import StoreError

_log = logging.getLogger(__name__)

TURNS_PER_LEASE = 6
"""A lease is renewed so often before it would run out."""
GRACE_IN_LEASES = 1 / 3
"""So long is a session left alone before it is taken over: a bridge that restarts wants its own back."""
STOP_S = 12.0
"""For all lanes to end in order."""

OpenLane = Callable[[Part, Tenure, bool], Lane]
"""(part, tenure, is_leaving) -> a lane that is not started yet."""


class Seating:
    """`turn` is called every `period_s` by one thread; the lanes may be read by any."""

    def __init__(self, settings: BridgeSettings, database: Database, open_lane: OpenLane) -> None:
        self._settings = settings
        self._database = database
        self._open_lane = open_lane
        self._parts = {
            part.client_id: part
            for part in plan_parts(
                settings.client_id,
                settings.bridges,
                settings.spread,
                settings.subscriptions,
                settings.stateful_subscriptions,
            )
        }
        self.period_s = settings.lease_s / TURNS_PER_LEASE
        self._grace_s = settings.lease_s * GRACE_IN_LEASES
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()
        self._is_closing = False
        self._steady_since: float | None = None
        """Since when every turn has reached the database."""
        self._gave_at = -math.inf
        self.is_spare = False
        """Every session is another bridge's: this one waits to take over."""
        self._elsewhere: frozenset[str] = frozenset()
        """Sessions that other bridges serve."""
        self.takeovers = 0

    @property
    def lanes(self) -> list[Lane]:
        """The sessions served at present, by client id."""
        with self._lock:
            return [self._lanes[name] for name in sorted(self._lanes)]

    def turn(self) -> None:
        """Renew, take, give back. Raises StoreUnavailable."""
        try:
            self._note_subscribed()
            self._renew()
            self._end_lanes()
            seats = {seat.client_id: seat for seat in bridge_seats.list_seats(self._database)}
            self._take(seats)
            self._empty_former(seats)
            self._give_back()
        except StoreError:
            self._steady_since = None
            raise
        self._steady_since = self._steady_since or time.monotonic()

    def close(self, *, is_database_there: bool) -> None:
        """Stop all lanes in order and let others have their sessions."""
        with self._lock:
            self._is_closing = True
        for lane in self.lanes:
            lane.ask_to_stop()
        until = time.monotonic() + STOP_S
        for lane in self.lanes:
            lane.join(max(0.0, until - time.monotonic()))
            if is_database_there:
                with suppress(StoreError):
                    bridge_seats.release_seat(self._database, lane.tenure, self._settings.instance)

    # -- what is ours ------------------------------------------------------------------------------------

    def _renew(self) -> None:
        lanes = self.lanes
        if not lanes:
            return
        held = bridge_seats.renew_seats(
            self._database,
            self._settings.instance,
            [lane.tenure for lane in lanes],
            lease_s=self._settings.lease_s,
        )
        for lane in lanes:
            if lane.tenure.client_id not in held:
                _log.warning("Another bridge has our session", extra={"session": lane.tenure.client_id})
                lane.abandon()

    def _note_subscribed(self) -> None:
        for lane in self.lanes:
            if lane.is_subscribed and not lane.is_noted:
                bridge_seats.note_subscribed(self._database, lane.tenure)
                lane.is_noted = True

    def _end_lanes(self) -> None:
        """Let go of the sessions whose lanes have ended without a failure; a failure ends the bridge."""
        for lane in self.lanes:
            if lane.is_alive or lane.failure is not None:
                continue
            bridge_seats.release_seat(
                self._database, lane.tenure, self._settings.instance, is_empty=lane.client.is_empty
            )
            _log.info("Session released", extra={"session": lane.tenure.client_id})
            with self._lock:
                del self._lanes[lane.tenure.client_id]

    # -- what is to become ours --------------------------------------------------------------------------

    def _take(self, seats: Mapping[str, Seat]) -> None:
        """Take a session of the present settings where one is to be had, and what others have left.

        A session that was never subscribed is taken at once, whatever else we serve: until it is, nobody is
        sent what belongs to it.
        """
        for name, part in self._parts.items():
            if name in self._lanes:
                continue
            seat = seats.get(name)
            is_new = seat is None or not seat.is_subscribed
            grace_s = self._grace_s if self._is_serving and not is_new else 0.0
            if self._is_free(seat, grace_s):
                self._sit_down(part, grace_s, is_leaving=False)
        self.is_spare = not self._is_serving
        self._elsewhere = frozenset(name for name, seat in seats.items() if _is_served(seat))

    @property
    def unserved(self) -> list[str]:
        """Sessions of the present settings that no bridge serves."""
        return [name for name in self._parts if name not in self._lanes and name not in self._elsewhere]

    @property
    def _is_serving(self) -> bool:
        return any(name in self._lanes for name in self._parts)

    def _is_free(self, seat: Seat | None, grace_s: float) -> bool:
        if seat is None or seat.holder in (None, self._settings.instance):
            return not grace_s or (seat is not None and seat.free_for_s > grace_s)
        if grace_s and not self._is_steady():
            return False
        return seat.free_for_s > grace_s

    def _is_steady(self) -> bool:
        """Whether the database has been there for a while: else others had no chance to renew."""
        since = self._steady_since
        return since is not None and time.monotonic() - since > self._settings.lease_s

    def _sit_down(self, part: Part, grace_s: float, *, is_leaving: bool) -> bool:
        tenure = bridge_seats.take_seat(
            self._database,
            part.client_id,
            self._settings.instance,
            lease_s=self._settings.lease_s,
            grace_s=grace_s,
        )
        if tenure is None:
            return False
        lane = self._open_lane(part, tenure, is_leaving)
        with self._lock:
            if self._is_closing:
                return False
            self.takeovers += bool(grace_s) and not is_leaving
            self._lanes[part.client_id] = lane
            lane.start()
        _log.info("Session taken", extra={"session": part.client_id, "is_leaving": is_leaving})
        return True

    def _empty_former(self, seats: Mapping[str, Seat]) -> None:
        """Take the sessions that the present settings do not have, to empty them."""
        if not all(name in seats and seats[name].is_subscribed for name in self._parts):
            return
        for name, seat in seats.items():
            if name in self._parts or name in self._lanes or seat.is_empty:
                continue
            if self._is_free(seat, self._grace_s):
                settings = self._settings
                part = find_part(name, settings.subscriptions, settings.stateful_subscriptions)
                self._sit_down(part, self._grace_s, is_leaving=True)

    def _give_back(self) -> None:
        """Serve one session less where another bridge has none."""
        serving = [lane for lane in self.lanes if lane.part.client_id in self._parts]
        now = time.monotonic()
        if len(serving) < 2 or now - self._gave_at < self._settings.lease_s:
            return
        alive_s = 3 * heartbeat.INTERVAL_S
        if bridge_seats.count_waiting(self._database, self._settings.instance, alive_s=alive_s):
            self._gave_at = now
            serving[-1].ask_to_stop()


def _is_served(seat: Seat) -> bool:
    return seat.is_subscribed and seat.free_for_s < 0
