"""What a span of OpenTelemetry says in trimtab's columns: the old and the new semantic conventions alike.

`span_rows_compiled.py` does the same to bytes; what differs between both is a fault (tests hold them together).
"""

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.doors.otlp.span_records import SpanRecord
from trimtab.inventory.resolver import resolve
from trimtab.traces.documents.spans import status_flags
from trimtab.traces.model import CALLS, CLIENT, CONSUMER, ENTRIES, ERROR, INTERNAL, OK, PRODUCER, SERVER, UNSET, Span
from trimtab.traces.rows import MAX_NS

KINDS = (INTERNAL, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER)
STATUSES = (UNSET, OK, ERROR)
METHOD = ("http.request.method", "http.method")
STATUS = ("http.response.status_code", "http.status_code")
URL = ("url.full", "http.url", "url.path", "http.target")
PEER_SERVICE = ("peer.service",)
DATABASE = ("db.system.name", "db.system")
MESSAGING = ("messaging.destination.name", "messaging.system")
GEN_AI = ("gen_ai.provider.name", "gen_ai.system")
RPC = ("rpc.service",)
RPC_SYSTEM = ("rpc.system.name", "rpc.system")
HOST = ("server.address", "net.peer.name", "http.host")
AWS_RPC = "aws-api"
MESSAGE = "otel.status_description"
"""The attribute that keeps the message of a status, as OpenTelemetry names it for systems without one."""
MAX_BYTES = 200 << 10
"""Of a span: what CloudWatch's OTLP endpoint takes."""
FUTURE_NS = 2 * 3600 * 1_000_000_000
"""How far ahead of now a span may begin: what CloudWatch's OTLP endpoint takes. Retention alone bounds the past."""
_MAX_STATUS = 999
_PLATFORMS = {
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_lambda": "AWS::Lambda::Function",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
}
_THRESHOLDS = 1 << 56  # of consistent sampling: OpenTelemetry, "TraceState: Probability Sampling"


class Place(Struct, frozen=True):
    """What all spans of a resource share."""

    account: str
    region: str
    service: str
    resource: str
    origin: str
    attributes: Mapping[str, str]


class RefusedSpan(Exception):
    """A span that is not taken: why, and which one it is."""

    def __init__(self, reason: str, example: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.example = example


def place_of(resource: Mapping[str, str], account: str, region: str) -> Place:
    """The place of a resource's spans."""
    return Place(
        account,
        region,
        resource.get("service.name", "unknown_service"),
        resolve(resource, account, region).path,
        _PLATFORMS.get(resource.get("cloud.platform", ""), ""),
        resource,
    )


def span_of(record: SpanRecord, place: Place, now_ns: int) -> Span:
    """The span of a record. Raises RefusedSpan."""
    check(record, now_ns)
    attributes = record.attributes
    kind = KINDS[record.kind] if 0 <= record.kind < len(KINDS) else INTERNAL
    parent = record.parent_id if record.parent_id.strip("0") else ""
    status = STATUSES[record.status] if 0 <= record.status < len(STATUSES) else UNSET
    code = _status_code(attributes)
    fault, error, throttle = status_flags(code)
    fault = fault or (status == ERROR and not error)
    url = first(attributes, URL)
    peer, origin = called(attributes, url) if kind in CALLS else ("", place.origin)
    if record.message:
        attributes = attributes | {MESSAGE: record.message}
    return Span(
        place.account,
        place.region,
        place.service,
        record.trace_id,
        record.span_id,
        parent,
        record.name,
        kind,
        kind in ENTRIES or not parent,
        record.start_ns,
        max(record.end_ns - record.start_ns, 0) if record.end_ns else 0,
        status,
        fault,
        error,
        throttle,
        not record.end_ns,
        first(attributes, METHOD),
        code,
        url,
        peer,
        origin,
        place.resource,
        adjusted_count(record.state),
        place.attributes,
        attributes,
        json.dumps(record.events, ensure_ascii=False, separators=(",", ":")) if record.events else "",
        json.dumps(record.links, ensure_ascii=False, separators=(",", ":")) if record.links else "",
    )


def check(record: SpanRecord, now_ns: int) -> None:
    """Raises RefusedSpan for a span that is not taken."""
    if not _is_id(record.trace_id, 32) or not _is_id(record.span_id, 16):
        raise RefusedSpan("a span has no valid trace id or span id", record.name)
    if record.parent_id and not _is_hex(record.parent_id, 16):
        raise RefusedSpan("a span has no valid parent span id", record.span_id)
    if not 0 < record.start_ns <= MAX_NS or not 0 <= record.end_ns <= MAX_NS:
        raise RefusedSpan("a span has no time that can be kept", record.span_id)
    if record.start_ns > now_ns + FUTURE_NS:
        raise RefusedSpan("a span begins more than 2 hours ahead", record.span_id)
    if record.size > MAX_BYTES:
        raise RefusedSpan("a span is larger than 200 KiB", record.span_id)


def first(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of these attributes that is there; "" for none."""
    for name in names:
        if name in attributes:
            return attributes[name]
    return ""


def called(attributes: Mapping[str, str], url: str) -> tuple[str, str]:
    """What a call went to, and its type."""
    host = first(attributes, HOST)
    named = first(attributes, PEER_SERVICE)
    database = first(attributes, DATABASE)
    if database:
        return named or (f"{database}@{host}" if host else database), "Database"
    messaging = first(attributes, MESSAGING)
    if messaging:
        return named or messaging, "Messaging"
    rpc = first(attributes, RPC)
    if rpc and first(attributes, RPC_SYSTEM) == AWS_RPC:
        return named or rpc, f"AWS::{rpc}"
    provider = first(attributes, GEN_AI)
    if provider:
        return named or provider, "GenAI"
    found = named or rpc or host or host_of(url)
    return (found, "remote") if found else ("", "")


def host_of(url: str) -> str:
    """The host of a URL; "" where it has none."""
    _, separator, rest = url.partition("://")
    if not separator:
        return ""
    end = min((place for place in map(rest.find, "/?:#") if place >= 0), default=len(rest))
    return rest[:end]


def adjusted_count(state: str) -> float:
    """How many traces a sampled one stands for, by the threshold in its state (`ot=th:…`); 1 where unknown."""
    for member in state.split(","):
        vendor, _, fields = member.strip().partition("=")
        if vendor != "ot":
            continue
        for item in fields.split(";"):
            key, _, value = item.partition(":")
            if key == "th" and 0 < len(value) <= 14 and _is_hex(value, len(value)):
                threshold = int(value.ljust(14, "0"), 16)
                return _THRESHOLDS / (_THRESHOLDS - threshold)
    return 1.0


def _status_code(attributes: Mapping[str, str]) -> int:
    text = first(attributes, STATUS)
    code = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return code if code <= _MAX_STATUS else 0


def _is_id(text: str, length: int) -> bool:
    return _is_hex(text, length) and text.strip("0") != ""


def _is_hex(text: str, length: int) -> bool:
    if len(text) != length or not text.isascii():
        return False
    try:
        int(text, 16)
    except ValueError:
        return False
    return "_" not in text and text.isalnum()
