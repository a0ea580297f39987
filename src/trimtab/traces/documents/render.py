"""A trace as X-Ray's segment documents: those that came as such, as they came; spans of OpenTelemetry made into them.

A subsegment that came alone stands within its segment where that is in the trace, else alone, as it came.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.traces.model import CALLS, NS_A_S, Span, Trace, xray_trace_id

_SEGMENT_ATTRIBUTES = {
    "user_agent.original": ("http", "request", "user_agent"),
    "http.user_agent": ("http", "request", "user_agent"),
    "client.address": ("http", "request", "client_ip"),
    "http.client_ip": ("http", "request", "client_ip"),
    "http.response.body.size": ("http", "response", "content_length"),
    "enduser.id": ("user",),
    "user.id": ("user",),
    "db.query.text": ("sql", "sanitized_query"),
    "db.statement": ("sql", "sanitized_query"),
    "db.system.name": ("sql", "database_type"),
    "db.system": ("sql", "database_type"),
    "db.user": ("sql", "user"),
    "rpc.method": ("aws", "operation"),
    "aws.request_id": ("aws", "request_id"),
    "aws.region": ("aws", "region"),
}
_INTEGERS = frozenset(("http.response.body.size",))
_RESOURCE_ATTRIBUTES = {
    "service.version": ("service", "version"),
    "host.id": ("aws", "ec2", "instance_id"),
    "cloud.availability_zone": ("aws", "ec2", "availability_zone"),
    "container.name": ("aws", "ecs", "container"),
    "container.id": ("aws", "ecs", "container_id"),
    "k8s.cluster.name": ("aws", "eks", "cluster_name"),
    "k8s.pod.name": ("aws", "eks", "pod"),
    "cloud.account.id": ("aws", "account_id"),
    "cloud.resource_id": ("resource_arn",),
    "telemetry.sdk.name": ("aws", "xray", "sdk"),
    "telemetry.sdk.version": ("aws", "xray", "sdk_version"),
}


class SegmentDocument(Struct, frozen=True):
    """A segment's id and its document, JSON."""

    id: str
    text: str


def documents_of(trace: Trace) -> list[SegmentDocument]:
    """The documents of a trace, by the start of their segments."""
    whole, loose = _received(trace)
    made = [SegmentDocument(span.span_id, _whole_text(span, loose)) for span in whole]
    made += [
        SegmentDocument(span.span_id, json.dumps(_segment(span, trace), separators=(",", ":")))
        for span in _entries_without_documents(trace)
    ]
    order = {span.span_id: number for number, span in enumerate(trace.spans)}
    return sorted(made, key=lambda document: order[document.id])


def _received(trace: Trace) -> tuple[list[Span], dict[str, list[dict[str, Any]]]]:
    """Spans whose documents stand alone; and documents of subsegments, by the id of the parent within one of those."""
    with_document = [span for span in trace.spans if span.document]
    holding = {span.span_id for span in with_document if span.segment}
    embedded = set(holding)
    for span in trace.spans:  # by start: parents first, mostly; what is missed stays a document of its own
        if span.parent_id in embedded and not span.segment:
            embedded.add(span.span_id)
    whole: list[Span] = []
    loose: dict[str, list[dict[str, Any]]] = {}
    for span in with_document:
        if not span.segment and span.parent_id in embedded:
            loose.setdefault(span.parent_id, []).append(json.loads(span.document))
        else:
            whole.append(span)
    return whole, loose


