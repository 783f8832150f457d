"""Whatever arrives, an adapter returns readings or raises DecodeError, and soon."""

import time
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.registry import adapter_names, get_adapter
from adapters.types import MAX_PAYLOAD_BYTES, MAX_VALUES, REASONS, DecodeError, Message

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["2026-11-23T09:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "a\0b"])
)
_KEYS = st.text(max_size=6) | st.sampled_from(
    [
        "observedAt",
        "value",
        "unitCode",
        "location",
        "uplink_message",
        "decoded_payload",
        "received_at",
        "settings",
        "time",
        "rx_metadata",
        "end_device_ids",
        "device_id",
        "frm_payload",
    ]
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=24,
)


def _uplink(inner: object) -> dict[str, object]:
    return {"uplink_message": inner, "end_device_ids": {"device_id": "x"}}


_SHAPES: list[Callable[[object], object]] = [
    lambda inner: inner,
    lambda inner: {"a": inner, "observedAt": 1},
    _uplink,
    lambda inner: _uplink({"decoded_payload": {"a": inner}, "received_at": inner, "settings": inner}),
]


def _decode(name: str, payload: bytes) -> str:
    try:
        readings, _ = get_adapter(name).decode(Message("t", payload), None)
    except DecodeError as error:
        assert error.reason in REASONS
        assert len(error.detail) <= 300
        assert "\0" not in error.detail
        return error.reason
    if not readings:
        return "ignored"
    assert 0 < sum(len(reading.values) for reading in readings) <= MAX_VALUES
    return "decoded"


@pytest.mark.parametrize("name", adapter_names())
@settings(max_examples=300, deadline=None)
@given(payload=st.binary(max_size=200))
def test_bytes(name: str, payload: bytes) -> None:
    _decode(name, payload)


@pytest.mark.parametrize("name", adapter_names())
@settings(max_examples=400, deadline=None)
@given(inner=_JSON, shape=st.sampled_from(_SHAPES))
def test_json(name: str, inner: object, shape: Callable[[object], object]) -> None:
    _decode(name, orjson.dumps(shape(inner)))


_MEGABYTE = MAX_PAYLOAD_BYTES
_HOSTILE = {
    "a byte too large": b" " * (_MEGABYTE + 1),
    "brackets": b"[" * _MEGABYTE,
    "as deep as it parses": b"[" * 1000 + b"]" * 1000,
    "a deep member": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "a deep uplink": b'{"uplink_message":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "a deep device": b'{"uplink_message":{"decoded_payload":{"a":1}},"end_device_ids":{"device_id":'
    + b"[" * 1000
    + b"]" * 1000
    + b"}}",
    "a deep time": b'{"a":1,"observedAt":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "closed brackets": b"[" * (_MEGABYTE // 2) + b"]" * (_MEGABYTE // 2),
    "many values": b"{" + b",".join(b'"%d":1' % number for number in range(80_000)) + b"}",
    "many objects": b"[" + b",".join([b'{"a":1}'] * 100_000) + b"]",
    "many digits": b'{"a":' + b"9" * (_MEGABYTE - 10) + b"}",
    "one long text": b'{"a":"' + b"x" * (_MEGABYTE - 10) + b'"}',
    "a wide value": b'{"a":[' + b"1," * 500_000 + b"1]}",
    "a wide uplink": b'{"uplink_message":{"decoded_payload":{"a":[' + b"1," * 500_000 + b"1]}}}",
    "not UTF-8": b'{"a":"\xff\xfe"}',
}


@pytest.mark.parametrize("name", adapter_names())
@pytest.mark.parametrize("payload", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_payloads_take_bounded_time(name: str, payload: bytes) -> None:
    started = time.thread_time()
    _decode(name, payload)
    assert time.thread_time() - started < 10, "0.1 s is usual; what grows with the square takes minutes"
