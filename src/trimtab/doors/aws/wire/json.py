"""The JSON protocols (1.0 and 1.1): a document in, a document out, the operation in `X-Amz-Target`.

A client that sends `x-amzn-query-mode: true` once spoke the query protocol; it gets the query protocol's error
codes in `x-amzn-query-error`.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from trimtab.base.typed import check_levels
from trimtab.doors.aws.wire import documents, timestamps
from trimtab.doors.aws.wire.documents import Leaves, Reader, Writer
from trimtab.doors.aws.wire.event_stream import EventStreamWriter
from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel, Shape

QUERY_MODE = b"x-amzn-query-mode"
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoding a body that is not JSON raises: wrong syntax, bytes that are no text, nesting without end."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def _read_timestamp(value: Any) -> int:
    if type(value) in (int, float):
        return timestamps.from_seconds(value)
    if type(value) is str:
        return timestamps.from_text(value)
    raise Malformed("a timestamp in seconds", value)


def _read_blob(value: Any) -> bytes:
    if type(value) is not str:
        raise Malformed("base64 text", value)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Malformed("base64 text", value) from None


def _write_timestamp(shape: Shape) -> documents.Convert:
    form = shape.serialization.get("timestampFormat", "unixTimestamp")
    if form == "unixTimestamp":
        return timestamps.seconds
    return lambda ms: timestamps.text(ms, form)


def _write_array(kind: str, values: "np.ndarray[Any, Any]") -> Any:
    if kind != "timestamp":
        return values.tolist()
    whole, rest = np.divmod(values, 1000)
    return (values / 1000 if rest.any() else whole).tolist()


JSON_LEAVES = Leaves(
    readers={
        "string": documents.read_string,
        "character": documents.read_string,
        "boolean": documents.read_boolean,
        "integer": documents.read_integer,
        "long": documents.read_integer,
        "float": documents.read_number,
        "double": documents.read_number,
        "timestamp": _read_timestamp,
        "blob": _read_blob,
    },
    writers={"timestamp": _write_timestamp, "blob": lambda _shape: lambda value: base64.b64encode(value).decode()},
    array=_write_array,
)


def decode_object(body: bytes) -> Any:
    """The JSON document in `body`; an empty body is an empty structure. Raises Malformed."""
    if not body:
        return {}
    try:
        check_levels(body)
        return _decode(body)
    except UNREADABLE as problem:
        raise Malformed(f"a JSON document ({problem})", body[:40].decode("utf-8", "replace")) from None


class JsonCodec:
    """One operation in the JSON protocol."""

    def __init__(self, model: ServiceModel, operation: OperationModel) -> None:
        self._read = Reader(JSON_LEAVES).of(operation.input_shape) if operation.input_shape else None
        self._content_type = _content_type(model)
        self._stream = None
        if operation.has_event_stream_output:
            self._stream = EventStreamWriter(operation, JSON_LEAVES, self._content_type.decode())
        self._write = Writer(JSON_LEAVES).of(operation.output_shape) if operation.output_shape else None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict in the body. Raises Malformed."""
        document = decode_object(request.body)
        parsed: dict[str, Any] = self._read(document) if self._read else {}
        return parsed

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The answer; an operation without output answers an empty structure."""
        if self._stream is not None:
            return self._stream.write(output)
        body = _encode(self._write(output)) if self._write else b"{}"
        return HttpAnswer(200, [(b"content-type", self._content_type)], body)


def write_fault(fault: Fault, model: ServiceModel | None, request: HttpRequest, request_id: str) -> HttpAnswer:
    """An error as the JSON protocols carry it."""
    headers = [(b"content-type", _content_type(model)), *query_error(fault, request)]
    space = f"com.amazonaws.{model.name}" if model and fault.modelled else "com.amazon.coral.service"
    return HttpAnswer(fault.status, headers, _encode({"__type": f"{space}#{fault.shape}", **fault.document()}))


def query_error(fault: Fault, request: HttpRequest) -> list[tuple[bytes, bytes]]:
    """The header that tells a former query client the query protocol's code, where the client asks for it."""
    if request.headers.get(QUERY_MODE) != b"true" or fault.code == "InvalidAction":
        return []  # an unknown operation keeps the younger protocols' own name
    return [(b"x-amzn-query-error", f"{fault.code};{fault.side}".encode())]


def _content_type(model: ServiceModel | None) -> bytes:
    return f"application/x-amz-json-{model.json_version if model else '1.0'}".encode()
