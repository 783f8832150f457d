"""The watch over devices: looked after by the worker, every half minute.

A device is silent when its expected interval, times a factor, has passed without a message. It is faulty when
most of what it sends cannot be taken, or when its values break a health rule. Each is an Alert entity, which
anybody may subscribe to, and a state of the device; both end by themselves. Planned maintenance raises
nothing. While nothing could come in (no bridge ready, or nobody looked), no time passes for anybody; and when
most devices fall silent at once, one Alert tells of all of them.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from context_api.ngsild.changes import UpsertEntity
from context_api.ngsild.model import Entity
from context_api.store import liveness as store
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.device_states import SettableState, set_states
from context_api.store.liveness import Watched
from context_api.store.store import Store, system_clock
from devices.errors import InvalidDevice
from devices.liveness.alerts import (
    BAD_PAYLOAD,
    RATE_LIMITED,
    RULE_PREFIX,
    SILENT,
    TOGETHER,
    device_alert,
    is_fault,
    together_alert,
)
from devices.liveness.health import (
    BAD_SHARE,
    SILENT_FACTOR,
    HealthRule,
    bad_share,
    find_fault,
    parse_rule,
    silence_limit_s,
)

PRINCIPAL = "liveness"
LOOK_S = 30.0
LONGEST_GAP_S = 120.0
FLOOD_WINDOW_S = 180.0
STORM_DEVICES = 20
STORM_SHARE = 0.5
"""So many devices, and more than this share of a tenant's, silent within one look: one Alert for all."""
_log = logging.getLogger(__name__)


class _Judged(NamedTuple):
    watched: Watched
    found: dict[str, str]
    """What is to be raised, with the text for people."""
    is_counted: bool
    """Its counters were judged, and count anew from here."""

    @property
    def is_news(self) -> bool:
        return set(self.found) != set(self.watched.raised)


