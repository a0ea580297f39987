"""Smithy RPC v2 CBOR: `POST /service/<Service>/operation/<Operation>`, CBOR in and out, timestamps as tag 1."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cbor2
import numpy as np
from msgspec import Struct

from trimtab.base.clock import to_ms
from trimtab.doors.aws.wire import documents, timestamps
from trimtab.doors.aws.wire.documents import Leaves, Reader, Writer
from trimtab.doors.aws.wire.fault import Fault
from trimtab.doors.aws.wire.http import Headers, HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.json import query_error
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import OperationModel, ServiceModel

PROTOCOL = b"rpc-v2-cbor"
_HEADERS: Headers = [(b"content-type", b"application/cbor"), (b"smithy-protocol", PROTOCOL)]
_DOUBLE, _EPOCH_TAG = 0xFB, 0xC1
_DOUBLE_ITEM = np.dtype([("head", "u1"), ("value", ">f8")])
_TIME_ITEM = np.dtype([("tag", "u1"), ("head", "u1"), ("value", ">f8")])
_DEPTH = 64
"""Nesting that a request may have: no model comes near it."""


class _Encoded(Struct, frozen=True):
    """Bytes that are CBOR already."""

    body: bytes


def _read_timestamp(value: Any) -> int:
    if isinstance(value, datetime):
        return to_ms(value)
    if type(value) in (int, float):
        return timestamps.from_seconds(value)
    raise Malformed("a tagged timestamp", value)


def _read_blob(value: Any) -> Any:
    if type(value) is not bytes:
        raise Malformed("a byte string", value)
    return value


def _write_array(kind: str, values: "np.ndarray[Any, Any]") -> Any:
    if kind == "timestamp":
        items = np.empty(len(values), _TIME_ITEM)
        items["tag"], items["head"], items["value"] = _EPOCH_TAG, _DOUBLE, values / 1000
    elif values.dtype.kind == "f":
        items = np.empty(len(values), _DOUBLE_ITEM)
        items["head"], items["value"] = _DOUBLE, values
    else:
        return values.tolist()
    return _Encoded(b"\x9a" + len(values).to_bytes(4, "big") + items.tobytes())


def _encode_other(encoder: Any, value: Any) -> None:
    if not isinstance(value, _Encoded):
        raise TypeError(f"no CBOR form for {type(value)}")
    encoder.write(value.body)


CBOR_LEAVES = Leaves(
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
    writers={"timestamp": lambda _shape: lambda ms: cbor2.CBORTag(1, timestamps.seconds(ms))},
    array=_write_array,
)


class CborCodec:
    """One operation in RPC v2 CBOR."""

    def __init__(self, model: ServiceModel, operation: OperationModel) -> None:
        self._read = Reader(CBOR_LEAVES).of(operation.input_shape) if operation.input_shape else None
        self._write = Writer(CBOR_LEAVES).of(operation.output_shape) if operation.output_shape else None

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The request dict in the body. Raises Malformed."""
        if self._read is None or not request.body:
            return {}
        try:
            document = cbor2.loads(request.body, max_depth=_DEPTH)
        except (cbor2.CBORDecodeError, ValueError, OverflowError) as problem:
            raise Malformed(f"a CBOR document ({problem})", request.body[:40]) from None
        parsed: dict[str, Any] = self._read(document)
        return parsed

    def write(self, output: Mapping[str, Any], request_id: str) -> HttpAnswer:
        """The answer; without output in the model there is no body."""
        if self._write is None:
            return HttpAnswer(200, [(b"smithy-protocol", PROTOCOL)])
        return HttpAnswer(200, list(_HEADERS), cbor2.dumps(self._write(output), default=_encode_other))


def write_fault(fault: Fault, model: ServiceModel | None, request: HttpRequest, request_id: str) -> HttpAnswer:
    """An error as RPC v2 CBOR carries it."""
    space = f"com.amazonaws.{model.name}" if model and fault.modelled else "com.amazon.coral.service"
    body = cbor2.dumps({"__type": f"{space}#{fault.shape}", **fault.document()})
    return HttpAnswer(fault.status, [*_HEADERS, *query_error(fault, request)], body)
