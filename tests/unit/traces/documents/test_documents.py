"""Segment documents: what is taken and what is not, what becomes of one, and that it comes back as it was."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.traces.documents.intake import SegmentIntake
from trimtab.traces.documents.render import documents_of
from trimtab.traces.documents.spans import spans_of_document
from trimtab.traces.model import Span, Trace, w3c_trace_id
from trimtab.traces.read import traces_of
from trimtab.traces.room import TracesRoom

ACCOUNT, REGION = "123456789012", "us-east-1"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
SEGMENT: dict[str, Any] = {
    "trace_id": TRACE,
    "id": "defdfd9912dc5a56",
    "start_time": 1461096053.37518,
    "end_time": 1461096053.4042,
    "name": "www.example.com",
    "user": "ann",
    "origin": "AWS::EC2::Instance",
    "aws": {"ec2": {"instance_id": "i-0cd9e448944061b4a", "availability_zone": "us-west-2c"}},
    "http": {"request": {"url": "https://www.example.com/h", "method": "GET"}, "response": {"status": 503}},
    "fault": True,
    "cause": {
        "exceptions": [{"id": "a" * 16, "type": "Boom", "message": "no", "stack": [{"path": "a.py", "line": 3}]}]
    },
    "annotations": {"gameid": "817DL6VO", "age": 31, "paid": True},
    "metadata": {"debug": {"test": [1, 2]}},
    "subsegments": [
        {
            "id": "53995c3f42cd8ad8",
            "name": "DynamoDB",
            "start_time": 1461096053.37769,
            "end_time": 1461096053.40379,
            "namespace": "aws",
            "aws": {"table_name": "users", "operation": "UpdateItem"},
        }
    ],
}


def _spans(document: dict[str, Any], service: str = "") -> list[Span]:
    return spans_of_document(document, json.dumps(document), ACCOUNT, REGION, service)


def test_a_segment_becomes_a_span_and_each_subsegment_another() -> None:
    segment, call = _spans(SEGMENT)
    assert (segment.service, segment.kind, segment.segment) == ("www.example.com", "server", True)
    assert (segment.start_ns, segment.duration_ns) == (1461096053375180000, 29020000)
    assert (segment.fault, segment.error, segment.status, segment.http_status) == (True, False, "error", 503)
    assert segment.resource_attributes["host.id"] == "i-0cd9e448944061b4a"
    assert segment.resource.endswith("instance/i-0cd9e448944061b4a")
    assert {"gameid": "817DL6VO", "age": "31", "paid": "true"}.items() <= segment.attributes.items()
    assert segment.attributes["metadata.debug.test"] == "[1,2]"
    assert json.loads(segment.events)[0]["attributes"]["exception.type"] == "Boom"
    assert (call.parent_id, call.service, call.kind) == (segment.span_id, "www.example.com", "client")
    assert (call.peer, call.origin, call.attributes["aws.operation"]) == ("users", "AWS::DynamoDB::Table", "UpdateItem")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "InvalidId"),
        ({"id": "xyz"}, "InvalidId"),
        ({"name": ""}, "MissingName"),
        ({"name": "n" * 201}, "InvalidName"),
        ({"trace_id": None}, "MissingTraceId"),
        ({"trace_id": "1-2-3"}, "InvalidTraceId"),
        ({"start_time": None}, "MissingStartTime"),
        ({"start_time": -1}, "InvalidTime"),
        ({"end_time": None}, "MissingEndTime"),
        ({"end_time": "soon"}, "InvalidTime"),
        ({"type": "subsegment"}, "MissingParentId"),
        ({"parent_id": "0"}, "InvalidParentId"),
        ({"http": [1]}, "ParseError"),
        ({"subsegments": [{"name": "x"}]}, "MissingId"),
        ({"metadata": {"d": {"x": "y" * 65536}}}, "SegmentTooLarge"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_by_its_code(room: TracesRoom, change: dict[str, Any], code: str) -> None:
    async def put() -> None:
        taken = await SegmentIntake(room.ingest).put([json.dumps(SEGMENT | change)], ACCOUNT, REGION)
        assert [code] == [one.code for one in taken.unprocessed]
        assert {} == taken.services

    asyncio.run(put())


def test_a_document_that_is_no_json_is_refused_and_the_others_are_kept(room: TracesRoom) -> None:
    async def put() -> None:
        taken = await SegmentIntake(room.ingest).put(["{", json.dumps(SEGMENT), "[]"], ACCOUNT, REGION)
        assert ["ParseError", "ParseError"] == [one.code for one in taken.unprocessed]
        assert {"www.example.com": 2} == taken.services

    asyncio.run(put())


def test_a_segment_comes_back_as_it_came_and_the_whole_one_replaces_that_in_progress(
    room: TracesRoom, clock: ManualClock
) -> None:
    begun = {key: SEGMENT[key] for key in ("trace_id", "id", "start_time", "name")} | {"in_progress": True}

    async def put() -> None:
        intake = SegmentIntake(room.ingest)
        await intake.put([json.dumps(begun)], ACCOUNT, REGION)
        assert await room.reader.fresh(30)
        trace = await room.reader.trace(EVERYTHING, w3c_trace_id(TRACE))
        assert begun == json.loads(documents_of(trace)[0].text)
        clock.advance(1)
        await intake.put([json.dumps(SEGMENT)], ACCOUNT, REGION)
        assert await room.reader.fresh(30)
        trace = await room.reader.trace(EVERYTHING, w3c_trace_id(TRACE))
        assert [json.dumps(SEGMENT)] == [document.text for document in documents_of(trace)]

    asyncio.run(put())


def test_a_subsegment_that_came_alone_stands_in_its_segment(room: TracesRoom) -> None:
    alone = SEGMENT["subsegments"][0] | {
        "id": "1" * 16,
        "type": "subsegment",
        "trace_id": TRACE,
        "parent_id": SEGMENT["id"],
        "start_time": 1461096053.39,
    }

    async def put() -> None:
        await SegmentIntake(room.ingest).put([json.dumps(alone), json.dumps(SEGMENT)], ACCOUNT, REGION)
        assert await room.reader.fresh(30)
        trace = await room.reader.trace(EVERYTHING, w3c_trace_id(TRACE))
        assert {"www.example.com"} == {span.service for span in trace.spans}
        (document,) = documents_of(trace)
        assert SEGMENT["subsegments"] + [alone] == json.loads(document.text)["subsegments"]

    asyncio.run(put())


def test_spans_of_opentelemetry_become_segments() -> None:
    trace = w3c_trace_id(TRACE)
    spans = [
        Span(ACCOUNT, REGION, "shop", trace, "a" * 16, name="GET /", kind="server", segment=True, http_status=500),
        Span(ACCOUNT, REGION, "shop", trace, "b" * 16, "a" * 16, name="q", kind="client", peer="redis"),
        Span(ACCOUNT, REGION, "cart", trace, "c" * 16, "b" * 16, name="GET /c", kind="server", segment=True),
    ]
    shop, cart = (json.loads(document.text) for document in documents_of(Trace(trace, spans)))
    assert (shop["name"], shop["trace_id"], shop["http"]) == ("shop", TRACE, {"response": {"status": 500}})
    assert [("redis", "remote")] == [(one["name"], one["namespace"]) for one in shop["subsegments"]]
    assert (cart["name"], cart["parent_id"]) == ("cart", "b" * 16)


def test_documents_of_the_developer_guide_round_trip(room: TracesRoom, repository: Path) -> None:
    """Those of segments as they are; those of subsegments within a segment that has them."""
    file = repository.parent / "shared" / "data" / "xray_doc_segments" / "segments.json"
    if not file.exists():
        pytest.skip("the documents of X-Ray's developer guide are not on this machine")
    given = json.loads(file.read_text())
    segments = [one for one in given if "trace_id" in one]
    for one in given:
        if "trace_id" not in one:
            around = {"name": "around", "id": f"{len(segments):016x}", "trace_id": f"1-5759e988-{len(segments):024x}"}
            segments.append(around | {"start_time": one["start_time"], "in_progress": True, "subsegments": [one]})

    async def put() -> None:
        texts = [json.dumps(one) for one in segments]
        taken = await SegmentIntake(room.ingest).put(texts, ACCOUNT, REGION)
        assert [] == taken.unprocessed
        assert await room.reader.fresh(30)
        ids = sorted({w3c_trace_id(one["trace_id"]) for one in segments})
        traces = await room.reader.traces(EVERYTHING, ids)
        assert sorted(texts) == sorted(document.text for id_ in ids for document in documents_of(traces[id_]))

    asyncio.run(put())


def test_spans_without_a_parent_here_are_told_by_traces_of() -> None:
    assert [TRACE] == [f"1-{id_[:8]}-{id_[8:]}" for id_ in traces_of(_spans(SEGMENT))]
