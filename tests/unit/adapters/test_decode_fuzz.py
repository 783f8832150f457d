"""Whatever arrives, an adapter returns readings or raises DecodeError, and soon."""

import time
import tracemalloc
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.registry import adapter_names, get_adapter
from adapters.types import MAX_PAYLOAD_BYTES, Message
from tests.fuzz.targets import TOPICS, check_decoding, targets

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


def _decode(name: str, payload: bytes, topic: str = "t") -> str:
    return check_decoding(get_adapter(name), Message(topic, payload, arrived_at=1_800_000_000_000_000))


@pytest.mark.parametrize("name", adapter_names())
@settings(max_examples=150, deadline=None)
@given(payload=st.binary(max_size=200))
def test_bytes(name: str, payload: bytes) -> None:
    _decode(name, payload)


@pytest.mark.parametrize("name", adapter_names())
@settings(max_examples=200, deadline=None)
@given(inner=_JSON, shape=st.sampled_from(_SHAPES))
def test_json(name: str, inner: object, shape: Callable[[object], object]) -> None:
    _decode(name, orjson.dumps(shape(inner)))


_TARGETS = dict(targets())


@settings(max_examples=1500, deadline=None)
@given(name=st.sampled_from(sorted(_TARGETS)), data=st.binary(max_size=60))
def test_every_codec_and_what_is_mapped(name: str, data: bytes) -> None:
    _TARGETS[name](data)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(adapter_names()), topic=st.sampled_from(TOPICS), inner=_JSON)
def test_topics(name: str, topic: str, inner: object) -> None:
    _decode(name, orjson.dumps(inner), topic)


_CBOR = st.recursive(
    st.sampled_from(
        [b"\x00", b"\x20", b"\xf5", b"\xf6", b"\xf9\x7e\x00", b"\x61t", b"\x41x", b"\xc1\x00", b"\xff"]
    )
    | st.binary(min_size=1, max_size=9),
    lambda inner: (
        st.builds(
            lambda head, items: bytes([head + min(len(items), 23)]) + b"".join(items),
            st.sampled_from([0x80, 0xA0]),
            st.lists(inner, max_size=6),
        )
        | st.builds(lambda items: b"\x9f" + b"".join(items) + b"\xff", st.lists(inner, max_size=4))
    ),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(payload=_CBOR)
def test_cbor(payload: bytes) -> None:
    _decode("senml", payload)


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
    "a million members": b'{"a":' * 209_000,
    "a million of CBOR's arrays": b"\x81" * _MEGABYTE,
    "endless arrays of CBOR": b"\x9f" * _MEGABYTE,
    "CBOR that announces much": b"\x9b" + b"\xff" * 8,
    "a wide array of CBOR": b"\x9a\x00\x0f\xff\x00" + b"\x00" * (_MEGABYTE - 10),
    "a long text of CBOR": b"\x7a\x00\x0f\xff\x00" + b"x" * (_MEGABYTE - 10),
    "many bars": b"|" * _MEGABYTE,
    "many groups": b"#" * _MEGABYTE,
    "a long frame": b'{"uplink_message":{"f_port":1,"frm_payload":"' + b"A" * (_MEGABYTE - 60) + b'"}}',
    "many SenML records": b"[" + b",".join([b'{"n":"a","v":1}'] * 60_000) + b"]",
    "a growing name": b"[" + b",".join([b'{"bn":"%s","v":1}' % (b"x" * 90)] * 9_000) + b"]",
    "many sensors": b'{"sensordatavalues":['
    + b",".join([b'{"value_type":"a","value":"1"}'] * 30_000)
    + b"]}",
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


_LARGEST = (
    "a wide value",
    "many objects",
    "a wide array of CBOR",
    "many SenML records",
    "many bars",
    "brackets",
)
_MEMORY_MAX = 256 * 2**20
"""1 MiB of `[1,1,…` is half a million objects of Python's: 20 to 60 MB, whatever reads them."""


@pytest.mark.parametrize("payload", _LARGEST)
def test_hostile_payloads_take_bounded_memory(payload: str) -> None:
    for name in adapter_names():
        tracemalloc.start()
        try:
            _decode(name, _HOSTILE[payload])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < _MEMORY_MAX, (name, peak)
