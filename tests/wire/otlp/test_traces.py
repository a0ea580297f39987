"""OpenTelemetry's own SDK and instrumentation: three small services, two of them Flask, with SQLite and a cache.

The front sends its spans as protobuf over HTTP, the API over gRPC. What comes back is the map of what was called.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import boto3
import flask
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from werkzeug.serving import BaseWSGIServer, make_server

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
WAIT_S = 60
FRONT, API, CACHE = "otel-front", "otel-api", "redis@cache.local"


def _provider(service: str, exporter: SpanExporter) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": "7"}))
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
    return provider


def _api(provider: TracerProvider, plain: sqlite3.Connection) -> flask.Flask:
    app = flask.Flask("api")
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
    database = SQLite3Instrumentor().instrument_connection(plain, tracer_provider=provider)
    database.cursor().execute("CREATE TABLE items (name TEXT)")
    tracer = provider.get_tracer("api")

    @app.get("/items/<int:number>")
    def items(number: int) -> Any:
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
            span.set_attributes({"db.system.name": "redis", "server.address": "cache.local", "cache.hit": number > 1})
        database.cursor().execute("SELECT name FROM items").fetchall()
        if number == 3:
            raise LookupError("no such item")
        return {"items": number}

    return app


def _front(provider: TracerProvider, client: httpx.Client, api_url: str) -> flask.Flask:
    app = flask.Flask("front")
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
    HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider)

    @app.get("/cart/<int:number>")
    def cart(number: int) -> Any:
        answer = client.get(f"{api_url}/items/{number}")
        return {"cart": number}, 502 if answer.is_error else 200

    return app


def _serve(app: flask.Flask) -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def xray(server: LiveServer) -> Iterator[Any]:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("xray", endpoint_url=server.url, region_name="us-east-1", **keys)
    yield client
    client.close()


@pytest.fixture(scope="module")
def began(server: LiveServer, xray: Any) -> float:
    """Three requests through the services, the last of which fails: when they began."""
    at = time.time() - 1
    host, port = server.address_of("OTLP over gRPC")
    front = _provider(FRONT, OTLPSpanExporter(f"{server.url}/v1/traces", compression=Compression.Gzip))
    back = _provider(API, GrpcSpanExporter(f"{host}:{port}", insecure=True))
    plain = sqlite3.connect(":memory:", check_same_thread=False)
    api_server = _serve(_api(back, plain))
    with httpx.Client() as client, httpx.Client() as user, closing(plain):
        front_server = _serve(_front(front, client, f"http://127.0.0.1:{api_server.port}"))
        for number in (1, 2, 3):
            answer = user.get(f"http://127.0.0.1:{front_server.port}/cart/{number}")
            assert answer.status_code == (502 if number == 3 else 200)
    for one in (api_server, front_server):
        one.shutdown()
        one.server_close()
    for provider in (front, back):
        assert provider.force_flush(30_000)
        provider.shutdown()
    wanted = f'service("{FRONT}") AND service("{API}")'
    until(lambda: len(_summaries(xray, at, wanted)) >= 3, "the traces are readable")
    return at


def _summaries(xray: Any, at: float, expression: str) -> list[Any]:
    found = xray.get_trace_summaries(StartTime=at, EndTime=time.time() + 1, FilterExpression=expression)
    return list(found["TraceSummaries"])


def test_the_map_shows_who_called_whom(xray: Any, began: float) -> None:
    services = xray.get_service_graph(StartTime=began, EndTime=time.time() + 1)["Services"]
    names = {one["ReferenceId"]: one["Name"] for one in services}
    edges = {(one["Name"], names[edge["ReferenceId"]]) for one in services for edge in one["Edges"]}
    assert {(FRONT, API), (API, CACHE), (API, "sqlite")} <= edges
    (front,) = (one for one in services if one["Name"] == FRONT and one.get("Type") != "client")
    assert front["Root"]
    assert (3, 1) == (
        front["SummaryStatistics"]["TotalCount"],
        front["SummaryStatistics"]["FaultStatistics"]["TotalCount"],
    )


def test_filter_expressions_find_spans_of_opentelemetry(xray: Any, began: float) -> None:
    (failed,) = _summaries(xray, began, f'service("{API}") {{ fault }}')
    assert failed["HasFault"]
    assert failed["Http"]["HttpStatus"] == 502
    assert "GET" == failed["Http"]["HttpMethod"]
    (cause,) = failed["FaultRootCauses"]
    assert [FRONT, API] == [one["Name"] for one in cause["Services"]]
    assert "LookupError" in json.dumps(cause)
    assert 2 == len(_summaries(xray, began, f'edge("{API}", "{CACHE}") AND annotation[cache.hit] = true'))
    assert 1 == len(_summaries(xray, began, f'service("{API}") AND message = "no such item"'))


def test_spans_come_back_as_segments(xray: Any, began: float) -> None:
    (failed,) = _summaries(xray, began, f'service("{API}") {{ fault }}')
    (trace,) = xray.batch_get_traces(TraceIds=[failed["Id"]])["Traces"]
    segments = {one["name"]: one for one in (json.loads(segment["Document"]) for segment in trace["Segments"])}
    assert {FRONT, API} == set(segments)
    assert "7" == segments[API]["service"]["version"]
    assert {"sqlite", CACHE} == {one["name"] for one in segments[API]["subsegments"]}
    assert segments[FRONT]["subsegments"][0]["id"] == segments[API]["parent_id"]
    assert segments[API]["fault"]


def test_a_trace_of_json_is_stored_once_a_key(server: LiveServer, xray: Any) -> None:
    at = time.time_ns()
    spans = [
        {"traceId": f"{at:032x}", "spanId": f"{number:016x}", "name": "job", "startTimeUnixNano": str(at), "kind": 1}
        | {"endTimeUnixNano": str(at + 10**6), "attributes": [{"key": "n", "value": {"intValue": str(number)}}]}
        for number in (1, 2)
    ]
    bad = {"traceId": "00", "spanId": "0" * 16, "name": "bad"}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "json-job"}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [*spans, bad]}]}]}
    for _ in range(2):
        answer = httpx.post(f"{server.url}/v1/traces", json=body, headers={"Idempotency-Key": f"once-{at}"})
        assert 200 == answer.status_code
        partial = answer.json()["partialSuccess"]
        assert "1" == partial["rejectedSpans"]
        assert "no valid trace id" in partial["errorMessage"]
    id_ = f"1-{at:032x}"[:10] + "-" + f"{at:032x}"[8:]
    found = until(lambda: xray.batch_get_traces(TraceIds=[id_])["Traces"], "the trace is readable")
    assert {"json-job"} == {json.loads(one["Document"])["name"] for one in found[0]["Segments"]}
    assert pytest.approx(0.001) == found[0]["Duration"]


def test_an_error_of_a_span_without_a_status_code_is_a_fault(server: LiveServer, xray: Any) -> None:
    began = time.time() - 1
    provider = _provider("otel-batch", OTLPSpanExporter(f"{server.url}/v1/traces"))
    with provider.get_tracer("batch").start_as_current_span("run") as span:
        span.set_status(Status(StatusCode.ERROR, "disk full"))
    assert provider.force_flush(30_000)
    provider.shutdown()
    until(lambda: _summaries(xray, began, 'service("otel-batch") { fault }'), "the fault is readable")
