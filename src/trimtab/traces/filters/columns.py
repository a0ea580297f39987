"""What a keyword reads of a span: as SQL over a row of `spans`, and of a `Span` exactly alike."""

import json
from collections.abc import Callable, Mapping, Sequence

from trimtab.traces.model import CALLS, Span

CALL = "kind IN ('client', 'producer')"
_ROW = tuple[str, Callable[[Span], bool]]
USER = ("enduser.id", "user.id")
USER_AGENT = ("user_agent.original", "http.user_agent")
CLIENT_IP = ("client.address", "http.client_ip")
ZONE = ("cloud.availability_zone",)
INSTANCE = ("host.id",)
ARN = ("cloud.resource_id", "aws.lambda.invoked_arn")
RESOURCE_PREFIX = "otel.resource."
"""How X-Ray names attributes of the resource among annotations."""


def _ok(span: Span) -> bool:
    return not (span.failed or span.partial)


def _inferred(span: Span) -> bool:
    return span.attributes.get("inferred") == "true" or (span.kind in CALLS and span.peer != "")


FLAGS: Mapping[str, _ROW] = {
    "ok": ("NOT (fault OR error OR throttle OR partial)", _ok),
    "fault": ("fault", lambda span: span.fault),
    "error": ("error", lambda span: span.error),
    "throttle": ("throttle", lambda span: span.throttle),
    "partial": ("partial", lambda span: span.partial),
    "inferred": (f"(attributes['inferred'] = 'true' OR ({CALL} AND peer != ''))", _inferred),
    "root": ("parent_id = ''", lambda span: not span.parent_id),
    "remote": (CALL, lambda span: span.kind in CALLS),
}
TIMES = frozenset(("responsetime", "duration"))
"""Seconds that a span took; of one in progress nobody knows."""
NUMBERS: Mapping[str, tuple[str, Callable[[Span], float | None]]] = {
    "http.status": ("nullIf(http_status, 0)", lambda span: span.http_status or None),
}


def _attribute(column: str, names: Sequence[str]) -> str:
    found = [f"if(mapContains({column}, '{name}'), [{column}['{name}']], [])" for name in names]
    return found[0] if len(found) == 1 else f"arrayConcat({', '.join(found)})"


def _of(names: Sequence[str], *, resource: bool = False) -> Callable[[Span], list[str]]:
    def read(span: Span) -> list[str]:
        held = span.resource_attributes if resource else span.attributes
        return [held[name] for name in names if name in held]

    return read


def _present(column: str) -> str:
    return f"if({column} = '', [], [{column}])"


def _exception(field: str) -> str:
    read = f"arrayMap(e -> JSONExtractString(e, 'attributes', 'exception.{field}'), JSONExtractArrayRaw(events))"
    return f"if(events = '', [], arrayFilter(v -> v != '', {read}))"


def exceptions_of(span: Span, field: str) -> list[str]:
    """The types or messages of a span's exceptions."""
    found = [event.get("attributes", {}).get(f"exception.{field}", "") for event in json.loads(span.events or "[]")]
    return [value for value in found if value]


TEXTS: Mapping[str, tuple[str, Callable[[Span], list[str]]]] = {
    "http.url": (_present("http_url"), lambda span: [span.http_url] if span.http_url else []),
    "http.method": (_present("http_method"), lambda span: [span.http_method] if span.http_method else []),
    "http.useragent": (_attribute("attributes", USER_AGENT), _of(USER_AGENT)),
    "http.clientip": (_attribute("attributes", CLIENT_IP), _of(CLIENT_IP)),
    "user": (_attribute("attributes", USER), _of(USER)),
    "name": (
        f"arrayConcat({_present('service')}, {_exception('type')})",
        lambda span: [*([span.service] if span.service else []), *exceptions_of(span, "type")],
    ),
    "type": (_present("origin"), lambda span: [span.origin] if span.origin else []),
    "message": (_exception("message"), lambda span: exceptions_of(span, "message")),
    "availabilityzone": (_attribute("resource_attributes", ZONE), _of(ZONE, resource=True)),
    "instance.id": (_attribute("resource_attributes", INSTANCE), _of(INSTANCE, resource=True)),
    "resource.arn": (_attribute("resource_attributes", ARN), _of(ARN, resource=True)),
}
"""Texts of a row: a list of those that it has."""


def annotation_column(key: str) -> tuple[str, str]:
    """The map in which an annotation is, and its key there."""
    if key.startswith(RESOURCE_PREFIX):
        return "resource_attributes", key.removeprefix(RESOURCE_PREFIX)
    return "attributes", key


def annotation_of(span: Span, key: str) -> str | None:
    """The annotation of a span; None where it has none."""
    column, name = annotation_column(key)
    return (span.resource_attributes if column == "resource_attributes" else span.attributes).get(name)
