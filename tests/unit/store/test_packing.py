"""Packed parameters have the bytes that PostgreSQL's send functions give."""

import struct
from datetime import UTC, datetime

from context_api.store import packing

HEADER = struct.Struct("!iiIii")


def test_fixed_width_elements_follow_the_header() -> None:
    assert packing.pack_ints([1, -2]) == HEADER.pack(1, 1, 23, 2, 1) + struct.pack("!iiii", 4, 1, 4, -2)
    assert packing.pack_bigints([2**40]) == HEADER.pack(1, 1, 20, 1, 1) + struct.pack("!iq", 8, 2**40)
    assert packing.pack_bools([True, False]) == HEADER.pack(1, 1, 16, 2, 1) + b"\0\0\0\1\1\0\0\0\1\0"


def test_none_is_null_and_nothing_is_an_empty_array() -> None:
    assert packing.pack_floats([None, 0.5]) == HEADER.pack(1, 1, 701, 2, 1) + b"\xff" * 4 + struct.pack(
        "!id", 8, 0.5
    )
    assert packing.pack_texts([None, "é"]) == HEADER.pack(1, 1, 25, 2, 1) + b"\xff" * 4 + b"\0\0\0\2\xc3\xa9"
    assert packing.pack_texts([]) == struct.pack("!iiI", 0, 0, 25)


def test_jsonb_carries_its_version() -> None:
    assert packing.pack_jsonbs([b"{}"]) == HEADER.pack(1, 1, 3802, 1, 1) + b"\0\0\0\3\1{}"


def test_times_count_from_2000_and_days_are_utc() -> None:
    new_year = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert packing.pack_time(new_year + 5) == struct.pack("!q", 5)
    assert packing.pack_times([new_year - 1]) == HEADER.pack(1, 1, 1184, 1, 1) + struct.pack("!iq", 8, -1)
    days = packing.pack_days([new_year - 1, new_year, new_year + 86_400_000_000])
    assert days == HEADER.pack(1, 1, 1082, 3, 1) + struct.pack("!iiiiii", 4, -1, 4, 0, 4, 1)
