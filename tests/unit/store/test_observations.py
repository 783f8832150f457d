"""Observation rows give back the instance, and tell what is the same from what is not."""

from typing import Any

import pytest
from hypothesis import given, settings

from context_api.ngsild.errors import BadRequestData
from context_api.ngsild.model import Instance, Kind
from context_api.store.observations import (
    Content,
    Series,
    decode_observation,
    encode_observation,
    instance_id,
    parse_instance_id,
    same_content,
)
from tests.unit.store.test_codec import NAMES, TERMS, exact, instances

CELSIUS = Series(7, int(Kind.PROPERTY), "CEL")


@pytest.mark.parametrize(
    ("instance", "value", "body"),
    [
        (Instance(value=21.5, unit_code="CEL"), 21.5, None),
        (Instance(value=21, unit_code="CEL"), 21.0, b"0"),
        (Instance(value=2**53, unit_code="CEL"), 2.0**53, b"0"),
        (Instance(value=2**53 + 1, unit_code="CEL"), 2.0**53, b'{"v":9007199254740993}'),
        (Instance(value=10**400, unit_code="CEL"), None, b'{"v":1' + b"0" * 400 + b"}"),
        (Instance(value=1e300, unit_code="CEL"), 1e300, None),
        (Instance(value=70.0, unit_code="FAH"), 70.0, b'{"u":"FAH"}'),
        (Instance(value=70, unit_code="FAH"), 70.0, b'{"v":70,"u":"FAH"}'),
        (Instance(value=70.0), 70.0, b'{"u":null}'),
        (Instance(value=True, unit_code="CEL"), None, b'{"v":true}'),
        (Instance(value="hot", unit_code="CEL"), None, b'{"v":"hot"}'),
        (Instance(value=None, unit_code="CEL"), None, b'{"v":null}'),
        (Instance(kind=Kind.RELATIONSHIP, value="urn:x", unit_code="CEL"), None, b'{"v":"urn:x","k":1}'),
        (
            Instance(value=1.5, unit_code="CEL", sub={NAMES[0]: [Instance(value=2)]}),
            1.5,
            b'{"s":{"1":[{"v":2}]}}',
        ),
    ],
)
def test_value_and_body(instance: Instance, value: float | None, body: bytes | None) -> None:
    assert encode_observation(TERMS, instance, CELSIUS) == (value, body)


@settings(max_examples=60, deadline=None)
@given(instances())
def test_an_instance_comes_back(instance: Instance) -> None:
    instance.created_at = instance.modified_at = None
    value, body = encode_observation(TERMS, instance, CELSIUS)
    restored = decode_observation(TERMS, value, body, CELSIUS, "", instance.observed_at)
    assert exact(restored) == exact(instance)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Content(1.0, None, True), Content(1.0, None, True), True),
        (Content(1.0, None, True), Content(1.0, b"0", True), False),
        (Content(1.0, None, True), Content(1.0, None, False), False),
        (Content(None, None, False), Content(None, None, False, is_deleted=True), False),
        (Content(None, b'{"v":{"b":1,"a":2}}', True), Content(None, b'{"v": {"a": 2, "b": 1}}', True), True),
        (Content(None, b'{"v":[1]}', True), Content(None, b'{"v":[1.0]}', True), False),
        (Content(None, b'{"v":[1]}', True), Content(None, b'{"v":[true]}', True), False),
        (Content(None, b'{"v":[1e-7]}', True), Content(None, b'{"v":[0.0000001]}', True), True),
    ],
)
def test_same_content(one: Content, other: Content, same: bool) -> None:
    assert same_content(one, other) is same


def test_instance_ids_name_series_and_time() -> None:
    assert instance_id(12, -5) == "urn:ngsi-ld:Instance:12--5"
    assert parse_instance_id(instance_id(12, -5)) == (12, -5)
    assert parse_instance_id(instance_id(2**31 - 1, 1_700_000_000_000_001)) == (
        2**31 - 1,
        1_700_000_000_000_001,
    )


@pytest.mark.parametrize("text", ["", "urn:ngsi-ld:Instance:", "urn:ngsi-ld:Instance:1-2-3", "urn:x:1-2"])
def test_other_ids_are_refused(text: Any) -> None:
    with pytest.raises(BadRequestData, match="not an instanceId"):
        parse_instance_id(text)
