"""rest-json: values in the path, the query string, headers and a JSON body (or one member as the payload)."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from trimtab.doors.aws.wire import timestamps
from trimtab.doors.aws.wire.documents import Convert, Reader, Writer
from trimtab.doors.aws.wire.event_stream import EventStreamWriter
from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import Headers, HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.json import JSON_LEAVES, decode_object
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel, Shape, wire_name
from trimtab.doors.aws.wire.scalars import TEXT_READERS

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_NO_CONTENT = 204
"""No reader takes a body of such an answer: it would stand before the next one of the connection."""
_encode = msgspec.json.Encoder().encode


class Route(Struct, frozen=True):
    """One operation's method and path, and the fixed part of its query string."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    fixed: frozenset[tuple[str, str]]
    literal: int


def routes_of(model: ServiceModel) -> list[Route]:
    """The routes of a service; the most literal path first, so that `/a/b` wins over `/a/{x}`."""
    routes = [_route(model.operation(name)) for name in sorted(model.operation_names)]
    return sorted(routes, key=lambda route: (-route.literal, -len(route.fixed)))


def match(routes: Iterable[Route], request: HttpRequest) -> str | None:
    """The operation that a request's method, path and query string name."""
    path = request.raw_path.decode("latin-1").partition("?")[0]
    query = frozenset(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
    for route in routes:
        if route.method == request.method and route.pattern.fullmatch(path) and route.fixed <= query:
            return route.operation
    return None


def _route(operation: OperationModel) -> Route:
    path, _, query = operation.http["requestUri"].partition("?")
    return Route(
        operation.name,
        operation.http["method"],
        _pattern(path),
        frozenset(parse_qsl(query, keep_blank_values=True)),
        len(_LABEL.sub("", path)),
    )


def _pattern(path: str) -> re.Pattern[str]:
    out, at = "", 0
    for label in _LABEL.finditer(path):
        out += re.escape(path[at : label.start()]) + f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"
        at = label.end()
    return re.compile(out + re.escape(path[at:]).rstrip("/") + "/?")


class RestCodec:
    """One operation in rest-json."""

    def __init__(self, model: ServiceModel, operation: OperationModel) -> None:
        self._pattern = _pattern(operation.http["requestUri"].partition("?")[0])
        self._status = int(operation.http.get("responseCode", 200))
        self._input = _Input(operation.input_shape) if operation.input_shape else None
        self._output = _Output(operation.output_shape) if operation.output_shape else None
        self._stream = EventStreamWriter(operation, JSON_LEAVES, "") if operation.has_event_stream_output else None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict in all parts of the request. Raises Malformed."""
        return self._input.read(request, self._pattern) if self._input else {}

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The answer: status, headers and body."""
        if self._output is None:
            return HttpAnswer(self._status, [_JSON], b"" if self._status == _NO_CONTENT else b"{}")
        if self._stream is not None:
            others = {name: value for name, value in output.items() if name != self._stream.member}
            return self._stream.write(output, self._output.headers(others))
        return self._output.write(output, self._status)


class _Input:
    def __init__(self, shape: Shape) -> None:
        self._labels: list[tuple[str, str, Shape]] = []
        self._query: list[tuple[str, str, Shape]] = []
        self._headers: list[tuple[str, bytes, Shape]] = []
        payload = shape.serialization.get("payload")
        body: dict[str, tuple[str, Convert]] = {}
        reader = Reader(JSON_LEAVES)
        for name, member in shape.members.items():
            location, wire = member.serialization.get("location"), wire_name(member, name)
            if location == "uri":
                self._labels.append((name, wire, member))
            elif location == "querystring":
                self._query.append((name, wire, member))
            elif location in ("header", "headers"):
                self._headers.append((name, wire.lower().encode(), member))
            elif name != payload:
                body[wire] = (name, reader.of(member))
        self._body = body
        self._payload = (payload, shape.members[payload], reader) if payload else None

    def read(self, request: HttpRequest, pattern: re.Pattern[str]) -> dict[str, Any]:
        out = self._payload_of(request) if self._payload else self._body_of(request)
        labels = pattern.fullmatch(request.raw_path.decode("latin-1").partition("?")[0])
        for name, wire, shape in self._labels:
            if labels is not None:
                out[name] = _text(shape, name, unquote(labels[wire]))
        if self._query:
            out.update(self._query_of(request))
        for name, header, shape in self._headers:
            if shape.serialization["location"] == "headers":
                out[name] = {
                    key[len(header) :].decode("latin-1"): value.decode("latin-1")
                    for key, value in request.headers.items()
                    if key.startswith(header)
                }
            elif header in request.headers:
                out[name] = _text(shape, name, request.header(header))
        return out

    def _body_of(self, request: HttpRequest) -> dict[str, Any]:
        if not self._body or not request.body:
            return {}
        document = decode_object(request.body)
        if type(document) is not dict:
            raise Malformed("a structure", document)
        out = {}
        for key, value in document.items():
            member = self._body.get(key)
            if member is not None and value is not None:
                try:
                    out[member[0]] = member[1](value)
                except Malformed as problem:
                    raise problem.inside(member[0]) from None
        return out

    def _payload_of(self, request: HttpRequest) -> dict[str, Any]:
        if self._payload is None or not request.body:
            return {}
        name, shape, reader = self._payload
        if shape.type_name == "blob":
            return {name: request.body}
        if shape.type_name == "string":
            return {name: request.body.decode("utf-8", "replace")}
        return {name: reader.of(shape)(decode_object(request.body))}

    def _query_of(self, request: HttpRequest) -> dict[str, Any]:
        given: dict[str, list[str]] = {}
        for key, value in parse_qsl(request.query.decode("latin-1"), keep_blank_values=True):
            given.setdefault(key, []).append(value)
        out: dict[str, Any] = {}
        for name, wire, shape in self._query:
            if shape.type_name == "map":
                out[name] = {key: values[0] for key, values in given.items()}
            elif wire in given and shape.type_name == "list":
                out[name] = [_text(shape.member, name, value) for value in given[wire]]
            elif wire in given:
                out[name] = _text(shape, name, given[wire][0])
        return out


def _text(shape: Shape, name: str, text: str) -> Any:
    try:
        if shape.type_name == "list":
            return [TEXT_READERS[shape.member.type_name](part.strip()) for part in text.split(",")]
        return TEXT_READERS[shape.type_name](text)
    except Malformed as problem:
        raise problem.inside(name) from None


class _Output:
    def __init__(self, shape: Shape) -> None:
        self._payload: str | None = shape.serialization.get("payload")
        self._headers: dict[str, tuple[str, Callable[[str, Any], Headers]]] = {}
        self._status: str | None = None
        self._body: dict[str, tuple[str, Convert | None]] = {}
        writer = Writer(JSON_LEAVES)
        for name, member in shape.members.items():
            location, wire = member.serialization.get("location"), wire_name(member, name)
            if location == "statusCode":
                self._status = name
            elif location == "header":
                self._headers[name] = (wire, _header_writer(member))
            elif location == "headers":
                self._headers[name] = (wire, _prefix_headers)
            else:
                self._body[name] = (wire, writer.of(member))

    def headers(self, output: Mapping[str, Any]) -> Headers:
        """The members of an output that are headers."""
        found: Headers = []
        for name, value in output.items():
            if value is not None and name in self._headers:
                wire, write = self._headers[name]
                found += write(wire, value)
        return found

    def write(self, output: Mapping[str, Any], status: int) -> HttpAnswer:
        headers: Headers = []
        document: dict[str, Any] = {}
        payload: tuple[Any, ...] = ()
        for name, value in output.items():
            if value is None:
                continue
            if name == self._status:
                status = int(value)
            elif name in self._headers:
                wire, write = self._headers[name]
                headers += write(wire, value)
            else:
                wire, convert = self._body[name]
                document[wire] = (
                    value if convert is None or (name == self._payload and isinstance(value, bytes)) else convert(value)
                )
                if name == self._payload:
                    payload = (document[wire],)
        if payload:  # after all members: headers may come behind it
            return _payload_answer(status, headers, payload[0])
        if self._payload:
            return HttpAnswer(status, headers)
        return HttpAnswer(status, [_JSON, *headers], b"" if status == _NO_CONTENT else _encode(document))


def _payload_answer(status: int, headers: Headers, value: Any) -> HttpAnswer:
    if isinstance(value, bytes):
        return HttpAnswer(status, headers, value)
    if isinstance(value, str):
        return HttpAnswer(status, headers, value.encode())
    return HttpAnswer(status, [_JSON, *headers], _encode(value))


def _header_writer(shape: Shape) -> Callable[[str, Any], Headers]:
    form = shape.serialization.get("timestampFormat", "rfc822")

    def write(name: str, value: Any) -> Headers:
        if shape.type_name == "timestamp":
            text = timestamps.text(value, form)
        elif shape.type_name == "boolean":
            text = "true" if value else "false"
        elif shape.serialization.get("jsonvalue"):
            text = base64.b64encode(_encode(value)).decode()
        else:
            text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        return [(name.lower().encode(), text.encode("latin-1", "replace"))]

    return write


def _prefix_headers(prefix: str, value: Any) -> Headers:
    return [((prefix + key).lower().encode(), str(item).encode("latin-1", "replace")) for key, item in value.items()]


def write_fault(fault: Fault, model: ServiceModel | None, request: HttpRequest, request_id: str) -> HttpAnswer:
    """An error as rest-json carries it: the type in a header, the members in the body."""
    headers = [_JSON, (b"x-amzn-errortype", fault.shape.encode())]
    return HttpAnswer(fault.status, headers, _encode(fault.document()))