def _whole_text(span: Span, loose: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    if not loose:
        return span.document
    document = json.loads(span.document)
    return json.dumps(document, separators=(",", ":")) if _complete(document, loose) else span.document


def _complete(part: dict[str, Any], loose: Mapping[str, Sequence[dict[str, Any]]]) -> bool:
    """Put the subsegments that came alone into a document; whether there were any."""
    below = part.get("subsegments") or []
    known = {str(one.get("id")).lower() for one in below}
    came = [dict(one) for one in loose.get(str(part.get("id")).lower(), ()) if str(one["id"]).lower() not in known]
    if came:
        below = part["subsegments"] = sorted([*below, *came], key=lambda one: float(one.get("start_time") or 0))
    changed = [_complete(one, loose) for one in below]
    return bool(came) or any(changed)


def _entries_without_documents(trace: Trace) -> Iterator[Span]:
    """The spans of OpenTelemetry with which a segment begins."""
    for span in trace.spans:
        if span.document:
            continue
        if span.segment or _is_alone(span, trace):
            yield span


def _is_alone(span: Span, trace: Trace) -> bool:
    above = trace.by_id.get(span.parent_id)
    return above is None or above.service != span.service


def _segment(span: Span, trace: Trace) -> dict[str, Any]:
    document = _part(span)
    document["name"] = span.service
    document["trace_id"] = xray_trace_id(span.trace_id)
    if span.parent_id:
        document["parent_id"] = span.parent_id
    if span.origin and span.kind not in CALLS:
        document["origin"] = span.origin
    _place_all(document, span.resource_attributes, _RESOURCE_ATTRIBUTES)
    below = _below(span, trace, {span.span_id})
    if span.kind in CALLS:  # a call without a segment around it: the segment has the call within
        document["subsegments"] = [_subsegment(span, trace, {span.span_id}) | {"id": _twin(span.span_id)}]
    elif below:
        document["subsegments"] = below
    return document


def _twin(span_id: str) -> str:
    """Another id, made of a span's: that of the subsegment within a segment made of a call."""
    return f"{int(span_id or '0', 16) ^ 1:016x}"


def _below(span: Span, trace: Trace, seen: set[str]) -> list[dict[str, Any]]:
    return [
        _subsegment(child, trace, seen | {child.span_id})
        for child in trace.children.get(span.span_id, ())
        if not child.segment and child.service == span.service and not child.document and child.span_id not in seen
    ]


def _subsegment(span: Span, trace: Trace, seen: set[str]) -> dict[str, Any]:
    document = _part(span)
    if span.kind in CALLS:
        document["namespace"] = "aws" if span.origin.startswith("AWS::") else "remote"
        document["name"] = span.peer or span.name
    below = _below(span, trace, seen)
    if below:
        document["subsegments"] = below
    return document


def _part(span: Span) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": span.span_id,
        "name": span.name,
        "start_time": span.start_ns / NS_A_S,
    }
    document |= {"in_progress": True} if span.partial else {"end_time": span.end_ns / NS_A_S}
    document |= {name: True for name in ("fault", "error", "throttle") if getattr(span, name)}
    if span.http_method or span.http_url:
        request = {"method": span.http_method, "url": span.http_url}
        document["http"] = {"request": {key: value for key, value in request.items() if value}}
    if span.http_status:
        document.setdefault("http", {})["response"] = {"status": span.http_status}
    _place_all(document, span.attributes, _SEGMENT_ATTRIBUTES)
    annotations = {key.replace(".", "_"): value for key, value in span.attributes.items()}
    if annotations:
        document["annotations"] = annotations
    metadata = {"default": dict(span.attributes), "resource": dict(span.resource_attributes)}
    document["metadata"] = {key: value for key, value in metadata.items() if value} | {"span": {"name": span.name}}
    if span.events:
        document |= _cause(span)
    if span.links:
        document["links"] = json.loads(span.links)
    return document


def _place_all(document: dict[str, Any], attributes: Mapping[str, str], names: Mapping[str, tuple[str, ...]]) -> None:
    for name, path in names.items():
        value = attributes.get(name)
        if not value:
            continue
        place = document
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place.setdefault(path[-1], int(value) if name in _INTEGERS and value.isdecimal() else value)


def _cause(span: Span) -> dict[str, Any]:
    exceptions: list[dict[str, Any]] = []
    for event in json.loads(span.events):
        told = event.get("attributes", {})
        if event.get("name") != "exception":
            continue
        frames = [{"label": line.strip()} for line in told.get("exception.stacktrace", "").splitlines() if line.strip()]
        given = {
            "id": told.get("exception.id") or f"{len(exceptions):016x}",
            "type": told.get("exception.type"),
            "message": told.get("exception.message"),
            "stack": frames,
        }
        exceptions.append({key: value for key, value in given.items() if value})
    return {"cause": {"exceptions": exceptions}} if exceptions else {}
