"""A traced reading: one trace, told to a collector by bridge and notifier, handed on to the partner."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from context_api.tracing import trace_of, write_traceparent
from tests.acceptance.test_one_reading import Sensor
from tests.support.receiver import Receiver
from tests.support.town import Town
from tests.support.waiting import wait_until

ENTITY = "urn:ngsi-ld:AirQualityObserved:aq-001"


@pytest.fixture
def town(tmp_path: Path, http_receiver: Receiver) -> Iterator[Town]:
    running = Town(
        tmp_path,
        MACHI_SIMULATE="0",
        MACHI_TRACE_RATIO="1",
        OTEL_EXPORTER_OTLP_ENDPOINT=http_receiver.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
    )
    running.start()
    yield running
    running.close()


def _spans(receiver: Receiver) -> dict[str, tuple[str, Any]]:
    """Name -> (service, span) of all that the collector was told."""
    found: dict[str, tuple[str, Any]] = {}
    for request in receiver.requests:
        if request.path != "/v1/traces":
            continue
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                found |= {span.name: (names["service.name"], span) for span in scope.spans}
    return found


@pytest.mark.mosquitto
def test_one_trace_follows_a_reading_to_its_notification(town: Town, http_receiver: Receiver) -> None:
    with httpx.Client(base_url=town.url, headers={"Authorization": f"Bearer {town.key}"}, timeout=30) as api:
        endpoint = {"uri": f"{http_receiver.url}/hook"}
        subscription = {
            "type": "Subscription",
            "entities": [{"type": "AirQualityObserved"}],
            "notification": {"endpoint": endpoint},
        }
        assert api.post("/ngsi-ld/v1/subscriptions", json=subscription).status_code == 201
        answer = api.post("/api/v1/devices", json={"id": "aq-001", "profile": "air-quality"})
        assert answer.status_code == 201, answer.text
        access = answer.json()["mqtt"]
    at = datetime.now(UTC).replace(microsecond=0)
    sensor = Sensor(town.mqtt_port, access["username"], access["password"])
    try:
        sensor.publish(access["topic"], {"observedAt": at.isoformat(), "pm25": 12.3})
    finally:
        sensor.close()

    names = {"reading", "wait for the batch", "decode and commit", "notification"}
    wait_until(lambda: names <= set(_spans(http_receiver)) or None, 60)

    spans = _spans(http_receiver)
    trace = trace_of(ENTITY, int(at.timestamp() * 1e6))
    assert {span.trace_id.hex() for _, span in spans.values()} == {f"{trace.trace_id:032x}"}
    service, first = spans["reading"]
    assert (service, first.parent_span_id, first.span_id.hex()) == ("bridge", b"", f"{trace.span_id:016x}")
    assert spans["notification"][0] == "notifier"
    assert all(spans[name][1].parent_span_id == first.span_id for name in names - {"reading"})
    told = {one.key: one.value for one in spans["notification"][1].attributes}
    assert told["http.response.status_code"].int_value == 200
    assert first.end_time_unix_nano <= spans["notification"][1].end_time_unix_nano
    [hook] = [one for one in http_receiver.requests if one.path == "/hook"]
    assert hook.headers["traceparent"] == write_traceparent(trace)