class LivenessWatch:
    """Looks over all devices of all tenants."""

    def __init__(self, database: Database, data: Store, *, factor: float = SILENT_FACTOR) -> None:
        self._database = database
        self._store = data
        self._factor = factor

    def look(self) -> str:
        """Judge every device once; says in a few words what changed. Raises StoreUnavailable."""
        blind = store.take_sight(self._database, LONGEST_GAP_S)
        if blind is not None:
            return ""
        rules = self._rules()
        flooding = store.list_rate_limited(self._database, FLOOD_WINDOW_S)
        changed = 0
        by_tenant: dict[int, list[Watched]] = defaultdict(list)
        after = (0, "")
        while page := store.list_watched(self._database, after):
            after = (page[-1].tenant_id, page[-1].device_id)
            for one in page:
                by_tenant[one.tenant_id].append(one)
        for tenant_id, watched in by_tenant.items():
            broken = self._broken(tenant_id, watched, rules.get(tenant_id, ()))
            changed += self._look_after(watched, flooding, broken)
        return f"{changed} devices changed" if changed else ""

    def _rules(self) -> dict[int, list[HealthRule]]:
        rules: dict[int, list[HealthRule]] = defaultdict(list)
        for tenant_id, document in store.list_all_rules(self._database):
            try:
                rule = parse_rule(document)
            except InvalidDevice as error:  # a newer version wrote it
                _log.warning("Health rule unreadable", extra={"action": "liveness", "error": str(error)})
                continue
            if rule.is_active:
                rules[tenant_id].append(rule)
        return rules

    def _broken(
        self, tenant_id: int, watched: Sequence[Watched], rules: Iterable[HealthRule]
    ) -> dict[str, dict[str, str]]:
        """Give what the rules find, by device."""
        broken: dict[str, dict[str, str]] = defaultdict(dict)
        for rule in rules:
            chosen = {
                one.entity_id: one.device_id
                for one in watched
                if one.entity_id is not None and _is_chosen(rule, one)
            }
            values = store.latest_values(self._database, tenant_id, list(chosen), rule.attribute, rule.limit)
            for entity_id, newest in values.items():
                fault = find_fault(rule, newest)
                if fault is not None:
                    broken[chosen[entity_id]][f"{RULE_PREFIX}{rule.id}"] = fault
        return broken

    def _look_after(
        self,
        watched: Sequence[Watched],
        flooding: set[tuple[int, str]],
        broken: dict[str, dict[str, str]],
    ) -> int:
        """Judge the devices of one tenant, write what is new of them."""
        judged = [
            self._judge(one, (one.tenant_id, one.device_id) in flooding, broken.get(one.device_id, {}))
            for one in watched
        ]
        tenant = Access(watched[0].tenant, watched[0].tenant_id, PRINCIPAL)
        judged = _join_storm(judged)
        news = [one for one in judged if one.is_news]
        self._write_alerts(tenant, news, judged)
        store.save_baselines(
            self._database, tenant.tenant_id, [one.watched.device_id for one in judged if one.is_counted]
        )
        store.save_raised(
            self._database, tenant.tenant_id, {one.watched.device_id: one.found.keys() for one in news}
        )
        return self._write_states(tenant, judged)

    def _judge(self, watched: Watched, is_flooding: bool, broken: dict[str, str]) -> _Judged:
        found: dict[str, str] = {}
        limit_s = silence_limit_s(watched.expected_interval_s, self._factor)
        was_silent = SILENT in watched.raised or TOGETHER in watched.raised
        if watched.silent_s > limit_s or (was_silent and watched.unheard_s > limit_s):
            kind = TOGETHER if TOGETHER in watched.raised else SILENT
            found[kind] = f"{watched.device_id} is silent for more than {limit_s:g} s / 応答がありません"
        share = bad_share(watched.messages, watched.quarantined, watched.values, watched.values_quarantined)
        is_bad = share is not None and share > BAD_SHARE
        if is_bad or (share is None and BAD_PAYLOAD in watched.raised):
            shown = "most" if share is None else f"{share:.0%}"
            found[BAD_PAYLOAD] = f"{watched.device_id}: {shown} of what it sends cannot be taken / 値の異常"
        if is_flooding:
            found[RATE_LIMITED] = f"{watched.device_id} sends more messages than its limit / 送信過多"
        for kind, fault in broken.items():
            found[kind] = f"{watched.device_id}: {fault} / 値の異常"
        if watched.is_muted:
            found = {kind: text for kind, text in found.items() if kind in watched.raised}
        has_news = watched.quarantined > 0 or watched.values_quarantined > 0
        is_counted = share is not None and (has_news or BAD_PAYLOAD in watched.raised)
        return _Judged(watched, found, is_counted)

    def _write_alerts(self, tenant: Access, news: Sequence[_Judged], judged: Sequence[_Judged]) -> None:
        now = system_clock()
        entities: list[Entity] = []
        for one in news:
            before, after = set(one.watched.raised), set(one.found)
            entities += [
                device_alert(one.watched, kind, one.found[kind], is_raised=True, now=now)
                for kind in sorted(after - before - {TOGETHER})
            ]
            entities += [
                device_alert(one.watched, kind, _over(one.watched, kind), is_raised=False, now=now)
                for kind in sorted(before - after - {TOGETHER})
            ]
        entities += self._together(news, judged)
        if entities:
            changes = [UpsertEntity(entity_id=entity.id, entity=entity) for entity in entities]
            for outcome in self._store.apply(tenant, changes):
                if outcome.error is not None:
                    _log.warning(
                        "Alert not written", extra={"action": "liveness", "error": str(outcome.error)}
                    )

    def _together(self, news: Sequence[_Judged], judged: Sequence[_Judged]) -> list[Entity]:
        """The one Alert of many devices: cleared when the last of them is back."""
        now = system_clock()
        silent = sum(TOGETHER in one.found for one in judged)
        if any(TOGETHER in one.found and TOGETHER not in one.watched.raised for one in news):
            detail = f"{silent} of {len(judged)} devices fell silent at once / 多数の機器の応答がありません"
            return [together_alert(detail, is_raised=True, now=now)]
        if not silent and any(TOGETHER in one.watched.raised for one in news):
            return [together_alert("They are back / 復旧しました", is_raised=False, now=now)]
        return []

    def _write_states(self, tenant: Access, judged: Sequence[_Judged]) -> int:
        by_reason: dict[str, dict[str, SettableState]] = defaultdict(dict)
        for one in judged:
            state, reason = _state_of(one)
            if state != one.watched.state and not (one.watched.is_muted and state != "active"):
                by_reason[reason][one.watched.device_id] = state
        return sum(
            len(set_states(self._database, tenant.tenant_id, states, reason))
            for reason, states in by_reason.items()
        )


def _is_chosen(rule: HealthRule, watched: Watched) -> bool:
    if rule.devices:
        return watched.device_id in rule.devices
    return rule.profile is None or rule.profile == watched.profile


def _join_storm(judged: list[_Judged]) -> list[_Judged]:
    """Where most fall silent at once, the cause is none of theirs."""
    fallen = [one for one in judged if SILENT in one.found and SILENT not in one.watched.raised]
    if len(fallen) < STORM_DEVICES or len(fallen) <= STORM_SHARE * len(judged):
        return judged
    names = {one.watched.device_id for one in fallen}
    return [
        one._replace(found={TOGETHER if kind == SILENT else kind: text for kind, text in one.found.items()})
        if one.watched.device_id in names
        else one
        for one in judged
    ]


def _state_of(one: _Judged) -> tuple[SettableState, str]:
    if SILENT in one.found or TOGETHER in one.found:
        return "silent", "no message within its expected interval"
    faults = sorted(kind for kind in one.found if is_fault(kind))
    if faults:
        return "faulty", ", ".join(faults)
    return "active", "messages come and are taken"


def _over(watched: Watched, kind: str) -> str:
    what = {SILENT: "speaks again", RATE_LIMITED: "keeps to its limit again"}.get(kind, "is well again")
    return f"{watched.device_id} {what} / 復旧しました"
