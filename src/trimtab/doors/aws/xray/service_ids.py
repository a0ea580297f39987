"""Services, annotations and root causes as X-Ray's answers have them."""

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.base import typed
from trimtab.traces.documents.fields import annotations_of
from trimtab.traces.filters.operators import number_of
from trimtab.traces.model import Span, Trace
from trimtab.traces.root_causes import CauseEntity, CauseService, RootCause, root_causes

ServiceId = dict[str, Any]


def service_id(name: str, type_: str, account: str) -> ServiceId:
    """A ServiceId."""
    found: ServiceId = {"Name": name, "Names": [name], "AccountId": account}
    return found | ({"Type": type_} if type_ else {})


def of_span(span: Span) -> ServiceId:
    """The service of a segment."""
    return service_id(span.service, span.origin if span.segment else "", span.account)


def services_of(trace: Trace) -> list[ServiceId]:
    """Every service of a trace once, and what it called that sends no segments."""
    found: dict[tuple[str, str, str], None] = {}
    for span in trace.spans:
        if span.segment and span.service:
            found[span.service, span.origin, span.account] = None
    for span in trace.spans:
        below = trace.children.get(span.span_id, ())
        if span.peer and not any(child.segment for child in below):
            found[span.peer, span.origin or "remote", span.account] = None
    return [service_id(*key) for key in found]


def annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    """Annotations of a trace by key: each value once, with the services that told it."""
    found: dict[str, dict[Any, list[ServiceId]]] = {}
    for span in trace.spans:
        for key, value in _annotations(span, trace):
            services = found.setdefault(key, {}).setdefault((type(value).__name__, value), [])
            service = service_id(span.service, _type(span, trace), span.account)
            if service not in services:
                services.append(service)
    return {
        key: [{"AnnotationValue": _value(value), "ServiceIds": services} for (_, value), services in values.items()]
        for key, values in found.items()
    }


def causes(trace: Trace, kind: str) -> list[dict[str, Any]]:
    """Root causes of a trace."""
    return [_cause(one) for one in root_causes(trace, kind)]


def _type(span: Span, trace: Trace) -> str:
    return next((one.origin for one in trace.spans if one.segment and one.service == span.service), "")


def _annotations(span: Span, trace: Trace) -> Iterable[tuple[str, Any]]:
    """With their types where a document tells them; else numbers and booleans are what reads like them."""
    part = _part_of(span, trace)
    if part is not None:
        indexed = annotations_of(part)
        given: Mapping[str, Any] = part.get("annotations") or {}
        return [(key, given[key]) for key in indexed]
    return [(key, _typed(text)) for key, text in span.attributes.items()]


def _part_of(span: Span, trace: Trace) -> Mapping[str, Any] | None:
    """The part of a document that a span was made of; None for a span of OpenTelemetry."""
    above: Span | None = span
    seen: set[str] = set()
    while above is not None and not above.document and not above.segment and above.span_id not in seen:
        seen.add(above.span_id)
        above = trace.by_id.get(above.parent_id)
    if above is None or not above.document:
        return None
    return _find(typed.decode(above.document), span.span_id)


def _find(part: Mapping[str, Any], id_: str) -> Mapping[str, Any] | None:
    if str(part.get("id")).lower() == id_:
        return part
    below = (_find(one, id_) for one in part.get("subsegments") or [])
    return next((one for one in below if one is not None), None)


def _typed(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    number = number_of(text)
    return text if number is None else number


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"StringValue": value} if isinstance(value, str) else {"NumberValue": float(value)}


def _cause(cause: RootCause) -> dict[str, Any]:
    return {"Services": [_service(one) for one in cause.services], "ClientImpacting": cause.client_impacting}


def _service(service: CauseService) -> dict[str, Any]:
    named = service_id(service.name, service.type, service.account)
    return named | {"EntityPath": [_entity(one) for one in service.entities], "Inferred": service.inferred}


def _entity(entity: CauseEntity) -> dict[str, Any]:
    told: dict[str, Any] = {"Name": entity.name, "Remote": entity.remote}
    if entity.coverage is not None:
        return told | {"Coverage": entity.coverage}
    return told | {"Exceptions": [{"Name": one.name, "Message": one.message} for one in entity.exceptions]}
