"""The X-Ray SDK for Python, unchanged: segments through the daemon's UDP port, sampling rules through its TCP port."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_xray_sdk.core import AWSXRayRecorder, xray_recorder
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.sampling.connector import ServiceConnector

from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
WAIT_S = 60
xray_recorder.emitter._socket.close()  # of the SDK's own recorder, which nobody closes


@pytest.fixture(scope="module")
def xray(server: LiveServer) -> Iterator[Any]:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("xray", endpoint_url=server.url, region_name="us-east-1", **keys)
    yield client
    client.close()


@pytest.fixture
def recorder(server: LiveServer) -> Iterator[AWSXRayRecorder]:
    host, port = server.address_of("X-Ray daemon")
    made = AWSXRayRecorder()
    made.configure(
        service="sdk-shop",
        sampling=False,
        context=Context(),
        daemon_address=f"{host}:{port}",
        stream_sql=True,
        plugins=(),
    )
    yield made
    made.emitter._socket.close()


def _trace(xray: Any, id_: str, segments: int) -> list[dict[str, Any]]:
    def whole() -> list[dict[str, Any]]:
        found = xray.batch_get_traces(TraceIds=[id_])["Traces"]
        documents = [json.loads(one["Document"]) for trace in found for one in trace["Segments"]]
        ended = len(documents) >= segments and not any(one.get("in_progress") for one in documents)
        return documents if ended else []

    return until(whole, "the segments are readable")


def test_segments_of_the_sdk_arrive_whole(recorder: AWSXRayRecorder, xray: Any) -> None:
    began = time.time() - 1
    segment = recorder.begin_segment("sdk-shop")
    segment.put_http_meta("url", "http://shop/cart")
    segment.put_http_meta("status", 500)
    segment.put_annotation("customer", "ann")
    segment.put_metadata("cart", {"items": [1, 2]}, "debug")
    segment.set_user("ann")
    call = recorder.begin_subsegment("orders.local", namespace="remote")
    call.put_http_meta("url", "http://orders.local/1")
    try:
        raise ValueError("no order")
    except ValueError as problem:
        call.add_exception(problem, [])
    recorder.end_subsegment()
    segment.add_fault_flag()
    recorder.end_segment()
    (document,) = _trace(xray, segment.trace_id, 1)
    assert ("sdk-shop", {"customer": "ann"}, "ann") == (document["name"], document["annotations"], document["user"])
    assert {"cart": {"items": [1, 2]}} == document["metadata"]["debug"]
    (found,) = xray.get_trace_summaries(
        StartTime=began, EndTime=time.time() + 1, FilterExpression='annotation.customer = "ann" AND service("sdk-shop")'
    )["TraceSummaries"]
    assert segment.trace_id == found["Id"]
    assert "ValueError" in json.dumps(found["FaultRootCauses"])
    assert "orders.local" in {one["Name"] for one in found["ServiceIds"]}


def test_subsegments_that_the_sdk_streams_stand_in_their_segment(recorder: AWSXRayRecorder, xray: Any) -> None:
    segment = recorder.begin_segment("sdk-stream")
    for number in range(120):  # from 100 on the SDK sends those that have ended on their own
        recorder.begin_subsegment(f"step-{number}")
        recorder.end_subsegment()
    recorder.end_segment()

    def steps() -> set[str]:
        (document,) = _trace(xray, segment.trace_id, 1)
        names = {one["name"] for one in document.get("subsegments", [])}
        return names if len(names) >= 120 else set()

    assert {f"step-{number}" for number in range(120)} == until(steps, "all steps are readable")


def test_the_sdk_reads_sampling_rules_and_reports(server: LiveServer, xray: Any) -> None:
    rule = {
        "RuleName": "sdk",
        "ResourceARN": "*",
        "Priority": 5,
        "FixedRate": 0.25,
        "ReservoirSize": 4,
        "ServiceName": "sdk-*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
    }
    xray.create_sampling_rule(SamplingRule=rule)
    connector = ServiceConnector()
    host, port = server.url.removeprefix("http://").split(":")
    connector.setup_xray_client(ip=host, port=int(port), client=None)
    rules = connector.fetch_sampling_rules()
    (mine,) = [one for one in rules if one.name == "sdk"]
    assert (0.25, 5) == (mine.rate, mine.priority)
    mine.increment_request_count()
    mine.increment_sampled_count()
    targets, _ = connector.fetch_sampling_target([mine])
    assert {"rate": 0.25, "quota": 4, "interval": 10} == {
        key: targets["sdk"][key] for key in ("rate", "quota", "interval")
    }
    xray.delete_sampling_rule(RuleName="sdk")
