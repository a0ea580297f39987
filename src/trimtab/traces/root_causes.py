"""Root causes of a trace, as X-Ray tells them: where faults and errors began, and what took the time.

A cause is a path of services from the entry on; each has the path of its spans. Pure.
Source: AWS X-Ray API reference, "FaultRootCause", "ErrorRootCause", "ResponseTimeRootCause".
"""

import json
from collections.abc import Sequence

from msgspec import Struct

from trimtab.traces.model import CALLS, Span, Trace

MOST = 10
"""Causes of one kind that a trace tells."""
_COVERS = 0.5
"""A span that takes this share of what it is part of is where to look further."""


class CauseException(Struct, frozen=True):
    """An exception of a span."""

    name: str
    message: str


class CauseEntity(Struct, frozen=True):
    """A span on the path. `coverage` is its share of the entry's response time, None for faults and errors."""

    name: str
    exceptions: tuple[CauseException, ...]
    remote: bool
    coverage: float | None = None


class CauseService(Struct, frozen=True):
    """A service on the path; `inferred` sends no spans itself."""

    name: str
    type: str
    account: str
    inferred: bool
    entities: tuple[CauseEntity, ...]


class RootCause(Struct, frozen=True):
    """A path. `client_impacting`: what began there reached the client."""

    services: tuple[CauseService, ...]
    client_impacting: bool


def root_causes(trace: Trace, kind: str) -> list[RootCause]:
    """The causes of `kind`: fault, error or responsetime; each once."""
    if kind == "responsetime":
        return _slow(trace)
    failed = [span for span in trace.spans if _is(span, kind)]
    below = {span.parent_id for span in failed}
    found: dict[RootCause, None] = {}
    for span in failed:
        if span.span_id in below:
            continue
        path = _path(trace, span)
        # Spans within a service need not say that they failed: those with which requests enter do.
        impacting = all(_is(one, kind) for one in path if one.segment)
        found[RootCause(tuple(_services(trace, path, None)), impacting)] = None
    return list(found)[:MOST]


def _is(span: Span, kind: str) -> bool:
    return span.fault if kind == "fault" else span.error or span.throttle


def _path(trace: Trace, span: Span) -> list[Span]:
    path, seen = [span], {span.span_id}
    while (above := trace.by_id.get(path[-1].parent_id)) is not None and above.span_id not in seen:
        seen.add(above.span_id)
        path.append(above)
    return path[::-1]


def _slow(trace: Trace) -> list[RootCause]:
    root = trace.root
    if not root.duration_ns:
        return []
    path, seen = [root], {root.span_id}
    while below := [one for one in trace.children.get(path[-1].span_id, ()) if one.span_id not in seen]:
        longest = max(below, key=lambda span: span.duration_ns)
        if longest.duration_ns < _COVERS * path[-1].duration_ns:
            break
        seen.add(longest.span_id)
        path.append(longest)
    return [RootCause(tuple(_services(trace, path, root.duration_ns)), client_impacting=True)]


def _services(trace: Trace, path: Sequence[Span], whole_ns: int | None) -> list[CauseService]:
    services: list[CauseService] = []
    entities: list[CauseEntity] = []
    for number, span in enumerate(path):
        last = number == len(path) - 1
        name = span.service if span.segment else span.name
        entities.append(CauseEntity(name, _exceptions(span), span.kind in CALLS, _coverage(span, whole_ns)))
        if last or path[number + 1].segment or path[number + 1].service != span.service:
            origin = next((one.origin for one in path if one.segment and one.service == span.service), "")
            services.append(CauseService(span.service, origin, span.account, False, tuple(entities)))
            entities = []
        if last and span.peer and span.kind in CALLS and not trace.children.get(span.span_id):
            entity = CauseEntity(span.peer, (), False, _coverage(span, whole_ns))
            services.append(CauseService(span.peer, span.origin, span.account, True, (entity,)))
    return services


def _coverage(span: Span, whole_ns: int | None) -> float | None:
    return None if whole_ns is None else min(span.duration_ns / whole_ns, 1.0)


def _exceptions(span: Span) -> tuple[CauseException, ...]:
    found = []
    for event in json.loads(span.events or "[]"):
        told = event.get("attributes", {})
        name, message = told.get("exception.type", ""), told.get("exception.message", "")
        if name or message:
            found.append(CauseException(name, message))
    return tuple(found)
