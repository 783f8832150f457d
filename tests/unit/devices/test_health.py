"""When values are stuck, jump or lie out of range; when messages are bad; how long is silence."""

import math
from typing import Any

import pytest

from devices.errors import InvalidDevice
from devices.liveness.health import bad_share, find_fault, parse_rule, silence_limit_s


def newest_first(*values: float, every_s: float = 60.0) -> list[tuple[float, float]]:
    return [(1_000_000 - number * every_s, value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("conditions", "values", "fault"),
    [
        ({"stuckValues": 3}, (5, 5, 5, 4), "x is 5 for 3 values"),
        ({"stuckValues": 3}, (5, 5, 4, 5, 5), None),
        ({"stuckValues": 3}, (5, 5), None),
        ({"stuckSeconds": 120}, (5, 5, 5, 4), "x is 5 for 120 s"),
        ({"stuckSeconds": 121}, (5, 5, 5, 4), None),
        ({"stuckSeconds": 1}, (5,), None),
        ({"maxStep": 10}, (5, 16, 5), "x jumped from 16 to 5"),
        ({"maxStep": 11}, (5, 16, 5), None),
        ({"maxStep": 10, "window": 2}, (5, 5, 100), None),
        ({"minimum": 0}, (-1, -1, -1, 5, 5), "3 of 5 values of x are out of range"),
        ({"minimum": 0}, (-1, -1, 5, 5, 5), None),
        ({"maximum": 9, "share": 0}, (5, 10, 5, 5, 5), "1 of 5 values of x are out of range"),
        ({"minimum": 0}, (-1, -1), None),
        ({"stuckValues": 2}, (), None),
    ],
)
def test_faults(conditions: dict[str, Any], values: tuple[float, ...], fault: str | None) -> None:
    rule = parse_rule({"id": "r", "attribute": "x", **conditions})
    assert find_fault(rule, newest_first(*values)) == fault


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({}, "attribute"),
        ({"id": "a b", "maxStep": 1}, "id"),
        ({"attribute": "", "maxStep": 1}, "attribute"),
        ({"maxStep": 0}, "maxStep"),
        ({"maxStep": "x"}, "maxStep"),
        ({"stuckSeconds": 1e9}, "stuckSeconds"),
        ({"stuckValues": 1}, "stuckValues"),
        ({"minimum": 1, "window": 1}, "window"),
        ({"minimum": 1, "share": 1}, "share"),
        ({"minimum": 1, "devices": ["a b"]}, "devices"),
    ],
)
def test_wrong_rules_are_refused(members: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDevice) as refused:
        parse_rule({"id": "r", "attribute": "x", **members})
    assert refused.value.field == field


def test_bad_messages_and_silence() -> None:
    assert bad_share(4, 4, 0, 0) is None
    assert bad_share(10, 6, 0, 0) == 0.6
    assert bad_share(10, 0, 100, 70) == 0.7
    assert silence_limit_s(None) == math.inf
    assert silence_limit_s(60) == 180
    assert silence_limit_s(1) == 30
    assert silence_limit_s(600, 1.5) == 900
