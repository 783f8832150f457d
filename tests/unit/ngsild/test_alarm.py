"""Alarm rules: when they are raised, when they are over, and what is no rule."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_api.ngsild.alarm import (
    AlarmRule,
    AlarmState,
    Phase,
    Step,
    alert_id,
    message_of,
    observe,
    parse_rule,
    tick,
)
from context_api.ngsild.errors import BadRequestData

RULE: dict[str, Any] = {
    "id": "pm25",
    "name": "PM2.5",
    "type": "AirQualityObserved",
    "attribute": "pm25",
    "above": 35,
}
S = 1_000_000


def _rule(**members: Any) -> AlarmRule:
    return parse_rule(RULE | members)


def _walk(rule: AlarmRule, values: Sequence[tuple[int, float]]) -> list[Step]:
    state, steps = AlarmState(), []
    for second, value in values:
        state, step = observe(rule, state, value, second * S)
        steps.append(step)
    return steps


def test_raised_at_once_and_over_at_once() -> None:
    values = [(0, 35), (1, 35.1), (2, 36), (3, 35), (4, 40)]
    assert _walk(_rule(), values) == [Step.NONE, Step.RAISE, Step.NONE, Step.RECOVER, Step.RAISE]


def test_hysteresis_keeps_it_from_fluttering() -> None:
    values = [(0, 36), (1, 34), (2, 31), (3, 30), (4, 34), (5, 36)]
    steps = [Step.RAISE, Step.NONE, Step.NONE, Step.RECOVER, Step.NONE, Step.RAISE]
    assert _walk(_rule(hysteresis=5), values) == steps


def test_it_has_to_hold() -> None:
    rule = _rule(forSeconds=600)
    assert _walk(rule, [(0, 40), (300, 41), (599, 39)]) == [Step.NONE] * 3
    assert _walk(rule, [(0, 40), (300, 41), (600, 39)]) == [Step.NONE, Step.NONE, Step.RAISE]
    assert _walk(rule, [(0, 40), (300, 20), (600, 40)]) == [Step.NONE] * 3


def test_the_clock_raises_what_holds() -> None:
    rule = _rule(forSeconds=600)
    state, _ = observe(rule, AlarmState(), 40, 100 * S)
    assert state == AlarmState(Phase.PENDING, 100 * S, 40, 100 * S)
    assert state.due_at(rule) == 700 * S
    assert tick(rule, state, 699 * S) == (state, Step.NONE)
    assert tick(rule, state, 800 * S) == (AlarmState(Phase.RAISED, 700 * S, 40, 100 * S), Step.RAISE)


def test_a_late_value_changes_nothing() -> None:
    state = AlarmState(Phase.RAISED, 5 * S, 40, 10 * S)
    assert observe(_rule(), state, 1, 9 * S) == (state, Step.NONE)


def test_below_and_outside() -> None:
    assert _walk(_rule(above=None, below=1), [(0, 1), (1, 0.9), (2, 1)]) == [
        Step.NONE,
        Step.RAISE,
        Step.RECOVER,
    ]
    outside = _rule(above=30, below=10, hysteresis=1)
    values = [(0, 20), (1, 31), (2, 9), (3, 10.5), (4, 11), (5, 9)]
    expected = [Step.NONE, Step.RAISE, Step.NONE, Step.NONE, Step.RECOVER, Step.RAISE]
    assert _walk(outside, values) == expected


@given(st.lists(st.floats(0, 100), max_size=40), st.floats(0, 20), st.integers(0, 5))
def test_raised_and_over_take_turns(values: list[float], hysteresis: float, for_seconds: int) -> None:
    steps = _walk(_rule(hysteresis=hysteresis, forSeconds=for_seconds), list(enumerate(values)))
    told = [step for step in steps if step is not Step.NONE]
    assert told == [(Step.RAISE, Step.RECOVER)[number % 2] for number in range(len(told))]


def test_messages() -> None:
    rule = _rule(message="{{ name }} {{ value | round(1) }} > {{ above }}", recoveryMessage="{{ name }} OK")
    state = AlarmState(Phase.RAISED, 0, 40.04, 0)
    assert message_of(rule, "urn:e:1", state, Step.RAISE) == "PM2.5 40.0 > 35.0"
    assert message_of(rule, "urn:e:1", state, Step.RECOVER) == "PM2.5 OK"
    assert alert_id(rule, "urn:ngsi-ld:AirQualityObserved:a") == (
        "urn:ngsi-ld:Alert:pm25:urn:ngsi-ld:AirQualityObserved:a"
    )


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"id": "a b"}, "/id"),
        ({"name": ""}, "/name"),
        ({"type": ""}, "/type"),
        ({"type": "Alert"}, "/type"),
        ({"type": "https://uri.etsi.org/ngsi-ld/default-context/Alert"}, "/type"),
        ({"attribute": ""}, "/attribute"),
        ({"above": None}, "/above"),
        ({"above": "35"}, "/above"),
        ({"hysteresis": -1}, "/hysteresis"),
        ({"above": 10, "below": 9, "hysteresis": 1}, "/below"),
        ({"forSeconds": -1}, "/forSeconds"),
        ({"forSeconds": 1e9}, "/forSeconds"),
        ({"severity": "bad"}, "/severity"),
        ({"message": "{% for %}"}, "/message"),
        ({"recoveryMessage": "{{"}, "/recoveryMessage"),
        ({"unknown": 1}, "/"),
    ],
)
def test_refused(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        _rule(**members)
    assert caught.value.pointer == pointer
