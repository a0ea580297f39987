"""A real OpenTelemetry SDK sends logs over HTTP and over gRPC; embedded metrics among events become metrics."""

import json
import time
import uuid
from typing import Any

import boto3
import httpx
import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire


def logs_of(server: LiveServer) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("logs", endpoint_url=server.url, region_name="us-east-1", **keys)


def event(server: LiveServer, group: str) -> dict[str, Any]:
    (found,) = logs_of(server).filter_log_events(logGroupName=group)["events"]
    return dict(found)


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_an_sdks_records_arrive_with_their_service_instance_and_trace(server: LiveServer, way: str) -> None:
    service = f"shop-{way}-{uuid.uuid4().hex[:8]}"
    exporter: Any = (
        OTLPLogExporter(f"{server.url}/v1/logs")
        if way == "http"
        else GrpcLogExporter(":".join(map(str, server.address_of("OTLP over gRPC"))), insecure=True)
    )
    provider = LoggerProvider(Resource({"service.name": service, "service.instance.id": "i-1"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("test")
    with TracerProvider().get_tracer("t").start_as_current_span("checkout"):
        logger.emit(
            timestamp=time.time_ns(),
            severity_number=SeverityNumber.ERROR,
            body="cannot pay: card declined",
            attributes={"order": 7},
        )
    assert provider.force_flush(10_000)
    provider.shutdown()
    found = event(server, service)
    assert (found["message"], found["logStreamName"]) == ("cannot pay: card declined", "i-1")
    assert abs(found["timestamp"] - time.time() * 1000) < 120_000
    facets = [f"service.name={service}", "order=7", "severity=ERROR", "stream=i-1"]
    assert [found["message"]] == [one["message"] for one in narrowed(server, service, *facets)]
    assert [] == narrowed(server, service, *facets, "order=8")


def narrowed(server: LiveServer, group: str, *facets: str) -> list[dict[str, Any]]:
    """The events of a group that the Logs page narrows to by values of attributes, severity and stream."""
    asked = [("group", group), *(("is", facet) for facet in facets)]
    return list(httpx.get(f"{server.url}/logs.json", params=asked, timeout=60).raise_for_status().json()["events"])


def test_json_records_are_named_by_the_aws_conventions_and_too_old_ones_are_told(server: LiveServer) -> None:
    group = f"/aws/otel/{uuid.uuid4().hex[:8]}"
    names = {"arrayValue": {"values": [{"stringValue": group}]}}
    old, now = "1000000000000000000", str(time.time_ns())
    records = [{"timeUnixNano": at, "severityNumber": 17, "body": {"kvlistValue": {"values": [
        {"key": "status", "value": {"intValue": "500"}}]}}} for at in (now, old)]  # fmt: skip
    resource = {"attributes": [{"key": "aws.log.group.names", "value": names}]}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}
    answer = httpx.post(f"{server.url}/v1/logs", json=body).raise_for_status().json()
    assert answer["partialSuccess"]["rejectedLogRecords"] == "1"
    found = event(server, group)
    assert (json.loads(found["message"]), found["logStreamName"]) == ({"status": 500}, "default")
    refused = httpx.post(f"{server.url}/v1/logs", json={"resourceLogs": 3})
    assert (refused.status_code, "resourceLogs" in refused.json()["message"]) == (400, True)


def test_embedded_metrics_inside_log_events_become_metrics(server: LiveServer) -> None:
    logs, group, namespace = logs_of(server), f"emf-{uuid.uuid4().hex[:8]}", f"Emf{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    at = int(time.time() * 1000)
    metrics = [{"Namespace": namespace, "Dimensions": [["fn"]], "Metrics": [{"Name": "ms", "Unit": "Milliseconds"}]}]
    document = {"_aws": {"Timestamp": at, "CloudWatchMetrics": metrics}, "fn": "pay", "ms": 12.5}
    lines = [json.dumps(document), "plain", "{not json, _aws}"]
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": line} for line in lines]
    )
    with Client(server.url) as client:
        (series,) = client.all_metrics(namespace=namespace)
    assert (series.name, dict(series.dimensions), series.unit) == ("ms", {"fn": "pay"}, "Milliseconds")
