"""What OTLP answers: over HTTP in the encoding of the request, over gRPC in protobuf.

Source: opentelemetry.io, "OTLP Specification", OTLP/HTTP response and OTLP/gRPC response. Success is an
ExportMetricsServiceResponse, with partial_success where points were refused; failure is a google.rpc.Status. Clients
retry 429 and 503 only; over gRPC UNAVAILABLE, and RESOURCE_EXHAUSTED where a RetryInfo says when.
"""

from enum import Enum

import msgspec
from starlette.responses import Response

from trimtab.base import errors
from trimtab.base.errors import InvalidInput, LimitExceeded, TrimtabError
from trimtab.store.telemetry.rowbinary import string, varint

RETRY_S = 5
"""Retry-After of a part that cannot answer: what a restart of the engine, or a person freeing disk, takes at least."""


class Encoding(Enum):
    """How a request and its answer are written."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class UnsupportedMedia(InvalidInput):
    """A body in another format or compression."""


# Error → (HTTP status, google.rpc.Code). The first row whose class the error is counts.
TABLE: tuple[tuple[type[TrimtabError], int, int], ...] = (
    (UnsupportedMedia, 415, 3),
    (LimitExceeded, 413, 3),
    (InvalidInput, 400, 3),  # INVALID_ARGUMENT
    (errors.Unauthenticated, 401, 16),  # UNAUTHENTICATED
    (errors.AccessDenied, 403, 7),  # PERMISSION_DENIED
    (errors.Throttled, 429, 8),  # RESOURCE_EXHAUSTED
    (errors.Unavailable, 503, 14),  # UNAVAILABLE; DiskFull too
)
_INTERNAL = (500, 13)

_PARTIAL_SUCCESS = b"\x0a"  # ExportMetricsServiceResponse.partial_success (1), length-delimited
_REJECTED, _ERROR_MESSAGE = b"\x08", b"\x12"  # rejected_data_points (1), varint; error_message (2)
_CODE, _MESSAGE, _DETAILS = b"\x08", b"\x12", b"\x1a"  # Status.code (1), varint; Status.message (2), .details (3)
_TYPE_URL, _VALUE = b"\x0a", b"\x12"  # of google.protobuf.Any
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_RETRY_DELAY, _SECONDS = b"\x0a", b"\x08"  # RetryInfo.retry_delay (1); Duration.seconds (1)


def success(encoding: Encoding, rejected: int, message: str, member: str = "rejectedDataPoints") -> Response:
    """The answer to a request that is durable, save for `rejected` points; `member` is what JSON calls their number."""
    if encoding is Encoding.PROTOBUF:
        return Response(success_message(rejected, message), 200, media_type=encoding.value)
    body: dict[str, object] = {}
    if rejected:
        # Protobuf's JSON mapping writes 64-bit numbers as text.
        body = {"partialSuccess": {member: str(rejected), "errorMessage": message}}
    return Response(msgspec.json.encode(body), 200, media_type=encoding.value)


def success_message(rejected: int, message: str) -> bytes:
    """The same as a protobuf message."""
    if not rejected:
        return b""
    part = _REJECTED + varint(rejected) + _ERROR_MESSAGE + string(message)
    return _PARTIAL_SUCCESS + varint(len(part)) + part


def failure(encoding: Encoding, error: TrimtabError) -> Response:
    """The answer to an error that trimtab raised on purpose."""
    status, code = _row(error)
    retry_s = retry_after_s(error)
    headers = {} if retry_s is None else {"Retry-After": str(retry_s)}
    if encoding is Encoding.JSON:
        content = msgspec.json.encode({"code": code, "message": str(error)})
    else:
        content = _status(code, str(error))
    return Response(content, status, headers, encoding.value)


def failure_status(error: TrimtabError) -> tuple[int, bytes, bytes]:
    """(google.rpc.Code, Status, RetryInfo or nothing) of an error; the Status has the RetryInfo among its details."""
    code, retry_s = _row(error)[1], retry_after_s(error)
    if retry_s is None:
        return code, _status(code, str(error)), b""
    delay = _SECONDS + varint(retry_s)
    retry = _RETRY_DELAY + varint(len(delay)) + delay
    detail = _TYPE_URL + string(_RETRY_INFO) + _VALUE + varint(len(retry)) + retry
    return code, _status(code, str(error)) + _DETAILS + varint(len(detail)) + detail, retry


def retry_after_s(error: TrimtabError) -> int | None:
    """Seconds after which a client should try again; None where that is of no use."""
    if isinstance(error, errors.Throttled):
        return error.retry_after_s
    return RETRY_S if isinstance(error, errors.Unavailable) else None


def _row(error: TrimtabError) -> tuple[int, int]:
    return next(((status, code) for kind, status, code in TABLE if isinstance(error, kind)), _INTERNAL)


def _status(code: int, message: str) -> bytes:
    return _CODE + varint(code) + _MESSAGE + string(message)
