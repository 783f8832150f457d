"""Bodies: what is not plain JSON is refused, with its place."""

import asyncio

import pytest
from starlette.requests import Request

from context_api.http.bodies import MAX_DEPTH, BodyReader, parse_json
from context_api.http.errors import RequestTimeout, Unavailable
from context_api.ngsild.errors import BadRequestData, InvalidRequest, NgsiLdError


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}),
        ('{"町": "東村山\\u3042"}'.encode(), {"町": "東村山あ"}),
        (b'{"n": 18446744073709551616}', {"n": 2**64}),
        (b'{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": "[[[[{{{{"}', {"a": "[[[[{{{{"}),
    ],
)
def test_json_is_read(body: bytes, expected: object) -> None:
    assert parse_json(body) == expected


@pytest.mark.parametrize(
    ("body", "error", "part"),
    [
        (b'{"a": 1', InvalidRequest, "line 1, column 8"),
        (b'{"a": 1,\n "b" 2}', InvalidRequest, "line 2, column 6"),
        (b"{'a': 1}", InvalidRequest, "line 1, column 2"),
        (b'{"a": 1} x', InvalidRequest, "line 1, column 10"),
        (b'{"a": NaN}', InvalidRequest, "NaN is not a JSON number"),
        (b'{"a": -Infinity}', InvalidRequest, "-Infinity is not a JSON number"),
        (b'{"a": 1, "b": 2, "a": 3}', InvalidRequest, '"a" stands twice'),
        (b'{"a": [{"x": 1, "x": 1}]}', InvalidRequest, '"x" stands twice'),
        (b'{"a": "\xff"}', InvalidRequest, "byte 7"),
        (b'\xef\xbb\xbf{"a": 1}', InvalidRequest, "byte order mark"),
        ('{"a": 1}'.encode("utf-16"), InvalidRequest, "not UTF-8"),
        (b'{"a": ["x", "\\ud800"]}', InvalidRequest, "U+D800 is half of a surrogate pair (at /a/1)"),
        (b'{"a/b": "\\udfff x"}', InvalidRequest, "(at /a~1b)"),
        (b'{"a": {"b": "x\\u0000"}}', BadRequestData, "U+0000 cannot be stored (at /a/b)"),
        (b'{"a": 1e400}', BadRequestData, "too large for a double (at /a)"),
        (b'{"a": ' + b"9" * 400 + b"}", BadRequestData, "too large for a double (at /a)"),
        (b'{"a": ' + b"9" * 5000 + b"}", NgsiLdError, ""),
        (b"[" * 100_000, InvalidRequest, f"deeper than {MAX_DEPTH} levels"),
        (b"[" * 2_000_000 + b"]" * 2_000_000, InvalidRequest, f"deeper than {MAX_DEPTH} levels"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, InvalidRequest, f"deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_is_not_plain_json_is_refused(body: bytes, error: type[NgsiLdError], part: str) -> None:
    with pytest.raises(error) as caught:
        parse_json(body)
    assert part in str(caught.value)


def test_the_deepest_allowed_document_is_read() -> None:
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    document = parse_json(body)
    depth = 0
    while document:
        (document,) = document
        depth += 1
    assert depth == MAX_DEPTH - 1
    wide = b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert len(parse_json(wide)) == 1000


def test_bodies_under_way_are_bounded_together() -> None:
    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    async def one() -> dict[str, object]:
        return {"type": "http.request", "body": b"[1]", "more_body": False}

    def request(length: int, *, is_slow: bool) -> Request:
        headers = [(b"content-length", str(length).encode()), (b"content-type", b"application/json")]
        return Request({"type": "http", "headers": headers}, never if is_slow else one)

    async def scenario() -> None:
        reader = BodyReader(max_bytes=100, total_bytes=150, timeout_s=0.2)
        accepted = ("application/json",)
        slow = asyncio.create_task(reader.read_json(request(100, is_slow=True), accepted))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="large bodies"):
            await reader.read_json(request(51, is_slow=False), accepted)
        assert await reader.read_json(request(50, is_slow=False), accepted) == [1]
        with pytest.raises(RequestTimeout):
            await slow
        assert await reader.read_json(request(100, is_slow=False), accepted) == [1]

    asyncio.run(scenario())
