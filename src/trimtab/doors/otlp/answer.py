"""What OTLP over HTTP answers, in the encoding of the request.

Source: opentelemetry.io, "OTLP Specification", OTLP/HTTP response. Success is an ExportMetricsServiceResponse, with
partial_success where points were refused; failure is a google.rpc.Status. Clients retry 429 and 503 only.
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
_CODE, _MESSAGE = b"\x08", b"\x12"  # Status.code (1), varint; Status.message (2)


def success(encoding: Encoding, rejected: int, message: str) -> Response:
    """The answer to a request that is durable, save for `rejected` points."""
    if encoding is Encoding.JSON:
        body: dict[str, object] = {}
        if rejected:
            # Protobuf's JSON mapping writes 64-bit numbers as text.
            body = {"partialSuccess": {"rejectedDataPoints": str(rejected), "errorMessage": message}}
        return Response(msgspec.json.encode(body), 200, media_type=encoding.value)
    content = b""
    if rejected:
        part = _REJECTED + varint(rejected) + _ERROR_MESSAGE + string(message)
        content = _PARTIAL_SUCCESS + varint(len(part)) + part
    return Response(content, 200, media_type=encoding.value)


def failure(encoding: Encoding, error: TrimtabError) -> Response:
    """The answer to an error that trimtab raised on purpose."""
    status, code = next(((status, code) for kind, status, code in TABLE if isinstance(error, kind)), _INTERNAL)
    headers = {}
    if isinstance(error, errors.Throttled):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == 503:
        headers["Retry-After"] = str(RETRY_S)
    if encoding is Encoding.JSON:
        content = msgspec.json.encode({"code": code, "message": str(error)})
    else:
        content = _CODE + varint(code) + _MESSAGE + string(str(error))
    return Response(content, status, headers, encoding.value)
