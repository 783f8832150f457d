"""Signatures: what the guide tells receivers to check."""

import pytest

from context_api.notifications.delivery import add_marks
from context_api.notifications.sender import Message
from context_api.notifications.signing import HEADER, is_signed, sign

BODY = '{"id": "urn:ngsi-ld:Notification:1", "name": "空気"}'.encode()
AT = 1_795_428_000


def test_the_value_is_the_time_and_the_hmac_of_time_and_body() -> None:
    # printf '1795428000.{}' | openssl dgst -sha256 -hmac secret
    mark = "cb9369cb180cf16174070fc614e512e6df53f9e9483f2640c30901d2cbf585cc"
    assert sign(["secret"], b"{}", AT) == f"t=1795428000,v1={mark}"


@pytest.mark.parametrize("secret", ["old", "new"])
def test_while_a_secret_is_replaced_either_fits(secret: str) -> None:
    header = sign(["new", "old"], BODY, AT)
    assert header.count("v1=") == 2
    assert is_signed(header, secret, BODY, AT + 1)


@pytest.mark.parametrize(
    ("secret", "body", "now"),
    [("other", BODY, AT), ("new", BODY + b" ", AT), ("new", BODY, AT + 301), ("new", BODY, AT - 301)],
)
def test_what_was_changed_or_is_old_is_refused(secret: str, body: bytes, now: int) -> None:
    assert not is_signed(sign(["new"], BODY, AT), secret, body, now)


@pytest.mark.parametrize(
    "header", ["", "v1=00", "t=x,v1=00", "t=1,t=2,v1=00", "t=1795428000", "t=１,v1=00", "t=1795428000,v1=é"]
)
def test_what_is_no_signature_is_refused(header: str) -> None:
    assert not is_signed(header, "new", BODY, AT)


def test_a_message_names_its_broker_and_is_signed_where_there_are_secrets() -> None:
    plain = add_marks(Message("https://a.example", [], BODY), "machi-0", AT * 1_000_000)
    assert plain.headers == [(b"Via", b"1.1 machi-0")]
    signed = add_marks(Message("https://a.example", [], BODY, secrets=("s",)), "machi-0", AT * 1_000_000)
    header = dict(signed.headers)[HEADER.encode()].decode()
    assert is_signed(header, "s", BODY, AT)
