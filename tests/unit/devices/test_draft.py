"""What a registration may look like."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import adapter_names
from devices.catalog import built_in_profiles
from devices.draft import check_draft, draft_from_json
from devices.errors import InvalidDevice

DEVICE: dict[str, Any] = {"id": "aq-001", "profile": "air-quality"}
GATEWAY: dict[str, Any] = {"id": "g", "kind": "gateway", "adapter": "tts_v3", "application": "app@town"}


def _check(document: Any) -> None:
    check_draft(draft_from_json(document), built_in_profiles())


@pytest.mark.parametrize(
    "document",
    [
        DEVICE,
        DEVICE | {"id": "A" * 64, "name": "東村山駅 西口", "expectedIntervalS": 0.5},
        DEVICE | {"location": {"type": "Point", "coordinates": [139.468, 35.755, 72.5]}},
        DEVICE | {"static": {"areaServed": "本町", "alertLevel": {"value": 1.5, "unitCode": "MTR"}}},
        DEVICE | {"gateway": "g", "gatewayDevice": "eui-1"},
        GATEWAY,
        GATEWAY | {"application": "app"},
    ],
)
def test_accepted(document: Any) -> None:
    _check(document)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ({"profile": "noise"}, ""),
        (DEVICE | {"colour": "red"}, ""),
        (DEVICE | {"id": 7}, "id"),
        (DEVICE | {"id": ""}, "id"),
        (DEVICE | {"id": "a/b"}, "id"),
        (DEVICE | {"id": "a+"}, "id"),
        (DEVICE | {"id": "a\n"}, "id"),
        (DEVICE | {"id": "é"}, "id"),
        (DEVICE | {"id": "a" * 65}, "id"),
        (DEVICE | {"kind": "toaster"}, "kind"),
        (DEVICE | {"profile": "nothing"}, "profile"),
        ({"id": "a"}, "profile"),
        (DEVICE | {"adapter": "nothing"}, "adapter"),
        (DEVICE | {"name": ""}, "name"),
        (DEVICE | {"name": "a\0"}, "name"),
        (DEVICE | {"expectedIntervalS": 0}, "expectedIntervalS"),
        (DEVICE | {"expectedIntervalS": "x"}, "expectedIntervalS"),
        (DEVICE | {"location": {"type": "Point", "coordinates": [35.755, 139.468]}}, "location"),
        (DEVICE | {"location": {"type": "Point", "coordinates": ["139", "35"]}}, "location"),
        (DEVICE | {"location": {"type": "Point"}}, "location"),
        (
            DEVICE | {"location": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [0, 0]]]}},
            "location",
        ),
        (DEVICE | {"location": {"type": []}}, "location"),
        (DEVICE | {"static": {"location": 1}}, "static"),
        (DEVICE | {"static": {"a b": 1}}, "static"),
        (DEVICE | {"static": {"a": None}}, "static"),
        (DEVICE | {"static": {"a": "\0"}}, "static"),
        (DEVICE | {"static": {"a": "x" * 20_000}}, "static"),
        (DEVICE | {"application": "app"}, "application"),
        (DEVICE | {"gatewayDevice": "x"}, "gatewayDevice"),
        (DEVICE | {"gateway": "a/b"}, "gateway"),
        (DEVICE | {"gateway": "g", "adapter": "native"}, "adapter"),
        (DEVICE | {"gateway": "g", "gatewayDevice": "a/+"}, "gatewayDevice"),
        (GATEWAY | {"application": "a/b"}, "application"),
        (GATEWAY | {"application": "a+"}, "application"),
        (GATEWAY | {"application": None}, "application"),
        (GATEWAY | {"adapter": "senml"}, "adapter"),
        (GATEWAY | {"adapter": "native", "application": "town"}, "application"),
        (GATEWAY | {"profile": "noise"}, "profile"),
        (GATEWAY | {"gateway": "g2"}, "gateway"),
    ],
)
def test_refused(document: Any, field: str) -> None:
    with pytest.raises(InvalidDevice) as caught:
        _check(document)
    assert caught.value.field == field
    assert caught.value.detail


def test_the_adapters_samples_are_registrations() -> None:
    samples = sorted((Path(__file__).parents[3] / "adapters").glob("*/sample.toml"))
    assert len(samples) == len(adapter_names())
    for sample in samples:
        document = tomllib.loads(sample.read_text())
        for draft in [document] if "id" in document else document.values():
            _check(draft)
