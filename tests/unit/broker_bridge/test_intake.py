"""One message and its source -> a delivery."""

import json

import pytest

from adapters.registry import get_adapter
from adapters.types import NO_PROPERTIES, Message, RawReading
from broker_bridge.intake import prepare
from broker_bridge.models import Incoming
from context_api.store.deliveries_in import Delivery
from devices.catalog import built_in_profiles
from devices.model import FoundSource, SilentSource, Source, UnknownSource

NOW = 1_763_856_000_000_000
SOURCE = Source(
    tenant="default",
    tenant_id=1,
    device_id="a",
    device_name="a",
    adapter=get_adapter("native"),
    profile=built_in_profiles()["air-quality"],
    entity_id="urn:ngsi-ld:AirQualityObserved:a",
    static={},
)


def _prepare(
    payload: bytes | str,
    source: FoundSource = SOURCE,
    *,
    packet_id: int = 7,
    is_dup: bool = False,
    is_retained: bool = False,
    is_retry: bool = False,
) -> Delivery:
    body = payload.encode() if isinstance(payload, str) else payload
    message = Incoming(
        1, packet_id, 1, "machi/v1/default/a/up", body, is_dup, is_retained, NOW, NO_PROPERTIES
    )
    return prepare(
        message, source, session="bridge/1", is_retry=is_retry, clock_ahead_us=300_000_000
    ).delivery


TIMED = json.dumps({"observedAt": NOW // 1000, "pm25": 1.5, "no2": 2})
UNTIMED = json.dumps({"pm25": 1.5})


def test_timed_message_needs_no_receipt() -> None:
    delivery = _prepare(TIMED)
    assert (delivery.device_id, delivery.values, len(delivery.readings)) == ("a", 2, 1)
    assert (delivery.receipt, delivery.quarantine, delivery.ignored) == (None, None, None)
    assert delivery.arrived_at == NOW


@pytest.mark.parametrize(
    ("is_dup", "is_retry", "redelivered"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
def test_untimed_message_has_a_receipt(is_dup: bool, is_retry: bool, redelivered: bool) -> None:
    receipt = _prepare(UNTIMED, is_dup=is_dup, is_retry=is_retry).receipt
    assert receipt is not None
    assert (receipt.session, receipt.packet_id, receipt.redelivered) == ("bridge/1", 7, redelivered)
    assert len(receipt.payload_hash) == 16


def test_receipt_tells_contents_apart() -> None:
    hashes = {_prepare(json.dumps({"pm25": value})).receipt for value in (1, 2)}
    assert len(hashes) == 2


def test_qos_0_has_no_receipt() -> None:
    assert _prepare(UNTIMED, packet_id=0).receipt is None


def test_unknown_source_is_quarantined_in_its_tenant() -> None:
    delivery = _prepare(TIMED, UnknownSource("default", 1, "unknown-device", "no device a"))
    assert delivery.quarantine is not None
    assert (delivery.quarantine.reason, delivery.quarantine.detail) == ("unknown-device", "no device a")
    assert (delivery.device_id, delivery.readings) == ("", ())


def test_a_gateway_that_speaks_of_itself_is_counted() -> None:
    delivery = _prepare("anything", SilentSource("default", 1, "hall"))
    assert (delivery.device_id, delivery.ignored, delivery.values) == ("hall", "gateway-status", 0)
    assert (delivery.quarantine, delivery.receipt, delivery.readings) == (None, None, ())


def test_retained_message_without_time_is_ignored() -> None:
    delivery = _prepare(UNTIMED, is_retained=True)
    assert delivery.ignored == "retained-without-time"
    assert delivery.readings == ()


class Broken:
    name = "broken"

    def decode(self, message: Message, state: object) -> tuple[list[RawReading], object]:
        raise ZeroDivisionError("a mistake in an adapter")


def test_mistake_in_an_adapter_costs_its_message_only() -> None:
    source = Source(
        tenant="default",
        tenant_id=1,
        device_id="a",
        device_name="a",
        adapter=Broken(),
        profile=SOURCE.profile,
        entity_id=SOURCE.entity_id,
        static={},
    )
    delivery = _prepare(TIMED, source)
    assert delivery.quarantine is not None
    assert delivery.quarantine.reason == "internal-error"
    assert delivery.quarantine.detail == "ZeroDivisionError: a mistake in an adapter"
    assert delivery.device_id == "a"
