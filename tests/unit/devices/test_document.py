"""Devices as documents: merge patches, and what a history of changes shows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.document import HIDDEN, difference, document_of, merge_patch, patched
from devices.draft import check_draft, read_installed_at
from devices.errors import InvalidDevice
from devices.model import Device, DeviceDraft, DeviceKind

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
_OBJECT = st.dictionaries(st.text(max_size=4), _JSON, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(_JSON, _JSON)
def test_a_patch_applied_twice_is_applied_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(_OBJECT, _OBJECT)
def test_a_patch_touches_what_it_names_alone(target: dict[str, Any], patch: dict[str, Any]) -> None:
    merged = merge_patch(target, patch)
    assert {name: merged[name] for name in merged if name not in patch} == {
        name: target[name] for name in target if name not in patch
    }
    assert not [name for name, value in patch.items() if value is None and name in merged]


@given(_OBJECT, _OBJECT)
def test_a_difference_leads_from_one_to_the_other(former: dict[str, Any], latter: dict[str, Any]) -> None:
    before, after = difference(former, latter)
    there = {name: value for name, value in former.items() if name not in before} | after
    assert there == latter
    back = {name: value for name, value in latter.items() if name not in after} | before
    assert back == former


def _device(**members: Any) -> Device:
    given: dict[str, Any] = {
        "tenant": "default",
        "tenant_id": 1,
        "id": "aq-1",
        "kind": DeviceKind.DEVICE,
        "profile": "air-quality",
        "adapter": "native",
        "entity_id": "urn:ngsi-ld:AirQualityObserved:aq-1",
    }
    return Device(**(given | members))


def test_the_document_of_a_device_is_the_draft_that_makes_it() -> None:
    device = _device(
        name="駅前",
        tags=("east", "2026"),
        serial="SN 1",
        installed_at=1_700_000_000_000_000,
        codec_parameters={"channels": {"1": "pm25"}},
        messages_per_minute=6,
    )
    document = document_of(device, None)
    assert document == {
        "id": "aq-1",
        "kind": "device",
        "profile": "air-quality",
        "name": "駅前",
        "tags": ["east", "2026"],
        "serial": "SN 1",
        "installedAt": "2023-11-14T22:13:20Z",
        "codecParameters": {"channels": {"1": "pm25"}},
        "messagesPerMinute": 6,
    }
    draft = patched(document, {"name": None, "codecParameters": {"channels": {"2": "no2"}}})
    assert draft == DeviceDraft(
        id="aq-1",
        profile="air-quality",
        tags=("east", "2026"),
        serial="SN 1",
        installed_at="2023-11-14T22:13:20Z",
        codec_parameters={"channels": {"1": "pm25", "2": "no2"}},
        messages_per_minute=6,
    )


@pytest.mark.parametrize(
    ("patch", "field", "text"),
    [
        ([], "", "one JSON object"),
        ("x", "", "one JSON object"),
        ({"id": "aq-2"}, "id", "stays"),
        ({"id": None}, "id", "stays"),
        ({"kind": "gateway"}, "kind", "stays"),
        ({"state": "active"}, "state", "'state' cannot be edited; these can: profile, name"),
        ({"tags": "east"}, "tags", "Expected `array`"),
        ({"tags": ["a", 1]}, "tags/1", "Expected `str`"),
        ({"messagesPerMinute": 1.5}, "messagesPerMinute", "Expected `int | null`"),
    ],
)
def test_a_patch_that_cannot_be_is_told_where(patch: Any, field: str, text: str) -> None:
    with pytest.raises(InvalidDevice) as caught:
        patched(document_of(_device(), None), patch)
    assert caught.value.field == field
    assert text in caught.value.detail


def test_an_id_may_be_repeated_in_a_patch() -> None:
    assert patched(document_of(_device(), None), {"id": "aq-1", "name": "x"}).name == "x"


def test_secrets_of_codecs_are_not_shown() -> None:
    before, after = difference(
        {"codecParameters": {"appKey": "00ff", "port": 1}},
        {"codecParameters": {"nested": [{"Password": "x", "unit": "CEL"}], "port": 2}},
    )
    assert before == {"codecParameters": {"appKey": HIDDEN, "port": 1}}
    assert after == {"codecParameters": {"nested": [{"Password": HIDDEN, "unit": "CEL"}], "port": 2}}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"owner": ""}, "owner"),
        ({"owner": "a\nb"}, "owner"),
        ({"serial": " x"}, "serial"),
        ({"serial": "x" * 101}, "serial"),
        ({"notes": "a\0b"}, "notes"),
        ({"notes": "x" * 4_001}, "notes"),
        ({"tags": ("a", "a")}, "tags"),
        ({"tags": ("a", "b,c")}, "tags/1"),
        ({"tags": tuple(map(str, range(33)))}, "tags"),
        ({"installed_at": "yesterday"}, "installedAt"),
        ({"installed_at": "2026-11-23T09:00:00"}, "installedAt"),
        ({"installed_at": "9999-12-31"}, "installedAt"),
        ({"messages_per_minute": 0}, "messagesPerMinute"),
        ({"codec_parameters": {"a b": 1}}, "codecParameters"),
        ({"codec_parameters": {"a": "x" * 20_000}}, "codecParameters"),
    ],
)
def test_a_draft_that_cannot_be_is_told_where(members: dict[str, Any], field: str) -> None:
    from devices.catalog import built_in_profiles

    with pytest.raises(InvalidDevice) as caught:
        check_draft(DeviceDraft(id="a", profile="noise", **members), built_in_profiles())
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        (None, None),
        ("2026-11-23", 1_795_359_600_000_000),  # midnight in Japan
        ("2026-11-23T00:00:00+09:00", 1_795_359_600_000_000),
        ("2026-11-22T15:00:00Z", 1_795_359_600_000_000),
    ],
)
def test_when_hardware_was_put_in_place(text: str | None, micros: int | None) -> None:
    assert read_installed_at(text) == micros
