"""Topics of gateways: whom they name, and which filters open them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.embedded.access_files import is_topic_matched
from devices.gateways import FORMS, GatewayTopic, gateway_filters, parse_gateway_topic, subscription_filters
from devices.topics import NativeTopic, parse_topic


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("v3/app@town/devices/d/up", ("tts_v3", "app@town", "d")),
        ("v3/app@town/devices/d/join", ("tts_v3", "app@town", "d")),
        ("v3/app@town/devices/d/location/solved", ("tts_v3", "app@town", "d")),
        ("application/a/device/eui/event/up", ("chirpstack_v4", "a", "eui")),
        ("application/a/device/eui/event/join", ("chirpstack_v4", "a", "eui")),
        ("/ul/key/d/attrs", ("ultralight", "key", "d")),
        ("ul/key/d/attrs/t", ("ultralight", "key", "d")),
        ("/json/key/d/attrs", ("iotagent_json", "key", "d")),
        ("tele/park/plug-1/SENSOR", ("tasmota", "park", "plug-1")),
        ("zigbee2mqtt/hall/公民館/温湿度", ("zigbee2mqtt", "hall", "公民館/温湿度")),
        ("zigbee2mqtt/hall/公民館/温湿度/availability", ("zigbee2mqtt", "hall", "公民館/温湿度")),
        ("zigbee2mqtt/hall/availability", ("zigbee2mqtt", "hall", "availability")),
        ("zigbee2mqtt/hall/bridge/logging", ("zigbee2mqtt", "hall", "")),
    ],
)
def test_parse(topic: str, expected: tuple[str, str, str]) -> None:
    assert parse_gateway_topic(topic) == GatewayTopic(*expected)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "v3/app@town/devices/d/down/push",
        "v3//devices/d/up",
        "application/a/device/eui/event",
        "zigbee2mqtt/hall",
        "/ul/key/d",
        "ulx/key/d/attrs",
        "machi/v1/t/d/up",
    ],
)
def test_no_gateways_topic(topic: str) -> None:
    assert parse_gateway_topic(topic) is None


def test_native_topics_are_as_before() -> None:
    assert parse_topic("machi/v1/default/aq-001/up") == NativeTopic("default", "aq-001")
    assert parse_topic("v3/a/devices/d\0/up") is None


_LEVEL = st.text(st.characters(exclude_characters="+#/\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.lists(_LEVEL, min_size=1, max_size=6), st.sampled_from(sorted(FORMS)), _LEVEL)
def test_a_gateway_may_write_what_is_taken_for_its_own(
    rest: list[str], adapter: str, application: str
) -> None:
    """And nobody else; the bridge hears it."""
    for form in FORMS[adapter]:
        fixed = form.replace("{application}", application)
        for topic in (fixed.replace("{device}", "/".join(rest)), fixed.replace("{device}", rest[0])):
            named = topic.replace("+", rest[-1])
            found = parse_gateway_topic(named)
            if found is None:
                continue
            own = gateway_filters(found.adapter, found.application)
            assert any(is_topic_matched(one, named) for one in own)
            assert any(is_topic_matched(one, named) for one in subscription_filters())
            others = gateway_filters(found.adapter, found.application + "x")
            assert not any(is_topic_matched(one, named) for one in others)
