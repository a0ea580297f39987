"""A segment document as spans: one for the segment, one for each subsegment."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.inventory.resolver import resolve
from trimtab.traces.documents.fields import (
    annotations_of,
    at,
    attributes_of,
    exceptions_of,
    peer_of,
    resource_attributes_of,
)
from trimtab.traces.model import CLIENT, ERROR, INTERNAL, NS_A_S, OK, SERVER, UNSET, Span, w3c_trace_id

_MAX_STATUS = 999


class _Place(Struct, frozen=True):
    """What all spans of a document share."""

    account: str
    region: str
    service: str
    trace_id: str
    resource: str
    resource_attributes: Mapping[str, str]


def spans_of_document(document: Mapping[str, Any], text: str, account: str, region: str, service: str) -> list[Span]:
    """The spans of a checked document, the segment first. `service` is that of a subsegment that came alone."""
    alone = document.get("type") == "subsegment"
    attributes = {} if alone else resource_attributes_of(document)
    place = _Place(
        account,
        region,
        service if alone else document["name"],
        w3c_trace_id(document["trace_id"]),
        resolve(attributes, account, region).path,
        attributes,
    )
    first = _span(document, place, str(document.get("parent_id") or "").lower(), segment=not alone, text=text)
    spans = [first]
    _below(document, place, spans)
    return spans


def _below(part: Mapping[str, Any], place: _Place, spans: list[Span]) -> None:
    parent = part["id"].lower()
    for one in part.get("subsegments") or []:
        spans.append(_span(one, place, parent, segment=False, text=""))
        _below(one, place, spans)


def _span(part: Mapping[str, Any], place: _Place, parent: str, *, segment: bool, text: str) -> Span:
    start_ns = nanoseconds(part["start_time"])
    end = part.get("end_time")
    partial = end is None
    duration_ns = 0 if end is None else max(nanoseconds(end) - start_ns, 0)
    status = _status_code(part)
    fault, error, throttle = flags_of(part, status)
    peer, origin = ("", str(part.get("origin") or "")) if segment else peer_of(part)
    events = exceptions_of(part, start_ns + duration_ns)
    return Span(
        place.account,
        place.region,
        place.service,
        place.trace_id,
        part["id"].lower(),
        parent,
        part["name"],
        SERVER if segment else CLIENT if peer else INTERNAL,
        segment,
        start_ns,
        duration_ns,
        ERROR if fault or error or throttle else UNSET if partial else OK,
        fault,
        error,
        throttle,
        partial,
        str(at(part, ("http", "request", "method")) or ""),
        status,
        str(at(part, ("http", "request", "url")) or ""),
        peer,
        origin,
        place.resource,
        1.0,
        place.resource_attributes,
        attributes_of(part) | ({"inferred": "true"} if part.get("inferred") is True else {}) | annotations_of(part),
        json.dumps(events, separators=(",", ":")) if events else "",
        json.dumps(part["links"], separators=(",", ":")) if part.get("links") else "",
        text,
    )


def nanoseconds(seconds: float) -> int:
    """Seconds since the epoch as nanoseconds, to the microsecond: what a double holds of today."""
    whole = int(seconds)
    return whole * NS_A_S + round((seconds - whole) * 1_000_000) * 1000


def flags_of(part: Mapping[str, Any], status: int) -> tuple[bool, bool, bool]:
    """(fault, error, throttle) as a document says, or else as the status of its response does."""
    given = tuple(part.get(name) is True for name in ("fault", "error", "throttle"))
    if any(name in part for name in ("fault", "error", "throttle")):
        return given[0], given[1], given[2]
    return status_flags(status)


def status_flags(status: int) -> tuple[bool, bool, bool]:
    """(fault, error, throttle) of a status code: 5xx, 4xx, 429."""
    return status >= 500, 400 <= status < 500, status == 429


def _status_code(part: Mapping[str, Any]) -> int:
    status = at(part, ("http", "response", "status"))
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    return status if isinstance(status, int) and 0 <= status <= _MAX_STATUS else 0
